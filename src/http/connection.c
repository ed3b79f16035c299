#include "http/connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "core/limits.h"
#include "core/log.h"
#include "http/request.h"
#include "http/streaming.h"
#include "http/tls.h"

enum {
    ACCEPTS_PER_TURN = 64,
    SWEEP_MS = 1000,
    DRAIN_SWEEP_MS = 50,
    DRAIN_FRESH_MS = 500, /* for a request that is on its way on a new connection */
};

/* ---- lists ---- */

static void list_remove(struct connection *c)
{
    if (c->list == NULL)
        return;
    if (c->previous != NULL)
        c->previous->next = c->next;
    else
        c->list->first = c->next;
    if (c->next != NULL)
        c->next->previous = c->previous;
    else
        c->list->last = c->previous;
    c->list = NULL;
}

static void list_append(struct connection_list *list, struct connection *c)
{
    list_remove(c);
    c->list = list;
    c->next = NULL;
    c->previous = list->last;
    if (list->last != NULL)
        list->last->next = c;
    else
        list->first = c;
    list->last = c;
}

/* ---- closing ---- */

void connection_shut(struct connection *c)
{
    if (c->shutting)
        return;
    c->shutting = true;
    c->worker->shutting_count++;
    shutdown(h2o_socket_get_fd(c->sock), SHUT_RDWR);
}

static void on_close(void *data)
{
    struct connection *c = data;

    list_remove(c);
    c->worker->connection_count--;
    c->worker->shutting_count -= c->shutting;
    tls_context_free(&c->tls);
    free(c);
}

/* Makes room at the cap: the connection that has been idle for longest goes (F-40). */
static bool evict_idle(struct http_worker *worker)
{
    for (struct connection *c = worker->idle.first; c != NULL; c = c->next)
        if (!c->shutting) {
            connection_shut(c);
            return true;
        }
    return false;
}

/* ---- accepting ---- */

static void know_peer(struct connection *c)
{
    struct sockaddr_storage name = {.ss_family = AF_UNSPEC};

    h2o_socket_getpeername(c->sock, (struct sockaddr *)&name);
    c->is_unix = c->listener->config->address.socket.ss_family == AF_UNIX;
    if (c->is_unix)
        name.ss_family = AF_UNIX; /* a client's unix socket has no name, some kernels no family */
    else
        (void)ip_from_sockaddr((struct sockaddr *)&name, &c->address);
    c->trusted =
        cidr_list_has_peer(&c->worker->settings->trusted_proxies, (struct sockaddr *)&name);
    /* 6749-3.2-a, 7662-2-a, SPEC 10 */
    c->refused = c->tls == NULL && !c->listener->config->address.local && !c->trusted;
}

static void connection_take(struct listening *at, h2o_socket_t *sock)
{
    struct http_worker *worker = at->worker;
    struct connection *c;

    if ((worker->connection_count >= worker->settings->connection_max && !evict_idle(worker)) ||
        (c = calloc(1, sizeof(*c))) == NULL) {
        h2o_socket_close(sock);
        return;
    }
    c->worker = worker;
    c->listener = at->listener;
    c->sock = sock;
    c->tls = tls_context_ref(at->accept.ssl_ctx); /* the library keeps but a pointer */
    c->since_ms = worker->now_ms;
    know_peer(c);
    sock->on_close.cb = on_close;
    sock->on_close.data = c;
    worker->connection_count++;
    list_append(&worker->idle, c);
    h2o_accept(&at->accept, sock);
}

/* So many made room that they are waited for, to keep within the descriptors there are. A reload
 * may have left more connections than the cap; each new one still takes the place of another. */
static bool is_crowded(const struct http_worker *worker)
{
    return worker->connection_count >= worker->settings->connection_max &&
           worker->shutting_count >= CONNECTIONS_OVER;
}

void connection_on_accept(h2o_socket_t *sock, const char *err)
{
    struct listening *at = sock->data;

    if (err != NULL)
        return;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        if (is_crowded(at->worker))
            return; /* until the next turn */
        h2o_socket_t *accepted = h2o_evloop_socket_accept(sock);
        if (accepted != NULL) {
            connection_take(at, accepted);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            LOG(LOG_WARN, "accept_failed", LF_CSTR("reason", strerror(errno)));
            evict_idle(at->worker);
            h2o_socket_read_stop(sock); /* until the next sweep; else the loop would spin */
            at->paused = true;
        }
        return;
    }
}

void connections_judge(struct http_worker *worker)
{
    for (struct connection *c = worker->idle.first; c != NULL; c = c->next)
        know_peer(c);
    for (struct connection *c = worker->busy.first; c != NULL; c = c->next)
        know_peer(c);
}

/* ---- a request's way ---- */

void connection_begin(struct connection *c, struct slot *slot)
{
    c->slot = slot;
    c->since_ms = c->worker->now_ms;
    list_append(&c->worker->busy, c);
}

