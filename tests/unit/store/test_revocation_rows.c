/* The rows follow: steps, what a marked row answers, what stands still meanwhile. */
#include <stdlib.h>

#include "contract.h"
#include "revocations.h"
#include "store/memory.h"

#define CONTRACT(name) CONTRACT_OF(memory_rows, sqlite_rows, name)
#define LATER_S        (FIXTURE_NOW_S + 900)

enum { FIRST = REVOCATIONS_FIRST };

static const struct revocation_selector over_ceiling = {.over_ceiling = true};

static struct revocation_selector of_partner(unsigned n)
{
    return (struct revocation_selector){.partner_sid = fixture_sid(n)};
}

static struct token_row row_of(struct fixture *f, unsigned n, struct arena *arena)
{
    struct store_read get = {.verb = STORE_TOKEN_GET, .in.token_sid = fixture_sid(n)};

    cr_assert_eq(fixture_read_now(f, &get, arena), ERR_NONE);
    return get.out.tokens[0];
}

static size_t count_listed(struct fixture *f, enum store_token_status status, int64_t now_s,
                           struct arena *arena)
{
    struct store_read read = {.verb = STORE_TOKEN_LIST,
                              .in.list = {.partner_sid = fixture_sid(2),
                                          .status = status,
                                          .now_s = now_s,
                                          .order = STORE_TOKEN_SID,
                                          .limit = 10}};

    cr_assert_eq(fixture_read_now(f, &read, arena), ERR_NONE);
    return read.out.count;
}

/* ---- steps ---- */

CONTRACT(a_step_marks_rows)
{
    const struct sid tokens[] = {fixture_sid(FIRST), fixture_sid(FIRST + 1), fixture_sid(FIRST + 3),
                                 fixture_sid(FIRST + 90)};
    struct store_request revoke = fixture_revoke(FIRST + 1, LATER_S);
    struct arena arena;

    arena_init(&arena, NULL, 0, 1 << 20);
    fixture_start(f);
    revocations_make_tokens(f, 4);
    cr_assert_eq(fixture_outcome(f, &revoke), STORE_OUTCOME_DONE);
    revocations_put_in_force(f, 50, of_partner(2)); /* number 2 */
    struct store_request since = fixture_token(FIRST + 3, LATER_S);
    since.in.token_create.token_sid = fixture_sid(FIRST + 4);
    since.in.token_create.newest.epoch = 2;
    cr_assert_eq(fixture_do(f, &since), ERR_NONE);

    fake_clock_pass(&f->clock, 5000);
    struct store_request step = revocations_step(50, tokens, 4);
    cr_assert_eq(fixture_outcome(f, &step), STORE_OUTCOME_DONE);
    cr_assert_eq(step.out.number, 0);
    struct revocation_row row = revocations_get(f, 50, &arena);
    cr_assert_eq(row.tokens, 2, "one was revoked, one is not there");
    cr_assert(sid_eq(&row.cursor, &tokens[3]));
    cr_assert_eq(row.state, REVOCATION_FOLLOWING);

    struct sid young = fixture_sid(FIRST + 4);
    struct store_request rest = revocations_step(50, &young, 1);
    rest.in.revocation_step.done = true;
    cr_assert_eq(fixture_outcome(f, &rest), STORE_OUTCOME_DONE);
    row = revocations_get(f, 50, &arena);
    cr_assert_eq(row.tokens, 2, "what was made since is not its");
    cr_assert_eq(row.state, REVOCATION_DONE);
    cr_assert_eq(row.done_ms, FIXTURE_NOW_MS + 5000);
    cr_assert_eq(store_last_number(f->store), 2, "no entry for any");

    cr_assert_eq(row_of(f, FIRST, &arena).revoked_number, 2);
    cr_assert_eq(row_of(f, FIRST, &arena).revoked_ms, FIXTURE_NOW_MS, "since when it holds");
    cr_assert_eq(row_of(f, FIRST + 1, &arena).revoked_number, 1, "its own");
    cr_assert_eq(row_of(f, FIRST + 2, &arena).revoked_number, 0);
    cr_assert_eq(row_of(f, FIRST + 4, &arena).revoked_number, 0);
    arena_reset(&arena);
}

