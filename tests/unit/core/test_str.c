#include <criterion/criterion.h>
#include <stdlib.h>

#include "core/str.h"

TestSuite(core_str);

Test(core_str, equality_is_of_bytes)
{
    cr_assert(str_eq(STR("a\0b"), STR("a\0b")));
    cr_assert(!str_eq(STR("a\0b"), STR("a\0c")));
    cr_assert(!str_eq(STR("a"), STR("ab")));
    cr_assert(str_eq(STR(""), STR_NONE));
    cr_assert(str_eq(str_from(NULL), STR_NONE));
    cr_assert(str_eq_nocase(STR("Bearer"), STR("bEARER")));
    cr_assert(!str_eq_nocase(STR("bearer"), STR("bearer ")));
    cr_assert(!str_eq_nocase(STR("@"), STR("`")), "only letters fold");
    cr_assert(!str_eq_nocase(STR("\xC9"), STR("\xE9")), "only ASCII folds");
}

Test(core_str, order_is_of_bytes_and_shorter_first)
{
    static const struct str sorted[] = {STR_INIT(""),    STR_INIT("A"),  STR_INIT("a"),
                                        STR_INIT("a\0"), STR_INIT("ab"), STR_INIT("\x80")};
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < 6; j++) {
            int order = str_compare(sorted[i], sorted[j]);
            cr_assert_eq(order < 0, i < j, "%zu %zu", i, j);
            cr_assert_eq(order > 0, i > j, "%zu %zu", i, j);
        }
}

Test(core_str, ends_and_slices)
{
    struct str s = STR("scope.read");
    cr_assert(str_starts_with(s, STR("scope")) && str_starts_with(s, STR("")));
    cr_assert(!str_starts_with(s, STR("scope.read.")));
    cr_assert(str_ends_with(s, STR(".read")) && str_ends_with(s, s));
    cr_assert(!str_ends_with(STR("d"), STR("ad")));
    cr_assert_eq(str_find(s, '.'), 5);
    cr_assert_eq(str_find(s, '!'), s.len);
    cr_assert_eq(str_find(STR_NONE, '.'), 0);
    cr_assert(str_eq(str_slice(s, 6, 99), STR("read")));
    cr_assert(str_eq(str_slice(s, 99, 3), STR("")));
    cr_assert(str_eq(str_slice(STR_NONE, 1, 2), STR("")));
    cr_assert(str_eq(str_trim(STR("  a b "), ' '), STR("a b")));
    cr_assert_eq(str_trim(STR("   "), ' ').len, 0);
}

