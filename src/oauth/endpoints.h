/* The endpoints at the root, one file each; routes.c lists their paths. */
#ifndef OAUTH_ENDPOINTS_H
#define OAUTH_ENDPOINTS_H

#include "exchange/route.h"

#define ERROR_PAGES_PATH "/errors/"

extern const struct endpoint token_endpoint;            /* POST /oauth/token */
extern const struct endpoint introspect_endpoint;       /* POST /oauth/introspect */
extern const struct endpoint introspect_batch_endpoint; /* POST /oauth/introspect/batch */
extern const struct endpoint revoke_endpoint;           /* POST /oauth/revoke */
extern const struct endpoint revocations_endpoint;      /* GET /oauth/revocations */
extern const struct endpoint metadata_endpoint;    /* GET /.well-known/oauth-authorization-server */
extern const struct endpoint jwks_endpoint;        /* GET /oauth/jwks */
extern const struct endpoint error_pages_endpoint; /* GET /errors/<error> */

#endif
