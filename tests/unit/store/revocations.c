#include "revocations.h"

#include <criterion/criterion.h>

static struct revocation_row row(unsigned n, struct revocation_selector selector)
{
    return (struct revocation_row){.revocation_sid = fixture_sid(n),
                                   .partner_sid = fixture_sid(3),
                                   .client_id = fixture_sid(20),
                                   .selector = selector,
                                   .created_ms = FIXTURE_NOW_MS,
                                   .end_s = FIXTURE_NOW_S + REVOCATIONS_LIFE_S};
}

struct store_request revocations_plan(unsigned n, struct revocation_selector selector)
{
    struct store_request request = {.verb = STORE_REVOCATION_PLAN,
                                    .in.revocation_plan = row(n, selector)};

    request.in.revocation_plan.expires_ms = FIXTURE_NOW_MS + 600 * 1000;
    return request;
}

struct store_request revocations_execute(unsigned n, struct revocation_selector selector)
{
    return (struct store_request){.verb = STORE_REVOCATION_EXECUTE,
                                  .in.revocation_execute.row = row(n, selector)};
}

struct store_request revocations_carry_out(unsigned n, struct arena *arena)
{
    return (struct store_request){
        .verb = STORE_REVOCATION_EXECUTE,
        .in.revocation_execute = {
            .is_plan = true,
            .row = {.revocation_sid = fixture_sid(n), .partner_sid = fixture_sid(3)},
            .arena = arena}};
}

struct store_request revocations_step(unsigned n, const struct sid *tokens, size_t count)
{
    return (struct store_request){.verb = STORE_REVOCATION_STEP,
                                  .in.revocation_step = {.revocation_sid = fixture_sid(n),
                                                         .tokens = tokens,
                                                         .n = count,
                                                         .cursor = tokens[count - 1]}};
}

struct revocation_row revocations_get(struct fixture *f, unsigned n, struct arena *arena)
{
    struct store_read get = {.verb = STORE_REVOCATION_GET, .in.revocation_sid = fixture_sid(n)};

    cr_assert_eq(fixture_read_now(f, &get, arena), ERR_NONE);
    cr_assert_eq(get.outcome, STORE_OUTCOME_DONE);
    cr_assert_eq(get.out.count, 1);
    return get.out.revocations[0];
}

void revocations_make_tokens(struct fixture *f, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct store_request create = fixture_token(REVOCATIONS_FIRST + i, FIXTURE_NOW_S + 900);
        create.in.token_create.newest.epoch = 0;
        cr_assert_eq(fixture_do(f, &create), ERR_NONE);
    }
}

void revocations_put_in_force(struct fixture *f, unsigned n, struct revocation_selector selector)
{
    struct store_request execute = revocations_execute(n, selector);
    cr_assert_eq(fixture_outcome(f, &execute), STORE_OUTCOME_DONE);
}
