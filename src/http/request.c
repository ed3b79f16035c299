#include "http/request.h"

#include <stdlib.h>

#include "core/limits.h"
#include "http/forwarded.h"
#include "http/streaming.h"
#include "http/waiting.h"

/* ---- slots ---- */

static struct slot *slot_take(struct http_worker *worker)
{
    struct slot *slot = worker->free_slots;

    if (slot != NULL) {
        worker->free_slots = slot->next;
        worker->free_count--;
    } else if ((slot = malloc(sizeof(*slot))) == NULL) {
        return NULL;
    }
    memset(slot, 0, offsetof(struct slot, id));
    slot->worker = worker;
    slot->x.worker = &worker->worker;
    slot->x.deliver = reply_deliver;
    worker->in_flight++;
    return slot;
}

void slot_release(struct slot *slot)
{
    struct http_worker *worker = slot->worker;

    streaming_gone(slot);
    exchange_done(&slot->x);
    worker->in_flight--;
    if (worker->free_count >= SLOTS_KEPT) {
        free(slot);
        return;
    }
    slot->next = worker->free_slots;
    worker->free_slots = slot;
    worker->free_count++;
}

void request_slots_free(struct http_worker *worker)
{
    while (worker->free_slots != NULL) {
        struct slot *slot = worker->free_slots;
        worker->free_slots = slot->next;
        free(slot);
    }
    worker->free_count = 0;
}

/* ---- the link to the library's request ---- */

struct link {
    struct slot *slot; /* NULL: cut */
};

/* The library's request ends: answered, or its connection lost. */
static void on_dispose(void *data)
{
    struct link *link = data;
    struct slot *slot = link->slot;

    connection_end(slot->connection);
    slot->connection = NULL;
    slot->req = NULL;
    if (exchange_abandon(&slot->x))
        slot_release(slot);
}

static void link_to(struct slot *slot, h2o_req_t *req)
{
    struct link *link = h2o_mem_alloc_shared(&req->pool, sizeof(*link), on_dispose);

    link->slot = slot;
    slot->req = req;
    slot->connection = connection_of(req);
    connection_begin(slot->connection, slot);
}

void request_cut(struct slot *slot, const char *why)
{
    h2o_req_t *req = slot->req;

    slot->answered = true;
    connection_answered(slot->connection);
    h2o_send_error_503(req, "Service Unavailable", why, H2O_SEND_ERROR_HTTP1_CLOSE_CONNECTION);
}

/* ---- refusals before any endpoint ---- */

static enum step_result refuse(struct exchange *x)
{
    struct slot *slot = (struct slot *)x;

    exchange_refuse(x, slot->refusal, slot->detail != NULL ? str_from(slot->detail) : STR_NONE);
    if (slot->refusal == ERR_METHOD_NOT_ALLOWED)
        exchange_add_header(x, STR("allow"), slot->path != NULL ? slot->path->allow : STR(""));
    x->reply.close = slot->close;
    return STEP_DONE;
}

/* The CORS preflight (WHATWG Fetch): any origin may call these paths, which take no cookies. */
static enum step_result preflight(struct exchange *x)
{
    struct slot *slot = (struct slot *)x;

    exchange_add_header(x, STR("access-control-allow-methods"), slot->path->allow);
    exchange_add_header(x, STR("access-control-allow-headers"),
                        STR("authorization, content-type, if-none-match"));
    exchange_add_header(x, STR("access-control-max-age"), STR("86400"));
    return exchange_reply(x, 204, STR_NONE, STR_NONE);
}

static enum step_result lack_memory(struct exchange *x)
{
    x->reply.close = true;
    return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
}

static const struct endpoint refuse_endpoint = {.name = "http", .steps = {refuse}};
static const struct endpoint preflight_endpoint = {.name = "preflight", .steps = {preflight}};
static const struct endpoint lack_endpoint = {.name = "http", .steps = {lack_memory}};
static const struct route lack_route = {.endpoint = &lack_endpoint};
static const struct route refuse_route = {.endpoint = &refuse_endpoint};
static const struct route preflight_route = {.endpoint = &preflight_endpoint,
                                             .flags = ROUTE_CORS_ANY};

