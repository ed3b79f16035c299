/* From an exchange's reply to bytes: status line, the fields every answer carries, and the body
 * without a copy where the arena holds it (the slot lives until the last byte is sent). */
#include "http/request.h"
#include "http/streaming.h"

/* STATUS_CLIENT_LEFT: in the access log alone, of a request whose work was dropped. */
enum { STANDARD_MAX = 12, STATUS_CLIENT_LEFT = 499 };

/* The library's types are not const; it only reads these. */
#define FIELD_NAME(text)                 \
    {                                    \
        (char *)(text), sizeof(text) - 1 \
    }

enum name {
    NAME_CONTENT_TYPE,
    NAME_REQUEST_ID,
    NAME_NOSNIFF,
    NAME_CACHE,
    NAME_HSTS,
    NAME_CORS,
    NAME_COUNT
};

static const h2o_iovec_t names[NAME_COUNT] = {
    [NAME_CONTENT_TYPE] = FIELD_NAME("content-type"),
    [NAME_REQUEST_ID] = FIELD_NAME("x-request-id"),
    [NAME_NOSNIFF] = FIELD_NAME("x-content-type-options"),
    [NAME_CACHE] = FIELD_NAME("cache-control"),
    [NAME_HSTS] = FIELD_NAME("strict-transport-security"),
    [NAME_CORS] = FIELD_NAME("access-control-allow-origin"),
};

/* The fields that are always the same are given to the library as one, since it writes a value as
 * it is (HTTP/1.1, the only version here): four fewer to put together for each answer. */
#define NEXT_FIELD "\r\n"
#define GUARDING_FIELDS                                            \
    "nosniff" NEXT_FIELD "referrer-policy: no-referrer" NEXT_FIELD \
    "content-security-policy: default-src 'none'; frame-ancestors 'none'"
#define UNCACHED_GUARDING_FIELDS \
    "no-store" NEXT_FIELD "pragma: no-cache" NEXT_FIELD "x-content-type-options: " GUARDING_FIELDS

struct writer {
    h2o_header_t *at;
};

static void put(struct writer *w, enum name name, struct str value)
{
    *w->at++ = (h2o_header_t){.name = (h2o_iovec_t *)&names[name],
                              .value = {.base = (char *)value.ptr, .len = value.len}};
}

/* THREATS-50, RFC6749-5.1 (no-store), RFC6797 on TLS, 8414-x-a (CORS for public documents). */
static void put_standard(struct writer *w, const struct slot *slot)
{
    const struct exchange *x = &slot->x;

    if (x->reply.content_type.len > 0)
        put(w, NAME_CONTENT_TYPE, x->reply.content_type);
    put(w, NAME_REQUEST_ID, x->request.request_id);
    if (x->reply.cacheable)
        put(w, NAME_NOSNIFF, STR(GUARDING_FIELDS));
    else
        put(w, NAME_CACHE, STR(UNCACHED_GUARDING_FIELDS));
    if (x->request.peer.tls)
        put(w, NAME_HSTS, STR("max-age=31536000"));
    if ((x->route->flags & ROUTE_CORS_ANY) != 0)
        put(w, NAME_CORS, STR("*"));
}

static void put_own(struct writer *w, const struct reply *reply, h2o_mem_pool_t *pool)
{
    if (reply->header_count == 0)
        return;
    h2o_iovec_t *own = h2o_mem_alloc_pool(pool, reply->header_count * sizeof(*own));
    for (size_t i = 0; i < reply->header_count; i++) {
        own[i] = (h2o_iovec_t){(char *)reply->headers[i].name.ptr, reply->headers[i].name.len};
        *w->at++ = (h2o_header_t){.name = &own[i],
                                  .value = {.base = (char *)reply->headers[i].value.ptr,
                                            .len = reply->headers[i].value.len}};
    }
}

static const char *reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {204, "No Content"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].status == status)
            return reasons[i].text;
    return "Unknown";
}

/* What neither the arena nor a held snapshot keeps goes with this turn of the loop, while a slow
 * reader may take many. */
static h2o_iovec_t body_of(const struct slot *slot)
{
    struct str body = slot->x.reply.body;

    if (body.len == 0 || slot->x.held || arena_has(&slot->x.arena, body.ptr))
        return (h2o_iovec_t){(char *)body.ptr, body.len};
    return h2o_strdup(&slot->req->pool, body.ptr, body.len);
}

static void send_reply(struct slot *slot)
{
    static const h2o_generator_t generator; /* no hooks; never written */
    h2o_req_t *req = slot->req;
    const struct reply *reply = &slot->x.reply;
    bool has_body = reply->status != 204 && reply->status != 304;
    bool streams = slot->streaming != NULL;
    h2o_iovec_t body = has_body ? body_of(slot) : (h2o_iovec_t){NULL, 0};

    req->res.status = reply->status;
    req->res.reason = reason(reply->status);
    req->res.content_length = has_body && !streams ? body.len : SIZE_MAX;
    if (reply->close || streams || slot->worker->draining)
        req->http1_is_persistent = 0;
    h2o_vector_reserve(&req->pool, &req->res.headers, STANDARD_MAX + REPLY_HEADERS_MAX);
    struct writer w = {req->res.headers.entries};
    put_standard(&w, slot);
    put_own(&w, reply, &req->pool);
    req->res.headers.size = (size_t)(w.at - req->res.headers.entries);
    if (streams) {
        streaming_send_head(slot);
        return;
    }
    h2o_start_response(req, (h2o_generator_t *)&generator);
    h2o_send(req, &body, body.len > 0 && !slot->is_head ? 1 : 0, H2O_SEND_STATE_FINAL);
}

static void log_access(const struct slot *slot)
{
    const struct exchange *x = &slot->x;
    struct worker *worker = x->worker;
    struct access_entry *entry = access_ring_reserve(slot->worker->ring);

    if (entry == NULL) {
        metrics_add(&worker->metrics, METRIC_ACCESS_LOG_DROPPED, 1);
        return;
    }
    entry->wall_ms = clock_wall_ms(worker->server->clock);
    entry->took_us = (clock_mono_ns() - slot->started_ns) / 1000;
    entry->bytes_in = x->request.body.len;
    entry->bytes_out = x->reply.body.len;
    entry->address = x->request.peer.address;
    entry->endpoint = x->route->endpoint->name;
    entry->status = x->reply.status;
    entry->method = x->request.method;
    access_entry_text(entry, x->request.path, x->request.request_id);
    access_ring_commit(slot->worker->ring);
}

void reply_deliver(struct exchange *x)
{
    struct slot *slot = (struct slot *)x;

    if (slot->req == NULL) {
        slot_release(slot);
        return;
    }
    if (slot->answered)
        return; /* cut by the end of a drain; the dispose hook frees it */
    if (x->gone)
        x->reply.status = STATUS_CLIENT_LEFT;
    if (x->reply.stream != NULL && !x->gone)
        streaming_begin(slot); /* or refuses, which is the reply then */
    if (slot->started_ns != 0 && slot->worker->ring != NULL) /* a reload may have ended it */
        log_access(slot);
    if (x->gone) {
        metrics_add(&x->worker->metrics, METRIC_HTTP_FORSAKEN, 1);
        request_cut(slot, "the client has left");
        return;
    }
    slot->answered = true;
    connection_answered(slot->connection);
    send_reply(slot);
}
