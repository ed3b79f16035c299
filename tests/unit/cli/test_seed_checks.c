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
        {seed_check_audience, STR_INIT("https://api.example.com/x?y")},
        {seed_check_audience, STR_INIT("urn:example:api")}, /* RFC7519-2 */
        {seed_check_audience, STR_INIT("plain-name")},
        {seed_check_audience, STR_INIT(LONG_256)},
        {seed_check_redirect, STR_INIT("https://app.example.com/cb?x=1")}, /* RFC6749-3.1.2 */
        {seed_check_redirect, STR_INIT("http://127.0.0.1:8080/cb")},       /* RFC8252-7 */
        {seed_check_redirect, STR_INIT("http://[::1]/cb")},
        {seed_check_redirect, STR_INIT("http://localhost")},
        {seed_check_redirect, STR_INIT("com.example.app:/cb")},
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
        {seed_check_audience, STR_INIT("")},
        {seed_check_audience, STR_INIT("with blank")},
        {seed_check_audience, STR_INIT("quo\"te")},
        {seed_check_audience, STR_INIT("https://api.example.com/#x")}, /* RFC8707-2 */
        {seed_check_audience, STR_INIT(":relative")},
        {seed_check_audience, STR_INIT("1a:b")}, /* RFC3986-3.1 */
        {seed_check_audience, STR_INIT("urn:")},
        {seed_check_audience, STR_INIT(LONG_256 "a")},
        {seed_check_redirect, STR_INIT("/cb")},
        {seed_check_redirect, STR_INIT("https://app.example.com/#f")},
        {seed_check_redirect, STR_INIT("http://app.example.com/cb")},
        {seed_check_redirect, STR_INIT("http://localhost.example.com/cb")},
        {seed_check_redirect, STR_INIT("http://127.0.0.1@evil.example/cb")},
        {seed_check_redirect, STR_INIT("javascript:alert(1)")},
        {seed_check_redirect, STR_INIT("app:/cb")},
    };
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
        cr_assert_not_null(samples[i].check(samples[i].text), "%.*s", STR_ARG(samples[i].text));
}
