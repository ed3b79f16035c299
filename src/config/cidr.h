/* IP addresses and networks as values: who may speak clear text to us, and which hops of
 * X-Forwarded-For to believe (SPEC 4, SPEC 10). IPv4 is kept as the IPv4-mapped IPv6 address, so a
 * peer matches whether the socket that took it speaks one family or both. No names, no zones. */
#ifndef CONFIG_CIDR_H
#define CONFIG_CIDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/str.h"

struct ip {
    uint8_t bytes[16]; /* network order; IPv4 as ::ffff:a.b.c.d */
};

enum cidr_kind { CIDR_NETWORK, CIDR_UNIX };

struct cidr {
    enum cidr_kind kind;
    struct ip base; /* bits past `bits` are zero */
    unsigned bits;  /* 0 to 128; an IPv4 network counts from 96 */
};

struct cidr_list {
    const struct cidr *items;
    size_t n;
};

/* "192.0.2.1", "2001:db8::1": no brackets, port, zone, blanks or leading zeros. */
bool ip_parse(struct str text, struct ip *out);

/* False for any family but IPv4 and IPv6. */
bool ip_from_sockaddr(const struct sockaddr *address, struct ip *out);

bool ip_is_v4(const struct ip *ip);
bool ip_is_loopback(const struct ip *ip); /* 127.0.0.0/8, ::1 */

/* "10.0.0.0/8", "2001:db8::/32", one address without length, or "unix" (every peer on a unix
 * socket). Returns NULL, or in constant words what is wrong and how to write it. */
const char *cidr_parse(struct str text, struct cidr *out);

/* ::/0 means all of IPv6 and nothing of IPv4; 0.0.0.0/0 the reverse. */
bool cidr_list_has_ip(const struct cidr_list *list, const struct ip *ip);

/* The other end of an accepted connection; AF_UNIX matches "unix". */
bool cidr_list_has_peer(const struct cidr_list *list, const struct sockaddr *address);

#endif
