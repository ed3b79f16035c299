#include "token/policy.h"

static bool is_plain(const struct token_policy *policy, struct str audience)
{
    for (size_t i = 0; i < policy->plain_count; i++)
        if (str_eq(policy->plain[i].audience, audience))
            return true;
    return false;
}

bool token_policy_is_plain(const struct token_policy *policy, const struct str *audiences,
                           size_t count)
{
    if (policy->plain_count == 0 || count == 0)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!is_plain(policy, audiences[i]))
            return false;
    return true;
}

int64_t token_policy_ttl_s(const struct token_policy *policy, uint64_t asked_s,
                           uint32_t application_s)
{
    int64_t ttl_s = application_s > 0 ? application_s : policy->ttl_default_s;

    if (asked_s > 0)
        ttl_s = asked_s > (uint64_t)policy->ttl_max_s ? policy->ttl_max_s : (int64_t)asked_s;
    ttl_s = ttl_s > policy->ttl_max_s ? policy->ttl_max_s : ttl_s;
    return ttl_s < policy->ttl_min_s ? policy->ttl_min_s : ttl_s;
}
