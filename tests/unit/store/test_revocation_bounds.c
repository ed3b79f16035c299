/* What one who asks much leaves to others, and when a selector's entry says that it was made. */
#include "contract.h"
#include "revocations.h"

#define CONTRACT(name) CONTRACT_OF(memory_revocation_bounds, sqlite_revocation_bounds, name)

static const struct revocation_selector of_scope = {.scopes = STR_INIT("calls.read")};

static const struct revocation_selector of_application = {
    .client_id = {{20}},
};
static const struct revocation_selector over_ceiling = {.over_ceiling = true};

enum { ROOT = 0, IN_FORCE = -1 };

/* As that partner, or as the root. Returns IN_FORCE, or the bound that was met. */
static int ask(struct fixture *f, unsigned n, unsigned partner,
               const struct revocation_selector *selector)
{
    struct store_request request = revocations_execute(n, *selector);

    if (partner != ROOT)
        request.in.revocation_execute.row.partner_sid = fixture_sid(partner);
    request.in.revocation_execute.is_bounded = partner != ROOT;
    enum store_outcome outcome = fixture_outcome(f, &request);
    if (outcome == STORE_OUTCOME_DONE)
        return IN_FORCE;
    cr_assert_eq(outcome, STORE_OUTCOME_TOO_MANY);
    return (int)request.in.revocation_execute.bound;
}

static enum store_outcome execute(struct fixture *f, unsigned n)
{
    return ask(f, n, ROOT, &of_scope) == IN_FORCE ? STORE_OUTCOME_DONE : STORE_OUTCOME_TOO_MANY;
}

/* The last step of one by over_ceiling. */
static void follow(struct fixture *f, unsigned n)
{
    const struct sid none[] = {{{0}}};
    struct store_request last = revocations_step(n, none, 1);

    last.in.revocation_step.n = 0;
    last.in.revocation_step.each = last.in.revocation_step.done = true;
    cr_assert_eq(fixture_outcome(f, &last), STORE_OUTCOME_DONE);
}

CONTRACT(places_that_are_kept_are_the_roots)
{
    const unsigned shared = STORE_SELECTORS - STORE_SELECTORS_OF_ROOT;

    fixture_start(f);
    for (unsigned i = 0; i < shared; i++)
        cr_assert_eq(ask(f, 300 + i, 4 + i % 6, &of_scope), IN_FORCE);
    cr_assert_eq(ask(f, 400, 30, &of_scope), STORE_BOUND_SELECTORS);
    for (unsigned i = 0; i < STORE_SELECTORS_OF_ROOT; i++)
        cr_assert_eq(ask(f, 500 + i, ROOT, &of_scope), IN_FORCE);
    cr_assert_eq(ask(f, 400, ROOT, &of_scope), STORE_BOUND_SELECTORS);
    cr_assert_eq(ask(f, 401, 30, &of_application), IN_FORCE, "by one dimension it goes on");
}

CONTRACT(a_partner_takes_the_places_of_no_other)
{
    fixture_start(f);
    cr_assert_eq(ask(f, 299, 4, &over_ceiling), IN_FORCE);
    follow(f, 299); /* its place is free again */
    for (unsigned i = 0; i < STORE_SELECTORS_OF_PARTNER; i++)
        cr_assert_eq(ask(f, 300 + i, 4, &of_scope), IN_FORCE);
    cr_assert_eq(ask(f, 400, 4, &of_scope), STORE_BOUND_PARTNER_SELECTORS);
    cr_assert_eq(ask(f, 400, 5, &of_scope), IN_FORCE);
    cr_assert_eq(ask(f, 401, 4, &of_application), IN_FORCE);
}

CONTRACT(plans_that_are_carried_out_are_counted_too)
{
    struct arena arena;

    arena_init(&arena, NULL, 0, 1 << 16);
    fixture_start(f);
    for (unsigned i = 0; i <= STORE_SELECTORS_OF_PARTNER; i++) {
        struct store_request plan = revocations_plan(300 + i, of_scope);
        cr_assert_eq(fixture_outcome(f, &plan), STORE_OUTCOME_DONE);
    }
    for (unsigned i = 0; i <= STORE_SELECTORS_OF_PARTNER; i++) {
        struct store_request carry_out = revocations_carry_out(300 + i, &arena);
        carry_out.in.revocation_execute.is_bounded = true;
        cr_assert_eq(fixture_outcome(f, &carry_out),
                     i < STORE_SELECTORS_OF_PARTNER ? STORE_OUTCOME_DONE : STORE_OUTCOME_TOO_MANY);
    }
    cr_assert_eq(revocations_get(f, 308, &arena).state, REVOCATION_PLANNED,
                 "it may be tried again");
    arena_reset(&arena);
}

