/* The token endpoint's request, read once: parameters as values, refused where they are malformed.
 */
#ifndef OAUTH_TOKEN_REQUEST_H
#define OAUTH_TOKEN_REQUEST_H

#include "client/authenticate.h"
#include "exchange/exchange.h"
#include "exchange/form.h"

struct token_request {
    struct form form;
    struct client_presented presented;
    struct str grant_type, scope, name;
    uint64_t ttl_s;                        /* 0: not asked for */
    struct str resources[LIMIT_AUDIENCES]; /* each once, in order of the request */
    size_t resource_count;
};

/* NEXT, or DONE after refusing. */
enum step_result token_request_read(struct exchange *x, struct token_request *out);

#endif
