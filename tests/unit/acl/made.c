#include "unit/acl/made.h"

#include <criterion/criterion.h>

enum { MADE_ENTRIES = 64 };

static const struct acl_rule *compile(const struct acl_rule_text *text)
{
    const struct acl_rule *rule = NULL;
    struct acl_problem problem;
    enum err err = acl_rule_compile(text, &rule, &problem);

    cr_assert_eq(err, ERR_NONE, "entry %zu at %zu: %s", problem.entry, problem.offset,
                 err == ERR_INVALID_VALUE ? problem.text : "");
    return rule;
}

const struct acl_rule *made_rule(enum acl_field field, enum acl_operation operation,
                                 enum acl_quantifier quantifier, const char *entries)
{
    struct str rest = str_from(entries), pieces[MADE_ENTRIES];
    struct acl_rule_text text = {field, operation, quantifier, pieces, 0};

    while (str_split(&rest, ',', &pieces[text.entry_count]))
        cr_assert_lt(++text.entry_count, (size_t)MADE_ENTRIES);
    return compile(&text);
}

const struct acl_rule *made_pattern(enum acl_field field, const char *pattern)
{
    struct str entry = str_from(pattern);
    return compile(&(struct acl_rule_text){field, ACL_REGEXP, ACL_ANY, &entry, 1});
}

struct sid made_sid(unsigned n)
{
    struct sid sid = {{0}};
    sid.bytes[15] = (uint8_t)(n + 1);
    sid.bytes[14] = (uint8_t)((n + 1) >> 8);
    return sid;
}

static const struct acl_rule *find(const void *context, const struct sid *rule_sid)
{
    const struct acl_rule *const *rules = context;
    return rules[(rule_sid->bytes[14] << 8 | rule_sid->bytes[15]) - 1];
}

struct acl_rules made_rules(const struct acl_rule *const *rules)
{
    return (struct acl_rules){find, rules};
}