CONTRACT(a_partner_has_one_by_over_ceiling_followed)
{
    fixture_start(f);
    cr_assert_eq(ask(f, 300, 4, &over_ceiling), IN_FORCE);
    cr_assert_eq(ask(f, 301, 4, &over_ceiling), STORE_BOUND_PARTNER_CEILINGS);
    cr_assert_eq(ask(f, 301, 5, &over_ceiling), IN_FORCE, "another's");
    cr_assert_eq(ask(f, 302, ROOT, &over_ceiling), IN_FORCE);
    cr_assert_eq(ask(f, 303, ROOT, &over_ceiling), IN_FORCE);
    cr_assert_eq(ask(f, 304, 4, &of_scope), IN_FORCE, "all else goes on");
}

CONTRACT(changes_of_scopes_have_as_long_as_over_ceiling_had)
{
    fixture_start(f);
    cr_assert_eq(ask(f, 300, 4, &over_ceiling), IN_FORCE);
    fixture_pass(f, 8000);
    follow(f, 300);
    fixture_pass(f, 7999);
    cr_assert_eq(ask(f, 301, 4, &over_ceiling), STORE_BOUND_PARTNER_CEILINGS);
    cr_assert_eq(ask(f, 301, 5, &over_ceiling), IN_FORCE);
    fixture_pass(f, 1);
    cr_assert_eq(ask(f, 302, 4, &over_ceiling), IN_FORCE);
    fixture_pass(f, 3600 * 1000);
    follow(f, 302);
    fixture_pass(f, STORE_CEILING_REST_MS - 1);
    cr_assert_eq(ask(f, 303, 4, &over_ceiling), STORE_BOUND_PARTNER_CEILINGS);
    fake_clock_leap(&f->clock, -3600 * 1000);
    cr_assert_eq(ask(f, 303, 4, &over_ceiling), IN_FORCE,
                 "a clock that is set back holds nobody up");
}

CONTRACT(what_a_partner_has_in_force_is_bounded)
{
    fixture_start(f);
    for (unsigned i = 0; i < STORE_EXECUTED_OF_PARTNER; i++)
        cr_assert_eq(ask(f, 1000 + i, 4, &of_application), IN_FORCE);
    cr_assert_eq(ask(f, 3000, 4, &of_application), STORE_BOUND_PARTNER_EXECUTED);
    cr_assert_eq(ask(f, 3000, 5, &of_application), IN_FORCE);
    cr_assert_eq(ask(f, 3001, ROOT, &of_application), IN_FORCE);
    fixture_pass(f, (REVOCATIONS_LIFE_S + 1) * 1000);
    struct store_request later = revocations_execute(3002, of_application);
    later.in.revocation_execute.row.partner_sid = fixture_sid(4);
    later.in.revocation_execute.is_bounded = true;
    cr_assert_eq(fixture_outcome(f, &later), STORE_OUTCOME_DONE, "the tokens of then are over");
}

/* ---- P2: by which tables over_ceiling is decided ---- */

static bool fits(struct fixture *f, uint8_t tables)
{
    const struct digest256 digest = {{tables}};
    bool out = false;

    cr_assert(result_ok(store_use_scope_tables(f->store, &digest, &out)));
    return out;
}

CONTRACT(P2_other_scope_tables_wait_for_over_ceiling)
{
    struct arena arena;

    arena_init(&arena, NULL, 0, 1 << 16);
    cr_assert(fits(f, 1));
    cr_assert(fits(f, 2));
    fixture_start(f);
    struct store_request plan = revocations_plan(300, over_ceiling);
    cr_assert_eq(fixture_outcome(f, &plan), STORE_OUTCOME_DONE);
    struct store_request carry_out = revocations_carry_out(300, &arena);
    cr_assert_eq(fixture_outcome(f, &carry_out), STORE_OUTCOME_DONE);
    cr_assert_eq(ask(f, 301, ROOT, &of_scope), IN_FORCE);
    cr_assert_eq(revocations_get(f, 300, &arena).tables.bytes[0], 2);
    cr_assert_eq(revocations_get(f, 301, &arena).tables.bytes[0], 0, "it does not go by them");
    arena_reset(&arena);
}

