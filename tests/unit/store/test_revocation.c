/* Revocations by selector: plans, putting them in force, what an entry leaves of those before it.
 */
#include "contract.h"
#include "revocations.h"

#define CONTRACT(name) CONTRACT_OF(memory_revocation, sqlite_revocation, name)
#define LATER_S        (FIXTURE_NOW_S + 900)
#define MINUTE_MS      (60 * 1000)

static const struct revocation_selector of_scope = {.kid = STR_INIT("key-a"),
                                                    .scopes = STR_INIT("calls.read calls.manage"),
                                                    .before_s = FIXTURE_NOW_S,
                                                    .descendants = true};

static struct revocation_selector of_tree(unsigned n)
{
    return (struct revocation_selector){.partner_sid = fixture_sid(n), .descendants = true};
}

static size_t read_all(struct fixture *f, struct arena *arena, struct store_entry *out, size_t max)
{
    struct store_request read = fixture_read(0, 0, max, out);

    read.in.entries_read.arena = arena;
    cr_assert_eq(fixture_do(f, &read), ERR_NONE);
    return read.out.count;
}

static void assert_selector(const struct revocation_selector *a,
                            const struct revocation_selector *b)
{
    cr_assert(sid_eq(&a->client_id, &b->client_id));
    cr_assert(sid_eq(&a->partner_sid, &b->partner_sid));
    cr_assert(sid_eq(&a->user_sid, &b->user_sid));
    cr_assert(str_eq(a->kid, b->kid));
    cr_assert(str_eq(a->scopes, b->scopes));
    cr_assert_eq(a->before_s, b->before_s);
    cr_assert_eq(a->descendants, b->descendants);
    cr_assert_eq(a->over_ceiling, b->over_ceiling);
}

/* ---- kinds ---- */

