/* Changing tokens: the compare, the entries that carry a set, revocation beside it, touches. */
#include "contract.h"

#define CONTRACT(name) CONTRACT_OF(memory_token, sqlite_token, name)
#define LATER_S        (FIXTURE_NOW_S + 900)

static void make_token(struct fixture *f, unsigned n, int64_t exp_s)
{
    struct store_request create = fixture_token(n, exp_s);

    cr_assert_eq(fixture_do(f, &create), ERR_NONE);
}

/* One page of the sequence, sets included. */
static size_t read_sequence(struct fixture *f, struct arena *arena, struct store_entry *out,
                            size_t max)
{
    struct store_request read = fixture_read(0, INT64_MIN, max, out);

    read.in.entries_read.arena = arena;
    cr_assert_eq(fixture_do(f, &read), ERR_NONE);
    return read.out.count;
}

/* P1: a narrowed token travels as an entry, and is found again after a restart. */
CONTRACT(an_update_carries_the_set_that_is_left)
{
    struct store_request update = fixture_update(10, STR("calls.read"), LATER_S);
    struct store_entry read[4];
    struct arena arena;
    size_t count;

    arena_init(&arena, NULL, 0, 4096);
    fixture_start(f);
    make_token(f, 10, LATER_S + 60);
    update.if_revision = 1;
    cr_assert_eq(fixture_outcome(f, &update), STORE_OUTCOME_DONE);
    cr_assert_eq(update.out.number, 1);
    cr_assert_eq(update.out.revision, 2);
    cr_assert_eq(f->entries[0].kind, ENTRY_TOKEN_SET);
    if (f->backend == FIXTURE_SQLITE)
        fixture_reopen(f);
    cr_assert(result_ok(f->backend == FIXTURE_SQLITE
                            ? store_read_entries(f->store, 0, 0, 4, &arena, read, &count)
                            : (count = read_sequence(f, &arena, read, 4), RESULT_OK)));
    cr_assert_eq(count, 1);
    cr_assert_eq(read[0].kind, ENTRY_TOKEN_SET);
    cr_assert_eq(read[0].kid_len, 0);
    cr_assert(str_eq(read[0].set.scopes, STR("calls.read")));
    cr_assert_eq(read[0].set.exp_s, LATER_S);
    cr_assert_eq(read[0].end_s, LATER_S + 60, "as long as it was ever signed for");
    arena_reset(&arena);
}

CONTRACT(an_arena_that_is_too_small_is_a_fault)
{
    struct store_request update = fixture_update(10, STR("calls.read"), LATER_S);
    struct store_entry entry;
    struct store_request read = fixture_read(0, 0, 1, &entry);
    struct arena arena;

    arena_init(&arena, NULL, 0, 0);
    fixture_start(f);
    make_token(f, 10, LATER_S);
    cr_assert_eq(fixture_outcome(f, &update), STORE_OUTCOME_DONE);
    read.in.entries_read.arena = &arena;
    cr_assert_eq(fixture_do(f, &read), ERR_FAULT_MEMORY);
}

CONTRACT(an_update_may_stay_out_of_the_sequence)
{
    struct store_request update = fixture_update(10, STR("calls.read"), LATER_S);

    fixture_start(f);
    make_token(f, 10, LATER_S);
    update.in.token_update.in_sequence = false;
    cr_assert_eq(fixture_outcome(f, &update), STORE_OUTCOME_DONE);
    cr_assert_eq(update.out.number, 0);
    cr_assert_eq(store_last_number(f->store), 0);
    cr_assert_eq(update.out.revision, 2);
}