static void try_three(struct store *store, void *context)
{
    bool *out = context;

    for (uint8_t i = 0; i < 3; i++) {
        const struct digest256 digest = {{(uint8_t)(i + 1)}};
        cr_assert(result_ok(store_use_scope_tables(store, &digest, &out[i])));
    }
}

CONTRACT(P2_on_the_writer_only_those_in_force_fit)
{
    bool tried[3];

    cr_assert(fits(f, 2));
    fixture_start(f);
    cr_assert_eq(ask(f, 300, 4, &over_ceiling), IN_FORCE);
    store_run_on_writer(f->store, try_three, tried);
    cr_assert(!tried[0] && tried[1] && !tried[2]);
    cr_assert_eq(ask(f, 301, 5, &over_ceiling), IN_FORCE, "by those that stayed");
    follow(f, 300);
    store_run_on_writer(f->store, try_three, tried);
    cr_assert(!tried[0] && tried[1] && !tried[2]);
    follow(f, 301);
    store_run_on_writer(f->store, try_three, tried);
    cr_assert(tried[0] && tried[1] && tried[2]);
}

Test(sqlite_revocation_bounds, P2_a_restart_knows_the_tables)
{
    struct fixture f;

    fixture_init(&f, FIXTURE_SQLITE);
    fixture_open(&f);
    cr_assert(fits(&f, 2));
    fixture_start(&f);
    cr_assert_eq(ask(&f, 300, 4, &over_ceiling), IN_FORCE);
    struct store_request step = revocations_step(300, &(struct sid){{0}}, 1);
    step.in.revocation_step.n = 0;
    cr_assert_eq(fixture_outcome(&f, &step), STORE_OUTCOME_DONE, "half-way");
    fixture_reopen(&f);
    cr_assert(!fits(&f, 1));
    cr_assert(fits(&f, 2));
    fixture_start(&f);
    follow(&f, 300);
    fixture_reopen(&f);
    cr_assert(fits(&f, 1));
    fixture_done(&f);
}

static enum store_outcome plan(struct fixture *f, unsigned n, unsigned partner, int64_t expires_ms)
{
    struct store_request request = revocations_plan(n, of_scope);

    request.in.revocation_plan.partner_sid = fixture_sid(partner);
    request.in.revocation_plan.expires_ms = expires_ms;
    return fixture_outcome(f, &request);
}

CONTRACT(plans_are_bounded_by_who_asks)
{
    const int64_t later_ms = FIXTURE_NOW_MS + 600 * 1000;
    struct arena arena;

    arena_init(&arena, NULL, 0, 1 << 16);
    fixture_start(f);
    cr_assert_eq(plan(f, 100, 3, FIXTURE_NOW_MS), STORE_OUTCOME_DONE, "over already: counts not");
    for (unsigned i = 0; i < STORE_PLANS; i++)
        cr_assert_eq(plan(f, 1000 + i, 3, later_ms), STORE_OUTCOME_DONE);
    cr_assert_eq(plan(f, 101, 3, later_ms), STORE_OUTCOME_TOO_MANY);
    cr_assert_eq(plan(f, 102, 4, later_ms), STORE_OUTCOME_DONE, "another's");
    struct store_request carry_out = revocations_carry_out(1000, &arena);
    cr_assert_eq(fixture_outcome(f, &carry_out), STORE_OUTCOME_DONE);
    cr_assert_eq(plan(f, 101, 3, later_ms), STORE_OUTCOME_DONE, "one was carried out");
    arena_reset(&arena);
}

/* Of a token from before the clock was set back. */
CONTRACT(P2_a_selector_is_no_older_than_any_token)
{
    struct store_request create = fixture_token(1, FIXTURE_NOW_S + 3600);
    struct sid *token_sid = &create.in.token_create.token_sid;
    const int64_t ahead_ms = FIXTURE_NOW_MS + 1800 * 1000;

    fixture_start(f);
    cr_assert_eq(execute(f, 300), STORE_OUTCOME_DONE);
    cr_assert_eq(f->entries[fixture_recorded(f) - 1].at_ms, FIXTURE_NOW_MS);
    for (size_t i = 0; i < 6; i++)
        token_sid->bytes[i] = (uint8_t)(ahead_ms >> (8 * (5 - i)));
    cr_assert_eq(fixture_do(f, &create), ERR_NONE);
    cr_assert_eq(execute(f, 301), STORE_OUTCOME_DONE);
    cr_assert_eq(f->entries[fixture_recorded(f) - 1].at_ms, ahead_ms);
}
