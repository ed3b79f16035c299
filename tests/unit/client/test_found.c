/* What a text that was found somewhere looks like, by itself. */
#include <criterion/criterion.h>
#include <string.h>

#include "client/found.h"
#include "client/secret.h"

Test(found, what_comes_with_a_copy_is_taken_off)
{
    static const struct {
        const char *pasted, *tidy;
    } cases[] = {
        {"", ""},
        {" \t\r\n", ""},
        {"abc", "abc"},
        {"  abc\r\n", "abc"},
        {"\"abc\",", "abc"},
        {"'abc';", "abc"},
        {"`abc`", "abc"},
        {"\"Bearer abc\"", "abc"},
        {"bearer\tabc", "abc"},
        {"Authorization: Bearer abc", "abc"},
        {"authorization:DPoP \"abc\"", "abc"},
        {"Bearer", "Bearer"},       /* nothing behind it */
        {"Bearerabc", "Bearerabc"}, /* another word */
        {"a b", "a b"},             /* nothing within is touched */
        {"https://x/?t=abc", "https://x/?t=abc"},
        {"Bearer Bearer abc", "abc"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct str tidy = found_tidy(str_from(cases[i].pasted));
        cr_assert(str_eq(tidy, str_from(cases[i].tidy)), "%zu: %.*s", i, STR_ARG(tidy));
    }
    cr_assert_eq(found_tidy(str_make("\0a\0", 3)).len, 3);
}

Test(found, prefix_and_checksum_sort)
{
    static const enum found_kind kinds[] = {FOUND_CLIENT_SECRET, FOUND_REFRESH_TOKEN,
                                            FOUND_ACCESS_KEY_ID, FOUND_SECRET_ACCESS_KEY};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        char text[SECRET_TEXT];
        bool checked;

        cr_assert(result_ok(secret_new((enum secret_kind)i, &entropy_system, text)));
        cr_assert_eq(found_sort(str_make(text, SECRET_TEXT), &checked), kinds[i]);
        cr_assert(checked);
        text[20] = text[20] == 'a' ? 'b' : 'a';
        cr_assert_eq(found_sort(str_make(text, SECRET_TEXT), &checked), kinds[i]);
        cr_assert(!checked);
        cr_assert_eq(found_sort(str_make(text, SECRET_TEXT - 1), &checked), kinds[i]);
        cr_assert(!checked);
    }
}

Test(found, a_jwt_is_three_parts)
{
    static const struct {
        const char *text;
        enum found_kind kind;
    } cases[] = {
        {"eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ.c2ln", FOUND_ACCESS_TOKEN},
        {"eyJ.a.b", FOUND_ACCESS_TOKEN},
        {"eyJ.a", FOUND_UNKNOWN},
        {"eyJ.a.", FOUND_UNKNOWN},
        {"eyJ.a.b.c", FOUND_UNKNOWN},
        {"eyJ.a.b.c.d", FOUND_UNKNOWN},
        {"eyJ.a.b=", FOUND_UNKNOWN},
        {"eyJ.a .b", FOUND_UNKNOWN},
        {"abc.a.b", FOUND_UNKNOWN},
        {"", FOUND_UNKNOWN},
        {"hunter2", FOUND_UNKNOWN},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool checked = true;
        cr_assert_eq(found_sort(str_from(cases[i].text), &checked), cases[i].kind, "%zu", i);
        cr_assert(!checked);
    }
}

Test(found, names_are_those_of_the_api)
{
    static const char *const names[] = {"unknown",       "access_token",  "client_secret",
                                        "refresh_token", "access_key_id", "secret_access_key"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        cr_assert_str_eq(found_kind_name((enum found_kind)i), names[i]);
}

Test(found, P5_a_prefix_gives_nothing_away)
{
    cr_assert_eq(found_prefix(STR("hunter2")).len, 1);
    cr_assert_eq(found_prefix(STR("abc")).len, 0);
    cr_assert_eq(found_prefix(STR("")).len, 0);
    cr_assert(str_eq(found_prefix(STR("sm_cs_0123456789012345678901234567890123456789")),
                     STR("sm_cs_01")));
}
