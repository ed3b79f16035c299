/* See routes.h. Those of the admin listener answer under any load: an orchestrator that gets no
 * answer kills a server that is merely busy. */
#include "manage/routes.h"

#include "core/limits.h"
#include "manage/endpoints.h"

#define APPLICATION MANAGEMENT_PATH "applications/{client_id}"
#define EFFECTIVE   MANAGEMENT_PATH "accesscontrol/effective_acl/"
#define PARTNER     MANAGEMENT_PATH "partners/{partner_sid}"
#define REVOCATIONS MANAGEMENT_PATH "admin/revocations"
#define RULE        MANAGEMENT_PATH "accesscontrol/rules/{rule_sid}"
#define TOKEN       MANAGEMENT_PATH "oauth/tokens/{token_sid}"
#define TRUNK_GROUP MANAGEMENT_PATH "trunk_groups/{trunk_group_sid}"
#define TRUNK       TRUNK_GROUP "/trunks/{trunk_sid}"

static const struct route routes[] = {
    {METHOD_GET, STR_INIT("/livez"), ROUTE_ADMIN | ROUTE_ALWAYS, 0, &manage_livez},
    {METHOD_GET, STR_INIT("/readyz"), ROUTE_ADMIN | ROUTE_ALWAYS, 0, &manage_readyz},
    {METHOD_GET, STR_INIT("/metrics"), ROUTE_ADMIN | ROUTE_ALWAYS, 0, &manage_metrics},

    {METHOD_GET, STR_INIT("/openapi.json"), ROUTE_CORS_ANY, 0, &manage_openapi},

    {METHOD_GET, STR_INIT(MANAGEMENT_PATH "scopes"), 0, 0, &manage_scopes},
    {METHOD_GET, STR_INIT(MANAGEMENT_PATH "scopes/{value}"), ROUTE_PARAMETERS, 0, &manage_scope},

    {METHOD_GET, STR_INIT(MANAGEMENT_PATH "admin/audit"), 0, 0, &manage_audit},
    {METHOD_GET, STR_INIT(MANAGEMENT_PATH "admin/audit/head"), 0, 0, &manage_audit_head},
    {METHOD_GET, STR_INIT(MANAGEMENT_PATH "admin/tokens/{token_sid}/explain"), ROUTE_PARAMETERS, 0,
     &manage_explain},

    {METHOD_POST, STR_INIT(MANAGEMENT_PATH "admin/leaks"), 0, LIMIT_BODY_BATCH, &manage_leaks},

    {METHOD_GET, STR_INIT(REVOCATIONS), 0, 0, &manage_revocations},
    {METHOD_POST, STR_INIT(REVOCATIONS), 0, LIMIT_BODY, &manage_revocation_create},
    {METHOD_GET, STR_INIT(REVOCATIONS "/{revocation_sid}"), ROUTE_PARAMETERS, 0,
     &manage_revocation},

    {METHOD_GET, STR_INIT(MANAGEMENT_PATH "partners"), 0, 0, &manage_partners},
    {METHOD_POST, STR_INIT(MANAGEMENT_PATH "partners"), 0, LIMIT_BODY_ACLS, &manage_partner_create},
    {METHOD_GET, STR_INIT(PARTNER), ROUTE_PARAMETERS, 0, &manage_partner},
    {METHOD_PATCH, STR_INIT(PARTNER), ROUTE_PARAMETERS, LIMIT_BODY_ACLS, &manage_partner_update},
    {METHOD_PUT, STR_INIT(PARTNER), ROUTE_PARAMETERS, LIMIT_BODY_ACLS, &manage_partner_update},
    {METHOD_DELETE, STR_INIT(PARTNER), ROUTE_PARAMETERS, 0, &manage_partner_update},

    {METHOD_GET, STR_INIT(MANAGEMENT_PATH "applications"), 0, 0, &manage_applications},
    {METHOD_POST, STR_INIT(MANAGEMENT_PATH "applications"), 0, LIMIT_BODY,
     &manage_application_create},
    {METHOD_GET, STR_INIT(APPLICATION), ROUTE_PARAMETERS, 0, &manage_application},
    {METHOD_PATCH, STR_INIT(APPLICATION), ROUTE_PARAMETERS, LIMIT_BODY, &manage_application_update},
    {METHOD_PUT, STR_INIT(APPLICATION), ROUTE_PARAMETERS, LIMIT_BODY, &manage_application_update},
    {METHOD_DELETE, STR_INIT(APPLICATION), ROUTE_PARAMETERS, 0, &manage_application_delete},
    {METHOD_GET, STR_INIT(APPLICATION "/secrets"), ROUTE_PARAMETERS, 0, &manage_secrets},
    {METHOD_POST, STR_INIT(APPLICATION "/secrets"), ROUTE_PARAMETERS, LIMIT_BODY,
     &manage_secret_create},
    {METHOD_DELETE, STR_INIT(APPLICATION "/secrets/{secret_id}"), ROUTE_PARAMETERS, 0,
     &manage_secret_delete},

    {METHOD_GET, STR_INIT(MANAGEMENT_PATH "trunk_groups"), 0, 0, &manage_trunk_groups},
    {METHOD_POST, STR_INIT(MANAGEMENT_PATH "trunk_groups"), 0, LIMIT_BODY_ACLS,
     &manage_trunk_group_create},
    {METHOD_GET, STR_INIT(TRUNK_GROUP), ROUTE_PARAMETERS, 0, &manage_trunk_group},
    {METHOD_PATCH, STR_INIT(TRUNK_GROUP), ROUTE_PARAMETERS, LIMIT_BODY_ACLS,
     &manage_trunk_group_update},
    {METHOD_PUT, STR_INIT(TRUNK_GROUP), ROUTE_PARAMETERS, LIMIT_BODY_ACLS,
     &manage_trunk_group_update},
    {METHOD_DELETE, STR_INIT(TRUNK_GROUP), ROUTE_PARAMETERS, 0, &manage_trunk_group_delete},
    {METHOD_GET, STR_INIT(TRUNK_GROUP "/trunks"), ROUTE_PARAMETERS, 0, &manage_trunks},
    {METHOD_POST, STR_INIT(TRUNK_GROUP "/trunks"), ROUTE_PARAMETERS, LIMIT_BODY_ACLS,
     &manage_trunk_create},
    {METHOD_GET, STR_INIT(TRUNK), ROUTE_PARAMETERS, 0, &manage_trunk},
    {METHOD_PATCH, STR_INIT(TRUNK), ROUTE_PARAMETERS, LIMIT_BODY_ACLS, &manage_trunk_update},
    {METHOD_PUT, STR_INIT(TRUNK), ROUTE_PARAMETERS, LIMIT_BODY_ACLS, &manage_trunk_update},
    {METHOD_DELETE, STR_INIT(TRUNK), ROUTE_PARAMETERS, 0, &manage_trunk_delete},

    {METHOD_GET, STR_INIT(MANAGEMENT_PATH "accesscontrol/rules"), 0, 0, &manage_rules},
    {METHOD_POST, STR_INIT(MANAGEMENT_PATH "accesscontrol/rules"), 0, LIMIT_BODY_RULE,
     &manage_rule_create},
    {METHOD_GET, STR_INIT(RULE), ROUTE_PARAMETERS, 0, &manage_rule},
    {METHOD_PATCH, STR_INIT(RULE), ROUTE_PARAMETERS, LIMIT_BODY_RULE, &manage_rule_update},
    {METHOD_PUT, STR_INIT(RULE), ROUTE_PARAMETERS, LIMIT_BODY_RULE, &manage_rule_update},
    {METHOD_DELETE, STR_INIT(RULE), ROUTE_PARAMETERS, 0, &manage_rule_delete},

    {METHOD_GET, STR_INIT(EFFECTIVE "calls"), 0, 0, &manage_effective_acl_calls},
    {METHOD_GET, STR_INIT(EFFECTIVE "sms"), 0, 0, &manage_effective_acl_sms},
    {METHOD_POST, STR_INIT(EFFECTIVE "evaluate"), 0, LIMIT_BODY_BATCH, &manage_evaluate},

    {METHOD_POST, STR_INIT(MANAGEMENT_PATH "oauth/token"), 0, LIMIT_BODY, &manage_token_create},
    {METHOD_POST, STR_INIT(MANAGEMENT_PATH "oauth/token/{partner_sid}"), ROUTE_PARAMETERS,
     LIMIT_BODY, &manage_token_create_below},
    {METHOD_GET, STR_INIT(MANAGEMENT_PATH "oauth/tokens"), 0, 0, &manage_tokens},
    {METHOD_GET, STR_INIT(TOKEN), ROUTE_PARAMETERS, 0, &manage_token},
    {METHOD_PATCH, STR_INIT(TOKEN), ROUTE_PARAMETERS, LIMIT_BODY, &manage_token_change},
    {METHOD_PUT, STR_INIT(TOKEN), ROUTE_PARAMETERS, LIMIT_BODY, &manage_token_change},
    {METHOD_DELETE, STR_INIT(TOKEN), ROUTE_PARAMETERS, 0, &manage_token_delete},
    {METHOD_POST, STR_INIT(MANAGEMENT_PATH "oauth/revoke"), 0, LIMIT_BODY, &manage_token_revoke},
};

const struct route_table manage_routes = {routes, sizeof(routes) / sizeof(routes[0])};
