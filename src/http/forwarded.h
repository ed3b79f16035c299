/* Whose request it is when a proxy hands it on. Only a peer in trusted_proxies is believed
 * (9700-4.13-a); the caller checks that first. */
#ifndef HTTP_FORWARDED_H
#define HTTP_FORWARDED_H

#include <stdbool.h>

#include "config/cidr.h"
#include "core/str.h"

enum { REQUEST_ID_MAX = 64 }; /* ours are shorter */

/* The hop nearest to us that is not a trusted proxy, or the farthest one when all are; from the
 * X-Forwarded-For fields in the order they came. False, *out untouched: there is no such field, or
 * one on the way there is not an address; then the peer itself stands for the client. */
bool forwarded_client(const struct str *fields, size_t count, const struct cidr_list *trusted,
                      struct ip *out);

/* An X-Request-Id that may be taken over: 1 to REQUEST_ID_MAX of A-Z a-z 0-9 . _ - */
bool forwarded_request_id_ok(struct str id);

#endif
