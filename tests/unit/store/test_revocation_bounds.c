/* What one who asks much leaves to others, and when a selector's entry says that it was made. */
#include "contract.h"
#include "revocations.h"

#define CONTRACT(name) CONTRACT_OF(memory_revocation_bounds, sqlite_revocation_bounds, name)

static const struct revocation_selector of_scope = {.scopes = STR_INIT("calls.read")};

static enum store_outcome execute(struct fixture *f, unsigned n, size_t kept)
{
    struct store_request request = revocations_execute(n, of_scope);

    request.in.revocation_execute.selectors_kept = kept;
    return fixture_outcome(f, &request);
}

CONTRACT(places_that_are_kept_are_taken_by_those_they_are_kept_for)
{
    const unsigned kept = 16;

    fixture_start(f);
    for (unsigned i = 0; i < STORE_SELECTORS - kept; i++)
        cr_assert_eq(execute(f, 300 + i, kept), STORE_OUTCOME_DONE);
    cr_assert_eq(execute(f, 400, kept), STORE_OUTCOME_TOO_MANY);
    for (unsigned i = 0; i < kept; i++)
        cr_assert_eq(execute(f, 500 + i, 0), STORE_OUTCOME_DONE);
    cr_assert_eq(execute(f, 400, 0), STORE_OUTCOME_TOO_MANY);
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
    cr_assert_eq(execute(f, 300, 0), STORE_OUTCOME_DONE);
    cr_assert_eq(f->entries[fixture_recorded(f) - 1].at_ms, FIXTURE_NOW_MS);
    for (size_t i = 0; i < 6; i++)
        token_sid->bytes[i] = (uint8_t)(ahead_ms >> (8 * (5 - i)));
    cr_assert_eq(fixture_do(f, &create), ERR_NONE);
    cr_assert_eq(execute(f, 301, 0), STORE_OUTCOME_DONE);
    cr_assert_eq(f->entries[fixture_recorded(f) - 1].at_ms, ahead_ms);
}
