/* The endpoints of this folder, for routes.c. */
#ifndef MANAGE_ENDPOINTS_H
#define MANAGE_ENDPOINTS_H

#include "exchange/route.h"

extern const struct endpoint manage_livez, manage_readyz; /* health.c */
extern const struct endpoint manage_metrics;              /* metrics.c */
extern const struct endpoint manage_openapi;              /* openapi.c */
extern const struct endpoint manage_audit;                /* audit_log.c */
extern const struct endpoint manage_audit_head;           /* audit_head.c */
extern const struct endpoint manage_explain;              /* explain.c */
extern const struct endpoint manage_leaks;                /* leaks.c */
extern const struct endpoint manage_scopes, manage_scope; /* scopes.c */
/* partners_read.c, _create.c, _update.c */
extern const struct endpoint manage_partners, manage_partner, manage_partner_create,
    manage_partner_update;
/* applications_read.c, applications_write.c */
extern const struct endpoint manage_applications, manage_application, manage_application_create,
    manage_application_update, manage_application_delete;
/* trunk_groups_read.c, trunk_groups_write.c */
extern const struct endpoint manage_trunk_groups, manage_trunk_group, manage_trunk_group_create,
    manage_trunk_group_update, manage_trunk_group_delete;
/* trunks_read.c, trunks_write.c */
extern const struct endpoint manage_trunks, manage_trunk, manage_trunk_create, manage_trunk_update,
    manage_trunk_delete;
/* rules_read.c, rules_write.c, rules_delete.c */
extern const struct endpoint manage_rules, manage_rule, manage_rule_create, manage_rule_update,
    manage_rule_delete;
/* effective_acl.c, evaluate.c */
extern const struct endpoint manage_effective_acl_calls, manage_effective_acl_sms, manage_evaluate;
/* secrets.c */
extern const struct endpoint manage_secrets, manage_secret_create, manage_secret_delete;
extern const struct endpoint manage_token, manage_token_delete;              /* tokens.c */
extern const struct endpoint manage_tokens;                                  /* tokens_list.c */
extern const struct endpoint manage_token_change;                            /* tokens_change.c */
extern const struct endpoint manage_token_create, manage_token_create_below; /* tokens_create.c */
extern const struct endpoint manage_revocations, manage_revocation; /* revocations_read.c */
extern const struct endpoint manage_revocation_create;              /* revocations_create.c */
extern const struct endpoint manage_token_revoke;                   /* tokens_revoke.c */

#endif