/* M1: of two who decided on the same row the later is told. */
CONTRACT(an_update_of_another_revision_conflicts)
{
    struct store_request requests[2] = {fixture_update(10, STR("calls.read"), LATER_S),
                                        fixture_update(10, STR_NONE, LATER_S)};
    struct store_request again = requests[1];
    struct store_request any = requests[1];
    struct store_request unknown = fixture_update(11, STR_NONE, LATER_S);

    fixture_start(f);
    make_token(f, 10, LATER_S);
    requests[0].if_revision = requests[1].if_revision = 1;
    fixture_submit(f, requests, 2);
    fixture_await(f, requests, 2);
    cr_assert_eq(requests[0].outcome, STORE_OUTCOME_DONE);
    cr_assert_eq(requests[1].outcome, STORE_OUTCOME_CONFLICT);
    cr_assert_eq(requests[1].out.number, 0);
    again.if_revision = 2;
    cr_assert_eq(fixture_outcome(f, &again), STORE_OUTCOME_DONE);
    cr_assert_eq(fixture_outcome(f, &any), STORE_OUTCOME_DONE);
    cr_assert_eq(any.out.revision, 4);
    cr_assert_eq(fixture_outcome(f, &unknown), STORE_OUTCOME_ABSENT);
    cr_assert_eq(store_last_number(f->store), 3);
}

CONTRACT(a_later_set_takes_the_place_of_the_earlier)
{
    struct store_request first = fixture_update(10, STR("calls.read"), LATER_S);
    struct store_request second = fixture_update(10, STR("sms.read"), LATER_S - 5);
    struct store_entry read[4];
    struct arena arena;

    arena_init(&arena, NULL, 0, 4096);
    fixture_start(f);
    make_token(f, 10, LATER_S);
    cr_assert_eq(fixture_outcome(f, &first), STORE_OUTCOME_DONE);
    cr_assert_eq(fixture_outcome(f, &second), STORE_OUTCOME_DONE);
    cr_assert_eq(read_sequence(f, &arena, read, 4), 1);
    cr_assert_eq(read[0].number, 2);
    cr_assert(str_eq(read[0].set.scopes, STR("sms.read")));
    cr_assert_eq(read[0].set.exp_s, LATER_S - 5);
    arena_reset(&arena);
}

/* P2: nothing overwrites revoked. */
CONTRACT(a_revoked_token_is_not_updated_and_its_set_goes)
{
    struct store_request first = fixture_update(10, STR("calls.read"), LATER_S);
    struct store_request revoke = fixture_revoke(10, LATER_S);
    struct store_request second = fixture_update(10, STR("calls.read"), LATER_S);
    uint64_t numbers[4];

    fixture_start(f);
    make_token(f, 10, LATER_S);
    cr_assert_eq(fixture_outcome(f, &first), STORE_OUTCOME_DONE);
    cr_assert_eq(fixture_outcome(f, &revoke), STORE_OUTCOME_DONE);
    cr_assert_eq(fixture_outcome(f, &second), STORE_OUTCOME_CONFLICT);
    cr_assert_eq(fixture_numbers(f, numbers, 4), 1);
    cr_assert_eq(numbers[0], 2);
}

/* RFC9110-13.1.1: who revokes one version of a token and no other is told of another. */
CONTRACT(a_revocation_of_another_revision_conflicts)
{
    struct store_request update = fixture_update(10, STR("calls.read"), LATER_S);
    struct store_request stale = fixture_revoke(10, LATER_S), now = stale, unknown;

    fixture_start(f);
    make_token(f, 10, LATER_S);
    cr_assert_eq(fixture_outcome(f, &update), STORE_OUTCOME_DONE);
    stale.if_revision = 1;
    cr_assert_eq(fixture_outcome(f, &stale), STORE_OUTCOME_CONFLICT);
    cr_assert_eq(stale.out.number, 0);
    unknown = fixture_revoke(11, LATER_S);
    unknown.if_revision = 1;
    cr_assert_eq(fixture_outcome(f, &unknown), STORE_OUTCOME_CONFLICT);
    cr_assert_eq(store_last_number(f->store), 1);
    now.if_revision = 2;
    cr_assert_eq(fixture_outcome(f, &now), STORE_OUTCOME_DONE);
    cr_assert_eq(now.out.number, 2);
}

