#include "config/cidr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

enum { IP_BITS = 128, V4_OFFSET = 96 };

static const uint8_t v4_prefix[12] = {[10] = 0xFF, [11] = 0xFF};

static void ip_set_v4(const void *four, struct ip *out)
{
    memcpy(out->bytes, v4_prefix, sizeof(v4_prefix));
    memcpy(out->bytes + sizeof(v4_prefix), four, 4);
}

bool ip_is_v4(const struct ip *ip)
{
    return memcmp(ip->bytes, v4_prefix, sizeof(v4_prefix)) == 0;
}

bool ip_is_loopback(const struct ip *ip)
{
    static const struct ip one = {.bytes = {[15] = 1}};
    if (ip_is_v4(ip))
        return ip->bytes[12] == 127;
    return memcmp(ip->bytes, one.bytes, sizeof(one.bytes)) == 0;
}

bool ip_parse(struct str text, struct ip *out)
{
    char terminated[INET6_ADDRSTRLEN];
    uint8_t raw[16];

    /* inet_pton wants a terminator; a NUL inside would cut the text short. */
    if (text.len == 0 || text.len >= sizeof(terminated) || str_find(text, '\0') != text.len)
        return false;
    memcpy(terminated, text.ptr, text.len);
    terminated[text.len] = '\0';
    if (inet_pton(AF_INET, terminated, raw) == 1) {
        ip_set_v4(raw, out);
        return true;
    }
    if (inet_pton(AF_INET6, terminated, raw) != 1)
        return false;
    memcpy(out->bytes, raw, sizeof(raw));
    return true;
}

bool ip_from_sockaddr(const struct sockaddr *address, struct ip *out)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof(in));
        ip_set_v4(&in.sin_addr, out);
        return true;
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof(in6));
        memcpy(out->bytes, &in6.sin6_addr, sizeof(out->bytes));
        return true;
    }
    return false;
}

/* Whether the first `bits` bits agree. */
static bool prefix_equal(const struct ip *a, const struct ip *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(a->bytes, b->bytes, whole) != 0)
        return false;
    return rest == 0 || ((a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest)) == 0;
}

static void ip_mask(struct ip *ip, unsigned bits)
{
    for (unsigned i = 0; i < 16; i++) {
        unsigned kept = bits > i * 8 ? bits - i * 8 : 0;
        if (kept < 8)
            ip->bytes[i] &= (uint8_t)(0xFF00U >> kept);
    }
}

const char *cidr_parse(struct str text, struct cidr *out)
{
    struct cidr net = {.kind = CIDR_NETWORK, .bits = IP_BITS};
    struct ip masked;
    size_t slash = str_find(text, '/');
    uint64_t length;

    if (str_eq(text, STR("unix"))) {
        *out = (struct cidr){.kind = CIDR_UNIX};
        return NULL;
    }
    if (!ip_parse(str_slice(text, 0, slash), &net.base))
        return "is not an address or network; write 10.0.0.0/8, 2001:db8::/32 or unix";
    if (slash < text.len) {
        bool dotted = str_find(text, ':') == text.len; /* else the length counts from 0 */
        unsigned offset = dotted ? V4_OFFSET : 0;
        if (!str_to_u64(str_slice(text, slash + 1, text.len), IP_BITS - offset, &length))
            return "has a bad prefix length; write 0 to 32 for IPv4, 0 to 128 for IPv6";
        net.bits = offset + (unsigned)length;
    }
    masked = net.base;
    ip_mask(&masked, net.bits);
    if (memcmp(&masked, &net.base, sizeof(masked)) != 0)
        return "has bits set past its prefix length; write the network's first address";
    *out = net;
    return NULL;
}

bool cidr_list_has_ip(const struct cidr_list *list, const struct ip *ip)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct cidr *net = &list->items[i];
        if (net->kind == CIDR_NETWORK && ip_is_v4(&net->base) == ip_is_v4(ip) &&
            prefix_equal(&net->base, ip, net->bits))
            return true;
    }
    return false;
}

bool cidr_list_has_peer(const struct cidr_list *list, const struct sockaddr *address)
{
    struct ip ip;
    if (ip_from_sockaddr(address, &ip))
        return cidr_list_has_ip(list, &ip);
    if (address->sa_family != AF_UNIX)
        return false;
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i].kind == CIDR_UNIX)
            return true;
    return false;
}
