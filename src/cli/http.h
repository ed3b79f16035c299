/* One request to a server, over libcurl: certificates are verified, redirects are not followed,
 * every wait has an end, and the answer has a bound. Nothing here prints what it sends (P5). */
#ifndef CLI_HTTP_H
#define CLI_HTTP_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/str.h"

struct http_request {
    const char *method;
    struct str url;
    const char *socket;  /* a unix socket to connect to, or NULL */
    const char *ca_file; /* certificates to trust in place of the system's, or NULL */
    struct str content_type, body;
    struct str bearer;         /* empty: none */
    struct str user, password; /* HTTP Basic; empty: none */
    unsigned timeout_s;
};

enum { HTTP_REPLY_MAX = 64 * 1024 * 1024, HTTP_TIMEOUT_S = 60 };

struct http_reply {
    int status;
    struct buf body; /* heap; freed by http_reply_done */
    char request_id[65], retry_after[17];
};

/* True when an answer came, whatever its status. False: *why holds one line, and *out nothing. */
bool http_send(const struct http_request *request, struct http_reply *out, struct buf *why);

void http_reply_done(struct http_reply *reply); /* wipes */

#endif
