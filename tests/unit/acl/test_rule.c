/* Each operation with each quantifier over no, one and many entries; what is refused. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/limits.h"
#include "support/leaks.h"
#include "unit/acl/made.h"

enum { ALL = 1 << ACL_ALL, ANY = 1 << ACL_ANY, NONE = 1 << ACL_NONE };

static const struct {
    enum acl_operation operation;
    const char *entries, *value;
    unsigned matches; /* which quantifiers */
} rows[] = {
    {ACL_EXACT, NULL, "12", ALL | NONE},
    {ACL_EXACT, NULL, "", ALL | NONE},
    {ACL_PREFIX, NULL, "12", ALL | NONE},
    {ACL_REGEXP, NULL, "12", ALL | NONE},

    {ACL_EXACT, "12", "12", ALL | ANY},
    {ACL_EXACT, "12", "123", NONE},
    {ACL_EXACT, "12", "1", NONE},
    {ACL_EXACT, "12", "", NONE},
    {ACL_EXACT, "aB", "ab", NONE},
    {ACL_EXACT, "", "", ALL | ANY},
    {ACL_EXACT, "", "1", NONE},
    {ACL_EXACT, "12,12", "12", ALL | ANY},
    {ACL_EXACT, "12,13", "12", ANY},
    {ACL_EXACT, "12,13,14", "13", ANY},
    {ACL_EXACT, "12,13,14", "15", NONE},
    {ACL_EXACT, "12,13,14", "11", NONE},
    {ACL_EXACT, "12,123", "123", ANY},
    {ACL_EXACT, "1234567890,1234567891", "1234567891", ANY},
    {ACL_EXACT, "x123456789,x123456780", "x123456781", NONE},
    {ACL_EXACT, "+112345678,+21,+2", "+2", ANY},
    {ACL_EXACT, "\xff,\x7f", "\xff", ANY},

    {ACL_PREFIX, "12", "12", ALL | ANY},
    {ACL_PREFIX, "12", "123", ALL | ANY},
    {ACL_PREFIX, "12", "1", NONE},
    {ACL_PREFIX, "12", "21", NONE},
    {ACL_PREFIX, "", "12", ALL | ANY},
    {ACL_PREFIX, "", "", ALL | ANY},
    {ACL_PREFIX, "1,12,123", "1234", ALL | ANY},
    {ACL_PREFIX, "123,1,12", "123", ALL | ANY},
    {ACL_PREFIX, "1,12,123", "12", ANY},
    {ACL_PREFIX, "1,12,123", "2", NONE},
    {ACL_PREFIX, "12,13", "130", ANY},
    {ACL_PREFIX, "12,13", "14", NONE},
    {ACL_PREFIX, "1,129", "1280", ANY},
    {ACL_PREFIX, "+4912345678,+491234567,+49999", "+49123456790", ANY},
    {ACL_PREFIX, "12,,1", "12", ALL | ANY},
    {ACL_PREFIX, "12,,1", "3", ANY},

    {ACL_REGEXP, "^12", "123", ALL | ANY},
    {ACL_REGEXP, "12", "0120", ALL | ANY},
    {ACL_REGEXP, "^12$", "123", NONE},
    {ACL_REGEXP, "", "", ALL | ANY},
    {ACL_REGEXP, "^1,2$", "12", ALL | ANY},
    {ACL_REGEXP, "^1,2$", "13", ANY},
    {ACL_REGEXP, "^1,2$", "3", NONE},
};

Test(acl_rule, operations_and_quantifiers)
{
    struct acl_matcher *matcher = acl_matcher_new(&clock_thread);
    cr_assert_not_null(matcher);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (int q = ACL_ALL; q <= ACL_NONE; q++) {
            const struct acl_rule *rule =
                made_rule(ACL_CALLED, rows[i].operation, (enum acl_quantifier)q, rows[i].entries);
            enum acl_verdict expected = rows[i].matches >> q & 1 ? ACL_YES : ACL_NO;
            acl_matcher_begin(matcher);
            cr_expect_eq(acl_rule_match(rule, matcher, str_from(rows[i].value)), expected,
                         "row %zu, quantifier %d", i, q);
            cr_assert_eq(acl_rule_field(rule), ACL_CALLED);
            acl_rule_unref(&rule);
            cr_assert_null(rule);
        }
    }
    acl_matcher_free(&matcher);
    leaks_check();
}

