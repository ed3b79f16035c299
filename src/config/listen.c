#include "config/listen.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "config/cidr.h"

static const char how[] = "is not an address; write 127.0.0.1:8420, [::1]:8420 or unix:/path";

static const char *parse_unix(struct str path, struct listen_address *out)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    if (path.len == 0)
        return "needs a path; write unix:/run/scopemint/http.sock";
    if (path.len >= sizeof(un.sun_path))
        return "has too long a path; a unix socket's path has at most 107 bytes";
    memcpy(un.sun_path, path.ptr, path.len);
    *out = (struct listen_address){.socket_len = sizeof(un), .local = true};
    memcpy(&out->socket, &un, sizeof(un));
    return NULL;
}

static void fill_tcp(const struct ip *ip, in_port_t port, struct listen_address *out)
{
    *out = (struct listen_address){.local = ip_is_loopback(ip)};
    if (ip_is_v4(ip)) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
        memcpy(&in.sin_addr, ip->bytes + 12, 4);
        memcpy(&out->socket, &in, sizeof(in));
        out->socket_len = sizeof(in);
    } else {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
        memcpy(&in6.sin6_addr, ip->bytes, 16);
        memcpy(&out->socket, &in6, sizeof(in6));
        out->socket_len = sizeof(in6);
    }
}

const char *listen_parse(struct str text, struct listen_address *out)
{
    bool bracketed = text.len > 0 && text.ptr[0] == '[';
    struct str host, port_text;
    uint64_t port;
    struct ip ip;

    if (str_starts_with(text, STR("unix:")))
        return parse_unix(str_slice(text, 5, text.len), out);
    if (bracketed) {
        size_t close = str_find(text, ']');
        host = str_slice(text, 1, close);
        port_text = str_slice(text, close + 1, text.len);
    } else {
        size_t colon = str_find(text, ':');
        host = str_slice(text, 0, colon);
        port_text = str_slice(text, colon, text.len);
    }
    if (!ip_parse(host, &ip))
        return str_eq(host, STR("localhost")) ? "names localhost; write 127.0.0.1 or [::1]" : how;
    if (bracketed == ip_is_v4(&ip))
        return how;
    if (port_text.len == 0 || port_text.ptr[0] != ':')
        return "has no port; write for example 127.0.0.1:8420";
    if (!str_to_u64(str_slice(port_text, 1, port_text.len), 65535, &port) || port == 0)
        return "has a bad port; choose 1 to 65535";
    fill_tcp(&ip, (in_port_t)port, out);
    return NULL;
}
