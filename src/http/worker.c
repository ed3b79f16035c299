/* A worker thread: its beginning, its turns and its end. */
#include "core/log.h"
#include "http/connection.h"
#include "http/input.h"
#include "http/request.h"

enum { TURN_MS = 100, CUT_GRACE_MS = 1000 };

/* A drain was posted. */
static void on_drain(struct loop_msg *msg)
{
    struct http_worker *w = H2O_STRUCT_FROM_MEMBER(struct http_worker, drain, msg);

    w->draining = true;
    w->cut_ms = w->http->cut_ms;
    w->context.shutdown_requested = 1; /* the library answers with Connection: close from here on */
    connections_drain(w);
}

/* Who is trusted and what a connection may do is judged anew. */
void worker_take_settings(struct http_worker *w, struct settings *settings)
{
    settings_unref(&w->settings);
    w->settings = settings;
    w->ring = settings->access_log != NULL ? access_log_ring(settings->access_log, w->worker.number)
                                           : NULL;
    /* The library's one timeout spans idling, head and body of a request; the sweep holds each to
     * its own, and this is the net below. */
    w->context.http1.req_timeout.timeout =
        (uint64_t)(settings->idle_ms + settings->head_ms + settings->body_ms);
    w->context.handshake_timeout.timeout = (uint64_t)settings->head_ms;
    for (size_t i = 0; i < w->listening_count; i++)
        w->listening[i].accept.ssl_ctx =
            settings->tls[w->listening[i].listener - w->http->listeners];
    connections_judge(w);
}

static void listen_on(struct http_worker *w, struct listener *listener)
{
    unsigned number = w->worker.number;
    struct listening *at = &w->listening[w->listening_count];

    if (number >= listener->fd_count)
        return;
    at->worker = w;
    at->listener = listener;
    at->accept = (h2o_accept_ctx_t){.ctx = &w->context, .hosts = w->http->globalconf.hosts};
    at->sock = h2o_evloop_socket_create(http_loop_native(w->loop), listener->fds[number],
                                        H2O_SOCKET_FLAG_DONT_READ);
    listener->fds[number] = -1;
    at->sock->data = at;
    h2o_socket_read_start(at->sock, connection_on_accept);
    w->listening_count++;
}

static enum err make_id_prefix(struct http_worker *w)
{
    unsigned char random[ID_PREFIX_LEN / 2];
    struct result filled = entropy_fill(w->worker.server->entropy, random, sizeof(random));
    struct buf b;

    buf_init_fixed(&b, w->id_prefix, sizeof(w->id_prefix));
    buf_hex(&b, random, sizeof(random));
    return filled.code;
}

static void free_loop(struct http_worker *w)
{
    h2o_multithread_queue_t *queue = w->context.queue;

    h2o_context_dispose(&w->context);
    http_loop_free(&w->loop);
    free(queue); /* the library forgets it */
}

/* The embedder's part ends, and what that made others post is run. */
static void stop_parts(struct http_worker *w)
{
    const struct http_options *options = &w->http->options;

    if (options->worker_stop != NULL)
        options->worker_stop(&w->worker, options->context);
    http_loop_turn(w->loop, 0);
}

static struct result start_parts(struct http_worker *w)
{
    const struct http_options *options = &w->http->options;
    struct result r;

    TRY(worker_init(&w->worker));
    if (options->worker_start == NULL ||
        result_ok(r = options->worker_start(&w->worker, options->context)))
        return RESULT_OK;
    stop_parts(w);
    worker_done(&w->worker);
    return r;
}

static enum err worker_begin(struct http_worker *w)
{
    w->worker.server = w->http->options.server;
    enum err code = make_id_prefix(w);
    if (code != ERR_NONE)
        return code;
    w->loop = http_loop_new(w->worker.server->clock);
    if (w->loop == NULL)
        return ERR_FAULT_MEMORY;
    h2o_context_init(&w->context, http_loop_native(w->loop), &w->http->globalconf);
    w->worker.loop = http_loop_port(w->loop);
    struct result r = start_parts(w);
    if (!result_ok(r)) {
        free_loop(w);
        return r.code;
    }
    w->now_ms = clock_mono_ms(w->worker.server->clock);
    for (size_t i = 0; i < w->http->listener_count; i++)
        listen_on(w, &w->http->listeners[i]);
    worker_take_settings(w, settings_ref(w->http->settings));
    w->sweep.fire = connections_sweep;
    connections_sweep(&w->sweep);
    w->drain.run = on_drain;
    return ERR_NONE;
}

static bool is_over(struct http_worker *w)
{
    if (!w->draining)
        return false;
    if (w->connection_count == 0 && w->in_flight == 0 && w->worker.awaited == 0)
        return true;
    if (w->now_ms < w->cut_ms)
        return false;
    connections_cut(w);
    return w->now_ms >= w->cut_ms + CUT_GRACE_MS;
}

static void serve(struct http_worker *w)
{
    struct server *server = w->worker.server;

    while (!is_over(w)) {
        quiesce_pass(&server->quiesce, w->worker.reader);
        w->now_ms = clock_mono_ms(server->clock);
        input_check(w);
        http_loop_turn(w->loop, TURN_MS);
    }
}

static void worker_end(struct http_worker *w)
{
    stop_parts(w);
    if (w->in_flight > 0 || w->connection_count > 0 || w->worker.awaited > 0) {
        /* A step still waits for a completion that did not come; its memory and the loop it would
         * be posted to stay. */
        LOG(LOG_WARN, "requests_cut", LF_INT("in_flight", w->in_flight),
            LF_INT("connections", w->connection_count));
        quiesce_offline(w->worker.reader);
        w->stuck = true;
        return;
    }
    loop_timer_stop(w->worker.loop, &w->sweep);
    worker_done(&w->worker);
    request_slots_free(w);
    settings_unref(&w->settings);
    free_loop(w);
}

static void report(struct http *http, enum err code)
{
    pthread_mutex_lock(&http->lock);
    http->ready_count++;
    if (code != ERR_NONE)
        http->start_fault = code;
    pthread_cond_signal(&http->changed);
    pthread_mutex_unlock(&http->lock);
}

void *http_worker_run(void *argument)
{
    struct http_worker *w = argument;
    enum err code = worker_begin(w);

    report(w->http, code);
    if (code != ERR_NONE)
        return NULL;
    serve(w);
    worker_end(w);
    return NULL;
}