Test(revocation, one_dimension_is_an_epoch)
{
    const struct sid sid = fixture_sid(9);
    const struct str name = STR("x");
    const struct {
        struct revocation_selector selector;
        enum entry_kind kind;
    } cases[] = {
        {{.client_id = sid}, ENTRY_EPOCH_APPLICATION},
        {{.client_id = sid, .before_s = 5}, ENTRY_EPOCH_APPLICATION},
        {{.partner_sid = sid}, ENTRY_EPOCH_PARTNER},
        {{.partner_sid = sid, .descendants = true}, ENTRY_EPOCH_PARTNER_TREE},
        {{.partner_sid = sid, .descendants = true, .before_s = 5}, ENTRY_EPOCH_PARTNER_TREE},
        {{.user_sid = sid}, ENTRY_EPOCH_USER},
        {{.kid = name}, ENTRY_EPOCH_KEY},
        {{.kid = name, .before_s = 5}, ENTRY_EPOCH_KEY},
        {{.scopes = name}, ENTRY_SELECTOR},
        {{.over_ceiling = true}, ENTRY_SELECTOR},
        {{.partner_sid = sid, .over_ceiling = true}, ENTRY_SELECTOR},
        {{.client_id = sid, .scopes = name}, ENTRY_SELECTOR},
        {{.client_id = sid, .partner_sid = sid}, ENTRY_SELECTOR},
        {{.user_sid = sid, .kid = name}, ENTRY_SELECTOR},
        {{.before_s = 5}, ENTRY_SELECTOR},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        cr_assert_eq(store_selector_kind(&cases[i].selector), cases[i].kind, "case %zu", i);
}

/* ---- plans ---- */

/* Counting takes the next number; carrying it out ends what carries a lower one. */
CONTRACT(a_plan_takes_a_number_and_is_carried_out_below_it)
{
    struct store_request plan = revocations_plan(50, of_scope);
    struct store_request between = fixture_revoke(10, LATER_S);
    struct store_request execute;
    struct store_entry read[4];
    struct arena arena;

    arena_init(&arena, NULL, 0, 1 << 16);
    fixture_start(f);
    uint64_t version = store_tables_version(f->store);
    cr_assert_eq(fixture_outcome(f, &plan), STORE_OUTCOME_DONE);
    cr_assert_eq(plan.out.number, 1);
    cr_assert_eq(f->entries[0].kind, ENTRY_PLAN);
    cr_assert_eq(f->entries[0].below, 0, "it ends nothing");
    struct revocation_row row = revocations_get(f, 50, &arena);
    cr_assert_eq(row.state, REVOCATION_PLANNED);
    cr_assert_eq(row.below, 1);
    cr_assert_eq(row.number, 0);
    cr_assert_eq(row.expires_ms, FIXTURE_NOW_MS + 10 * MINUTE_MS);
    assert_selector(&row.selector, &of_scope);
    cr_assert_eq(fixture_outcome(f, &between), STORE_OUTCOME_DONE);
    cr_assert_eq(store_tables_version(f->store), version);

    execute = revocations_carry_out(50, &arena);
    cr_assert_eq(fixture_outcome(f, &execute), STORE_OUTCOME_DONE);
    cr_assert_eq(execute.out.number, 3);
    cr_assert_eq(execute.in.revocation_execute.kind, ENTRY_SELECTOR);
    row = execute.in.revocation_execute.row;
    cr_assert_eq(row.state, REVOCATION_FOLLOWING);
    cr_assert_eq(row.below, 1);
    cr_assert_eq(row.number, 3);
    cr_assert_eq(row.executed_ms, FIXTURE_NOW_MS);
    assert_selector(&row.selector, &of_scope);
    cr_assert_eq(f->entries[2].below, 1);
    assert_selector(&f->entries[2].selector, &of_scope);
    cr_assert_eq(store_tables_version(f->store), version + 1);
    cr_assert_eq(f->tables_version, version + 1, "the hook is told");
    cr_assert_eq(f->change_count, 0, "and that nothing else is new");

    cr_assert_eq(read_all(f, &arena, read, 4), 3);
    cr_assert_eq(read[2].kind, ENTRY_SELECTOR);
    cr_assert_eq(read[2].end_s, FIXTURE_NOW_S + REVOCATIONS_LIFE_S);
    assert_selector(&read[2].selector, &of_scope);
    arena_reset(&arena);
}

CONTRACT(a_plan_is_carried_out_once_in_time_and_by_its_partner)
{
    struct arena arena;

    arena_init(&arena, NULL, 0, 1 << 16);
    fixture_start(f);
    for (unsigned n = 50; n < 53; n++) {
        struct store_request plan = revocations_plan(n, of_tree(n));
        cr_assert_eq(fixture_outcome(f, &plan), STORE_OUTCOME_DONE);
    }
    struct store_request again = revocations_plan(50, of_tree(9));
    cr_assert_eq(fixture_outcome(f, &again), STORE_OUTCOME_EXISTS);
    cr_assert_eq(store_last_number(f->store), 3, "it took no number");

    struct store_request unknown = revocations_carry_out(60, &arena);
    struct store_request foreign = revocations_carry_out(50, &arena);
    foreign.in.revocation_execute.row.partner_sid = fixture_sid(2);
    cr_assert_eq(fixture_outcome(f, &unknown), STORE_OUTCOME_ABSENT);
    cr_assert_eq(fixture_outcome(f, &foreign), STORE_OUTCOME_ABSENT);

    struct store_request twice[2] = {revocations_carry_out(50, &arena),
                                     revocations_carry_out(50, &arena)};
    fixture_submit(f, twice, 2);
    fixture_await(f, twice, 2);
    cr_assert_eq(twice[0].outcome, STORE_OUTCOME_DONE);
    cr_assert_eq(twice[1].outcome, STORE_OUTCOME_ABSENT);

    struct store_request last = revocations_carry_out(51, &arena);
    fake_clock_pass(&f->clock, 10 * MINUTE_MS - 1);
    cr_assert_eq(fixture_outcome(f, &last), STORE_OUTCOME_DONE);
    struct store_request late = revocations_carry_out(52, &arena);
    fake_clock_pass(&f->clock, 1);
    cr_assert_eq(fixture_outcome(f, &late), STORE_OUTCOME_ABSENT);
    cr_assert_eq(store_last_number(f->store), 5);
    arena_reset(&arena);
}

/* A clock that goes back an hour does not make ten minutes longer. */
CONTRACT(a_plan_does_not_live_on_by_a_clock_that_was_set_back)
{
    struct store_request plan = revocations_plan(50, of_tree(3));
    struct arena arena;

    arena_init(&arena, NULL, 0, 1 << 16);
    fixture_start(f);
    cr_assert_eq(fixture_outcome(f, &plan), STORE_OUTCOME_DONE);
    fake_clock_leap(&f->clock, -60 * MINUTE_MS);
    struct store_request execute = revocations_carry_out(50, &arena);
    cr_assert_eq(fixture_outcome(f, &execute), STORE_OUTCOME_ABSENT);
    arena_reset(&arena);
}

CONTRACT(a_plan_and_a_revocation_survive_a_restart)
{
    struct store_request plan = revocations_plan(50, of_scope);
    struct store_request now = revocations_execute(51, of_scope);
    struct store_entry read[4];
    struct arena arena;
    size_t count;

    if (f->backend == FIXTURE_MEMORY)
        return;
    arena_init(&arena, NULL, 0, 1 << 16);
    fixture_start(f);
    cr_assert_eq(fixture_outcome(f, &plan), STORE_OUTCOME_DONE);
    cr_assert_eq(fixture_outcome(f, &now), STORE_OUTCOME_DONE);
    fixture_reopen(f);
    cr_assert(result_ok(store_read_entries(f->store, 0, 0, 4, &arena, read, &count)));
    cr_assert_eq(count, 2);
    cr_assert_eq(read[1].below, 2);
    assert_selector(&read[1].selector, &of_scope);
    fixture_start(f);
    struct store_request execute = revocations_carry_out(50, &arena);
    cr_assert_eq(fixture_outcome(f, &execute), STORE_OUTCOME_DONE);
    cr_assert_eq(execute.out.number, 3);
    arena_reset(&arena);
}

/* ---- what was decided before ---- */

/* P2: no row of a token with a lower epoch is written behind the entry. */
CONTRACT(what_was_decided_before_conflicts)
{
    struct store_request requests[3] = {fixture_token(10, LATER_S),
                                        revocations_execute(50, of_tree(2)),
                                        fixture_token(11, LATER_S)};

    fixture_start(f);
    for (size_t i = 0; i < 3; i++)
        requests[i].if_tables = store_tables_version(f->store);
    fixture_submit(f, requests, 3);
    fixture_await(f, requests, 3);
    cr_assert_eq(requests[0].outcome, STORE_OUTCOME_DONE);
    cr_assert_eq(requests[1].outcome, STORE_OUTCOME_DONE);
    cr_assert_eq(requests[2].outcome, STORE_OUTCOME_CONFLICT);
}

/* ---- the entries ---- */

CONTRACT(each_dimension_is_an_entry_of_its_own)
{
    const struct revocation_selector selectors[] = {
        {.client_id = fixture_sid(20), .before_s = FIXTURE_NOW_S},
        {.partner_sid = fixture_sid(3)},
        of_tree(3),
        {.user_sid = fixture_sid(9)},
        {.kid = STR("key-a"), .before_s = FIXTURE_NOW_S - 5},
    };
    struct store_entry read[8];
    struct arena arena;

    arena_init(&arena, NULL, 0, 1 << 16);
    fixture_start(f);
    for (unsigned i = 0; i < 5; i++) {
        struct store_request execute = revocations_execute(50 + i, selectors[i]);
        cr_assert_eq(fixture_outcome(f, &execute), STORE_OUTCOME_DONE);
        cr_assert_eq(execute.out.number, i + 1);
    }
    cr_assert_eq(read_all(f, &arena, read, 8), 5);
    for (unsigned i = 0; i < 5; i++) {
        const struct revocation_selector *s = &selectors[i];
        cr_assert_eq(read[i].kind, ENTRY_EPOCH_APPLICATION + i);
        cr_assert_eq(read[i].below, read[i].number);
        cr_assert_eq(read[i].before_s, s->before_s);
        cr_assert(str_eq(entry_kid(&read[i]), s->kid));
        cr_assert(sid_eq(&read[i].id, i == 0   ? &s->client_id
                                      : i == 3 ? &s->user_sid
                                               : &s->partner_sid));
    }
    arena_reset(&arena);
}

CONTRACT(an_entry_that_says_nothing_beside_another_goes)
{
    struct store_request plan = revocations_plan(49, of_tree(3));
    struct store_entry read[8];
    struct arena arena;

    arena_init(&arena, NULL, 0, 1 << 16);
    fixture_start(f);
    cr_assert_eq(fixture_outcome(f, &plan), STORE_OUTCOME_DONE);
    for (unsigned i = 0; i < 3; i++) { /* each later, and of less */
        struct revocation_selector dated = of_tree(3);
        dated.before_s = FIXTURE_NOW_S - i;
        struct store_request execute = revocations_execute(50 + i, dated);
        cr_assert_eq(fixture_outcome(f, &execute), STORE_OUTCOME_DONE);
    }
    cr_assert_eq(read_all(f, &arena, read, 8), 4, "none covers another");

    /* Of the middle's date: it takes the middle's place and the last's. */
    struct revocation_selector dated = of_tree(3);
    dated.before_s = FIXTURE_NOW_S - 1;
    struct store_request execute = revocations_execute(53, dated);
    execute.in.revocation_execute.row.end_s = LATER_S; /* the others live longer */
    cr_assert_eq(fixture_outcome(f, &execute), STORE_OUTCOME_DONE);
    cr_assert_eq(read_all(f, &arena, read, 8), 3);
    cr_assert_eq(read[1].number, 2);
    cr_assert_eq(read[2].number, 5);
    cr_assert_eq(read[2].before_s, FIXTURE_NOW_S - 1);
    cr_assert_eq(read[2].end_s, FIXTURE_NOW_S + REVOCATIONS_LIFE_S, "P2: it speaks for them too");

    /* The plan is older than all, and without a date: it leaves them, for they reach further. */
    struct store_request old = revocations_carry_out(49, &arena);
    cr_assert_eq(fixture_outcome(f, &old), STORE_OUTCOME_DONE);
    cr_assert_eq(read_all(f, &arena, read, 8), 4);
    cr_assert_eq(read[3].below, 1);
    cr_assert_eq(read[3].before_s, 0);

    /* One without a date is all there is to say. */
    struct store_request whole = fixture_epoch(ENTRY_EPOCH_PARTNER_TREE, 3, LATER_S);
    cr_assert_eq(fixture_outcome(f, &whole), STORE_OUTCOME_DONE);
    cr_assert_eq(read_all(f, &arena, read, 8), 2);
    cr_assert_eq(read[1].below, 7);
    cr_assert_eq(read[1].before_s, 0);
    cr_assert_eq(read[1].end_s, FIXTURE_NOW_S + REVOCATIONS_LIFE_S);
    arena_reset(&arena);
}

/* An older plan ends nothing that has not been: what is kept says so under the new number. */
CONTRACT(an_entry_that_is_covered_renews_what_covers_it)
{
    struct store_request plan = revocations_plan(50, of_tree(3));
    struct store_request whole = fixture_epoch(ENTRY_EPOCH_PARTNER_TREE, 3, LATER_S);
    struct store_entry read[4];
    struct arena arena;

    arena_init(&arena, NULL, 0, 1 << 16);
    fixture_start(f);
    cr_assert_eq(fixture_outcome(f, &plan), STORE_OUTCOME_DONE);
    cr_assert_eq(fixture_outcome(f, &whole), STORE_OUTCOME_DONE);
    struct store_request execute = revocations_carry_out(50, &arena);
    cr_assert_eq(fixture_outcome(f, &execute), STORE_OUTCOME_DONE);
    cr_assert_eq(execute.out.number, 3);
    cr_assert_eq(f->entries[2].below, 2);
    cr_assert_eq(f->entries[2].end_s, FIXTURE_NOW_S + REVOCATIONS_LIFE_S);
    cr_assert_eq(read_all(f, &arena, read, 4), 2);
    cr_assert_eq(read[1].number, 3);
    cr_assert_eq(read[1].below, 2);
    arena_reset(&arena);
}

struct ended {
    uint64_t below;
    int64_t before_s; /* 0: all */
};

static bool ends(const struct ended *what, size_t n, uint64_t epoch, int64_t iat_s)
{
    for (size_t i = 0; i < n; i++) {
        if (epoch < what[i].below && (what[i].before_s == 0 || iat_s < what[i].before_s))
            return true;
    }
    return false;
}

static void assert_same(const struct ended *said, size_t said_count, const struct store_entry *kept,
                        size_t kept_count, int turn)
{
    struct ended left[STORE_DATED + 1];

    cr_assert_leq(kept_count, STORE_DATED + 1, "turn %d", turn);
    for (size_t i = 0; i < kept_count; i++)
        left[i] = (struct ended){kept[i].below, kept[i].before_s};
    for (uint64_t epoch = 0; epoch < 130; epoch++) {
        for (int64_t iat_s = 0; iat_s < 22; iat_s++)
            cr_assert_eq(ends(left, kept_count, epoch, iat_s), ends(said, said_count, epoch, iat_s),
                         "turn %d, epoch %llu, iat %lld", turn, (unsigned long long)epoch,
                         (long long)iat_s);
    }
}

/* P2: what is kept of a subject's entries ends what all that were ever made do, and no more. */
CONTRACT(what_is_kept_says_what_was_said)
{
    enum { TURNS = 60 };
    struct ended said[TURNS];
    size_t count = 0;
    unsigned state = 5;
    struct arena arena;

    arena_init(&arena, NULL, 0, 1 << 20);
    fixture_start(f);
    for (int turn = 0; turn < TURNS; turn++) {
        unsigned n = 50 + (unsigned)turn;
        struct revocation_selector selector = {.user_sid = fixture_sid(9)};
        state = state * 1103515245 + 12345;
        selector.before_s = (state >> 16) % 7 == 0 ? 0 : 1 + (state >> 16) % 20;
        struct store_request plan = revocations_plan(n, selector);
        cr_assert_eq(fixture_outcome(f, &plan), STORE_OUTCOME_DONE);
        if (turn % 3 == 0 || turn < 8)
            continue;
        /* This one, or an earlier one: carried out once each. */
        unsigned which = turn % 2 == 0 ? n : n - 8;
        struct store_request execute = revocations_carry_out(which, &arena);
        enum store_outcome outcome = fixture_outcome(f, &execute);
        const struct revocation_row *row = &execute.in.revocation_execute.row;
        if (outcome == STORE_OUTCOME_DONE)
            said[count++] = (struct ended){row->below, row->selector.before_s};
        struct store_read feed = {.verb = STORE_FEED, .in.feed.limit = 20};
        struct store_entry kept[20];
        cr_assert_eq(fixture_read_now(f, &feed, &arena), ERR_NONE);
        for (size_t i = 0; i < feed.out.count; i++)
            kept[i] = feed.out.feed[i].entry;
        assert_same(said, count, kept, feed.out.count, turn);
    }
    cr_assert_gt(count, 15);
    arena_reset(&arena);
}

/* ---- too many ---- */

CONTRACT(dated_entries_of_a_subject_are_bounded)
{
    struct arena arena;

    arena_init(&arena, NULL, 0, 1 << 16);
    fixture_start(f);
    struct revocation_selector dated = of_tree(3);
    for (unsigned i = 0; i < STORE_DATED; i++) {
        dated.before_s = FIXTURE_NOW_S - i;
        struct store_request execute = revocations_execute(50 + i, dated);
        cr_assert_eq(fixture_outcome(f, &execute), STORE_OUTCOME_DONE);
    }
    uint64_t version = store_tables_version(f->store);
    dated.before_s = FIXTURE_NOW_S - STORE_DATED;
    struct store_request one_more = revocations_execute(70, dated);
    cr_assert_eq(fixture_outcome(f, &one_more), STORE_OUTCOME_TOO_MANY);
    cr_assert_eq(one_more.out.number, 0);
    cr_assert_eq(store_last_number(f->store), STORE_DATED, "nothing was changed");
    cr_assert_eq(store_tables_version(f->store), version);
    struct store_read get = {.verb = STORE_REVOCATION_GET, .in.revocation_sid = fixture_sid(70)};
    cr_assert_eq(fixture_read_now(f, &get, &arena), ERR_NONE);
    cr_assert_eq(get.outcome, STORE_OUTCOME_ABSENT);

    dated.partner_sid = fixture_sid(4);
    struct store_request other = revocations_execute(71, dated);
    cr_assert_eq(fixture_outcome(f, &other), STORE_OUTCOME_DONE, "of another subject");
    struct store_request whole = revocations_execute(72, of_tree(3));
    cr_assert_eq(fixture_outcome(f, &whole), STORE_OUTCOME_DONE, "it takes the place of all");
    dated.partner_sid = fixture_sid(3);
    struct store_request room = revocations_execute(73, dated);
    cr_assert_eq(fixture_outcome(f, &room), STORE_OUTCOME_DONE);
    arena_reset(&arena);
}

CONTRACT(selectors_are_bounded)
{
    struct arena arena;
    struct store_request plan = revocations_plan(200, of_scope);

    arena_init(&arena, NULL, 0, 1 << 16);
    fixture_start(f);
    cr_assert_eq(fixture_outcome(f, &plan), STORE_OUTCOME_DONE);
    for (unsigned i = 0; i < STORE_SELECTORS; i++) {
        struct store_request execute = revocations_execute(300 + i, of_scope);
        execute.in.revocation_execute.row.selector.over_ceiling = i == 0;
        cr_assert_eq(fixture_outcome(f, &execute), STORE_OUTCOME_DONE);
    }
    struct store_request one_more = revocations_carry_out(200, &arena);
    cr_assert_eq(fixture_outcome(f, &one_more), STORE_OUTCOME_TOO_MANY);
    cr_assert_eq(revocations_get(f, 200, &arena).state, REVOCATION_PLANNED);
    struct store_request epoch = revocations_execute(400, of_tree(3));
    cr_assert_eq(fixture_outcome(f, &epoch), STORE_OUTCOME_DONE, "an epoch is none");

    struct sid none = fixture_sid(1);
    struct store_request end = revocations_step(300, &none, 1);
    end.in.revocation_step.n = 0;
    end.in.revocation_step.each = end.in.revocation_step.done = true;
    cr_assert_eq(fixture_outcome(f, &end), STORE_OUTCOME_DONE);
    struct store_request again = revocations_carry_out(200, &arena);
    cr_assert_eq(fixture_outcome(f, &again), STORE_OUTCOME_DONE, "one has ended");
    arena_reset(&arena);
}

/* ---- clean-up ---- */

CONTRACT(plans_go_soon_and_revocations_when_nothing_is_left_of_them)
{
    struct store_request plan = revocations_plan(50, of_scope);
    struct store_request now = revocations_execute(51, of_scope);
    struct store_read list = {.verb = STORE_REVOCATION_LIST, .in.revocation_list.limit = 10};
    struct store_entry entry;
    struct arena arena;
    static const struct {
        int64_t after_ms;
        size_t left;
    } steps[] = {{30 * MINUTE_MS, 2}, /* nothing is over in the first hour */
                 {35 * MINUTE_MS, 1}, /* the plan is; the selector's entry has gone */
                 {50 * MINUTE_MS, 1}, /* for that long it can be read: expired_kept_s */
                 {20 * MINUTE_MS, 0}};

    arena_init(&arena, NULL, 0, 1 << 16);
    fixture_start(f);
    cr_assert_eq(fixture_outcome(f, &plan), STORE_OUTCOME_DONE);
    cr_assert_eq(fixture_outcome(f, &now), STORE_OUTCOME_DONE);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        fixture_pass(f, steps[i].after_ms);
        cr_assert_eq(fixture_read_now(f, &list, &arena), ERR_NONE);
        cr_assert_eq(list.out.count, steps[i].left, "step %zu", i);
        cr_assert_eq(read_all(f, &arena, &entry, 1), i < 1, "step %zu", i);
    }
    arena_reset(&arena);
}