CONTRACT(a_step_of_what_is_not_followed_is_absent)
{
    const struct sid token = fixture_sid(FIRST);
    struct store_request plan = revocations_plan(50, of_partner(2));
    struct arena arena;

    arena_init(&arena, NULL, 0, 1 << 20);
    fixture_start(f);
    revocations_make_tokens(f, 1);
    cr_assert_eq(fixture_outcome(f, &plan), STORE_OUTCOME_DONE);
    revocations_put_in_force(f, 51, of_partner(2));
    struct store_request done = revocations_step(51, &token, 1);
    done.in.revocation_step.n = 0;
    done.in.revocation_step.done = true;
    cr_assert_eq(fixture_outcome(f, &done), STORE_OUTCOME_DONE);
    for (unsigned n = 50; n < 53; n++) {
        struct store_request step = revocations_step(n, &token, 1);
        cr_assert_eq(fixture_outcome(f, &step), STORE_OUTCOME_ABSENT, "%u", n);
    }
    cr_assert_eq(row_of(f, FIRST, &arena).revoked_number, 0);
    arena_reset(&arena);
}

/* The limits of one transaction hold, however many steps come at once. */
CONTRACT(a_step_gives_each_an_entry)
{
    enum { STEPS = 4, N = STEPS * STORE_REVOCATION_ROWS };
    struct sid *tokens = calloc(N, sizeof(*tokens));
    struct store_request *create = calloc(N, sizeof(*create));
    struct store_request steps[STEPS];
    struct arena arena;

    arena_init(&arena, NULL, 0, 1 << 20);
    for (unsigned i = 0; i < N; i++) {
        tokens[i] = fixture_sid(FIRST + i);
        create[i] = fixture_token(FIRST + i, LATER_S);
    }
    fixture_start(f);
    fixture_submit(f, create, N);
    fixture_await(f, create, N);
    revocations_put_in_force(f, 50, over_ceiling); /* number 1 */
    for (unsigned i = 0; i < STEPS; i++) {
        steps[i] = revocations_step(50, tokens + i * STORE_REVOCATION_ROWS, STORE_REVOCATION_ROWS);
        steps[i].in.revocation_step.each = true;
        steps[i].in.revocation_step.done = i == STEPS - 1;
    }
    fixture_submit(f, steps, STEPS);
    fixture_await(f, steps, STEPS);
    for (unsigned i = 0; i < STEPS; i++)
        cr_assert_eq(steps[i].outcome, STORE_OUTCOME_DONE);
    cr_assert_eq(store_last_number(f->store), 1 + N + 1);
    cr_assert_eq(fixture_recorded(f), 1 + N + 1);
    for (unsigned i = 0; i < N; i++) {
        cr_assert_eq(f->entries[1 + i].kind, ENTRY_TOKEN_REVOKED);
        cr_assert_eq(f->entries[1 + i].end_s, LATER_S, "no longer than its row");
    }
    const struct store_entry *end = &f->entries[1 + N];
    struct sid revocation_sid = fixture_sid(50);
    cr_assert_eq(end->kind, ENTRY_SELECTOR);
    cr_assert(sid_eq(&end->id, &revocation_sid));
    cr_assert_eq(end->end_s, 0, "the selector has ended, whatever the clock says");
    struct store_entry read;
    struct store_request rest = fixture_read(1 + N, 0, 1, &read);
    rest.in.entries_read.arena = &arena;
    cr_assert_eq(fixture_do(f, &rest), ERR_NONE);
    cr_assert_eq(rest.out.count, 0);
    cr_assert_eq(revocations_get(f, 50, &arena).tokens, N);
    cr_assert_eq(row_of(f, FIRST + N - 1, &arena).revoked_number, 1 + N);
    arena_reset(&arena);
    free(tokens);
    free(create);
}

/* P2: what only looks over, by a clock that was ahead at the start, has its entry as well. */
CONTRACT(a_step_passes_over_what_is_over_for_sure)
{
    enum { HOUR_S = 3600 };
    struct sid tokens[] = {fixture_sid(FIRST), fixture_sid(FIRST + 1)};
    struct store_request seems_over = fixture_token(FIRST, FIXTURE_NOW_S - 1);
    struct store_request is_over = fixture_token(FIRST + 1, FIXTURE_NOW_S - 1);
    struct arena arena;

    arena_init(&arena, NULL, 0, 1 << 20);
    fixture_start(f);
    cr_assert_eq(fixture_do(f, &seems_over), ERR_NONE);
    cr_assert_eq(fixture_do(f, &is_over), ERR_NONE);
    revocations_put_in_force(f, 50, over_ceiling); /* number 1 */
    for (unsigned i = 0; i < 2; i++) {
        struct store_request step = revocations_step(50, &tokens[i], 1);
        step.in.revocation_step.each = true;
        cr_assert_eq(fixture_outcome(f, &step), STORE_OUTCOME_DONE);
        cr_assert_eq(store_last_number(f->store), 2);
        cr_assert_eq(revocations_get(f, 50, &arena).tokens, 1);
        fixture_pass(f, HOUR_S * 1000);
    }
    arena_reset(&arena);
}

