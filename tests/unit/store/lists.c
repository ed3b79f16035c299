#include "lists.h"

#include <criterion/criterion.h>

static struct store_request token(unsigned n)
{
    static const struct str names[] = {STR_INIT("alpha"), STR_INIT("alpine"),
                                       STR_INIT(""),      STR_INIT("Beta"),
                                       STR_INIT("b%ta"),  STR_INIT("x' OR '1'='1")};
    struct store_request request = fixture_token(n, FIXTURE_NOW_S + 600 + n * 7 % 40);
    struct token_row *row = &request.in.token_create;

    row->partner_sid = fixture_sid(n % 4 != 0 ? 2 : 3);
    row->client_id = fixture_sid(20 + n % 3);
    row->name = names[n * 5 % 6];
    row->created_ms = FIXTURE_NOW_MS + n * 13 % 17 * 1000;
    return request;
}

static void fill_party(struct fixture *f)
{
    for (unsigned n = 40; n <= 50; n++) {
        static const struct str logins[] = {STR_INIT("a"), STR_INIT("b"), STR_INIT("c"),
                                            STR_INIT("d"), STR_INIT("e")};
        struct partner_row row =
            fixture_partner(n, n == 50 ? 40 : 3, n < 45 ? logins[n - 40] : STR_NONE);
        row.status = n % 2 == 0 ? PARTNER_ACTIVE : PARTNER_UNVERIFIED;
        row.created_ms += n % 3;
        struct store_request partner = {.verb = STORE_PARTNER_CREATE, .in.partner = row};
        struct store_request application = {.verb = STORE_APPLICATION_CREATE,
                                            .in.application.row = fixture_application(60 + n, n)};
        application.in.application.row.name = n % 2 == 0 ? STR("even") : STR("odd");
        cr_assert_eq(fixture_outcome(f, &partner), STORE_OUTCOME_DONE);
        cr_assert_eq(fixture_outcome(f, &application), STORE_OUTCOME_DONE);
    }
}

void lists_fill(struct fixture *f)
{
    fixture_seed(f);
    fixture_start(f);
    fill_party(f);
    for (unsigned n = 100; n < 100 + LISTS_TOKENS; n++) {
        struct store_touch touched = {fixture_sid(n), FIXTURE_NOW_MS + n % 7, STR("192.0.2.1")};
        struct store_request create = token(n);
        struct store_request touch = {.verb = STORE_TOKENS_TOUCH, .in.touch = {&touched, 1}};
        struct store_request revoke = fixture_revoke(n, FIXTURE_NOW_S + 900);
        cr_assert_eq(fixture_outcome(f, &create), STORE_OUTCOME_DONE);
        if (n % 5 == 0)
            cr_assert_eq(fixture_outcome(f, &touch), STORE_OUTCOME_DONE);
        if (n % 9 == 0)
            cr_assert_eq(fixture_outcome(f, &revoke), STORE_OUTCOME_DONE);
    }
}

struct store_read lists_read(enum store_read_verb verb, unsigned partner, enum store_column order)
{
    return (struct store_read){
        .verb = verb,
        .in.list = {.partner_sid = fixture_sid(partner), .order = order, .limit = STORE_PAGE}};
}

size_t lists_ids(const struct store_read *read, unsigned *out)
{
    for (size_t i = 0; i < read->out.count; i++) {
        const struct sid *sid =
            read->verb == STORE_PARTNER_LIST       ? &read->out.partners[i].partner_sid
            : read->verb == STORE_APPLICATION_LIST ? &read->out.applications[i].client_id
                                                   : &read->out.tokens[i].token_sid;
        out[i] = sid->bytes[15];
    }
    return read->out.count;
}