/* P2: a row that came, or was signed for longer, after the revocation. */
CONTRACT(revoking_again_outlives_what_was_signed_since)
{
    struct store_request early = fixture_revoke(10, LATER_S);
    struct store_request create = fixture_token(10, LATER_S + 500);
    struct store_request again = fixture_revoke(10, LATER_S);
    struct store_request third = fixture_revoke(10, LATER_S);
    struct store_entry read[4];
    struct store_request all = fixture_read(0, 0, 4, read);

    fixture_start(f);
    cr_assert_eq(fixture_do(f, &early), ERR_NONE);
    cr_assert_eq(fixture_do(f, &create), ERR_NONE);
    fake_clock_pass(&f->clock, 10);
    cr_assert_eq(fixture_do(f, &again), ERR_NONE);
    cr_assert_eq(again.out.number, 2, "the index has to hear of it");
    cr_assert_eq(fixture_do(f, &third), ERR_NONE);
    cr_assert_eq(third.out.number, 2);
    cr_assert_eq(fixture_recorded(f), 2);
    cr_assert_eq(f->entries[1].end_s, LATER_S + 500);
    cr_assert_eq(fixture_do(f, &all), ERR_NONE);
    cr_assert_eq(all.out.count, 1);
    cr_assert_eq(read[0].number, 2);
    cr_assert_eq(read[0].end_s, LATER_S + 500);
    cr_assert_eq(read[0].at_ms, FIXTURE_NOW_MS, "it was revoked when it was revoked");
}

static struct token_row row_now(struct fixture *f, struct arena *arena)
{
    struct store_read get = {.verb = STORE_TOKEN_GET, .in.token_sid = fixture_sid(10)};

    cr_assert_eq(fixture_read_now(f, &get, arena), ERR_NONE);
    cr_assert_eq(get.outcome, STORE_OUTCOME_DONE);
    return get.out.tokens[0];
}

/* SPEC 6: an entry outlives every JWT that was ever signed, whatever the row's end is now. */
CONTRACT(the_signed_end_is_never_lowered)
{
    static const struct {
        int64_t exp_s, signed_s, kept_s;
    } steps[] = {
        {LATER_S - 100, 0, LATER_S},            /* shortened, nothing signed */
        {LATER_S - 200, LATER_S - 50, LATER_S}, /* signed for less */
        {LATER_S + 50, LATER_S + 50, LATER_S + 50},
        {LATER_S, LATER_S, LATER_S + 50},
    };
    struct store_entry read[4];
    struct arena arena;

    fixture_start(f);
    make_token(f, 10, LATER_S);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct store_request update = fixture_update(10, STR("calls.read"), steps[i].exp_s);
        arena_init(&arena, NULL, 0, 64 * 1024);
        update.in.token_update.exp_signed_s = steps[i].signed_s;
        cr_assert_eq(fixture_outcome(f, &update), STORE_OUTCOME_DONE);
        struct token_row row = row_now(f, &arena);
        cr_assert_eq(row.exp_s, steps[i].exp_s, "step %zu", i);
        cr_assert_eq(row.exp_signed_s, steps[i].kept_s, "step %zu", i);
        cr_assert_eq(f->entries[i].end_s, steps[i].kept_s, "step %zu: as the hook is told", i);
        cr_assert_eq(read_sequence(f, &arena, read, 4), 1);
        cr_assert_eq(read[0].end_s, steps[i].kept_s, "step %zu: as a restart reads it", i);
        cr_assert_eq(read[0].set.exp_s, steps[i].exp_s, "step %zu", i);
        arena_reset(&arena);
    }
}

