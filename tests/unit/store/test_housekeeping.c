/* The clean-up, the kept time, and when the clock is not believed (SPEC 6). Both backends. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "core/log.h"
#include "fixture.h"

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS   (60 * MINUTE_MS)
#define LATER_S   (FIXTURE_NOW_S + 900)

#define CASE(backend, BACKEND, name)         \
    Test(backend, name, .timeout = 60)       \
    {                                        \
        struct fixture f;                    \
        log_set_level(LOG_ERROR);            \
        fixture_init(&f, FIXTURE_##BACKEND); \
        fixture_open(&f);                    \
        name(&f);                            \
        fixture_done(&f);                    \
    }
#define CONTRACT(name)                      \
    static void name(struct fixture *f);    \
    CASE(memory_housekeeping, MEMORY, name) \
    CASE(sqlite_housekeeping, SQLITE, name) \
    static void name(struct fixture *f)

static uint64_t pruned(struct fixture *f)
{
    return metrics_sum(&f->metrics, METRIC_STORE_PRUNED);
}

/* A leap, which the writer sees at once. */
static void leap(struct fixture *f, int64_t ms)
{
    fake_clock_leap(&f->clock, ms);
    fixture_pass(f, 0);
}

CONTRACT(rows_go_when_their_time_has_come)
{
    struct store_request token = fixture_token(10, LATER_S + 3600); /* kept an hour past its end */
    struct store_request revoke = fixture_revoke(11, LATER_S + 3600);
    uint64_t numbers[4];

    fixture_start(f);
    fixture_pass(f, HOUR_MS);
    cr_assert_eq(fixture_do(f, &token), ERR_NONE);
    cr_assert_eq(fixture_do(f, &revoke), ERR_NONE);
    fixture_pass(f, 900 * SECOND_MS + MINUTE_MS); /* its end, and the margin: not yet */
    cr_assert_eq(pruned(f), 0);
    fixture_pass(f, SECOND_MS);
    cr_assert_eq(pruned(f), 1, "the entry");
    cr_assert_eq(fixture_numbers(f, numbers, 4), 0);
    fixture_pass(f, HOUR_MS - SECOND_MS);
    cr_assert_eq(pruned(f), 1);
    fixture_pass(f, SECOND_MS);
    cr_assert_eq(pruned(f), 2, "the token");

    struct store_request next = fixture_revoke(12, LATER_S + 100000);
    cr_assert_eq(fixture_do(f, &next), ERR_NONE);
    cr_assert_eq(next.out.number, 2, "numbers are never given twice");
}

CONTRACT(many_rows_go_in_steps_between_requests)
{
    enum { N = 1700 };
    struct store_request *requests = calloc(N, sizeof(*requests));

    for (unsigned i = 0; i < N; i++)
        requests[i] =
            i % 2 == 0 ? fixture_token(100 + i, LATER_S) : fixture_revoke(100 + i, LATER_S);
    fixture_start(f);
    fixture_submit(f, requests, N);
    fixture_await(f, requests, N);
    fixture_pass(f, 2 * HOUR_MS); /* two batches, so two steps of at most 500 of each kind */
    cr_assert_geq(pruned(f), 1000);
    store_close(&f->store); /* whatever step runs ends first */
    free(requests);
}

static bool has_token(struct fixture *f, unsigned n)
{
    struct store_read read = {.verb = STORE_TOKEN_GET, .in.token_sid = fixture_sid(n)};
    struct arena arena;

    arena_init(&arena, NULL, 0, 1 << 16);
    cr_assert_eq(fixture_read_now(f, &read, &arena), ERR_NONE);
    arena_reset(&arena);
    return read.outcome == STORE_OUTCOME_DONE;
}

/* Whatever partner they are of, and behind many whose end was brought forward: these stay until the
 * end that was once signed. */