static const struct route *refused(struct slot *slot, enum err code, const char *detail, bool close)
{
    slot->refusal = code;
    slot->detail = detail;
    slot->close = close;
    return &refuse_route;
}

/* ---- from head to exchange ---- */

static void write_hex(char *out, uint64_t value, size_t digits)
{
    for (size_t i = 0; i < digits; i++)
        out[i] = "0123456789abcdef"[(value >> (4 * (digits - 1 - i))) & 15];
}

/* "<thread, random><count>", or the proxy's own. */
static struct str make_id(struct slot *slot, struct str given, bool trusted)
{
    enum { COUNT_LEN = 12 };
    struct http_worker *worker = slot->worker;

    if (trusted && forwarded_request_id_ok(given)) {
        memcpy(slot->id, given.ptr, given.len);
        return str_make(slot->id, given.len);
    }
    memcpy(slot->id, worker->id_prefix, ID_PREFIX_LEN);
    slot->id[ID_PREFIX_LEN] = '-';
    write_hex(slot->id + ID_PREFIX_LEN + 1, worker->id_count++, COUNT_LEN);
    return str_make(slot->id, ID_PREFIX_LEN + 1 + COUNT_LEN);
}

static struct peer make_peer(const struct connection *c, const struct guard_head *head)
{
    struct peer peer = {.is_unix = c->is_unix, .tls = c->tls != NULL, .trusted = c->trusted};
    struct ip ip = c->address;

    if (c->trusted && head->forwarded_count > 0 && head->forwarded_count <= GUARD_FORWARDED_MAX)
        (void)forwarded_client(head->forwarded_for, head->forwarded_count,
                               &c->worker->settings->trusted_proxies, &ip);
    memcpy(&peer.address, ip.bytes, sizeof(peer.address));
    return peer;
}

static bool copy(struct arena *arena, struct str *text)
{
    if (text->ptr == NULL)
        return true;
    *text = arena_str(arena, *text);
    return text->ptr != NULL;
}

/* The library's memory goes with its request; what a waiting step still reads must not. */
static bool fill(struct slot *slot, const struct guard_head *head, struct str body)
{
    struct request *r = &slot->x.request;
    struct arena *arena = &slot->x.arena;

    r->method = head->method;
    r->path = head->path;
    r->query = head->query;
    r->body = body;
    r->authorization = head->authorization;
    r->content_type = head->content_type;
    r->if_none_match = head->if_none_match;
    r->if_match = head->if_match;
    r->origin = head->origin;
    r->last_event_id = head->last_event_id;
    r->accepts_events = head->accepts_events;
    return copy(arena, &r->path) && copy(arena, &r->query) && copy(arena, &r->body) &&
           copy(arena, &r->authorization) && copy(arena, &r->content_type) &&
           copy(arena, &r->if_none_match) && copy(arena, &r->if_match) && copy(arena, &r->origin) &&
           copy(arena, &r->last_event_id);
}

/* The last quarter of the room is for requests that are answered at once, or a flood of signatures
 * would shut out those that cost nothing. */
static bool is_crowded(const struct http_worker *worker)
{
    unsigned max = worker->settings->in_flight_max;
    return worker->in_flight > max - max / 4;
}

