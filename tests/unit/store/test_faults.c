/* What happens when the backend fails: no answer that is not true, no hole, and it comes back. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "core/log.h"
#include "fixture.h"
#include "store/memory.h"

#define LATER_S (FIXTURE_NOW_S + 900)

enum { N = 5 };

static void make_batch(struct store_request *requests)
{
    for (unsigned i = 0; i < N; i++)
        requests[i] = i == 1 ? fixture_token(100 + i, LATER_S) : fixture_revoke(100 + i, LATER_S);
    requests[3] = fixture_epoch(ENTRY_EPOCH_PARTNER, 3, LATER_S);
}

/* Compares what was answered, what the hook was given and what the store has. */
static void assert_truthful(struct fixture *f, const struct store_request *requests)
{
    uint64_t numbers[2 * N];
    uint64_t expected = 0;
    size_t count = fixture_numbers(f, numbers, 2 * N);

    for (size_t i = 0; i < N; i++) {
        if (requests[i].verb != STORE_TOKEN_CREATE && result_ok(requests[i].result))
            cr_assert_eq(requests[i].out.number, ++expected, "no hole, in order");
    }
    cr_assert_eq(count, expected);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(numbers[i], i + 1);
    cr_assert_eq(store_last_number(f->store), expected);
    cr_assert_eq(fixture_recorded(f), expected);
}

/* P3, P4: whichever call fails, once, before the batch is through. */
Test(faults, each_call_in_turn, .timeout = 120)
{
    bool all_passed = false;

    log_set_level(LOG_ERROR + 1);
    for (size_t n = 1; !all_passed; n++) {
        struct fixture f;
        struct store_request requests[N];
        fixture_init(&f, FIXTURE_MEMORY);
        fixture_open(&f);
        make_batch(requests);
        fixture_submit(&f, requests, N);
        store_memory_fail_after(f.store, n);
        fixture_start(&f);
        fixture_await(&f, requests, N);
        store_memory_fail_after(f.store, 0);
        assert_truthful(&f, requests);

        /* A fault that came once costs at most a commit: the second try has savepoints. */
        struct store_request after = fixture_revoke(900, LATER_S);
        cr_assert_eq(fixture_do(&f, &after), ERR_NONE);
        cr_assert(store_is_healthy(f.store));
        all_passed = n > 4 * N;
        fixture_done(&f);
    }
}

/* One row that SQLite refuses, at each place of a batch: the second try, with savepoints, saves the
 * others. */
Test(faults, a_row_that_cannot_be_written_undoes_itself_alone, .timeout = 120)
{
    log_set_level(LOG_ERROR + 1);
    for (size_t bad = 0; bad < N; bad++) {
        struct fixture f;
        struct store_request requests[N];
        fixture_init(&f, FIXTURE_SQLITE);
        fixture_open(&f);
        make_batch(requests);
        /* A text longer than SQLite takes, which it notices before it looks at the bytes. */
        requests[bad] = fixture_token(500, LATER_S);
        requests[bad].in.token_create.scopes = str_make("x", (size_t)1 << 31);
        fixture_submit(&f, requests, N);
        fixture_start(&f);
        fixture_await(&f, requests, N);
        for (size_t i = 0; i < N; i++)
            cr_assert_eq(result_ok(requests[i].result), i != bad, "bad %zu, request %zu", bad, i);
        assert_truthful(&f, requests);
        fixture_done(&f);
    }
}

/* The same among token rows alone, which go in together at the first try. */
Test(faults, a_token_row_that_cannot_be_written_undoes_itself_alone, .timeout = 120)
{
    log_set_level(LOG_ERROR + 1);
    for (size_t bad = 0; bad < N; bad++) {
        struct fixture f;
        struct store_request requests[N];
        fixture_init(&f, FIXTURE_SQLITE);
        fixture_open(&f);
        for (unsigned i = 0; i < N; i++)
            requests[i] = fixture_token(100 + i, LATER_S);
        requests[bad].in.token_create.audiences = str_make("x", (size_t)1 << 31);
        fixture_submit(&f, requests, N);
        fixture_start(&f);
        fixture_await(&f, requests, N);
        for (size_t i = 0; i < N; i++) {
            struct store_request again = fixture_token(100 + (unsigned)i, LATER_S);
            cr_assert_eq(result_ok(requests[i].result), i != bad, "bad %zu, request %zu", bad, i);
            cr_assert_eq(fixture_do(&f, &again) == ERR_NONE, i == bad, "bad %zu, row %zu", bad, i);
        }
        fixture_done(&f);
    }
}

Test(faults, a_store_that_is_down_answers_so_and_recovers_by_itself, .timeout = 60)
{
    struct fixture f;
    struct store_request requests[N];

    log_set_level(LOG_ERROR + 1);
    fixture_init(&f, FIXTURE_MEMORY);
    fixture_open(&f);
    make_batch(requests);
    fixture_submit(&f, requests, N);
    store_memory_set_down(f.store, true);
    fixture_start(&f);
    fixture_await(&f, requests, N);
    for (size_t i = 0; i < N; i++)
        cr_assert_eq(requests[i].result.code, ERR_FAULT_STORE);
    cr_assert_not(store_is_healthy(f.store));
    cr_assert_eq(fixture_recorded(&f), 0);
    store_memory_set_down(f.store, false);
    assert_truthful(&f, requests);
    cr_assert_not(store_is_healthy(f.store), "a read proves nothing");
    fixture_pass(&f, 1000); /* no request writes: the housekeeping asks */
    cr_assert(store_is_healthy(f.store));
    fixture_done(&f);
}

Test(faults, entropy_and_an_unknown_url_refuse_the_start)
{
    static const char *const urls[] = {"", "sqlite:", "memory", "postgres://x", "sqlite3:/x"};
    struct fixture f;

    fixture_init(&f, FIXTURE_MEMORY);
    atomic_store(&f.entropy.fail_after, 0);
    cr_assert_not(fixture_try_open(&f));
    atomic_store(&f.entropy.fail_after, -1);
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        strcpy(f.url, urls[i]);
        cr_assert_not(fixture_try_open(&f), "%s", urls[i]);
        cr_assert_not_null(strstr(f.error, "store.url"));
    }
    fixture_done(&f);
}
