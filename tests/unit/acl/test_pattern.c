/* The dialect of patterns, and what holds one that backtracks without end (THREATS-54). Nothing
 * here is judged by how fast the machine is: the clock stands, or goes with each look. */
#include <criterion/criterion.h>
#include <string.h>

#include "core/limits.h"
#include "support/leaks.h"
#include "unit/acl/made.h"

/* A clock that goes on by a millisecond whenever somebody looks. */
struct looked_at {
    struct clock clock;
    int64_t now_ms;
};

static int64_t look(const struct clock *clock)
{
    return ((struct looked_at *)clock)->now_ms++;
}

static int64_t stand(const struct clock *clock)
{
    (void)clock;
    return 5;
}

static const struct clock still = {stand, stand};

static enum acl_verdict match(const struct clock *clock, const char *pattern, struct str value)
{
    struct acl_matcher *matcher = acl_matcher_new(clock);
    const struct acl_rule *rule = made_pattern(ACL_MESSAGE, pattern);

    cr_assert_not_null(matcher);
    acl_matcher_begin(matcher);
    enum acl_verdict verdict = acl_rule_match(rule, matcher, value);
    cr_assert_eq(acl_rule_match(rule, matcher, value), verdict, "%s a second time", pattern);
    acl_rule_unref(&rule);
    acl_matcher_free(&matcher);
    return verdict;
}

