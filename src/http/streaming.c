#include "http/streaming.h"

#include <stdlib.h>

#include "core/limits.h"
#include "exchange/stream.h"

enum { RETRY_AFTER_S = 5 };

struct streaming {
    h2o_generator_t generator; /* first: the library's callback casts */
    struct slot *slot;
    struct buf sending, behind; /* what the library writes just now, and what waits for that */
    size_t input_size;          /* of what came behind the request */
    bool busy;                  /* the library writes */
    bool ending, ended;         /* the last of it waits; the library has it */
    bool half_closed;
};

static struct streaming *streaming_of(const struct stream *stream)
{
    return stream->impl;
}

/* ---- writing ---- */

static void push(struct streaming *s)
{
    struct slot *slot = s->slot;
    struct buf taken = s->sending;

    s->sending = s->behind;
    s->behind = taken;
    s->busy = true;
    s->ended = s->ending;
    connection_answered(slot->connection); /* it has so long to take this */
    h2o_iovec_t bytes = {s->sending.ptr, s->sending.len};
    h2o_send(slot->req, &bytes, bytes.len > 0 ? 1 : 0,
             s->ended ? H2O_SEND_STATE_FINAL : H2O_SEND_STATE_IN_PROGRESS);
}

static bool write_bytes(struct stream *stream, struct str bytes)
{
    struct streaming *s = streaming_of(stream);

    if (s->ending || s->slot->connection->shutting ||
        s->sending.len + s->behind.len + bytes.len > STREAM_UNSENT_MAX)
        return false;
    buf_str(&s->behind, bytes);
    if (s->behind.failed) { /* out of memory; what is in there stands */
        s->behind.failed = false;
        return false;
    }
    if (!s->busy && s->behind.len > 0) /* nothing at all is the end, to the library */
        push(s);
    return true;
}

static size_t unsent(const struct stream *stream)
{
    const struct streaming *s = streaming_of(stream);
    return s->sending.len + s->behind.len;
}

static bool is_half_closed(const struct stream *stream)
{
    return streaming_of(stream)->half_closed;
}

/* ---- the end ---- */

/* To a chunked answer its last chunk is written, and the library closes when that is done. One to
 * HTTP/1.0 has none, and the library would be done within the call, so it is shut instead. */
static void finish(struct streaming *s)
{
    if (s->behind.len > 0 || s->slot->req->version >= 0x101)
        push(s);
    else
        streaming_cut(s->slot);
}

static void end(struct stream *stream)
{
    struct streaming *s = streaming_of(stream);

    if (s->ending)
        return;
    s->ending = true;
    if (!s->busy)
        finish(s);
}

/* Nobody is there to read the end; but the library closes when it has written one. */
static void close_now(struct streaming *s)
{
    s->ending = true;
    s->sending.len = s->behind.len = 0;
    push(s);
}

static void on_input(h2o_socket_t *sock, const char *err);

/* What comes is read to be thrown away and to see the end: once, and but so much of it.
 *
 * Either call also has the library compare what the socket waits for with what it is polled for,
 * which it needs after each write. One from outside its own turn (of a message, a timer) that is
 * done at once looks as if it were under way when that turn begins, and is polled for; unless it
 * looks again, the room that a slow reader makes is an event without a write, and it aborts. */
static void watch_input(struct streaming *s)
{
    h2o_socket_t *sock = s->slot->connection->sock;

    if (s->half_closed || s->input_size > LIMIT_HEAD)
        h2o_socket_read_stop(sock);
    else
        h2o_socket_read_start(sock, on_input);
}

static void on_input(h2o_socket_t *sock, const char *err)
{
    struct connection *c = sock->on_close.data;
    struct streaming *s = c->slot->streaming;

    if (err == NULL) {
        s->input_size += sock->input->size;
        h2o_buffer_consume(&sock->input, sock->input->size);
        watch_input(s);
        return;
    }
    s->half_closed = true;
    watch_input(s);
    if (!s->busy && (c->shutting || err != h2o_socket_error_closed))
        close_now(s);
}

