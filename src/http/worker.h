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
#include "http/settings.h"

/* CONNECTIONS_OVER: evicted and not yet closed, above a worker's share. */
enum { CONNECTIONS_OVER = 8, ID_PREFIX_LEN = 16 };

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
    h2o_accept_ctx_t accept; /* ssl_ctx: of the worker's settings */
    h2o_socket_t *sock;      /* NULL when closed */
    bool paused;             /* no descriptor was left for the next connection */
};

struct http_worker {
    struct worker worker;
    struct http *http;
    struct http_loop *loop;
    h2o_context_t context;
    pthread_t thread;

    struct listening listening[LISTENERS_MAX];
    size_t listening_count;

    struct settings *settings;
    struct access_ring *ring; /* NULL: no access log */

    struct connection_list idle, busy; /* busy: a request is being answered */
    unsigned connection_count, in_flight;
    unsigned stream_count;   /* answers without an end, which are not in flight */
    unsigned shutting_count; /* connections of these that are about to close */
    struct loop_timer sweep;
    int64_t now_ms;                       /* monotonic, of this turn */
    int64_t input_check_ms, input_log_ms; /* when input_check looks again, may log again */

    struct slot *free_slots;
    unsigned free_count;

    char id_prefix[ID_PREFIX_LEN]; /* request ids of this thread */
    uint64_t id_count;

    struct loop_msg drain; /* run is set once the loop turns */
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
    struct access_log *access_log; /* NULL: it was not wanted yet */
    struct settings *settings;     /* the newest; the main thread's */

    pthread_mutex_t lock; /* of the two below, while the threads start */
    pthread_cond_t changed;
    unsigned ready_count;
    enum err start_fault;

    _Atomic unsigned stream_count; /* of all workers */
    int64_t cut_ms;                /* written before the drain is posted */
    unsigned worker_count;
    struct http_worker *workers;
};

/* The thread's function; argument: its struct http_worker, with what start_threads() sets. */
void *http_worker_run(void *argument);

/* On the worker's thread, which then owns the reference. */
void worker_take_settings(struct http_worker *worker, struct settings *settings);

/* Starts the access log's thread unless it runs. The main thread's. */
bool http_start_log(struct http *http, struct buf *out_error);

#endif
