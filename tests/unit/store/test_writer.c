/* What the writer does with requests, whatever backend is behind it: what shares a commit, what
 * undoes itself alone, in which order and by whom each is answered. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "contract.h"

#define CONTRACT(name) CONTRACT_OF(memory_writer, sqlite_writer, name)

#define LATER_S (FIXTURE_NOW_S + 900)

/* One bad request among others, at each place: the others commit, and the sequence has no hole. */
CONTRACT(a_bad_request_undoes_itself_alone)
{
    enum { N = 6 };
    unsigned id = 100;
    uint64_t expected = 0;
    struct store_request taken = fixture_token(99, LATER_S);

    fixture_start(f);
    cr_assert_eq(fixture_do(f, &taken), ERR_NONE);
    for (unsigned bad = 0; bad < N; bad++) {
        struct store_request requests[N];
        fixture_gate_close(f);
        struct store_request held = fixture_revoke(id++, LATER_S);
        fixture_submit(f, &held, 1);
        fixture_gate_await(f); /* what is submitted now makes one batch */
        for (unsigned i = 0; i < N; i++)
            requests[i] = i % 2 == 0 ? fixture_revoke(id++, LATER_S) : fixture_token(id++, LATER_S);
        requests[bad] = fixture_token(99, LATER_S);
        fixture_submit(f, requests, N);
        fixture_gate_open(f);
        fixture_await(f, requests, N);
        fixture_await(f, &held, 1);
        expected++;
        for (unsigned i = 0; i < N; i++) {
            cr_assert_eq(requests[i].result.code, i == bad ? ERR_FAULT_STORE : ERR_NONE);
            if (requests[i].verb == STORE_TOKEN_REVOKE)
                cr_assert_eq(requests[i].out.number, ++expected);
        }
    }
    cr_assert_eq(store_last_number(f->store), expected);
}

CONTRACT(what_waits_while_one_commits_shares_the_next_commit)
{
    struct store_request requests[256];
    struct store_request first = fixture_revoke(1000, LATER_S);

    fixture_start(f);
    fixture_gate_close(f);
    fixture_submit(f, &first, 1);
    fixture_gate_await(f);
    for (unsigned i = 0; i < 256; i++)
        requests[i] = fixture_token(2000 + i, LATER_S);
    fixture_submit(f, requests, 256);
    fixture_gate_open(f);
    fixture_await(f, requests, 256);
    fixture_await(f, &first, 1);
    cr_assert_eq(metrics_sum(&f->metrics, METRIC_STORE_COMMITS), 2);
    cr_assert_eq(metrics_sum(&f->metrics, METRIC_STORE_REQUESTS), 257);
    cr_assert_eq(metrics_sum(&f->metrics, METRIC_STORE_FAILURES), 0);
}

/* P2: what was answered is visible, so the hook comes first. */
CONTRACT(the_hook_has_the_entry_before_the_answer_leaves)
{
    struct store_request requests[64];

    fixture_start(f);
    for (unsigned i = 0; i < 64; i++) {
        requests[i] = fixture_revoke(100 + i, LATER_S);
        fixture_submit(f, &requests[i], 1);
        fixture_await(f, &requests[i], 1);
        cr_assert_eq(fixture_recorded(f), i + 1);
        cr_assert_eq(f->entries[i].number, i + 1);
        cr_assert_eq(store_last_number(f->store), i + 1);
    }
}

CONTRACT(requests_of_one_batch_see_each_other)
{
    struct store_entry read[4];
    struct store_request requests[4] = {
        fixture_revoke(10, LATER_S),
        fixture_revoke(10, LATER_S),
        fixture_read(0, 0, 4, read),
        fixture_epoch(ENTRY_EPOCH_USER, 10, LATER_S),
    };

    fixture_submit(f, requests, 4); /* before the start, so one batch */
    fixture_start(f);
    fixture_await(f, requests, 4);
    cr_assert_eq(requests[0].out.number, 1);
    cr_assert_eq(requests[1].out.number, 1);
    cr_assert_eq(requests[2].out.count, 1);
    cr_assert_eq(requests[3].out.number, 2);
    cr_assert_eq(f->hook_calls, 1);
}

