/* P2: an entry that may speak of any token lasts as long as every token that was there, however
 * short the life is that the policy allows by then. */
#include "contract.h"
#include "revocations.h"
#include "store/front.h"

#define CONTRACT(name) CONTRACT_OF(memory_tokens_end, sqlite_tokens_end, name)
#define SOON_S         (FIXTURE_NOW_S + 60) /* what is asked for */
#define LONG_S         (FIXTURE_NOW_S + 3600)
#define KEPT_S         (LONG_S + STORE_TOKENS_END_AHEAD_S)
#define MINUTE_MS      (60 * 1000)

struct look {
    struct store_meta meta;
    struct result result;
};

static void look(struct store *store, void *context)
{
    struct look *look = context;
    look->result = store->backend->ops->read_meta(store->backend, &look->meta);
}

/* As stored. */
static int64_t kept(struct fixture *f)
{
    struct look seen;

    store_run_on_writer(f->store, look, &seen);
    cr_assert(result_ok(seen.result));
    return seen.meta.tokens_end_s;
}

static void make_token(struct fixture *f, unsigned n, int64_t exp_s)
{
    struct store_request create = fixture_token(n, exp_s);
    cr_assert_eq(fixture_do(f, &create), ERR_NONE);
}

static struct store_request execute(unsigned n, struct revocation_selector selector)
{
    struct store_request request = revocations_execute(n, selector);

    request.in.revocation_execute.row.end_s = SOON_S;
    return request;
}

/* When the entry ends that the request makes. */
static int64_t end_of(struct fixture *f, struct store_request *request)
{
    cr_assert_eq(fixture_outcome(f, request), STORE_OUTCOME_DONE);
    const struct store_entry *entry = &f->entries[fixture_recorded(f) - 1];
    cr_assert_eq(entry->number, request->out.number);
    return entry->end_s;
}

static int64_t end_of_epoch(struct fixture *f, unsigned n)
{
    struct store_request epoch = fixture_epoch(ENTRY_EPOCH_USER, n, SOON_S);
    return end_of(f, &epoch);
}

/* ---- what it is about ---- */

CONTRACT(P2_an_epoch_lasts_as_long_as_every_token)
{
    struct store_request gone = {
        .verb = STORE_APPLICATION_DELETE,
        .in.application_delete = {.client_id = fixture_sid(20), .end_s = SOON_S}};

    fixture_seed(f);
    fixture_start(f);
    cr_assert_eq(end_of_epoch(f, 40), SOON_S, "there was none");
    make_token(f, 10, LONG_S);
    for (enum entry_kind kind = ENTRY_EPOCH_APPLICATION; kind <= ENTRY_EPOCH_KEY; kind++) {
        struct store_request epoch = fixture_epoch(kind, 41, SOON_S);
        struct store_request later = fixture_epoch(kind, 43, KEPT_S + 7);
        cr_assert_eq(end_of(f, &epoch), KEPT_S, "kind %d", kind);
        cr_assert_eq(end_of(f, &later), KEPT_S + 7, "kind %d", kind);
    }
    cr_assert_eq(end_of(f, &gone), KEPT_S);
}

CONTRACT(P2_a_revocation_and_its_row_last_as_long_as_every_token)
{
    const struct revocation_selector selectors[] = {
        {.client_id = fixture_sid(60)},
        {.client_id = fixture_sid(61), .before_s = FIXTURE_NOW_S},
        {.scopes = STR("calls.read")},
        {.over_ceiling = true}};
    struct arena arena;

    arena_init(&arena, NULL, 0, 1 << 16);
    fixture_start(f);
    make_token(f, 10, LONG_S);
    for (unsigned i = 0; i < sizeof(selectors) / sizeof(selectors[0]); i++) {
        struct store_request request = execute(50 + i, selectors[i]);
        cr_assert_eq(end_of(f, &request), KEPT_S, "selector %u", i);
        cr_assert_eq(request.in.revocation_execute.row.end_s, KEPT_S);
        cr_assert_eq(revocations_get(f, 50 + i, &arena).end_s, KEPT_S);
    }
    arena_reset(&arena);
}

/* The longest life was another when it was counted. */
CONTRACT(P2_a_plan_that_is_carried_out_later_lasts_as_long)
{
    struct store_request plan =
        revocations_plan(50, (struct revocation_selector){.scopes = STR("calls.read")});
    struct arena arena;

    plan.in.revocation_plan.end_s = SOON_S;
    arena_init(&arena, NULL, 0, 1 << 16);
    fixture_start(f);
    cr_assert_eq(end_of(f, &plan), FIXTURE_NOW_S + 601, "a plan ends nothing, and soon");
    cr_assert_eq(revocations_get(f, 50, &arena).end_s, SOON_S);
    make_token(f, 10, LONG_S);
    struct store_request carried_out = revocations_carry_out(50, &arena);
    cr_assert_eq(end_of(f, &carried_out), KEPT_S);
    cr_assert_eq(revocations_get(f, 50, &arena).end_s, KEPT_S);
    arena_reset(&arena);
}

