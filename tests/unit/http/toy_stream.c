/* Streams of the toy: whoever asks is kept in a list, and another request speaks to all of them. */
#include <criterion/criterion.h>

#include "core/limits.h"
#include "exchange/stream.h"
#include "toy.h"

struct toy_stream {
    struct stream stream; /* first */
    struct toy_stream *next;
};

static struct toy_stream *streams;

static void begun(struct stream *stream)
{
    struct toy_stream *s = (struct toy_stream *)stream;

    s->next = streams;
    streams = s;
    atomic_fetch_add(&toy.streams, 1);
    cr_assert(stream_write(stream, STR("hello\n")));
}

static void drained(struct stream *stream)
{
    cr_assert_eq(stream_unsent(stream), 0);
    atomic_fetch_add(&toy.drained, 1);
}

static void gone(struct stream *stream)
{
    for (struct toy_stream **at = &streams; *at != NULL; at = &(*at)->next)
        if (*at == (struct toy_stream *)stream) {
            *at = (*at)->next;
            break;
        }
    atomic_fetch_add(&toy.gone, 1);
}

static enum step_result follow(struct exchange *x)
{
    struct toy_stream *s = x->state;

    s->stream = (struct stream){.begun = begun, .drained = drained, .gone = gone};
    return exchange_stream(x, STR("text/event-stream"), &s->stream);
}

static enum step_result say(struct exchange *x)
{
    uint64_t times = 1, taken = 0;
    struct buf b;

    str_to_u64(x->request.query, 1000000, &times);
    for (struct toy_stream *s = streams; s != NULL; s = s->next) {
        if (str_eq(x->request.body, STR("end")))
            stream_end(&s->stream);
        for (uint64_t i = 0; i < times; i++)
            taken += stream_write(&s->stream, x->request.body);
        cr_assert_leq(stream_unsent(&s->stream), STREAM_UNSENT_MAX);
    }
    buf_init_arena(&b, &x->arena, 64, 64);
    buf_u64(&b, taken);
    return exchange_reply(x, 200, STR("text/plain"), buf_view(&b));
}

const struct endpoint toy_stream_endpoint = {
    .name = "stream", .state_size = sizeof(struct toy_stream), .steps = {follow}};
const struct endpoint toy_say_endpoint = {.name = "say", .steps = {say}};
