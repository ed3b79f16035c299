/* The HTTP/1.1 server: worker threads, listeners, and the way from bytes to an exchange and back.
 * It is handed the routes and knows no endpoint. The only layer that knows libh2o. */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/result.h"
#include "exchange/route.h"

struct config;
struct server;
struct worker;
struct http;

struct http_options {
    struct server *server; /* its config says where and how to listen */
    const struct route_table *tables;
    size_t table_count;
    int access_log_fd; /* where the access log goes, when the configuration asks for one */

    /* On each worker's own thread: before it takes requests, and after its last one. Either may be
     * NULL. A fault at the start ends the start of all; worker_stop follows it there too. */
    struct result (*worker_start)(struct worker *worker, void *context);
    void (*worker_stop)(struct worker *worker, void *context);
    void *context;
};

/* Opens every listener, starts the threads and returns when all of them serve. NULL: out_error has
 * one line, nothing is left running. The options' tables, server and configuration outlive it.
 * Signals are blocked in the threads. */
struct http *http_start(const struct http_options *options, struct buf *out_error);

/* Limits, time-outs, trusted proxies and the access log's switch as config says; the certificates
 * from the files named at the start, for connections to come. A file that is no good is logged and
 * the certificate in use stays. No request is dropped: a lower number of connections is reached as
 * they end. Addresses and threads stay as they are. What it needs of config is copied. By the
 * thread that started, before http_drain (SPEC 10). */
void http_reload(struct http *http, const struct config *config);

/* Stops accepting; requests under way are answered with Connection: close, idle connections are
 * closed. What is not done timeout_ms from now is cut off: answered 503 where no answer began.
 * Returns at once; once only (F-41). */
void http_drain(struct http *http, uint32_t timeout_ms);

/* After http_drain: waits for the threads and frees all. Completions must not come any more. */
void http_join(struct http **http);

size_t http_worker_count(const struct http *http);
struct worker *http_worker(struct http *http, size_t index);

/* The port the index-th public or admin listener has; 0 for a unix socket. */
uint16_t http_port(const struct http *http, bool admin, size_t index);

#endif
