/* One worker thread and what it owns: the loop, the library's context, its connections and the
 * memory of its requests. Everything in here belongs to that thread alone; other threads reach it
 * by loop_post. Internal to http. */
#ifndef HTTP_WORKER_H
#define HTTP_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include <h2o.h>

#include "config/cidr.h"
#include "config/config.h"
#include "exchange/exchange.h"
#include "exchange/server.h"
#include "http/access_log.h"
#include "http/http.h"
#include "http/listener.h"
#include "http/loop.h"
#include "http/routes.h"

/* CONNECTIONS_OVER: evicted and not yet closed, above a worker's share. */
enum { CONNECTIONS_OVER = 8 };
enum { LISTENERS_MAX = 32, REQUEST_ID_MAX = 64, ID_PREFIX_LEN = 16 };

struct connection;
struct slot;

/* By the time of entry, oldest first. */
struct connection_list {
    struct connection *first, *last;
};

/* A listener as one thread sees it. */
struct listening {
    struct http_worker *worker;
    const struct listener *listener;
    h2o_accept_ctx_t accept;
    h2o_socket_t *sock; /* NULL when closed */
    bool paused;        /* no descriptor was left for the next connection */
};

struct http_worker {
    struct worker worker;
    struct http *http;
    struct http_loop *loop;
    h2o_context_t context;
    pthread_t thread;

    struct listening listening[LISTENERS_MAX];
    size_t listening_count;

    struct connection_list idle, busy; /* busy: a request is being answered */
    unsigned connection_count, connection_max;
    unsigned in_flight, in_flight_max;
    struct loop_timer sweep;
    int64_t now_ms; /* monotonic, of this turn */

    struct slot *free_slots;
    unsigned free_count;

    char id_prefix[ID_PREFIX_LEN]; /* request ids of this thread */
    uint64_t id_count;

    struct access_ring *ring; /* NULL: no access log */

    struct loop_msg drain;
    bool draining;
    int64_t cut_ms; /* when a drain ends, monotonic */
    bool stuck;     /* ended with requests that still wait: nothing is freed */
};

struct http {
    struct http_options options;
    h2o_globalconf_t globalconf;
    struct routes public_routes, admin_routes;
    struct listener listeners[LISTENERS_MAX];
    size_t listener_count;
    struct access_log *access_log;

    pthread_mutex_t lock; /* of the two below, while the threads start */
    pthread_cond_t changed;
    unsigned ready_count;
    enum err start_fault;

    int64_t cut_ms; /* written before the drain is posted */
    unsigned worker_count;
    struct http_worker *workers;
};

/* The thread's function; argument: its struct http_worker, with what start_threads() sets. */
void *http_worker_run(void *argument);

#endif
