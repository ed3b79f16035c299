/* Texts a seed may hold. */
#include <criterion/criterion.h>

#include "cli/seed_reader.h"

#define LONG_64  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONG_128 LONG_64 LONG_64
#define LONG_256 LONG_128 LONG_128

struct sample {
    seed_check_fn *check;
    struct str text;
};

Test(seed_checks, take)
{
    static const struct sample samples[] = {
        {seed_check_ref, STR_INIT("a")},
        {seed_check_ref, STR_INIT("Sub-partner_1.x")},
        {seed_check_ref, STR_INIT(LONG_64)},
        {party_check_name, STR_INIT("Blanks within, \xc3\xbcmlaut")},
        {party_check_name, STR_INIT(LONG_128)},
        {party_check_login, STR_INIT("ops@example.com")},
    };
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
        cr_assert_null(samples[i].check(samples[i].text), "%.*s: %s", STR_ARG(samples[i].text),
                       samples[i].check(samples[i].text));
}

Test(seed_checks, refuse)
{
    static const struct sample samples[] = {
        {seed_check_ref, STR_INIT("")},
        {seed_check_ref, STR_INIT("root")},
        {seed_check_ref, STR_INIT("a b")},
        {seed_check_ref, STR_INIT("a\0b")},
        {seed_check_ref, STR_INIT(LONG_64 "a")},
        {party_check_name, STR_INIT("")},
        {party_check_name, STR_INIT(" x")},
        {party_check_name, STR_INIT("x\ny")},
        {party_check_name, STR_INIT("x\x7f")},
        {party_check_name, STR_INIT(LONG_128 "a")},
        {party_check_login, STR_INIT("")},
        {party_check_login, STR_INIT("a b")},
        {party_check_login, STR_INIT("\xc3\xbc")},
    };
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
        cr_assert_not_null(samples[i].check(samples[i].text), "%.*s", STR_ARG(samples[i].text));
}