/* Whoever meets a conflict looks again, and sees whether to decide anew or to give up. */
CONTRACT(a_conflict_with_a_revocation_shows_in_the_row)
{
    struct store_request first = fixture_update(10, STR("calls.read"), LATER_S);
    struct store_request stale = fixture_update(10, STR_NONE, LATER_S);
    struct store_request revoke = fixture_revoke(10, LATER_S);
    struct arena arena;

    arena_init(&arena, NULL, 0, 64 * 1024);
    fixture_start(f);
    make_token(f, 10, LATER_S);
    cr_assert_eq(fixture_outcome(f, &first), STORE_OUTCOME_DONE);
    stale.if_revision = 1;
    cr_assert_eq(fixture_outcome(f, &stale), STORE_OUTCOME_CONFLICT);
    struct token_row row = row_now(f, &arena);
    cr_assert_eq(row.revoked_number, 0);
    cr_assert_eq(row.revision, 2, "decide again");
    cr_assert_eq(fixture_outcome(f, &revoke), STORE_OUTCOME_DONE);
    stale.if_revision = 2;
    cr_assert_eq(fixture_outcome(f, &stale), STORE_OUTCOME_CONFLICT);
    row = row_now(f, &arena);
    cr_assert_eq(row.revoked_number, revoke.out.number, "give up");
    cr_assert_eq(row.revision, 2);
    cr_assert(str_eq(row.scopes, STR("calls.read")), "nothing was changed");
    arena_reset(&arena);
}

CONTRACT(a_set_is_pruned_when_nothing_signed_is_left)
{
    struct store_request update = fixture_update(10, STR("calls.read"), LATER_S + 3600);
    uint64_t numbers[4];

    fixture_start(f);
    make_token(f, 10, LATER_S + 7200);
    cr_assert_eq(fixture_outcome(f, &update), STORE_OUTCOME_DONE);
    fixture_pass(f, (3600 + 3600) * 1000);
    cr_assert_eq(fixture_numbers(f, numbers, 4), 1);
    fixture_pass(f, (900 + 61) * 1000);
    cr_assert_eq(fixture_numbers(f, numbers, 4), 0);
}

/* ---- touches ---- */

CONTRACT(a_touch_changes_no_revision)
{
    struct store_touch touches[] = {{fixture_sid(10), FIXTURE_NOW_MS, STR("192.0.2.1")},
                                    {fixture_sid(11), FIXTURE_NOW_MS, STR("::1")}};
    struct store_request touch = {.verb = STORE_TOKENS_TOUCH, .in.touch = {touches, 2}};
    struct store_request update = fixture_update(10, STR("calls.read"), LATER_S);

    fixture_start(f);
    make_token(f, 10, LATER_S);
    cr_assert_eq(fixture_outcome(f, &touch), STORE_OUTCOME_DONE, "an unknown one is no matter");
    update.if_revision = 1;
    cr_assert_eq(fixture_outcome(f, &update), STORE_OUTCOME_DONE);
}

CONTRACT(touches_are_dropped_first)
{
    enum { N = 32 * 1024 };
    struct store_request *requests = calloc(N, sizeof(*requests));
    struct store_touch one = {fixture_sid(10), FIXTURE_NOW_MS, STR("192.0.2.1")};
    struct store_request touches[2] = {
        {.verb = STORE_TOKENS_TOUCH, .in.touch = {&one, 1}},
        {.verb = STORE_SECRETS_TOUCH, .in.touch = {&one, 1}},
    };
    struct store_request revoke = fixture_revoke(10, LATER_S);
    struct store_entry entry;

    for (unsigned i = 0; i < N; i++)
        requests[i] = fixture_read(0, 0, 1, &entry);
    fixture_submit(f, requests, N);
    fixture_submit(f, touches, 2);
    fixture_submit(f, &revoke, 1);
    fixture_await(f, touches, 2);
    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(touches[i].result.code, ERR_NONE);
        cr_assert_eq(touches[i].outcome, STORE_OUTCOME_DROPPED);
    }
    fixture_start(f);
    fixture_await(f, requests, N);
    fixture_await(f, &revoke, 1);
    cr_assert_eq(revoke.outcome, STORE_OUTCOME_DONE, "what matters still finds room");
    free(requests);
}
