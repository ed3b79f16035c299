/* Streams of the toy: whoever asks is kept in a list, and another request speaks to all of them. */
#include <criterion/criterion.h>

#include "core/limits.h"
#include "exchange/stream.h"
#include "toy.h"

enum { PORTION = 128 * 1024, MORSEL = 64 * 1024, PAUSE_MS = 3 };

struct toy_stream {
    struct stream stream; /* first */
    struct toy_stream *next;
    struct loop *loop;
    struct loop_timer feeder;
    size_t left; /* of a fed one, that it still gets */
    bool small;  /* the next portion */
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

/* A morsel as soon as the library's turn is over, and after a pause a portion, by turns. */
static void feed_later(struct toy_stream *s)
{
    s->small = !s->small;
    cr_assert(loop_timer_start(s->loop, &s->feeder, s->small ? 0 : PAUSE_MS));
}

static void feed(struct loop_timer *timer)
{
    static const char portion[PORTION];
    struct toy_stream *s =
        (struct toy_stream *)((char *)timer - offsetof(struct toy_stream, feeder));
    size_t size = s->small ? MORSEL : PORTION;

    if (size > s->left)
        size = s->left;
    cr_assert(stream_write(&s->stream, str_make(portion, size)));
    s->left -= size;
    if (s->left == 0)
        stream_end(&s->stream);
}

static void drained(struct stream *stream)
{
    struct toy_stream *s = (struct toy_stream *)stream;

    cr_assert_eq(stream_unsent(stream), 0);
    atomic_fetch_add(&toy.drained, 1);
    if (s->left > 0)
        feed_later(s);
}

static void gone(struct stream *stream)
{
    struct toy_stream *s = (struct toy_stream *)stream;

    loop_timer_stop(s->loop, &s->feeder);
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
    s->loop = x->worker->loop;
    s->feeder.fire = feed;
    s->left = str_eq(x->request.query, STR("fed")) ? TOY_FED : 0;
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