CONTRACT(what_is_about_one_token_ends_with_it)
{
    struct store_request revoke = fixture_revoke(11, SOON_S);
    struct store_request update = fixture_update(12, STR("calls.read"), SOON_S);
    struct store_request plan =
        revocations_plan(50, (struct revocation_selector){.scopes = STR("calls.read")});

    fixture_start(f);
    make_token(f, 10, LONG_S);
    make_token(f, 11, SOON_S);
    make_token(f, 12, SOON_S);
    update.in.token_update.in_sequence = true;
    update.in.token_update.exp_signed_s = SOON_S;
    cr_assert_eq(end_of(f, &revoke), SOON_S);
    cr_assert_eq(end_of(f, &update), SOON_S);
    cr_assert_eq(end_of(f, &plan), FIXTURE_NOW_S + 601);
}

/* ---- how it is kept ---- */

CONTRACT(it_is_written_about_once_an_hour)
{
    fixture_start(f);
    cr_assert_eq(kept(f), 0);
    make_token(f, 10, LONG_S);
    cr_assert_eq(kept(f), KEPT_S);
    make_token(f, 11, SOON_S);
    cr_assert_eq(kept(f), KEPT_S);
    make_token(f, 12, KEPT_S);
    cr_assert_eq(kept(f), KEPT_S);
    make_token(f, 13, KEPT_S + 1);
    cr_assert_eq(kept(f), KEPT_S + 1 + STORE_TOKENS_END_AHEAD_S);
}

CONTRACT(of_many_at_once_the_last_counts)
{
    enum { MANY = 5 };

    fixture_start(f);
    for (unsigned highest = 0; highest < MANY; highest++) {
        int64_t exp_s = LONG_S + (int64_t)highest * 2 * STORE_TOKENS_END_AHEAD_S;
        struct store_request requests[MANY];
        for (unsigned i = 0; i < MANY; i++)
            requests[i] = fixture_token(100 + highest * MANY + i, i == highest ? exp_s : SOON_S);
        fixture_submit(f, requests, MANY);
        fixture_await(f, requests, MANY);
        cr_assert_eq(kept(f), exp_s + STORE_TOKENS_END_AHEAD_S);
    }
}

CONTRACT(a_token_that_lives_longer_by_a_change_counts)
{
    struct store_request update = fixture_update(10, STR("calls.read"), LONG_S);
    struct store_request refused = fixture_update(10, STR("calls.read"), KEPT_S + 1);

    fixture_start(f);
    make_token(f, 10, SOON_S);
    update.in.token_update.exp_signed_s = SOON_S + STORE_TOKENS_END_AHEAD_S + 1;
    refused.in.token_update.exp_signed_s = KEPT_S + 1;
    refused.if_revision = 7;
    cr_assert_eq(fixture_outcome(f, &update), STORE_OUTCOME_DONE);
    cr_assert_eq(kept(f), SOON_S + 2 * STORE_TOKENS_END_AHEAD_S + 1);
    cr_assert_eq(fixture_outcome(f, &refused), STORE_OUTCOME_CONFLICT);
    cr_assert_eq(kept(f), SOON_S + 2 * STORE_TOKENS_END_AHEAD_S + 1);
}

/* One that fails behind its row: the batch is done again, and that one alone undone. */
CONTRACT(what_was_undone_leaves_nothing)
{
    static char record[STORE_AUDIT_RECORD + 1];
    struct store_request requests[3] = {fixture_token(10, LONG_S), fixture_token(11, KEPT_S + 9),
                                        fixture_epoch(ENTRY_EPOCH_USER, 40, SOON_S)};

    fixture_start(f);
    memset(record, 'x', sizeof(record));
    requests[1].audit = str_make(record, sizeof(record));
    fixture_submit(f, requests, 3);
    fixture_await(f, requests, 3);
    cr_assert(result_ok(requests[0].result));
    cr_assert_not(result_ok(requests[1].result));
    cr_assert(result_ok(requests[2].result));
    cr_assert_eq(f->entries[0].end_s, KEPT_S);
    cr_assert_eq(kept(f), KEPT_S);
    make_token(f, 11, KEPT_S + 9);
    cr_assert_eq(kept(f), KEPT_S + 9 + STORE_TOKENS_END_AHEAD_S, "it was not taken for written");
}

/* The clean-up, and a restart on the way. */
CONTRACT(P2_it_is_not_forgotten_before)
{
    struct store_entry entry;
    size_t count;

    fixture_start(f);
    make_token(f, 10, LONG_S);
    cr_assert_eq(end_of_epoch(f, 40), KEPT_S);
    fixture_pass(f, 60 * MINUTE_MS);
    if (f->backend == FIXTURE_SQLITE) {
        fixture_reopen(f);
        cr_assert(result_ok(store_read_entries(f->store, 0, LONG_S, 1, NULL, &entry, &count)));
        cr_assert_eq(count, 1);
        cr_assert_eq(entry.end_s, KEPT_S);
        fixture_start(f);
        cr_assert_eq(kept(f), KEPT_S);
        cr_assert_eq(end_of_epoch(f, 41), KEPT_S);
    }
    fixture_pass(f, 60 * MINUTE_MS);
    uint64_t numbers[4];
    cr_assert_gt(fixture_numbers(f, numbers, 4), 0);
    fixture_pass(f, 3 * MINUTE_MS);
    fixture_pass(f, MINUTE_MS);
    cr_assert_eq(fixture_numbers(f, numbers, 4), 0);
}