CONTRACT(rows_go_by_the_end_that_was_ever_signed)
{
    enum { N = 1200, PARTNERS = 5, EACH = 7, FIRST = 100 };
    struct store_request *requests = calloc(N, sizeof(*requests));

    for (unsigned i = 0; i < N; i++) {
        bool stays = i % EACH == 1;
        requests[i] = fixture_token(FIRST + i, LATER_S);
        requests[i].in.token_create.partner_sid = fixture_sid(2 + i % PARTNERS);
        requests[i].in.token_create.exp_s = LATER_S - stays; /* the first to be met */
        requests[i].in.token_create.exp_signed_s = stays ? LATER_S + 36000 : LATER_S;
    }
    fixture_start(f);
    fixture_submit(f, requests, N);
    fixture_await(f, requests, N);
    fixture_pass(f, 900 * SECOND_MS + HOUR_MS);
    for (int i = 0; i < 8; i++)
        fixture_pass(f, HOUR_MS / 10);
    for (unsigned i = 0; i < N; i++)
        cr_assert_eq(has_token(f, FIRST + i), i % EACH == 1, "%u", i);
    for (int i = 0; i < 110; i++)
        fixture_pass(f, HOUR_MS / 10);
    for (unsigned i = 1; i < N; i += EACH)
        cr_assert_not(has_token(f, FIRST + i), "%u", i);
    cr_assert_eq(pruned(f), N);
    free(requests);
}

CONTRACT(the_hook_is_told_a_time_a_minute_back)
{
    fixture_start(f);
    fixture_pass(f, 999);
    cr_assert_eq(f->housekeeping_calls, 0);
    fixture_pass(f, 1);
    cr_assert_eq(f->housekeeping_calls, 1);
    cr_assert_eq(f->over_s, 0, "nothing is forgotten in the first hour");
    fixture_pass(f, HOUR_MS - SECOND_MS);
    cr_assert_eq(f->over_s, FIXTURE_NOW_S + 3600 - 60);
}

/* P2: a clock that is two hours ahead at the start looks like two hours that passed. */
Test(sqlite_housekeeping, nothing_is_forgotten_in_the_first_hour, .timeout = 60)
{
    struct store_request revoke = fixture_revoke(10, FIXTURE_NOW_S + 5400);
    struct fixture f;
    uint64_t numbers[4];

    log_set_level(LOG_ERROR);
    fixture_init(&f, FIXTURE_SQLITE);
    fixture_open(&f);
    fixture_start(&f);
    cr_assert_eq(fixture_do(&f, &revoke), ERR_NONE);
    store_close(&f.store);
    loop_thread_free(&f.loop);
    fake_clock_leap(&f.clock, 2 * HOUR_MS);
    fixture_open(&f);
    fixture_start(&f);
    fixture_pass(&f, HOUR_MS - SECOND_MS);
    cr_assert(store_clock_is_trusted(f.store));
    cr_assert_eq(f.over_s, 0);
    fake_clock_leap(&f.clock, -2 * HOUR_MS); /* put right in time */
    fixture_pass(&f, SECOND_MS);
    cr_assert_eq(fixture_numbers(&f, numbers, 4), 1, "still there");
    fixture_done(&f);
}

CONTRACT(the_time_is_kept_once_a_minute)
{
    fixture_start(f);
    fixture_pass(f, MINUTE_MS - SECOND_MS);
    cr_assert_eq(store_last_wall_ms(f->store), 0);
    fixture_pass(f, SECOND_MS);
    cr_assert_eq(store_last_wall_ms(f->store), FIXTURE_NOW_MS + MINUTE_MS);
    fixture_pass(f, 30 * SECOND_MS);
    cr_assert_eq(store_last_wall_ms(f->store), FIXTURE_NOW_MS + MINUTE_MS);
}

