/* What may be registered, text by text and as a whole. */
#include <criterion/criterion.h>

#include "client/registration.h"

#define LONG_64  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONG_256 LONG_64 LONG_64 LONG_64 LONG_64

struct sample {
    const char *(*check)(struct str text);
    struct str text;
};

Test(registration, texts_are_taken)
{
    static const struct sample samples[] = {
        {registration_check_audience, STR_INIT("https://api.example.com/x?y")},
        {registration_check_audience, STR_INIT("urn:example:api")}, /* RFC7519-2 */
        {registration_check_audience, STR_INIT("plain-name")},
        {registration_check_audience, STR_INIT(LONG_256)},
        {registration_check_redirect,
         STR_INIT("https://app.example.com/cb?x=1")},                        /* RFC6749-3.1.2 */
        {registration_check_redirect, STR_INIT("http://127.0.0.1:8080/cb")}, /* RFC8252-7 */
        {registration_check_redirect, STR_INIT("http://[::1]/cb")},
        {registration_check_redirect, STR_INIT("http://localhost")},
        {registration_check_redirect, STR_INIT("com.example.app:/cb")},
        {registration_check_redirect, STR_INIT("https://app.example.com:8443")},
        {registration_check_redirect, STR_INIT("https://[2001:db8::1]/cb")},
        {registration_check_redirect, STR_INIT("https://app.example.com/a..b/cb?x=/../")},
        {registration_check_grant, STR_INIT("authorization_code")},
    };
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
        cr_assert_null(samples[i].check(samples[i].text), "%.*s: %s", STR_ARG(samples[i].text),
                       samples[i].check(samples[i].text));
}

/* 9700-2.1-a: what is compared byte by byte is registered in one form. */
Test(registration, texts_are_refused)
{
    static const struct sample samples[] = {
        {registration_check_audience, STR_INIT("")},
        {registration_check_audience, STR_INIT("with blank")},
        {registration_check_audience, STR_INIT("quo\"te")},
        {registration_check_audience, STR_INIT("https://api.example.com/#x")}, /* RFC8707-2 */
        {registration_check_audience, STR_INIT(":relative")},
        {registration_check_audience, STR_INIT("1a:b")}, /* RFC3986-3.1 */
        {registration_check_audience, STR_INIT("urn:")},
        {registration_check_audience, STR_INIT(LONG_256 "a")},
        {registration_check_redirect, STR_INIT("/cb")},
        {registration_check_redirect, STR_INIT("https://app.example.com/#f")},
        {registration_check_redirect, STR_INIT("http://app.example.com/cb")},
        {registration_check_redirect, STR_INIT("http://localhost.example.com/cb")},
        {registration_check_redirect, STR_INIT("http://127.0.0.1@evil.example/cb")},
        {registration_check_redirect, STR_INIT("javascript:alert(1)")},
        {registration_check_redirect, STR_INIT("app:/cb")},
        {registration_check_redirect, STR_INIT("https://")},
        {registration_check_redirect, STR_INIT("https:///cb")},
        {registration_check_redirect, STR_INIT("HTTPS://app.example.com/cb")},
        {registration_check_redirect, STR_INIT("https://*.example.com/cb")},
        {registration_check_redirect, STR_INIT("https://app.example.com/*")},
        {registration_check_redirect, STR_INIT("https://a@b@app.example.com/cb")}, /* THREATS-47 */
        {registration_check_redirect, STR_INIT("https://app%25@evil.example/cb")},
        {registration_check_redirect, STR_INIT("https://app.example.com/x/..;/cb")},
        {registration_check_redirect, STR_INIT("https://app.example.com/./cb")},
        {registration_check_redirect, STR_INIT("https://app.example.com:0/cb")},
        {registration_check_redirect, STR_INIT("https://app.example.com:99999/cb")},
        {registration_check_redirect, STR_INIT("https://[::1/cb")},
        {registration_check_redirect, STR_INIT("https://[x]/cb")},
        {registration_check_redirect, STR_INIT("http://localhost:/cb")},
        {registration_check_redirect, STR_INIT("data:text/html,x")},
        {registration_check_grant, STR_INIT("password")},
        {registration_check_grant, STR_INIT("")},
    };
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
        cr_assert_not_null(samples[i].check(samples[i].text), "%.*s", STR_ARG(samples[i].text));
}

/* A row that nothing is wrong with. */
static struct application_row good_row(void)
{
    return (struct application_row){.grant_types = STR("client_credentials"),
                                    .audiences = STR("https://as.example")};
}

/* The fields that are named, with blanks between. */
static void expect(const struct application_row *row, const char *fields)
{
    struct registration_problem problems[REGISTRATION_PROBLEMS_MAX];
    size_t count = registration_check(row, problems);
    char named[256] = "";

    for (size_t i = 0; i < count; i++) {
        strcat(named, i > 0 ? " " : "");
        strcat(named, problems[i].field);
        cr_assert(strlen(problems[i].message) > 0);
    }
    cr_assert_str_eq(named, fields);
}

/* RFC7591-2, F-23, 6749-4.4-a */
Test(registration, fields_constrain_each_other)
{
    struct application_row row = good_row();

    expect(&row, "");
    row.type = APPLICATION_PUBLIC;
    row.introspection = true;
    expect(&row, "token_endpoint_auth_method grant_types introspection");
    row = good_row();
    row.auth_method = CLIENT_AUTH_NONE;
    expect(&row, "token_endpoint_auth_method");
    row = good_row();
    row.auth_method = CLIENT_AUTH_PRIVATE_KEY;
    expect(&row, "jwks");
    row.jwks = STR("{\"keys\":[]}");
    expect(&row, "");
    row.grant_types = STR("refresh_token authorization_code");
    row.audiences = STR("");
    expect(&row, "redirect_uris audiences");
    row.redirect_uris = STR("https://app.example/cb");
    row.audiences = STR("x");
    expect(&row, "");
    row.type = APPLICATION_PUBLIC;
    row.auth_method = CLIENT_AUTH_NONE;
    expect(&row, "");
}

Test(registration, grants_are_bits)
{
    cr_assert_eq(registration_grants(STR("")), 0);
    cr_assert_eq(registration_grants(STR("refresh_token client_credentials nonsense")),
                 1U << REGISTRATION_CLIENT_CREDENTIALS | 1U << REGISTRATION_REFRESH_TOKEN);
    cr_assert(registration_has_secret(CLIENT_AUTH_POST));
    cr_assert_not(registration_has_secret(CLIENT_AUTH_NONE));
}
