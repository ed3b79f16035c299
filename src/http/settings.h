/* What a reload may change of a running server: limits, trusted proxies, the certificates behind
 * the listeners, whether there is an access log. Made by the main thread, never changed, shared by
 * references: struct http has one on the newest, each worker one on what it goes by. New ones come
 * to a worker as a message on its loop, which is in here too, so that only making them can fail. */
#ifndef HTTP_SETTINGS_H
#define HTTP_SETTINGS_H

#include <stdatomic.h>

#include "config/config.h"
#include "core/loop.h"
#include "http/listener.h"

struct access_log;
struct http;
struct http_worker;

struct settings_message {
    struct loop_msg msg; /* first */
    struct settings *settings;
    struct http_worker *worker;
};

struct settings {
    _Atomic unsigned references;
    unsigned in_flight_max, connection_max; /* of one worker */
    unsigned stream_max;                    /* of all */
    size_t input_max; /* bytes that requests on their way hold, of one worker */
    int64_t head_ms, body_ms, idle_ms;
    struct cidr_list trusted_proxies;
    struct access_log *access_log;         /* http's; NULL: none is wanted */
    struct ssl_ctx_st *tls[LISTENERS_MAX]; /* by listener; NULL: clear text */
    struct settings_message messages[CONFIG_THREADS_MAX];
    struct cidr trusted[]; /* behind trusted_proxies */
};

/* With one reference. The TLS files are read by the names the listeners have from the start; one
 * that is no good is logged and http's present context goes on, at the start it is a failure. NULL:
 * out_error has one line. */
struct settings *settings_new(const struct http *http, const struct config *config,
                              struct buf *out_error);

struct settings *settings_ref(struct settings *settings);

/* Any thread; *settings is NULL after it. Accepts NULL. */
void settings_unref(struct settings **settings);

#endif