Test(acl_rule, bytes_beyond_the_text_count)
{
    struct acl_matcher *matcher = acl_matcher_new(&clock_thread);
    struct str entries[] = {STR("1"), STR("1\0"), STR("1\0\0\0\0\0\0\0\0")};
    struct acl_rule_text text = {ACL_CALLED, ACL_EXACT, ACL_ANY, entries, 2};
    const struct acl_rule *rule = NULL;
    struct acl_problem problem;

    cr_assert_eq(acl_rule_compile(&text, &rule, &problem), ERR_NONE);
    cr_assert_eq(acl_rule_match(rule, matcher, entries[0]), ACL_YES);
    cr_assert_eq(acl_rule_match(rule, matcher, entries[1]), ACL_YES);
    cr_assert_eq(acl_rule_match(rule, matcher, entries[2]), ACL_NO);
    acl_rule_unref(&rule);
    acl_matcher_free(&matcher);
    leaks_check();
}

Test(acl_rule, lives_as_long_as_somebody_holds_it)
{
    struct acl_matcher *matcher = acl_matcher_new(&clock_thread);
    const struct acl_rule *rule = made_rule(ACL_CALLING, ACL_REGEXP, ACL_ANY, "^1"), *other = rule;
    const struct acl_rule *none = NULL;

    acl_rule_ref(other);
    acl_rule_unref(&rule);
    cr_assert_eq(acl_rule_match(other, matcher, STR("1")), ACL_YES);
    acl_rule_unref(&other);
    acl_rule_unref(&none);
    acl_matcher_free(&matcher);
    leaks_check();
}

/* ---- refusals ---- */

static void expect_refused(const struct acl_rule_text *text, size_t entry, size_t offset,
                           const char *words)
{
    const struct acl_rule *rule = NULL;
    struct acl_problem problem;

    cr_assert_eq(acl_rule_compile(text, &rule, &problem), ERR_INVALID_VALUE, "%s", words);
    cr_assert_null(rule);
    cr_assert_eq(problem.entry, entry, "%s: %zu", words, problem.entry);
    cr_assert_eq(problem.offset, offset, "%s: %zu", words, problem.offset);
    cr_assert_not_null(strstr(problem.text, words), "%s: %s", words, problem.text);
}

static void expect_taken(const struct acl_rule_text *text)
{
    const struct acl_rule *rule = NULL;
    struct acl_problem problem;
    enum err err = acl_rule_compile(text, &rule, &problem);
    cr_assert_eq(err, ERR_NONE, "%s", err == ERR_INVALID_VALUE ? problem.text : "");
    acl_rule_unref(&rule);
}

Test(acl_rule, entries_within_their_limits)
{
    static char bytes[LIMIT_ACL_ENTRY + 1];
    static struct str many[LIMIT_ACL_ENTRIES + 1];
    struct acl_rule_text text = {ACL_MESSAGE, ACL_EXACT, ACL_ANY, many, 3};

    memset(bytes, 'a', sizeof(bytes));
    for (size_t i = 0; i <= LIMIT_ACL_ENTRIES; i++)
        many[i] = str_make(bytes, i % 40);
    many[2].len = LIMIT_ACL_ENTRY;
    expect_taken(&text);
    many[2].len++;
    expect_refused(&text, 2, LIMIT_ACL_ENTRY, "4096 bytes");
    many[2].len = 1;
    text.entry_count = LIMIT_ACL_ENTRIES;
    expect_taken(&text);
    text.entry_count++;
    expect_refused(&text, ACL_ENTRIES, 0, "100000 entries");

    for (size_t i = 0; i <= LIMIT_BODY_RULE / LIMIT_ACL_ENTRY; i++)
        many[i].len = LIMIT_ACL_ENTRY;
    text.entry_count = LIMIT_BODY_RULE / LIMIT_ACL_ENTRY;
    expect_taken(&text);
    text.entry_count++;
    expect_refused(&text, ACL_ENTRIES, 0, "4 MiB");
    leaks_check();
}

