#include "http/settings.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "core/limits.h"
#include "core/log.h"
#include "http/tls.h"
#include "http/worker.h"

/* Descriptors that are no connections: of the process, and of each thread. */
enum { FILES_KEPT = 32, FILES_KEPT_THREAD = 8 + CONNECTIONS_OVER, ERROR_MAX = 4096 };

static unsigned share(int total, unsigned threads)
{
    unsigned each = (unsigned)total / threads;
    return each > 0 ? each : 1;
}

static size_t input_share(unsigned threads)
{
    size_t each = LIMIT_INPUT / threads;
    return each > LIMIT_INPUT_WORKER ? each : LIMIT_INPUT_WORKER;
}

/* With more connections than descriptors, accepting would fail before the oldest idle one is closed
 * for the next, and whoever opens connections and is silent would lock everybody out (F-40). */
static int connection_limit(int wanted, unsigned threads)
{
    rlim_t kept = FILES_KEPT + FILES_KEPT_THREAD * (rlim_t)threads;
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= kept + (rlim_t)wanted)
        return wanted;
    int limit = files.rlim_cur > kept ? (int)(files.rlim_cur - kept) : 1;
    LOG(LOG_WARN, "connections_limited", LF_INT("max_connections", wanted), LF_INT("limit", limit),
        LF_CSTR("reason", "the limit of open files (ulimit -n, LimitNOFILE) is too low"));
    return limit;
}

static struct settings *settings_alloc(const struct http *http, const struct config *whole)
{
    const struct config_server *config = &whole->server;
    size_t n = config->trusted_proxies.n;
    struct settings *s = calloc(1, sizeof(*s) + n * sizeof(s->trusted[0]));

    if (s == NULL)
        return NULL;
    atomic_store(&s->references, 1);
    s->in_flight_max = share(config->max_in_flight, http->worker_count);
    s->connection_max =
        share(connection_limit(config->max_connections, http->worker_count), http->worker_count);
    s->stream_max = (unsigned)whole->feed.streams_max;
    s->input_max = input_share(http->worker_count);
    s->head_ms = config->head_timeout_s * (int64_t)1000;
    s->body_ms = config->body_timeout_s * (int64_t)1000;
    s->idle_ms = config->idle_timeout_s * (int64_t)1000;
    s->access_log = config->access_log ? http->access_log : NULL;
    if (n > 0)
        memcpy(s->trusted, config->trusted_proxies.items, n * sizeof(s->trusted[0]));
    s->trusted_proxies = (struct cidr_list){s->trusted, n};
    return s;
}

/* A certificate that was renewed halfway must not take the server off the net. */
static bool open_tls(const struct http *http, size_t i, struct settings *s, struct buf *out_error)
{
    const struct config_listener *listener = http->listeners[i].config;
    char memory[ERROR_MAX];
    struct buf why;

    if (!listener->tls)
        return true;
    buf_init_fixed(&why, memory, sizeof(memory));
    s->tls[i] = tls_context_new(listener->certificate, listener->key, &why);
    if (s->tls[i] != NULL)
        return true;
    if (http->settings == NULL) {
        buf_str(out_error, buf_view(&why));
        return false;
    }
    LOG(LOG_ERROR, "tls_not_reloaded", LF_STR("reason", buf_view(&why)));
    s->tls[i] = tls_context_ref(http->settings->tls[i]);
    return true;
}

struct settings *settings_new(const struct http *http, const struct config *config,
                              struct buf *out_error)
{
    struct settings *s = settings_alloc(http, config);

    if (s == NULL)
        buf_cstr(out_error, "out of memory");
    for (size_t i = 0; s != NULL && i < http->listener_count; i++)
        if (!open_tls(http, i, s, out_error))
            settings_unref(&s);
    return s;
}

struct settings *settings_ref(struct settings *settings)
{
    atomic_fetch_add_explicit(&settings->references, 1, memory_order_relaxed);
    return settings;
}

void settings_unref(struct settings **slot)
{
    struct settings *s = *slot;

    *slot = NULL;
    if (s == NULL || atomic_fetch_sub(&s->references, 1) > 1)
        return;
    for (size_t i = 0; i < LISTENERS_MAX; i++)
        tls_context_free(&s->tls[i]);
    free(s);
}

/* ---- the reload ---- */

static void on_message(struct loop_msg *msg)
{
    struct settings_message *message = (struct settings_message *)msg;
    worker_take_settings(message->worker, message->settings);
}

static void hand_over(struct http *http, struct settings *s)
{
    for (unsigned i = 0; i < http->worker_count; i++) {
        struct settings_message *message = &s->messages[i];
        message->msg.run = on_message;
        message->settings = settings_ref(s);
        message->worker = &http->workers[i];
        loop_post(http->workers[i].worker.loop, &message->msg);
    }
}

void http_reload(struct http *http, const struct config *config)
{
    char memory[ERROR_MAX];
    struct buf error;

    buf_init_fixed(&error, memory, sizeof(memory));
    if (config->server.access_log && !http_start_log(http, &error))
        LOG(LOG_ERROR, "access_log_not_started", LF_STR("reason", buf_view(&error)));
    buf_init_fixed(&error, memory, sizeof(memory));
    struct settings *s = settings_new(http, config, &error);
    if (s == NULL) {
        LOG(LOG_ERROR, "limits_not_reloaded", LF_STR("reason", buf_view(&error)));
        return;
    }
    hand_over(http, s);
    settings_unref(&http->settings);
    http->settings = s;
}
