/* Who is at the other end, as text: for the access log, the audit log and last-accessed times. */
#ifndef EXCHANGE_PEER_H
#define EXCHANGE_PEER_H

#include <netinet/in.h>
#include <stdbool.h>

#include "core/str.h"

enum { PEER_TEXT = INET6_ADDRSTRLEN };

/* An IPv4 address in dotted form, any other as RFC5952 writes it; "unix" for none (a unix socket).
 */
struct str peer_format(const struct in6_addr *address, char memory[PEER_TEXT]);

/* Likewise from text: an IPv4 or IPv6 address alone, no port, no zone, no brackets. */
bool peer_parse(struct str text, struct in6_addr *out);

#endif
