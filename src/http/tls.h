/* TLS of one listener: 1.2 and newer, HTTP/1.1 alone by ALPN, no session tickets and no session
 * cache, so that nothing got on one listener can be resumed on another (CVE-2023-41337,
 * THREATS-61). Every listener has a context of its own. */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include "core/buf.h"
#include "core/str.h"

struct ssl_ctx_st;

/* Reads both PEM files. NULL: out_error has one line that names the file and the way out. The texts
 * have a terminator. */
struct ssl_ctx_st *tls_context_new(struct str certificate, struct str key, struct buf *out_error);

/* One more owner, who frees it too. Any thread. Accepts NULL. */
struct ssl_ctx_st *tls_context_ref(struct ssl_ctx_st *context);

void tls_context_free(struct ssl_ctx_st **context);

#endif
