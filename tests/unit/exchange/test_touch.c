/* Last uses: once a minute for each id, whoever asks; addresses as they are noted. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/peer.h"
#include "exchange/server.h"
#include "support/fake.h"

enum { NOW_S = 1790000000 };

/* An id whose first place is that slot; those of one slot differ by their part. */
static struct sid id_of(uint16_t slot, uint8_t part)
{
    uint8_t low = (uint8_t)slot, high = (uint8_t)(slot >> 8);

    return (struct sid){{[9] = low, [10] = high, [11] = low, [12] = high, [15] = part}};
}

Test(touch, an_id_is_due_once_a_minute)
{
    struct touch_seen *seen = calloc(1, sizeof(*seen));
    struct sid id = id_of(1, 1), other = id_of(2, 1);

    cr_assert(touch_is_due(seen, &id, NOW_S));
    cr_assert_not(touch_is_due(seen, &id, NOW_S));
    cr_assert(touch_is_due(seen, &other, NOW_S));
    cr_assert_not(touch_is_due(seen, &id, NOW_S + TOUCH_AGAIN_S - 1));
    cr_assert(touch_is_due(seen, &id, NOW_S + TOUCH_AGAIN_S));
    cr_assert_not(touch_is_due(seen, &id, NOW_S + TOUCH_AGAIN_S));
    free(seen);
}

/* "Dropped first": who finds all of his places held is passed over for the minute. */
Test(touch, a_place_is_held_for_its_minute)
{
    struct touch_seen *seen = calloc(1, sizeof(*seen));
    struct sid late = id_of(1, TOUCH_WAYS);

    for (uint8_t part = 0; part < TOUCH_WAYS; part++) {
        struct sid id = id_of(1, part);
        cr_assert(touch_is_due(seen, &id, NOW_S));
    }
    for (uint8_t part = 0; part < TOUCH_WAYS; part++) {
        struct sid id = id_of(1, part);
        cr_assert_not(touch_is_due(seen, &id, NOW_S + 1));
    }
    cr_assert_not(touch_is_due(seen, &late, NOW_S + 1));
    cr_assert(touch_is_due(seen, &late, NOW_S + TOUCH_AGAIN_S));
    cr_assert_not(touch_is_due(seen, &late, NOW_S + TOUCH_AGAIN_S + 1));
    free(seen);
}

/* A clock that was set back holds nobody up for longer than that; nor does a long uptime. */
Test(touch, a_clock_that_leaps_holds_nobody_up)
{
    struct touch_seen *seen = calloc(1, sizeof(*seen));
    struct sid id = id_of(1, 1);

    cr_assert(touch_is_due(seen, &id, NOW_S));
    cr_assert(touch_is_due(seen, &id, NOW_S - 3600));
    cr_assert(touch_is_due(seen, &id, NOW_S + 3600));
    cr_assert(touch_is_due(seen, &id, NOW_S + 7200));
    free(seen);
}

/* ---- when a portion goes ---- */

struct bench {
    struct loop loop; /* first */
    struct fake_clock clock;
    struct server server;
    struct worker worker;
    uint32_t after_ms; /* of the timer, which was started so often: */
    unsigned starts;
};

static bool timer_start(struct loop *loop, struct loop_timer *timer, uint32_t after_ms)
{
    timer->impl = timer;
    ((struct bench *)loop)->after_ms = after_ms;
    ((struct bench *)loop)->starts++;
    return true;
}

static const struct loop_ops ops = {.timer_start = timer_start};

static struct bench *bench_new(void)
{
    struct bench *b = calloc(1, sizeof(*b));

    b->loop.ops = &ops;
    fake_clock_init(&b->clock, NOW_S * INT64_C(1000));
    b->server.clock = &b->clock.clock;
    b->worker.server = &b->server;
    b->worker.loop = &b->loop;
    b->worker.touched.sent_ms = clock_mono_ms(b->server.clock);
    return b;
}