Test(acl_rule, patterns_within_their_limits_THREATS_54)
{
    static char bytes[LIMIT_ACL_PATTERN + 1];
    static struct str many[LIMIT_ACL_PATTERNS + 1];
    struct acl_rule_text text = {ACL_MESSAGE, ACL_REGEXP, ACL_ANY, many, 3};

    memset(bytes, 'a', sizeof(bytes));
    for (size_t i = 0; i <= LIMIT_ACL_PATTERNS; i++)
        many[i] = STR("^1");
    many[2] = str_make(bytes, LIMIT_ACL_PATTERN);
    expect_taken(&text);
    many[2].len++;
    expect_refused(&text, 2, LIMIT_ACL_PATTERN, "1024 bytes");
    many[2] = STR("^1");
    text.entry_count = LIMIT_ACL_PATTERNS;
    expect_taken(&text);
    text.entry_count++;
    expect_refused(&text, ACL_ENTRIES, 0, "1000 patterns");

    /* 27 KB each, compiled. */
    for (size_t i = 0; i < LIMIT_ACL_PATTERNS; i++)
        many[i] = STR("(?:a{0,9}b?){99}(?:a{0,9}b?){99}(?:a{0,9}b?){99}(?:a{0,9}b?){99}");
    text.entry_count = LIMIT_ACL_PATTERNS;
    const struct acl_rule *rule = NULL;
    struct acl_problem problem;
    cr_assert_eq(acl_rule_compile(&text, &rule, &problem), ERR_INVALID_VALUE);
    cr_assert_not_null(strstr(problem.text, "4 MiB"));
    cr_assert(problem.entry > 50 && problem.entry < LIMIT_ACL_PATTERNS);
    leaks_check();
}

Test(acl_rule, a_bad_pattern_is_named_with_its_place)
{
    static const struct {
        const char *pattern, *words;
        size_t offset;
    } bad[] = {
        {"a(b", "missing closing parenthesis", 3},
        {"ab)", "unmatched closing parenthesis", 2},
        {"*a", "quantifier does not follow", 0},
        {"[a", "missing terminating ]", 2},
        {"[b-a]", "range out of order", 3},
        {"a\\", "\\ at end of pattern", 2},
        {"(?<n>a)(?<n>b)", "two named subpatterns", 12},
        {"\\1", "reference to non-existent", 1},
        {"a\\C", "disabled", 3},
        {"(*UCP)a", "UCP is disabled", 6},
        {"(*NOSUCH)a", "not recognized", 8},
        {"(*LIMIT_MATCH=3", "not recognized", 15},
        {"a\xff", "UTF-8 error", 1},
        {"(?:(?:a{0,99}){0,99}){0,99}", "too large", 27},
        {"(?i)[\\x{100}-\\x{200}]", "256 characters", 20},
        {"(?i)[\\x{100}-\\x{10ffff}]", "256 characters", 23},
        {"(?x-i)[!-\xf4\x8f\xbf\xbf]", "256 characters", 13},
        {"a|(?mi:[\\o{400} - \\N{U+10ffff}])", "256 characters", 30},
        {"(?i)[\\x{10fff0} -\\x{10ffff}]", "256 characters", 27},
        {"(?i)[\\Q\\x{10fff0}\\E-\\x{10ffff}]", "256 characters", 30},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct str entries[] = {STR("^1"), str_from(bad[i].pattern)};
        struct acl_rule_text text = {ACL_MESSAGE, ACL_REGEXP, ACL_ANY, entries, 2};
        expect_refused(&text, 1, bad[i].offset, bad[i].words);
    }
    leaks_check();
}

Test(acl_rule, alphabets_without_regard_to_case_are_taken)
{
    static const char *const good[] = {
        "(?i)[\xd0\xb0-\xd1\x8f]+", /* Cyrillic */
        "(?i)[\\x{430}-\\x{44f}]",    "(?i)[a-z\\-\xc3\xa9]",       "[\\x{100}-\\x{10ffff}]",
        "(?m)[\\x{100}-\\x{10ffff}]", "(?<=i)[!-\xf4\x8f\xbf\xbf]",
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        const struct acl_rule *rule = made_pattern(ACL_MESSAGE, good[i]);
        acl_rule_unref(&rule);
    }
    leaks_check();
}