/* While the library writes, that fails and it closes; else the end of the input is seen here. */
void streaming_cut(struct slot *slot)
{
    connection_shut(slot->connection);
    if (!slot->streaming->busy)
        h2o_socket_read_start(slot->connection->sock, on_input);
}

void streaming_end(struct slot *slot)
{
    end(slot->x.reply.stream);
}

void streaming_sweep(struct slot *slot)
{
    const struct http_worker *worker = slot->worker;

    if (slot->streaming->busy &&
        worker->now_ms - slot->connection->since_ms >= worker->settings->body_ms)
        streaming_cut(slot);
}

/* ---- the library's calls ---- */

/* What was handed over is written. */
static void proceed(h2o_generator_t *generator, h2o_req_t *req)
{
    struct streaming *s = (struct streaming *)generator;
    struct stream *stream = s->slot->x.reply.stream;

    (void)req;
    s->busy = false;
    s->sending.len = 0;
    watch_input(s);
    if (s->slot->connection->shutting) {
        streaming_cut(s->slot);
    } else if (s->behind.len > 0) {
        push(s);
    } else if (s->ending) {
        finish(s);
    } else {
        buf_free(&s->sending); /* most streams are silent most of the time */
        buf_free(&s->behind);
        stream->drained(stream);
    }
}

/* ---- the beginning ---- */

static const struct stream_ops ops = {
    .write = write_bytes, .unsent = unsent, .is_half_closed = is_half_closed, .end = end};

static bool has_room(const struct http_worker *worker)
{
    const struct settings *settings = worker->settings;

    return !worker->draining && worker->stream_count < settings->connection_max / 2 &&
           atomic_load(&worker->http->stream_count) < settings->stream_max;
}

static struct streaming *make(struct slot *slot)
{
    struct streaming *s = has_room(slot->worker) ? calloc(1, sizeof(*s)) : NULL;

    if (s == NULL)
        return NULL;
    s->generator.proceed = proceed;
    s->slot = slot;
    buf_init_heap(&s->sending, STREAM_UNSENT_MAX);
    buf_init_heap(&s->behind, STREAM_UNSENT_MAX);
    return s;
}

bool streaming_begin(struct slot *slot)
{
    struct http_worker *worker = slot->worker;

    slot->streaming = make(slot);
    if (slot->streaming == NULL) {
        metrics_add(&worker->worker.metrics, METRIC_STREAMS_REFUSED, 1);
        slot->x.retry_after_s = RETRY_AFTER_S;
        exchange_refuse(&slot->x, ERR_STREAMS_FULL, STR_NONE);
        return false;
    }
    metrics_add(&worker->worker.metrics, METRIC_STREAMS_BEGUN, 1);
    atomic_fetch_add(&worker->http->stream_count, 1);
    worker->stream_count++;
    worker->in_flight--;
    return true;
}

/* From here on the library does not look at the request any more, and its bytes make room. */
void streaming_send_head(struct slot *slot)
{
    struct streaming *s = slot->streaming;
    struct stream *stream = slot->x.reply.stream;
    h2o_socket_t *sock = slot->connection->sock;

    s->busy = true;
    h2o_start_response(slot->req, &s->generator);
    h2o_send(slot->req, NULL, 0, H2O_SEND_STATE_IN_PROGRESS);
    h2o_buffer_consume(&sock->input, sock->input->size);
    watch_input(s);
    exchange_let_go(&slot->x);
    stream->ops = &ops;
    stream->impl = s;
    stream->begun(stream);
}

void streaming_gone(struct slot *slot)
{
    struct streaming *s = slot->streaming;
    struct stream *stream = slot->x.reply.stream;

    if (stream == NULL)
        return;
    stream->gone(stream);
    if (s == NULL)
        return;
    slot->streaming = NULL;
    atomic_fetch_sub(&slot->worker->http->stream_count, 1);
    slot->worker->stream_count--;
    slot->worker->in_flight++; /* as any other slot from here on */
    buf_free(&s->sending);
    buf_free(&s->behind);
    free(s);
}