/* Forwards and backwards: nothing is forgotten until an hour has gone by without another leap. */
static void assert_leap_waits(struct fixture *f, int64_t leap_ms)
{
    struct store_request revoke = fixture_revoke(10, LATER_S);

    fixture_start(f);
    cr_assert_eq(fixture_do(f, &revoke), ERR_NONE);
    leap(f, leap_ms);
    fixture_pass(f, SECOND_MS);
    cr_assert_not(store_clock_is_trusted(f->store));
    cr_assert_eq(f->over_s, 0);
    fixture_pass(f, HOUR_MS - 2 * SECOND_MS);
    cr_assert_not(store_clock_is_trusted(f->store));
    cr_assert_eq(pruned(f), 0);
    cr_assert_eq(store_last_wall_ms(f->store), 0, "a time in doubt is not kept");
    fixture_pass(f, 2 * SECOND_MS);
    cr_assert(store_clock_is_trusted(f->store));
    fixture_pass(f, SECOND_MS); /* the next round cleans up again */
}

CONTRACT(a_leap_forwards_stops_the_clean_up_for_an_hour)
{
    assert_leap_waits(f, 10 * 24 * HOUR_MS);
    cr_assert_eq(pruned(f), 1);
}

CONTRACT(a_leap_backwards_stops_the_clean_up_for_an_hour)
{
    assert_leap_waits(f, -10 * 24 * HOUR_MS);
    cr_assert_eq(pruned(f), 0);
}

CONTRACT(a_second_leap_starts_the_hour_again)
{
    fixture_start(f);
    leap(f, 2 * HOUR_MS);
    fixture_pass(f, HOUR_MS - SECOND_MS);
    leap(f, -2 * HOUR_MS);
    fixture_pass(f, HOUR_MS - SECOND_MS);
    cr_assert_not(store_clock_is_trusted(f->store));
    fixture_pass(f, SECOND_MS);
    cr_assert(store_clock_is_trusted(f->store));
}

CONTRACT(a_step_of_a_minute_is_no_leap)
{
    fixture_start(f);
    leap(f, MINUTE_MS);
    fixture_pass(f, SECOND_MS);
    cr_assert(store_clock_is_trusted(f->store));
    leap(f, 1);
    fixture_pass(f, SECOND_MS);
    cr_assert_not(store_clock_is_trusted(f->store), "small steps add up");
}

/* The start, against the time that was kept. */
Test(sqlite_housekeeping, the_start_compares_with_the_kept_time, .timeout = 60)
{
    static const struct {
        int64_t away_ms;
        bool trusted;
    } cases[] = {
        {0, true},
        {-1, false},
        {24 * HOUR_MS, true},
        {24 * HOUR_MS + 1, false},
        {-400 * 24 * HOUR_MS, false},
    };

    log_set_level(LOG_ERROR);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;
        fixture_init(&f, FIXTURE_SQLITE);
        fixture_open(&f);
        fixture_start(&f);
        store_close(&f.store); /* keeps the time */
        loop_thread_free(&f.loop);
        fake_clock_leap(&f.clock, cases[i].away_ms);
        fixture_open(&f);
        cr_assert_eq(store_last_wall_ms(f.store), FIXTURE_NOW_MS);
        cr_assert_eq(store_clock_is_trusted(f.store), cases[i].trusted, "case %zu", i);
        fixture_start(&f);
        fixture_pass(&f, HOUR_MS);
        cr_assert(store_clock_is_trusted(f.store), "case %zu", i);
        fixture_done(&f);
    }
}

/* A wrong time at the close is not what the next start is measured by. */
Test(sqlite_housekeeping, a_restart_does_not_shorten_the_hour, .timeout = 60)
{
    struct fixture f;

    log_set_level(LOG_ERROR);
    fixture_init(&f, FIXTURE_SQLITE);
    fixture_open(&f);
    fixture_start(&f);
    fixture_pass(&f, MINUTE_MS);
    fake_clock_leap(&f.clock, 30 * 24 * HOUR_MS);
    fixture_pass(&f, SECOND_MS);
    fixture_reopen(&f);
    cr_assert_eq(store_last_wall_ms(f.store), FIXTURE_NOW_MS + MINUTE_MS);
    cr_assert_not(store_clock_is_trusted(f.store));
    fixture_done(&f);
}