Test(acl_pattern, dialect)
{
    static const struct {
        const char *pattern;
        struct str value;
        bool is_found;
    } rows[] = {
        {"b", STR_INIT("abc"), true},
        {"^b", STR_INIT("abc"), false},
        {"^.$", STR_INIT("\xc3\xa9"), true},
        {"^[\xc3\xa9\xc3\xa8]+$", STR_INIT("\xc3\xa8\xc3\xa9"), true},
        {"(?i)^\xd0\xba\xd0\xb0", STR_INIT("\xd0\x9a\xd0\x90"), true},
        {"FREE", STR_INIT("free"), false},
        {"(?i)FREE", STR_INIT("free"), true},
        {"1$", STR_INIT("1\n"), false}, /* the very end only */
        {"(?m)^1$", STR_INIT("0\n1\n2"), true},
        {"a.b", STR_INIT("a\nb"), false},
        {"^\\d$", STR_INIT("\xd9\xa1"), false}, /* an Arabic digit */
        {"^\\p{Nd}$", STR_INIT("\xd9\xa1"), true},
        {"^\\w$", STR_INIT("\xc3\xa9"), false},
        {"a\\x00b", STR_INIT("a\0b"), true},
        {"a", STR_INIT("\xff\xfe a"), true}, /* not UTF-8 is no error */
        {".", STR_INIT("\xff"), false},
        {"^a",
         STR_INIT("\xff"
                  "a"),
         false},
        {"(\\w+) \\1", STR_INIT("say the the"), true},
        {"a(?C1)b", STR_INIT("ab"), true},
        {"^(\\((?:[^()]|(?1))*\\))$", STR_INIT("(a(b)c)"), true},
        {"(?<!\\d)555", STR_INIT("1555"), false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        cr_expect_eq(match(&still, rows[i].pattern, rows[i].value),
                     rows[i].is_found ? ACL_YES : ACL_NO, "%s", rows[i].pattern);
    leaks_check();
}

static char many_a[LIMIT_ACL_VALUE + 1];

static struct str a_times(size_t n)
{
    memset(many_a, 'a', sizeof(many_a));
    return str_make(many_a, n);
}

/* A run of a and one b, so that what stands before a missing c is tried in all ways. */
static struct str a_times_b(size_t n)
{
    struct str value = a_times(n);
    many_a[n - 1] = 'b';
    return value;
}

Test(acl_pattern, what_backtracks_without_end_cannot_be_told_THREATS_54)
{
    static const char *const patterns[] = {
        "(a+)+$",    "^(a|aa)+$",        "(a*)*$",      "^(?:a?){60}a{60}c?$",
        "(a+)+\\1$", "^(?:a|a|a|a)*$",   "(?=(a+)+$)a", "(?:(?:a+)+(?:a+)+)$",
        "(.*)*\\d",  "^(([a-z])+.)+\\d",
    };

    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
        cr_expect_eq(match(&still, patterns[i], a_times_b(60)), ACL_OVER_LIMIT, "%s", patterns[i]);
    leaks_check();
}

Test(acl_pattern, depth_and_memory_are_bounded_THREATS_54)
{
    struct str value = a_times_b(LIMIT_ACL_VALUE);
    cr_assert_eq(match(&still, "^(?:a(?1)?)*(.{0,8000}(?1)?)\\d", value), ACL_OVER_LIMIT);
    /* What is kept for each letter grows with the groups. */
    char pattern[LIMIT_ACL_PATTERN] = "";
    for (int i = 0; i < 60; i++)
        strcat(pattern, "()");
    strcat(pattern, "^(?:a|b)*$");
    cr_assert_eq(match(&still, "^(?:a|b)*$", value), ACL_YES);
    cr_assert_eq(match(&still, pattern, value), ACL_OVER_LIMIT);
    leaks_check();
}

Test(acl_pattern, long_values_that_are_told_in_few_steps_are_told)
{
    cr_assert_eq(match(&still, "b$", a_times_b(LIMIT_ACL_VALUE)), ACL_YES);
    cr_assert_eq(match(&still, "^a+b$", a_times_b(LIMIT_ACL_VALUE)), ACL_YES);
    cr_assert_eq(match(&still, "a.*money", a_times_b(1600)), ACL_NO);
    leaks_check();
}

Test(acl_pattern, values_within_their_limit)
{
    cr_assert_eq(match(&still, "^a", a_times(LIMIT_ACL_VALUE)), ACL_YES);
    cr_assert_eq(match(&still, "^a", a_times(LIMIT_ACL_VALUE + 1)), ACL_OVER_LIMIT);
    leaks_check();
}

Test(acl_pattern, time_runs_out_over_all_patterns_together_THREATS_54)
{
    struct looked_at clock = {{look, look}, 1000};
    struct acl_matcher *matcher = acl_matcher_new(&clock.clock);
    const struct acl_rule *rule = made_pattern(ACL_MESSAGE, "^1");
    unsigned told = 0;

    acl_matcher_begin(matcher);
    while (acl_rule_match(rule, matcher, STR("2")) == ACL_NO)
        told++;
    cr_assert_eq(acl_rule_match(rule, matcher, STR("1")), ACL_OUT_OF_TIME);
    cr_assert(told > 1000 && told < 3000, "%u", told);
    acl_matcher_begin(matcher);
    cr_assert_eq(acl_rule_match(rule, matcher, STR("1")), ACL_YES);
    acl_rule_unref(&rule);
    acl_matcher_free(&matcher);
    leaks_check();
}

Test(acl_pattern, time_runs_out_within_one_THREATS_54)
{
    struct looked_at clock = {{look, look}, 0};
    /* Cubic, by items that each run over the whole value: few steps, much time. */
    cr_assert_eq(match(&clock.clock, "(?:[ab]*[ab]*+[^ab])|x", a_times_b(LIMIT_ACL_VALUE)),
                 ACL_OUT_OF_TIME);
    leaks_check();
}

Test(acl_pattern, a_doubt_gives_way_to_what_is_sure)
{
    static const char *const bad = "(a+)+$";
    static const struct {
        enum acl_quantifier quantifier;
        const char *other;
        enum acl_verdict verdict;
    } rows[] = {
        {ACL_ANY, "^a", ACL_YES}, {ACL_ANY, "^x", ACL_OVER_LIMIT}, {ACL_ALL, "^a", ACL_OVER_LIMIT},
        {ACL_ALL, "^x", ACL_NO},  {ACL_NONE, "^a", ACL_NO},        {ACL_NONE, "^x", ACL_OVER_LIMIT},
    };
    struct acl_matcher *matcher = acl_matcher_new(&still);

    for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
        const char *other = rows[i / 2].other;
        struct str entries[] = {str_from(i % 2 ? bad : other), str_from(i % 2 ? other : bad)};
        struct acl_rule_text text = {ACL_MESSAGE, ACL_REGEXP, rows[i / 2].quantifier, entries, 2};
        const struct acl_rule *rule = NULL;
        struct acl_problem problem;
        cr_assert_eq(acl_rule_compile(&text, &rule, &problem), ERR_NONE);
        cr_expect_eq(acl_rule_match(rule, matcher, a_times_b(60)), rows[i / 2].verdict, "row %zu",
                     i / 2);
        acl_rule_unref(&rule);
    }
    acl_matcher_free(&matcher);
    leaks_check();
}