/* P3, P4: whichever call fails, a step is whole or nothing, and numbers have no hole. */
Test(memory_rows, each_call_in_turn, .timeout = 120)
{
    log_set_level(LOG_ERROR + 1);
    for (size_t n = 1; n < 40; n++) {
        const struct sid tokens[] = {fixture_sid(FIRST), fixture_sid(FIRST + 1)};
        struct fixture f;
        struct arena arena;
        fixture_init(&f, FIXTURE_MEMORY);
        fixture_open(&f);
        fixture_start(&f);
        revocations_make_tokens(&f, 2);
        arena_init(&arena, NULL, 0, 1 << 20);
        struct store_request plan = revocations_plan(50, over_ceiling);
        cr_assert_eq(fixture_outcome(&f, &plan), STORE_OUTCOME_DONE);
        struct store_request requests[4] = {
            fixture_revoke(10, LATER_S), revocations_carry_out(50, &arena),
            revocations_step(50, tokens, 2), revocations_step(50, tokens, 1)};
        requests[2].in.revocation_step.each = requests[3].in.revocation_step.each = true;
        requests[3].in.revocation_step.done = true;
        fixture_gate_close(&f); /* the four in one transaction */
        struct store_request first = fixture_revoke(11, LATER_S);
        fixture_submit(&f, &first, 1);
        fixture_gate_await(&f);
        fixture_submit(&f, requests, 4);
        store_memory_fail_after(f.store, n);
        fixture_gate_open(&f);
        fixture_await(&f, &first, 1);
        fixture_await(&f, requests, 4);
        store_memory_fail_after(f.store, 0);
        uint64_t numbers[16];
        size_t count = fixture_numbers(&f, numbers, 16);
        cr_assert_eq(store_last_number(f.store), fixture_recorded(&f), "call %zu", n);
        for (size_t i = 0; i < f.entry_count; i++)
            cr_assert_eq(f.entries[i].number, i + 1, "call %zu", n);
        cr_assert_geq(f.entry_count, count);
        bool in_force = result_ok(requests[1].result);
        enum revocation_state state = revocations_get(&f, 50, &arena).state;
        cr_assert_eq(state != REVOCATION_PLANNED, in_force, "call %zu", n);
        if (in_force && result_ok(requests[3].result))
            cr_assert_eq(state, REVOCATION_DONE, "call %zu", n);
        arena_reset(&arena);
        fixture_done(&f);
    }
}

/* ---- marked rows ---- */

CONTRACT(a_marked_row_is_not_changed)
{
    const struct sid token = fixture_sid(FIRST);
    struct store_request update = fixture_update(FIRST, STR("calls.read"), LATER_S);
    struct arena arena;

    arena_init(&arena, NULL, 0, 1 << 20);
    fixture_start(f);
    revocations_make_tokens(f, 1);
    revocations_put_in_force(f, 50, of_partner(2));
    struct store_request step = revocations_step(50, &token, 1);
    cr_assert_eq(fixture_outcome(f, &step), STORE_OUTCOME_DONE);
    cr_assert_eq(fixture_outcome(f, &update), STORE_OUTCOME_CONFLICT);
    cr_assert_eq(update.out.number, 0);
    struct token_row row = row_of(f, FIRST, &arena);
    cr_assert_eq(row.revision, 1);
    cr_assert(str_eq(row.scopes, STR("calls.read calls.manage")));
    arena_reset(&arena);
}

/* P2: what is asked to be revoked is, by itself, whatever becomes of the selector. */
CONTRACT(a_marked_row_is_revoked_as_any_other)
{
    const struct sid token = fixture_sid(FIRST);
    struct arena arena;

    arena_init(&arena, NULL, 0, 1 << 20);
    fixture_start(f);
    revocations_make_tokens(f, 1);
    revocations_put_in_force(f, 50, of_partner(2));
    struct store_request step = revocations_step(50, &token, 1);
    cr_assert_eq(fixture_outcome(f, &step), STORE_OUTCOME_DONE);
    struct store_request revoke = fixture_revoke(FIRST, LATER_S);
    revoke.if_revision = 1;
    cr_assert_eq(fixture_outcome(f, &revoke), STORE_OUTCOME_DONE);
    cr_assert_eq(revoke.out.number, 2);
    cr_assert_eq(row_of(f, FIRST, &arena).revoked_number, 2);
    arena_reset(&arena);
}

