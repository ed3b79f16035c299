/* Networks of trusted proxies (SPEC 4, SPEC 10). */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "config/cidr.h"

Test(cidr, parses_and_refuses)
{
    static const struct {
        const char *text;
        bool good;
    } rows[] = {
        {"10.0.0.0/8", true},
        {"0.0.0.0/0", true},
        {"192.0.2.1", true},
        {"192.0.2.1/32", true},
        {"2001:db8::/32", true},
        {"::/0", true},
        {"::1", true},
        {"::1/128", true},
        {"unix", true},
        {"", false},
        {"10.0.0.0/33", false},
        {"10.0.0.1/8", false},
        {"10.0.0/8", false},
        {"10.0.0.0/", false},
        {"10.0.0.0/08", false},
        {"10.0.0.0/-1", false},
        {"10.0.0.0/8/8", false},
        {"2001:db8::/129", false},
        {"2001:db8::1/32", false},
        {"UNIX", false},
        {"localhost", false},
        {"010.0.0.0/8", false},
        {"[::1]", false},
        {"fe80::1%lo", false},
        {" 10.0.0.0/8", false},
        {"10.0.0.0/8 ", false},
        {"/8", false},
        {"::ffff:10.0.0.0/104", true}, /* the same as 10.0.0.0/8 */
        {"::ffff:10.0.0.0/8", false},
        {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cidr cidr;
        const char *wrong = cidr_parse(str_from(rows[i].text), &cidr);
        cr_assert_eq(wrong == NULL, rows[i].good, "%s", rows[i].text);
    }
}

static bool has(const char *network, const char *address)
{
    struct cidr cidr;
    struct ip ip;
    cr_assert_null(cidr_parse(str_from(network), &cidr), "%s", network);
    cr_assert(ip_parse(str_from(address), &ip), "%s", address);
    return cidr_list_has_ip(&(struct cidr_list){.items = &cidr, .n = 1}, &ip);
}

Test(cidr, matches_by_prefix_and_family)
{
    static const struct {
        const char *network, *address;
        bool inside;
    } rows[] = {
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.0.0.0/8", "::ffff:10.1.2.3", true},
        {"10.128.0.0/9", "10.127.255.255", false},
        {"10.128.0.0/9", "10.128.0.0", true},
        {"192.0.2.5", "192.0.2.5", true},
        {"192.0.2.5", "192.0.2.4", false},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "2001:db8::1", true},
        {"::/0", "203.0.113.9", false},
        {"2001:db8:8000::/33", "2001:db8:ffff::1", true},
        {"2001:db8:8000::/33", "2001:db8:7fff::1", false},
        {"::1", "::1", true},
        {"::1", "127.0.0.1", false},
        {"unix", "127.0.0.1", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        cr_assert_eq(has(rows[i].network, rows[i].address), rows[i].inside, "%s %s",
                     rows[i].network, rows[i].address);
}

Test(cidr, matches_peers_of_every_family)
{
    struct cidr items[2];
    const struct cidr_list both = {.items = items, .n = 2}, none = {0};
    const struct cidr_list network = {.items = items, .n = 1};
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 mapped = {.sin6_family = AF_INET6};
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct sockaddr other = {.sa_family = AF_NETLINK};

    cr_assert_null(cidr_parse(STR("192.0.2.0/24"), &items[0]));
    cr_assert_null(cidr_parse(STR("unix"), &items[1]));
    inet_pton(AF_INET, "192.0.2.200", &v4.sin_addr);
    inet_pton(AF_INET6, "::ffff:192.0.2.7", &mapped.sin6_addr);
    cr_assert(cidr_list_has_peer(&both, (struct sockaddr *)&v4));
    cr_assert(cidr_list_has_peer(&both, (struct sockaddr *)&mapped));
    cr_assert(cidr_list_has_peer(&both, (struct sockaddr *)&un));
    cr_assert_not(cidr_list_has_peer(&network, (struct sockaddr *)&un));
    cr_assert_not(cidr_list_has_peer(&none, (struct sockaddr *)&v4));
    cr_assert_not(cidr_list_has_peer(&both, &other));
}

Test(ip, loopback_is_all_of_127_and_one_of_v6)
{
    static const struct {
        const char *text;
        bool loopback;
    } rows[] = {
        {"127.0.0.1", true},  {"127.255.0.9", true},      {"126.255.255.255", false},
        {"128.0.0.0", false}, {"0.0.0.0", false},         {"::1", true},
        {"::", false},        {"::ffff:127.0.0.1", true}, {"fe80::1", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ip ip;
        cr_assert(ip_parse(str_from(rows[i].text), &ip));
        cr_assert_eq(ip_is_loopback(&ip), rows[i].loopback, "%s", rows[i].text);
    }
}

Test(ip, a_nul_inside_does_not_shorten)
{
    struct ip ip;
    cr_assert_not(ip_parse(str_make("127.0.0.1\0.example", 18), &ip));
}
