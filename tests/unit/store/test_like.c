/* STORE_IS_LIKE: both backends use this one function. */
#include <criterion/criterion.h>

#include "store/list.h"

Test(like, patterns)
{
    static const struct {
        struct str pattern, text;
        bool like;
    } cases[] = {
        {STR_INIT(""), STR_INIT(""), true},
        {STR_INIT(""), STR_INIT("a"), false},
        {STR_INIT("a"), STR_INIT(""), false},
        {STR_INIT("abc"), STR_INIT("abc"), true},
        {STR_INIT("abc"), STR_INIT("Abc"), false},
        {STR_INIT("%"), STR_INIT(""), true},
        {STR_INIT("%%"), STR_INIT("abc"), true},
        {STR_INIT("a%"), STR_INIT("abc"), true},
        {STR_INIT("%c"), STR_INIT("abc"), true},
        {STR_INIT("%b"), STR_INIT("abc"), false},
        {STR_INIT("a%c%e"), STR_INIT("abcde"), true},
        {STR_INIT("a%c%e"), STR_INIT("abcdef"), false},
        {STR_INIT("%ab"), STR_INIT("aab"), true},
        {STR_INIT("%aab%"), STR_INIT("aaaab"), true},
        {STR_INIT("_"), STR_INIT(""), false},
        {STR_INIT("_"), STR_INIT("a"), true},
        {STR_INIT("_"), STR_INIT("\xC3\xA9"), true},
        {STR_INIT("__"), STR_INIT("\xC3\xA9"), false},
        {STR_INIT("%_"), STR_INIT(""), false},
        {STR_INIT("%_x"), STR_INIT("\xE2\x82\xACx"), true},
        {STR_INIT("\\%"), STR_INIT("%"), true},
        {STR_INIT("\\%"), STR_INIT("a"), false},
        {STR_INIT("\\_"), STR_INIT("a"), false},
        {STR_INIT("\\\\"), STR_INIT("\\"), true},
        {STR_INIT("a\\"), STR_INIT("a\\"), true},
        {STR_INIT("a\0b"), STR_INIT("a\0b"), true},
        {STR_INIT("%\xFF"), STR_INIT("a\xFF"), true},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        cr_assert_eq(store_text_is_like(cases[i].pattern, cases[i].text), cases[i].like, "case %zu",
                     i);
}

Test(like, prefixes)
{
    static const struct {
        struct str pattern, prefix;
    } cases[] = {
        {STR_INIT("abc"), STR_INIT("abc")},    {STR_INIT("a%c"), STR_INIT("a")},
        {STR_INIT("%"), STR_INIT("")},         {STR_INIT("_a"), STR_INIT("")},
        {STR_INIT("a\\%b_"), STR_INIT("a%b")}, {STR_INIT("abcdef"), STR_INIT("abcd")},
    };
    char prefix[4];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t length = store_like_prefix(cases[i].pattern, prefix, sizeof(prefix));
        cr_assert(str_eq(str_make(prefix, length), cases[i].prefix), "case %zu", i);
    }
}

/* No pattern makes the work explode. */
Test(like, many_wildcards_are_quick, .timeout = 10)
{
    static char pattern[1001], text[2000];

    for (size_t i = 0; i < 1000; i++)
        pattern[i] = i % 2 == 0 ? '%' : 'a';
    pattern[1000] = 'b';
    memset(text, 'a', sizeof(text));
    cr_assert_not(store_text_is_like(str_make(pattern, 1001), str_make(text, sizeof(text))));
}