/* Which route answers; one that refuses, when none does. */
static const struct route *choose(struct slot *slot, const struct guard_head *head, size_t body_len)
{
    const struct connection *c = slot->connection;
    struct http_worker *worker = slot->worker;
    const struct route *route = NULL;

    if (c->refused)
        return refused(slot, ERR_UNTRUSTED_PEER, NULL, true);
    slot->path = routes_find(connection_routes(c), head->path);
    if (slot->path == NULL)
        return refused(slot, ERR_NOT_FOUND, NULL, false);
    if (head->method < METHOD_OTHER)
        route = slot->path->by_method[head->method];
    if (route == NULL && head->method == METHOD_OPTIONS && slot->path->cors)
        return &preflight_route;
    if (route == NULL) /* THREATS-49: HEAD is not GET, and no field overrides the method */
        return refused(slot, ERR_METHOD_NOT_ALLOWED, NULL, false);
    if (body_len > route->body_max)
        return refused(slot, ERR_BODY_TOO_LARGE, NULL, false);
    if (worker->in_flight > worker->settings->in_flight_max && (route->flags & ROUTE_ALWAYS) == 0) {
        metrics_add(&worker->worker.metrics, METRIC_HTTP_OVERLOADED, 1);
        return refused(slot, ERR_OVERLOADED, NULL, false);
    }
    slot->x.crowded = is_crowded(worker);
    metrics_add(&worker->worker.metrics, METRIC_HTTP_REQUESTS, 1);
    return route;
}

/* The guard's reading, held against the library's: where the body begins and how long it is. */
static enum err check(const h2o_req_t *req, struct guard_head *head, const char **out_why)
{
    const h2o_buffer_t *input = req->conn->callbacks->get_socket(req->conn)->input;
    enum err code = guard_check(str_make(input->bytes, input->size), head, out_why);

    if (code != ERR_NONE)
        return code;
    if (req->entity.len != head->content_length ||
        (req->entity.base != NULL && req->entity.base != input->bytes + head->size)) {
        *out_why = "two readings of the head differ";
        return ERR_AMBIGUOUS;
    }
    return ERR_NONE;
}

/* A target that the guard refused may still tell which methods its path takes (RFC9110-15.5.6). */
static const struct route *ambiguous(struct slot *slot, const h2o_req_t *req, enum err code,
                                     const char *why)
{
    struct str path = str_make(req->input.path.base, req->input.path.len);

    metrics_add(&slot->worker->worker.metrics, METRIC_HTTP_AMBIGUOUS, 1);
    if (code == ERR_METHOD_NOT_ALLOWED)
        slot->path = routes_find(connection_routes(slot->connection),
                                 str_slice(path, 0, str_find(path, '?')));
    return refused(slot, code, why, true);
}

static size_t arena_max(const struct route *route)
{
    if (route->body_max > LIMIT_BODY_BATCH)
        return LIMIT_ARENA_RULE;
    return route->body_max > LIMIT_BODY ? LIMIT_ARENA_BATCH : LIMIT_ARENA;
}

static void start(struct slot *slot)
{
    h2o_req_t *req = slot->req;
    struct exchange *x = &slot->x;
    struct guard_head head = {.method = METHOD_OTHER};
    struct str body = str_make(req->entity.base, req->entity.len);
    const char *why = NULL;

    enum err code = check(req, &head, &why);
    slot->is_head = head.is_head ||
                    (req->input.method.len == 4 && memcmp(req->input.method.base, "HEAD", 4) == 0);
    x->route = code == ERR_NONE ? choose(slot, &head, body.len) : ambiguous(slot, req, code, why);
    arena_init(&x->arena, slot->memory, sizeof(slot->memory), arena_max(x->route));
    x->request.peer = make_peer(slot->connection, &head);
    x->request.admin = slot->connection->listener->admin;
    x->request.request_id = make_id(slot, head.request_id, slot->connection->trusted);
    if (x->route == &refuse_route)
        body = STR_NONE; /* nobody reads it, and it may be longer than the arena */
    if (!fill(slot, &head, body))
        x->route = &lack_route;
    exchange_start(x);
}

int request_on_req(h2o_handler_t *self, h2o_req_t *req)
{
    struct http_worker *worker = connection_of(req)->worker;
    struct slot *slot = slot_take(worker);

    (void)self;
    if (slot == NULL) {
        h2o_send_error_503(req, "Service Unavailable", "out of memory",
                           H2O_SEND_ERROR_HTTP1_CLOSE_CONNECTION);
        return 0;
    }
    if (worker->ring != NULL)
        slot->started_ns = clock_mono_ns();
    link_to(slot, req);
    start(slot);
    if (!slot->answered) /* it lives until the library has written */
        waiting_begin(slot);
    return 0;
}
