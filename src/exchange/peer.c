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

bool peer_parse(struct str text, struct in6_addr *out)
{
    struct in6_addr v6 = {.s6_addr = {[10] = 0xFF, [11] = 0xFF}};
    char terminated[PEER_TEXT];

    if (text.len >= sizeof(terminated) || str_find(text, '\0') != text.len)
        return false;
    memcpy(terminated, text.ptr, text.len);
    terminated[text.len] = '\0';
    if (inet_pton(AF_INET, terminated, v6.s6_addr + 12) != 1 &&
        inet_pton(AF_INET6, terminated, v6.s6_addr) != 1)
        return false;
    *out = v6;
    return !IN6_IS_ADDR_UNSPECIFIED(out); /* no address at all */
}
