#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "config/listen.h"

Test(listen, parses)
{
    struct listen_address a;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;

    cr_assert_null(listen_parse(STR("127.0.0.1:8420"), &a));
    memcpy(&in, &a.socket, sizeof(in));
    cr_assert(in.sin_family == AF_INET && ntohs(in.sin_port) == 8420 && a.local);
    cr_assert_eq(ntohl(in.sin_addr.s_addr), INADDR_LOOPBACK);
    cr_assert_eq(a.socket_len, sizeof(in));

    cr_assert_null(listen_parse(STR("[::]:65535"), &a));
    memcpy(&in6, &a.socket, sizeof(in6));
    cr_assert(in6.sin6_family == AF_INET6 && ntohs(in6.sin6_port) == 65535 && !a.local);
    cr_assert_eq(a.socket_len, sizeof(in6));

    cr_assert_null(listen_parse(STR("unix:/run/s.sock"), &a));
    memcpy(&un, &a.socket, sizeof(un));
    cr_assert(un.sun_family == AF_UNIX && a.local);
    cr_assert_str_eq(un.sun_path, "/run/s.sock");
}

Test(listen, knows_what_leaves_the_machine)
{
    struct listen_address a;
    cr_assert(listen_parse(STR("0.0.0.0:1"), &a) == NULL && !a.local);
    cr_assert(listen_parse(STR("[::1]:1"), &a) == NULL && a.local);
    cr_assert(listen_parse(STR("127.9.9.9:1"), &a) == NULL && a.local);
    cr_assert(listen_parse(STR("192.0.2.1:1"), &a) == NULL && !a.local);
}

Test(listen, refuses_and_leaves_out_alone)
{
    static const char *const texts[] = {
        "",
        "127.0.0.1",
        "127.0.0.1:",
        ":8420",
        "127.0.0.1:0",
        "*:8420",
        "127.0.0.1:65536",
        "127.0.0.1:08420",
        "127.0.0.1:84a",
        "localhost:8420",
        "::1:8420",
        "[::1]",
        "[::1]8420",
        "[::1:8420",
        "[127.0.0.1]:8420",
        "unix:",
        "host.example:1",
        "[]:1",
        "127.0.0.1 :8420",
        "http://127.0.0.1:1",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct listen_address a = {.socket_len = 77};
        cr_assert_not_null(listen_parse(str_from(texts[i]), &a), "%s", texts[i]);
        cr_assert_eq(a.socket_len, 77);
    }
}

Test(listen, unix_path_has_at_most_107_bytes)
{
    char text[5 + 108];
    struct listen_address a;

    memset(text, 'a', sizeof(text));
    memcpy(text, "unix:/", 6);
    cr_assert_null(listen_parse(str_make(text, 5 + 107), &a));
    cr_assert_not_null(listen_parse(str_make(text, 5 + 108), &a));
}