CONTRACT(lists_know_marked_rows)
{
    const struct sid token = fixture_sid(FIRST + 1);
    struct arena arena;

    arena_init(&arena, NULL, 0, 1 << 20);
    fixture_start(f);
    revocations_make_tokens(f, 3);
    struct store_request revoke = fixture_revoke(FIRST, LATER_S);
    cr_assert_eq(fixture_outcome(f, &revoke), STORE_OUTCOME_DONE);
    revocations_put_in_force(f, 50, of_partner(2));
    struct store_request step = revocations_step(50, &token, 1);
    cr_assert_eq(fixture_outcome(f, &step), STORE_OUTCOME_DONE);
    cr_assert_eq(count_listed(f, STORE_TOKENS_ALL, FIXTURE_NOW_S, &arena), 3);
    cr_assert_eq(count_listed(f, STORE_TOKENS_LIVE, FIXTURE_NOW_S, &arena), 1);
    cr_assert_eq(count_listed(f, STORE_TOKENS_REVOKED, FIXTURE_NOW_S, &arena), 2);
    cr_assert_eq(count_listed(f, STORE_TOKENS_EXPIRED, FIXTURE_NOW_S, &arena), 0);
    cr_assert_eq(count_listed(f, STORE_TOKENS_EXPIRED, LATER_S, &arena), 1);
    cr_assert_eq(count_listed(f, STORE_TOKENS_REVOKED, LATER_S, &arena), 2);
    arena_reset(&arena);
}

/* ---- what stands still ---- */

static struct store_request change(enum store_verb verb)
{
    struct store_request request = {.verb = verb};

    if (verb == STORE_PARTNER_UPDATE)
        request.in.partner = fixture_partner(3, 2, STR("below"));
    else
        request.in.application.row = fixture_application(20, 3);
    return request;
}

/* While it is asked what a token may hold, that stays as it is. */
CONTRACT(ceilings_stand_still_while_they_are_asked)
{
    const struct sid none = fixture_sid(1);

    fixture_seed(f);
    fixture_start(f);
    revocations_put_in_force(f, 50, over_ceiling);
    struct store_request busy[5] = {change(STORE_PARTNER_UPDATE), change(STORE_PARTNER_UPDATE),
                                    change(STORE_APPLICATION_UPDATE),
                                    change(STORE_APPLICATION_UPDATE),
                                    change(STORE_APPLICATION_UPDATE)};
    busy[0].in.partner.available_scopes = STR("calls.read");
    busy[1].in.partner.scopes_all = true;
    busy[2].in.application.row.scopes = STR_NONE;
    busy[3].in.application.row.scopes_all = true;
    busy[4].in.application.row.approved_restricted = STR("calls.read");
    for (size_t i = 0; i < 5; i++) {
        struct store_request one = busy[i];
        cr_assert_eq(fixture_outcome(f, &one), STORE_OUTCOME_BUSY, "change %zu", i);
        cr_assert_eq(one.out.revision, 0);
        one = busy[i];
        one.if_revision = 9;
        cr_assert_eq(fixture_outcome(f, &one), STORE_OUTCOME_CONFLICT, "change %zu", i);
    }
    struct store_request partner = change(STORE_PARTNER_UPDATE);
    struct store_request application = change(STORE_APPLICATION_UPDATE);
    partner.in.partner.status = PARTNER_SUSPENDED;
    application.in.application.row.name = STR("renamed");
    cr_assert_eq(fixture_outcome(f, &partner), STORE_OUTCOME_DONE);
    cr_assert_eq(fixture_outcome(f, &application), STORE_OUTCOME_DONE);

    /* Who comes in the transaction in which it ends has to come again; then nothing is in his way.
     */
    struct store_request step = revocations_step(50, &none, 1);
    struct store_request revoke = fixture_revoke(10, LATER_S), together = busy[0];
    step.in.revocation_step.each = step.in.revocation_step.done = true;
    fixture_gate_close(f);
    fixture_submit(f, &revoke, 1);
    fixture_gate_await(f);
    fixture_submit(f, &step, 1);
    fixture_submit(f, &together, 1);
    fixture_gate_open(f);
    fixture_await(f, &revoke, 1);
    fixture_await(f, &step, 1);
    fixture_await(f, &together, 1);
    cr_assert_eq(step.outcome, STORE_OUTCOME_DONE);
    cr_assert_eq(together.outcome, STORE_OUTCOME_BUSY);
    for (size_t i = 0; i < 5; i++)
        cr_assert_eq(fixture_outcome(f, &busy[i]), STORE_OUTCOME_DONE, "change %zu", i);
}

CONTRACT(another_selector_holds_nothing_up)
{
    struct revocation_selector selector = {.scopes = STR("calls.read")};
    struct store_request partner = change(STORE_PARTNER_UPDATE);

    fixture_seed(f);
    fixture_start(f);
    revocations_put_in_force(f, 50, selector);
    partner.in.partner.available_scopes = STR("calls.read");
    cr_assert_eq(fixture_outcome(f, &partner), STORE_OUTCOME_DONE);
}
