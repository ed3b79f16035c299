/* Starting and ending: what the library is told, sockets and threads. */
#include <signal.h>
#include <stdlib.h>

#include "core/limits.h"
#include "http/request.h"

static unsigned thread_count(const struct config_server *config)
{
    long n = config->threads > 0 ? config->threads : sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > CONFIG_THREADS_MAX ? CONFIG_THREADS_MAX : (unsigned)n;
}

/* What the library is told; its time-outs are a matter of the settings. */
static void configure(struct http *http)
{
    h2o_globalconf_t *g = &http->globalconf;

    h2o_config_init(g);
    g->server_name = (h2o_iovec_t){NULL, 0};
    g->max_request_entity_size = LIMIT_BODY_MAX;
    g->http1.upgrade_to_http2 = 0; /* THREATS-67, 68 */
    h2o_hostconf_t *host =
        h2o_config_register_host(g, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    h2o_handler_t *handler = h2o_create_handler(&host->fallback_path, sizeof(*handler));
    handler->on_req = request_on_req; /* all of it: routing is ours */
}

static bool open_listeners(struct http *http, const struct config_listeners *from, bool admin,
                           struct buf *out_error)
{
    for (size_t i = 0; i < from->n; i++) {
        if (http->listener_count == LISTENERS_MAX) {
            buf_cstr(out_error, "more than 32 listeners");
            return false;
        }
        if (!listener_open(&from->items[i], admin, http->worker_count,
                           &http->listeners[http->listener_count], out_error))
            return false;
        http->listener_count++;
    }
    return true;
}

bool http_start_log(struct http *http, struct buf *out_error)
{
    if (http->access_log == NULL)
        http->access_log = access_log_start(http->options.access_log_fd, http->worker_count);
    if (http->access_log == NULL)
        buf_cstr(out_error, "no memory or thread for the access log");
    return http->access_log != NULL;
}

/* Returns how many run; the rest of the process keeps its signals. */
static unsigned start_threads(struct http *http)
{
    sigset_t all, old;
    unsigned started = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    for (; started < http->worker_count; started++) {
        struct http_worker *w = &http->workers[started];
        w->http = http;
        w->worker.number = started;
        if (pthread_create(&w->thread, NULL, http_worker_run, w) != 0)
            break;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return started;
}

static void wait_ready(struct http *http, unsigned started)
{
    pthread_mutex_lock(&http->lock);
    while (http->ready_count < started)
        pthread_cond_wait(&http->changed, &http->lock);
    if (started < http->worker_count && http->start_fault == ERR_NONE)
        http->start_fault = ERR_FAULT_MEMORY;
    pthread_mutex_unlock(&http->lock);
}

static void http_free(struct http *http)
{
    for (size_t i = 0; i < http->listener_count; i++)
        listener_close(&http->listeners[i]);
    settings_unref(&http->settings);
    access_log_stop(&http->access_log);
    routes_done(&http->public_routes);
    routes_done(&http->admin_routes);
    h2o_config_dispose(&http->globalconf);
    pthread_cond_destroy(&http->changed);
    pthread_mutex_destroy(&http->lock);
    free(http->workers);
    free(http);
}

static bool open_all(struct http *http, struct buf *out_error)
{
    const struct http_options *o = &http->options;
    const struct config *config = o->server->config;

    http->workers = calloc(http->worker_count, sizeof(*http->workers));
    if (http->workers == NULL ||
        !routes_init(&http->public_routes, o->tables, o->table_count, false) ||
        !routes_init(&http->admin_routes, o->tables, o->table_count, true)) {
        buf_cstr(out_error, "out of memory");
        return false;
    }
    if (!open_listeners(http, &config->server.listen, false, out_error) ||
        !open_listeners(http, &config->admin.listen, true, out_error) ||
        (config->server.access_log && !http_start_log(http, out_error)))
        return false;
    http->settings = settings_new(http, config, out_error);
    return http->settings != NULL;
}

struct http *http_start(const struct http_options *options, struct buf *out_error)
{
    struct http *http = calloc(1, sizeof(*http));

    if (http == NULL) {
        buf_cstr(out_error, "out of memory");
        return NULL;
    }
    http->options = *options;
    http->worker_count = thread_count(&options->server->config->server);
    pthread_mutex_init(&http->lock, NULL);
    pthread_cond_init(&http->changed, NULL);
    configure(http);
    if (!open_all(http, out_error)) {
        http_free(http);
        return NULL;
    }
    unsigned started = start_threads(http);
    wait_ready(http, started);
    if (http->start_fault == ERR_NONE)
        return http;
    buf_cstr(out_error, "a worker thread did not start: ");
    buf_cstr(out_error, err_info(http->start_fault)->text);
    http->worker_count = started;
    http_drain(http, 0);
    http_join(&http);
    return NULL;
}

void http_drain(struct http *http, uint32_t timeout_ms)
{
    http->cut_ms = clock_mono_ms(http->options.server->clock) + timeout_ms;
    for (size_t i = 0; i < http->listener_count; i++)
        listener_unlink(&http->listeners[i]);
    for (unsigned i = 0; i < http->worker_count; i++)
        if (http->workers[i].drain.run != NULL)
            loop_post(http->workers[i].worker.loop, &http->workers[i].drain);
}

void http_join(struct http **slot)
{
    struct http *http = *slot;

    *slot = NULL;
    if (http == NULL)
        return;
    bool stuck = false;
    for (unsigned i = 0; i < http->worker_count; i++) {
        pthread_join(http->workers[i].thread, NULL);
        stuck = stuck || http->workers[i].stuck;
    }
    if (!stuck)
        http_free(http);
}

size_t http_worker_count(const struct http *http)
{
    return http->worker_count;
}

struct worker *http_worker(struct http *http, size_t index)
{
    return &http->workers[index].worker;
}

uint16_t http_port(const struct http *http, bool admin, size_t index)
{
    for (size_t i = 0; i < http->listener_count; i++)
        if (http->listeners[i].admin == admin && index-- == 0)
            return http->listeners[i].port;
    return 0;
}
