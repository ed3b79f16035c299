/* 8414-2-a, 8414-3.1-a, F-42: what may be an issuer. */
#include <criterion/criterion.h>

#include "config/issuer.h"

Test(issuer, accepts_8414_2_a)
{
    static const char *const texts[] = {
        "https://auth.example.com",
        "https://auth.example.com:8443",
        "https://a",
        "https://xn--bcher-kva.example",
        "https://192.0.2.1",
        "https://[2001:db8::1]:443",
        "http://127.0.0.1:8420",
        "http://127.1.2.3",
        "http://[::1]:8420",
        "http://localhost",
        "http://localhost:65535",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        cr_assert_null(issuer_check(str_from(texts[i])), "%s: %s", texts[i],
                       issuer_check(str_from(texts[i])));
}

Test(issuer, refuses_8414_3_1_a)
{
    static const struct {
        const char *text, *reason;
    } rows[] = {
        {"", "is no issuer"},
        {"auth.example.com", "is no issuer"},
        {"ftp://auth.example.com", "is no issuer"},
        {"HTTPS://auth.example.com", "is no issuer"},
        {"https://", "needs a host"},
        {"https://:8443", "needs a host"},
        {"https://auth.example.com/", "slash"},
        {"https://auth.example.com/tenant", "path"},
        {"https://auth.example.com//", "path"},
        {"https:///auth", "path"},
        {"https://auth.example.com?x", "query"},
        {"https://auth.example.com#x", "fragment"},
        {"https://user@auth.example.com", "user information"},
        {"https://user:pw@auth.example.com", "user information"},
        {"https://Auth.example.com", "lower case"},
        {"https://[2001:DB8::1]", "lower case"},
        {"https://auth.example.com.", "host"},
        {"https://auth..example.com", "host"},
        {"https://-auth.example.com", "host"},
        {"https://auth-.example.com", "host"},
        {"https://auth_x.example.com", "host"},
        {"https://auth example.com", "host"},
        {"https://b\xc3\xbc"
         "cher.example",
         "host"},
        {"https://1.2.3", "address"},
        {"https://256.1.1.1", "address"},
        {"https://auth.example.com:", "port"},
        {"https://auth.example.com:0", "port"},
        {"https://auth.example.com:0443", "port"},
        {"https://auth.example.com:65536", "port"},
        {"https://[::1", "no ]"},
        {"https://[::1]x", "port"},
        {"https://[127.0.0.1]", "IPv6"},
        {"https://[fe80::1%eth0]", "IPv6"},
        {"http://auth.example.com", "loopback only"},
        {"http://192.0.2.1", "loopback only"},
        {"http://localhost.example.com", "loopback only"},
        {"http://127.0.0.1.example.com", "loopback only"},
        {"http://[2001:db8::1]", "loopback only"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *wrong = issuer_check(str_from(rows[i].text));
        cr_assert_not_null(wrong, "%s", rows[i].text);
        cr_assert_not_null(strstr(wrong, rows[i].reason), "%s: %s", rows[i].text, wrong);
    }
}

Test(issuer, fits_an_audience)
{
    char text[300] = "https://";
    for (size_t i = 8; i < sizeof(text); i++)
        text[i] = i % 32 == 0 ? '.' : 'a';
    cr_assert_null(issuer_check(str_make(text, 256)));
    cr_assert_not_null(issuer_check(str_make(text, 257)));
}
