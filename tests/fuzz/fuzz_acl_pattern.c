/* Patterns of access control rules over values (THREATS-54): what does not compile says where and
 * why in one line of ASCII, what does comes to a verdict on every value, the same one every time.
 *
 * The input is a pattern, a NUL, and a value. */
#include "acl/pattern.h"
#include "acl/rule.h"
#include "core/limits.h"
#include "fuzz.h"

/* Stands still: no verdict here hangs on how fast the machine is. */
static int64_t no_time(const struct clock *clock)
{
    (void)clock;
    return 0;
}

static const struct clock still = {no_time, no_time};

static void check_refusal(struct str pattern, const struct acl_problem *problem)
{
    assert(problem->entry == 0 && problem->offset <= pattern.len);
    assert(problem->text[0] != '\0');
    assert(str_is_printable_ascii(str_from(problem->text)));
}

/* none is the contrary of any, and all of one is any of one. */
static void check_quantifiers(struct str pattern, struct acl_matcher *matcher, struct str value)
{
    enum acl_verdict verdicts[3];

    for (int quantifier = ACL_ALL; quantifier <= ACL_NONE; quantifier++) {
        const struct acl_rule_text text = {ACL_MESSAGE, ACL_REGEXP, (enum acl_quantifier)quantifier,
                                           &pattern, 1};
        const struct acl_rule *rule = NULL;
        struct acl_problem problem;
        assert(acl_rule_compile(&text, &rule, &problem) == ERR_NONE);
        verdicts[quantifier] = acl_rule_match(rule, matcher, value);
        assert(acl_rule_match(rule, matcher, value) == verdicts[quantifier]);
        acl_rule_unref(&rule);
    }
    assert(verdicts[ACL_ALL] == verdicts[ACL_ANY]);
    if (acl_is_doubt(verdicts[ACL_ANY]))
        assert(verdicts[ACL_NONE] == verdicts[ACL_ANY]);
    else
        assert((verdicts[ACL_NONE] == ACL_YES) == (verdicts[ACL_ANY] == ACL_NO));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str input = fuzz_text(data, size);
    size_t split = str_find(input, '\0');
    struct str pattern = str_slice(input, 0, split), value = str_slice(input, split + 1, size);
    const struct acl_rule_text text = {ACL_MESSAGE, ACL_REGEXP, ACL_ANY, &pattern, 1};
    struct acl_matcher *matcher = acl_matcher_new(&still);
    const struct acl_rule *rule = NULL;
    struct acl_problem problem;

    assert(matcher != NULL);
    acl_matcher_begin(matcher);
    switch (acl_rule_compile(&text, &rule, &problem)) {
    case ERR_NONE:
        assert(pattern.len <= LIMIT_ACL_PATTERN);
        if (value.len > LIMIT_ACL_VALUE)
            assert(acl_rule_match(rule, matcher, value) == ACL_OVER_LIMIT);
        check_quantifiers(pattern, matcher, value);
        break;
    case ERR_INVALID_VALUE:
        check_refusal(pattern, &problem);
        break;
    default:
        break;
    }
    acl_rule_unref(&rule);
    acl_matcher_free(&matcher);
    return 0;
}
