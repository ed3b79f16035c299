/* Where to listen, from text to a socket address. Numeric only: a name that resolves elsewhere
 * tomorrow is no place to bind a token service to. */
#ifndef CONFIG_LISTEN_H
#define CONFIG_LISTEN_H

#include <stdbool.h>
#include <sys/socket.h>

#include "core/str.h"

struct listen_address {
    struct sockaddr_storage socket; /* family AF_INET, AF_INET6 or AF_UNIX */
    socklen_t socket_len;
    bool local; /* loopback or a unix socket: clear text stays on this machine */
};

/* "127.0.0.1:8420", "[::1]:8420" or "unix:/path". Returns NULL, or in constant words what
 * is wrong and how to write it. */
const char *listen_parse(struct str text, struct listen_address *out);

#endif
