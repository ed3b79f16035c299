/* What the operator decided about tokens; part of a snapshot. */
#ifndef TOKEN_POLICY_H
#define TOKEN_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/str.h"

struct token_plain_audience {
    struct str audience; /* resource servers behind it know only typ: JWT */
};

struct token_policy {
    struct str issuer;
    int64_t ttl_default_s, ttl_min_s, ttl_max_s;
    const struct token_plain_audience *plain; /* SPEC 4, jwt_type */
    size_t plain_count;
};

/* typ: JWT only if all audiences of the token say so. */
bool token_policy_is_plain(const struct token_policy *policy, const struct str *audiences,
                           size_t count);

/* asked_s 0: the application's own (application_s; 0: the default). Clamped. */
int64_t token_policy_ttl_s(const struct token_policy *policy, uint64_t asked_s,
                           uint32_t application_s);

#endif
