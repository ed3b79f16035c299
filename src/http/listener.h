/* The sockets of one configured address. TCP: a socket for each thread (SO_REUSEPORT), so the
 * kernel shares the connections out. A unix socket is one, dup'ed to each thread. The admin
 * listener is thread 0's alone. Opened before the threads start, by the main thread. */
#ifndef HTTP_LISTENER_H
#define HTTP_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "core/buf.h"

enum { LISTENERS_MAX = 32 };

struct listener {
    const struct config_listener *config;
    bool admin;
    uint16_t port;               /* that was bound; 0 for a unix socket */
    int fds[CONFIG_THREADS_MAX]; /* of thread i; -1: taken over by it, or none */
    unsigned fd_count;
    bool unlinked;
};

/* False: out_error has one line, and nothing is left open. */
bool listener_open(const struct config_listener *config, bool admin, unsigned threads,
                   struct listener *out, struct buf *out_error);

/* Closes what no thread has taken, removes a unix socket's file. */
void listener_close(struct listener *listener);

/* Removes a unix socket's file, once: a successor may have made its own since. */
void listener_unlink(struct listener *listener);

#endif
