/* What http keeps of a connection beside what the library does: who is at the other end, whether a
 * request is being answered, and since when, so that slow, idle and surplus ones can be closed.
 *
 * The record lives exactly as long as the library's socket (its on_close hook frees it). The
 * library has no call to close a connection from outside; shutting the descriptor down makes it
 * read the end and close by itself. */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include "http/worker.h"

/* Where an idle connection stands: nothing came yet; between two requests; a head, a body is
 * coming. */
enum connection_phase { PHASE_FRESH, PHASE_BETWEEN, PHASE_HEAD, PHASE_BODY };

struct connection {
    struct connection *previous, *next;
    struct connection_list *list;
    struct http_worker *worker;
    const struct listener *listener;
    h2o_socket_t *sock;
    struct slot *slot; /* the request being answered, or NULL */
    enum connection_phase phase;
    int64_t since_ms;       /* of the phase, or of the request, or of its answer's first byte */
    struct ssl_ctx_st *tls; /* NULL: clear text. A reload may have replaced it since */
    struct ip address;
    /* of the input when the request began to wait, and how far it may grow; 0: it does not */
    size_t waiting_capacity, waiting_max;
    bool is_unix;
    bool trusted;  /* in trusted_proxies */
    bool refused;  /* clear text from afar, and not a trusted proxy */
    bool shutting; /* its descriptor was shut down */
};

void connection_on_accept(h2o_socket_t *listener, const char *err);

static inline struct connection *connection_of(h2o_req_t *req)
{
    return req->conn->callbacks->get_socket(req->conn)->on_close.data;
}

/* The paths of the listener it came to. */
static inline const struct routes *connection_routes(const struct connection *c)
{
    const struct http *http = c->worker->http;
    return c->listener->admin ? &http->admin_routes : &http->public_routes;
}

/* All of a request's head has come, within LIMIT_HEAD. */
bool connection_has_head(const struct connection *c);

/* Makes the library close it, in the next turn. */
void connection_shut(struct connection *c);

/* A request begins, its answer begins, it is over. */
void connection_begin(struct connection *c, struct slot *slot);
void connection_answered(struct connection *c);
void connection_end(struct connection *c);

/* The settings have changed: who is trusted, and refused. */
void connections_judge(struct http_worker *worker);

/* The timer: closes what is too slow or idle for too long. */
void connections_sweep(struct loop_timer *timer);

/* A drain begins: takes in what waits to be accepted, closes the listeners and what is idle. */
void connections_drain(struct http_worker *worker);

/* The drain's time is over: cuts everything. */
void connections_cut(struct http_worker *worker);

#endif