CONTRACT(closing_answers_what_was_submitted)
{
    enum { N = 600 };
    struct store_request *requests = calloc(N, sizeof(*requests));

    for (unsigned i = 0; i < N; i++)
        requests[i] = fixture_revoke(100 + i, LATER_S);
    fixture_submit(f, requests, N);
    fixture_start(f);
    store_close(&f->store);
    fixture_await(f, requests, N);
    for (unsigned i = 0; i < N; i++) {
        cr_assert_eq(requests[i].result.code, ERR_NONE);
        cr_assert_eq(requests[i].out.number, i + 1, "in the order of submission");
    }
    free(requests);
}

CONTRACT(a_store_that_never_started_answers_with_a_fault)
{
    struct store_request request = fixture_revoke(10, LATER_S);

    fixture_submit(f, &request, 1);
    store_close(&f->store);
    fixture_await(f, &request, 1);
    cr_assert_eq(request.result.code, ERR_FAULT_STORE);
}

CONTRACT(a_full_queue_refuses)
{
    enum { N = 64 * 1024 + 1 };
    struct store_request *requests = calloc(N, sizeof(*requests));
    struct store_entry entry;

    for (unsigned i = 0; i < N; i++)
        requests[i] = fixture_read(0, 0, 1, &entry);
    fixture_submit(f, requests, N);
    fixture_await(f, requests + N - 1, 1);
    cr_assert_eq(requests[N - 1].result.code, ERR_FAULT_STORE);
    fixture_start(f);
    fixture_await(f, requests, N);
    cr_assert_eq(requests[N - 2].result.code, ERR_NONE);
    free(requests);
}

/* requests[0] to [n - 1] chained, answered on the fixture's loop. */
static struct store_request *chain(struct fixture *f, struct store_request *requests, size_t n)
{
    fixture_prepare(f, requests, n);
    for (size_t i = 0; i + 1 < n; i++)
        requests[i].next = &requests[i + 1];
    requests[n - 1].next = NULL;
    return requests;
}

CONTRACT(what_is_submitted_at_once_is_one_batch_in_order)
{
    enum { N = 20 };
    struct store_request requests[N];

    for (unsigned i = 0; i < N; i++)
        requests[i] = fixture_revoke(i, LATER_S);
    fixture_start(f);
    store_submit_all(f->store, chain(f, requests, N));
    fixture_await(f, requests, N);
    for (unsigned i = 0; i < N; i++)
        cr_assert_eq(requests[i].out.number, i + 1, "%u", i);
    cr_assert_eq(metrics_sum(&f->metrics, METRIC_STORE_COMMITS), 1);
}

CONTRACT(of_what_is_submitted_at_once_the_queue_takes_what_fits)
{
    enum { N = 64 * 1024 + 3 };
    struct store_request *requests = calloc(N, sizeof(*requests));
    struct store_entry entry;

    for (unsigned i = 0; i < N; i++)
        requests[i] = fixture_read(0, 0, 1, &entry);
    store_submit_all(f->store, chain(f, requests, N));
    fixture_await(f, requests + N - 3, 3);
    for (unsigned i = N - 3; i < N; i++)
        cr_assert_eq(requests[i].result.code, ERR_FAULT_STORE);
    fixture_start(f);
    fixture_await(f, requests, N);
    cr_assert_eq(requests[N - 4].result.code, ERR_NONE);
    free(requests);
}

CONTRACT(a_request_without_a_loop_is_carried_out)
{
    struct store_request silent = fixture_revoke(10, LATER_S);
    struct store_request after = fixture_revoke(11, LATER_S);

    store_submit(f->store, &silent);
    fixture_start(f);
    cr_assert_eq(fixture_do(f, &after), ERR_NONE);
    cr_assert_eq(after.out.number, 2);
}
