#include "exchange/peer.h"

#include <arpa/inet.h>

struct str peer_format(const struct in6_addr *address, char memory[PEER_TEXT])
{
    bool v4 = IN6_IS_ADDR_V4MAPPED(address);

    if (IN6_IS_ADDR_UNSPECIFIED(address))
        return STR("unix");
    inet_ntop(v4 ? AF_INET : AF_INET6, address->s6_addr + (v4 ? 12 : 0), memory, PEER_TEXT);
    return str_from(memory);
}
