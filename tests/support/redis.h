/* A real redis-server of the test's own: on a unix socket in a directory of its own, without
 * persistence, started and stopped by pid. It dies with the test. */
#ifndef SUPPORT_REDIS_H
#define SUPPORT_REDIS_H

#include <stdbool.h>
#include <sys/types.h>

struct redis_server {
    char folder[64];
    char socket[96];
    pid_t pid; /* 0: not running */
};

/* Makes the folder; starts nothing. */
void redis_server_init(struct redis_server *server);

/* Returns when it accepts connections. option: "--name", with up to two values; unused ones NULL.
 */
void redis_server_start(struct redis_server *server, const char *option, const char *value,
                        const char *value2);

void redis_server_kill(struct redis_server *server); /* SIGKILL: it comes back empty */
void redis_server_pause(struct redis_server *server);
void redis_server_resume(struct redis_server *server);

/* Kills and removes the folder. */
void redis_server_done(struct redis_server *server);

#endif