static void use(struct bench *b, unsigned first, unsigned end)
{
    const struct in6_addr address = {.s6_addr = {1}};

    for (unsigned i = first; i < end; i++) {
        struct sid id = id_of((uint16_t)i, 1);
        touch_token(&b->worker, &id, &address, NOW_S);
    }
}

Test(touch, a_full_portion_goes_a_pause_behind_the_one_before)
{
    static const struct {
        int64_t past_ms;
        uint32_t after_ms;
    } rows[] = {{0, TOUCH_PAUSE_MS},
                {1, TOUCH_PAUSE_MS - 1},
                {TOUCH_PAUSE_MS - 1, 1},
                {TOUCH_PAUSE_MS, 0},
                {60000, 0}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bench *b = bench_new();
        fake_clock_pass(&b->clock, rows[i].past_ms);
        use(b, 0, 1);
        cr_assert_eq(b->after_ms, TOUCH_PORTION_MS);
        use(b, 1, TOUCH_PORTION - 1);
        cr_assert_eq(b->after_ms, TOUCH_PORTION_MS);
        use(b, TOUCH_PORTION - 1, TOUCH_PORTION);
        cr_assert_eq(b->after_ms, rows[i].after_ms);
        cr_assert_eq(b->starts, 2, "not once for each that follows");
        use(b, TOUCH_PORTION, 2 * TOUCH_PORTION);
        cr_assert_eq(b->starts, 2);
        free(b);
    }
}

/* Passed over is not noted: its next use is due, once there is room. */
Test(touch, what_does_not_fit_is_passed_over_and_stays_due)
{
    struct bench *b = bench_new();
    struct sid id = id_of(TOUCH_WAITING, 1);

    use(b, 0, TOUCH_WAITING + 1);
    cr_assert_eq(b->worker.touched.tokens.count, TOUCH_WAITING);
    cr_assert(touch_is_due(&b->server.touched, &id, NOW_S));
    free(b);
}

Test(touch, they_wait_in_a_ring)
{
    struct bench *b = bench_new();
    struct touch_queue *queue = &b->worker.touched.tokens;
    struct sid ids[] = {id_of(0, 1), id_of(1, 1)};

    queue->first = TOUCH_WAITING - 1;
    use(b, 0, 2);
    cr_assert(sid_eq(&queue->notes[TOUCH_WAITING - 1].id, &ids[0]));
    cr_assert(sid_eq(&queue->notes[0].id, &ids[1]));
    cr_assert_eq(queue->notes[0].address.s6_addr[0], 1);
    free(b);
}

/* ---- addresses ---- */

static const struct {
    struct str text;
    const char *formatted; /* NULL: refused */
} addresses[] = {
    {STR_INIT("192.0.2.7"), "192.0.2.7"},
    {STR_INIT("2001:DB8::0:1"), "2001:db8::1"},
    {STR_INIT("::ffff:192.0.2.7"), "192.0.2.7"},
    {STR_INIT("::1"), "::1"},
    {STR_INIT(""), NULL},
    {STR_INIT("::"), NULL},
    {STR_INIT("192.0.2.256"), NULL},
    {STR_INIT("192.0.2.7:80"), NULL},
    {STR_INIT("192.0.2"), NULL},
    {STR_INIT("0x7f000001"), NULL},
    {STR_INIT("[::1]"), NULL},
    {STR_INIT("fe80::1%eth0"), NULL},
    {STR_INIT("192.0.2.7\0"), NULL},
    {STR_INIT(" 192.0.2.7"), NULL},
    {STR_INIT("localhost"), NULL},
    {STR_INIT("0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001"), NULL},
};

Test(peer, addresses_are_read_as_they_are_written)
{
    char memory[PEER_TEXT];
    struct in6_addr address;

    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        bool taken = peer_parse(addresses[i].text, &address);
        cr_assert_eq(taken, addresses[i].formatted != NULL, "%.*s", STR_ARG(addresses[i].text));
        if (taken)
            cr_assert(str_eq(peer_format(&address, memory), str_from(addresses[i].formatted)),
                      "%.*s", STR_ARG(addresses[i].text));
    }
}
