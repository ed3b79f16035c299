#include "oauth/routes.h"

#include "core/limits.h"
#include "oauth/endpoints.h"

static const struct route routes[] = {
    {METHOD_POST, STR_INIT("/oauth/introspect"), 0, LIMIT_BODY, &introspect_endpoint},
    {METHOD_POST, STR_INIT("/oauth/token"), 0, LIMIT_BODY, &token_endpoint},
    {METHOD_POST, STR_INIT("/oauth/revoke"), 0, LIMIT_BODY, &revoke_endpoint},
    {METHOD_POST, STR_INIT("/oauth/introspect/batch"), 0, LIMIT_BODY_BATCH,
     &introspect_batch_endpoint},
    {METHOD_GET, STR_INIT("/oauth/revocations"), 0, 0, &revocations_endpoint},
    {METHOD_GET, STR_INIT("/oauth/jwks"), ROUTE_CORS_ANY, 0, &jwks_endpoint},
    {METHOD_GET, STR_INIT("/.well-known/oauth-authorization-server"), ROUTE_CORS_ANY, 0,
     &metadata_endpoint},
    {METHOD_GET, STR_INIT(ERROR_PAGES_PATH), ROUTE_PREFIX, 0, &error_pages_endpoint},
};

const struct route_table oauth_routes = {routes, sizeof(routes) / sizeof(routes[0])};
