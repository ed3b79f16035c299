#include "http/input.h"

#include <sys/socket.h>

#include "core/limits.h"
#include "core/log.h"
#include "http/connection.h"
#include "http/guard.h"
#include "http/waiting.h"

enum { CHECK_MS = 100, CHECK_NEAR_MS = 10, LOG_MS = 1000 };

/* The whole buffer: what was sent is in it once, what was consumed of it is not given back. Of a
 * request that waits, what came behind it. */
static size_t held_by(const struct connection *c)
{
    const h2o_buffer_t *input = c->sock->input;

    if (input->bytes == NULL || c->shutting)
        return 0;
    return c->slot != NULL ? waiting_held(c) : input->capacity;
}

static size_t held_by_all(const struct http_worker *worker)
{
    size_t held = 0;

    for (const struct connection *c = worker->idle.first; c != NULL; c = c->next)
        held += held_by(c);
    for (const struct connection *c = worker->busy.first; c != NULL; c = c->next)
        held += held_by(c);
    return held;
}

/* Its head is complete and says that the body is not wanted: no route, too long, chunked,
 * ambiguous, or from a peer that may not ask at all. */
static bool is_doomed(const struct connection *c)
{
    const h2o_buffer_t *input = c->sock->input;
    struct guard_head head;
    const char *why;

    if (!connection_has_head(c))
        return false;
    if (c->refused || guard_check(str_make(input->bytes, input->size), &head, &why) != ERR_NONE)
        return true;
    const struct routes_path *path = routes_find(connection_routes(c), head.path);
    const struct route *route =
        path != NULL && head.method < METHOD_OTHER ? path->by_method[head.method] : NULL;
    return head.content_length > (route != NULL ? route->body_max : 0);
}

struct excess {
    size_t held, budget;
    unsigned closed;
};

/* By a reset, with what the kernel still keeps for it: the library would read all of that before it
 * saw the end. (A unix socket is but shut; its queue is short.) */
static void cut(struct connection *c)
{
    const struct sockaddr nobody = {.sa_family = AF_UNSPEC};

    connection_shut(c);
    (void)connect(h2o_socket_get_fd(c->sock), &nobody, sizeof(nobody));
}

static void close_if(struct connection *c, bool wanted, struct excess *excess)
{
    size_t held = held_by(c);

    if (held == 0 || !wanted)
        return;
    excess->held -= held;
    excess->closed++;
    cut(c);
}

static void close_doomed(struct connection *first, struct excess *excess)
{
    for (struct connection *c = first; c != NULL && excess->held > excess->budget; c = c->next)
        close_if(c, is_doomed(c), excess);
}

static void close_large(struct connection *first, size_t least, struct excess *excess)
{
    for (struct connection *c = first; c != NULL && excess->held > excess->budget; c = c->next)
        close_if(c, held_by(c) >= least, excess);
}

static void close_excess(struct http_worker *worker, struct excess *excess)
{
    close_doomed(worker->idle.first, excess);
    /* Buffers grow by doubling: the largest first, in steps of one size. */
    for (size_t least = 2 * LIMIT_BODY_MAX; excess->held > excess->budget; least /= 2) {
        close_large(worker->idle.first, least, excess);
        close_large(worker->busy.first, least, excess);
    }
}

static void report(struct http_worker *worker, size_t held, unsigned closed)
{
    metrics_add(&worker->worker.metrics, METRIC_HTTP_INPUT_CUT, closed);
    if (worker->now_ms < worker->input_log_ms)
        return;
    worker->input_log_ms = worker->now_ms + LOG_MS;
    LOG(LOG_WARN, "input_budget_exceeded", LF_INT("bytes", (int64_t)held),
        LF_INT("budget", (int64_t)worker->settings->input_max), LF_INT("closed", closed));
}

void input_check(struct http_worker *worker)
{
    if (worker->now_ms < worker->input_check_ms)
        return;
    size_t held = held_by_all(worker);
    struct excess excess = {.held = held, .budget = worker->settings->input_max};
    bool near = held > excess.budget / 2;
    worker->input_check_ms = worker->now_ms + (near ? CHECK_NEAR_MS : CHECK_MS);
    if (held <= excess.budget)
        return;
    close_excess(worker, &excess);
    report(worker, held, excess.closed);
}
