/* All parts of a running node, opened in order and closed in reverse. Owns everything that struct
 * server points to. */
#ifndef APP_NODE_H
#define APP_NODE_H

#include <pthread.h>

#include "app/audit_log.h"
#include "app/key_trail.h"
#include "cli/cli.h"
#include "config/config.h"
#include "core/buf.h"
#include "exchange/server.h"
#include "http/http.h"

struct guess_throttle_limits;

struct key_refresh {
    struct loop_msg message; /* first */
    struct worker *worker;
    _Atomic bool posted;
};

struct node {
    struct server server;
    struct config *config;
    struct store *store;
    struct http *http;
    struct audit_log audit_log;
    struct key_trail key_trail;
    struct key_refresh key_refreshes[CONFIG_THREADS_MAX];
    pthread_mutex_t
        link_lock; /* between the store's writer, which publishes, and the end of the link */
};

/* Everything but the listeners. Unless CLI_OK, which is 0, out_error has the lines to show. */
enum cli_exit node_open(struct node *node, struct config *config, struct buf *out_error);

/* Starts the store's writer, the listeners and the link to Redis; returns when requests are served.
 */
bool node_start(struct node *node, struct buf *out_error);

/* Answers what is under way, then closes all. */
void node_stop(struct node *node);

/* Reads configuration, scope tables, roles and keys again and swaps them in, all or nothing. What
 * was wrong goes to the log; the node goes on with what it has. */
void node_reload(struct node *node, const struct config_source *source);

/* What a configuration says, for start and reload alike. */
struct guess_throttle_limits node_throttle_limits(const struct config *config);
void node_apply_log_level(const struct config *config);

#endif
