/* Rules, lists and subjects in few words, for tables of tests. */
#ifndef ACL_MADE_H
#define ACL_MADE_H

#include "acl/evaluate.h"
#include "support/fake.h"

/* Entries in one text, with commas between; NULL: there are none. */
const struct acl_rule *made_rule(enum acl_field field, enum acl_operation operation,
                                 enum acl_quantifier quantifier, const char *entries);

/* With one entry, any. */
const struct acl_rule *made_pattern(enum acl_field field, const char *pattern);

struct sid made_sid(unsigned n); /* below 65535 */

/* rules[n] is found as made_sid(n); outlives what is returned. */
struct acl_rules made_rules(const struct acl_rule *const *rules);

static inline struct acl_subject made_call(enum acl_direction direction, const char *calling,
                                           const char *called)
{
    return (struct acl_subject){ACL_CALL, direction, {str_from(calling), str_from(called)}};
}

static inline struct acl_subject made_sms(enum acl_direction direction, const char *from,
                                          const char *to, const char *message)
{
    return (struct acl_subject){
        ACL_SMS,
        direction,
        {[ACL_FROM] = str_from(from), [ACL_TO] = str_from(to), [ACL_MESSAGE] = str_from(message)}};
}

#endif