Test(core_str, blanks_around_a_field_RFC9110_5_6_3)
{
    static const struct {
        struct str text, trimmed;
    } rows[] = {
        {STR_INIT("a"), STR_INIT("a")},         {STR_INIT(" \t a b\t "), STR_INIT("a b")},
        {STR_INIT("\r\na"), STR_INIT("\r\na")}, {STR_INIT(" \t"), STR_INIT("")},
        {STR_INIT("a\v "), STR_INIT("a\v")},    {STR_INIT(""), STR_INIT("")},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        cr_assert(str_eq(str_trim_blanks(rows[i].text), rows[i].trimmed), "row %zu", i);
}

Test(core_str, n_separators_make_n_plus_one_pieces)
{
    static const struct {
        struct str text;
        size_t pieces;
        struct str last;
    } rows[] = {
        {STR_INIT(""), 1, STR_INIT("")},     {STR_INIT("a"), 1, STR_INIT("a")},
        {STR_INIT("a,b"), 2, STR_INIT("b")}, {STR_INIT(","), 2, STR_INIT("")},
        {STR_INIT(",a,"), 3, STR_INIT("")},  {{NULL, 0}, 0, {NULL, 0}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct str rest = rows[i].text, piece = STR_NONE;
        size_t pieces = 0;
        while (str_split(&rest, ',', &piece))
            pieces++;
        cr_assert_eq(pieces, rows[i].pieces, "row %zu", i);
        cr_assert(str_eq(piece, rows[i].last), "row %zu", i);
    }
}

Test(core_str, numbers_have_one_spelling_and_a_bound)
{
    static const struct {
        struct str text;
        uint64_t max;
        bool ok;
        uint64_t value;
    } rows[] = {
        {STR_INIT("0"), 0, true, 0},
        {STR_INIT("0"), UINT64_MAX, true, 0},
        {STR_INIT("7"), 7, true, 7},
        {STR_INIT("8"), 7, false, 0},
        {STR_INIT("10"), 9, false, 0},
        {STR_INIT("18446744073709551615"), UINT64_MAX, true, UINT64_MAX},
        {STR_INIT("18446744073709551616"), UINT64_MAX, false, 0},
        {STR_INIT("184467440737095516150"), UINT64_MAX, false, 0},
        {STR_INIT("9223372036854775808"), INT64_MAX, false, 0},
        {STR_INIT(""), 9, false, 0},
        {STR_INIT("00"), 9, false, 0},
        {STR_INIT("01"), 9, false, 0},
        {STR_INIT("+1"), 9, false, 0},
        {STR_INIT("-1"), 9, false, 0},
        {STR_INIT(" 1"), 9, false, 0},
        {STR_INIT("1 "), 9, false, 0},
        {STR_INIT("1e1"), 99, false, 0},
        {STR_INIT("0x1"), 99, false, 0},
        {STR_INIT("1\0"), 99, false, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t value = 12345;
        cr_assert_eq(str_to_u64(rows[i].text, rows[i].max, &value), rows[i].ok, "row %zu", i);
        cr_assert_eq(value, rows[i].ok ? rows[i].value : 12345, "row %zu", i);
    }
}

/* Every code point round the edges of the encoding, and every way of getting one wrong. */
Test(core_str, utf8_is_checked_to_the_letter)
{
    static const struct {
        struct str text;
        bool ok;
    } rows[] = {
        {STR_INIT(""), true},
        {STR_INIT("\x7F"), true},
        {STR_INIT("\xC2\x80"), true},
        {STR_INIT("\xDF\xBF"), true},
        {STR_INIT("\xE0\xA0\x80"), true},
        {STR_INIT("\xED\x9F\xBF"), true},
        {STR_INIT("\xEE\x80\x80"), true},
        {STR_INIT("\xEF\xBF\xBF"), true},
        {STR_INIT("\xF0\x90\x80\x80"), true},
        {STR_INIT("\xF4\x8F\xBF\xBF"), true},
        {STR_INIT("a\xC3\xA9z"), true},
        {STR_INIT("\x80"), false},
        {STR_INIT("\xBF"), false},
        {STR_INIT("\xC0\x80"), false},
        {STR_INIT("\xC1\xBF"), false},
        {STR_INIT("\xC3"), false},
        {STR_INIT("\xC3\x28"), false},
        {STR_INIT("\xE0\x9F\xBF"), false},
        {STR_INIT("\xED\xA0\x80"), false},
        {STR_INIT("\xED\xBF\xBF"), false},
        {STR_INIT("\xE2\x82"), false},
        {STR_INIT("\xE2\x82\x28"), false},
        {STR_INIT("\xF0\x8F\xBF\xBF"), false},
        {STR_INIT("\xF4\x90\x80\x80"), false},
        {STR_INIT("\xF0\x90\x80"), false},
        {STR_INIT("\xF0\x90\x80\xC0"), false},
        {STR_INIT("\xF5\x80\x80\x80"), false},
        {STR_INIT("\xFF"), false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *exact = malloc(rows[i].text.len + 1); /* so that reading past the end is seen */
        memcpy(exact, rows[i].text.ptr, rows[i].text.len);
        cr_assert_eq(str_is_utf8(str_make(exact, rows[i].text.len)), rows[i].ok, "row %zu", i);
        free(exact);
    }
}

Test(core_str, printable_ascii_ends_at_the_tilde)
{
    for (int c = 0; c < 256; c++) {
        char text[1] = {(char)c};
        cr_assert_eq(str_is_printable_ascii(str_make(text, 1)), c >= 0x20 && c <= 0x7E);
    }
    cr_assert(str_is_printable_ascii(STR("")));
}

Test(str, hexadecimal_digits_of_either_case)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    for (int c = -128; c < 128; c++) {
        const char *at = c == 0 ? NULL : strchr(digits, c);
        int want = at == NULL ? -1 : (int)(at - digits) - (at - digits > 15 ? 6 : 0);
        cr_assert_eq(str_hex_value((char)c), want, "%d", c);
    }
}

Test(str, a_plain_run_ends_at_the_first_byte_that_is_not)
{
    enum { LONGEST = 70 };
    char text[LONGEST];

    memset(text, 'a', sizeof(text));
    for (size_t len = 0; len <= LONGEST; len++)
        cr_assert_eq(str_plain_run(str_make(text, len), '%', '+'), len);
    for (int c = 0; c < 256; c++) {
        bool plain = c >= 0x20 && c < 0x7F && c != '%' && c != '+';
        for (size_t at = 0; at < LONGEST; at++) {
            text[at] = (char)c;
            cr_assert_eq(str_plain_run(str_make(text, LONGEST), '%', '+'), plain ? LONGEST : at,
                         "%d at %zu", c, at);
            text[at] = 'a';
        }
    }
    cr_assert_eq(str_plain_run(STR_NONE, '%', '+'), (size_t)0);
}