void connection_answered(struct connection *c)
{
    c->since_ms = c->worker->now_ms;
}

void connection_end(struct connection *c)
{
    c->slot = NULL;
    c->waiting_max = 0;
    c->phase = PHASE_BETWEEN;
    c->since_ms = c->worker->now_ms;
    list_append(&c->worker->idle, c);
}

/* ---- the sweep ---- */

bool connection_has_head(const struct connection *c)
{
    static const char end[4] = "\r\n\r\n";
    const h2o_buffer_t *input = c->sock->input;
    size_t size = input->size < LIMIT_HEAD ? input->size : LIMIT_HEAD;

    return size > 0 && memmem(input->bytes, size, end, sizeof(end)) != NULL;
}

/* THREATS-74: a head and a body each have a time in total, however they trickle in. A head that
 * has outgrown its limit is not waited for. */
static void note_phase(struct connection *c)
{
    size_t size = c->sock->input->size;

    if (size == 0 || c->phase == PHASE_BODY)
        return;
    if (c->phase != PHASE_HEAD) {
        c->phase = PHASE_HEAD;
        c->since_ms = c->worker->now_ms;
    }
    if (connection_has_head(c)) {
        c->phase = PHASE_BODY;
        c->since_ms = c->worker->now_ms;
    } else if (size > LIMIT_HEAD) {
        connection_shut(c);
    }
}

static int64_t phase_limit_ms(const struct connection *c)
{
    const struct settings *settings = c->worker->settings;

    switch (c->phase) {
    case PHASE_FRESH:
        return c->worker->draining ? DRAIN_FRESH_MS : settings->head_ms;
    case PHASE_BETWEEN:
        return c->worker->draining ? 0 : settings->idle_ms;
    case PHASE_HEAD:
        return settings->head_ms;
    case PHASE_BODY:
        break;
    }
    return settings->body_ms;
}

static bool input_waits(const struct connection *c)
{
    char byte;
    return recv(h2o_socket_get_fd(c->sock), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static void sweep_idle(struct http_worker *worker)
{
    for (struct connection *c = worker->idle.first; c != NULL; c = c->next) {
        note_phase(c);
        if (worker->now_ms - c->since_ms < phase_limit_ms(c))
            continue;
        if (c->phase > PHASE_BETWEEN || !input_waits(c))
            connection_shut(c);
    }
}

/* The library waits for ever for a client that does not read its answer. */
static void sweep_busy(struct http_worker *worker)
{
    int64_t limit_ms = worker->settings->body_ms;

    for (struct connection *c = worker->busy.first; c != NULL; c = c->next)
        if (c->slot->streaming != NULL)
            streaming_sweep(c->slot);
        else if (request_is_answered(c->slot) && worker->now_ms - c->since_ms >= limit_ms)
            connection_shut(c);
}

void connections_sweep(struct loop_timer *timer)
{
    struct http_worker *worker = H2O_STRUCT_FROM_MEMBER(struct http_worker, sweep, timer);

    for (size_t i = 0; i < worker->listening_count; i++) {
        struct listening *at = &worker->listening[i];
        if (at->paused && at->sock != NULL) {
            at->paused = false;
            h2o_socket_read_start(at->sock, connection_on_accept);
        }
    }
    sweep_idle(worker);
    sweep_busy(worker);
    if (!loop_timer_start(worker->worker.loop, timer, worker->draining ? DRAIN_SWEEP_MS : SWEEP_MS))
        LOG(LOG_ERROR, "sweep_stopped", LF_CSTR("reason", "out of memory"));
}

/* ---- the end ---- */

void connections_drain(struct http_worker *worker)
{
    for (size_t i = 0; i < worker->listening_count; i++) {
        struct listening *at = &worker->listening[i];
        h2o_socket_t *accepted;
        while ((accepted = h2o_evloop_socket_accept(at->sock)) != NULL)
            connection_take(at, accepted);
        h2o_socket_close(at->sock);
        at->sock = NULL;
    }
    for (struct connection *c = worker->busy.first; c != NULL; c = c->next)
        if (c->slot->streaming != NULL)
            streaming_end(c->slot);
    loop_timer_stop(worker->worker.loop, &worker->sweep);
    connections_sweep(&worker->sweep);
}

void connections_cut(struct http_worker *worker)
{
    struct connection *next;

    for (struct connection *c = worker->busy.first; c != NULL; c = next) {
        next = c->next;
        if (!request_is_answered(c->slot))
            request_cut(c->slot, "the server is stopping");
        else if (c->slot->streaming != NULL)
            streaming_cut(c->slot);
        else
            connection_shut(c);
    }
    for (struct connection *c = worker->idle.first; c != NULL; c = c->next)
        connection_shut(c);
}
