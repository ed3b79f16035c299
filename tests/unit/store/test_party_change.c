/* Changing partners, applications and secrets: what is compared, what the tables are told. */
#include "contract.h"

#define CONTRACT(name) CONTRACT_OF(memory_party_change, sqlite_party_change, name)
#define LATER_S        (FIXTURE_NOW_S + 900)

static struct store_request of_partner(enum store_verb verb, struct partner_row row)
{
    return (struct store_request){.verb = verb, .in.partner = row};
}

static struct store_request of_application(enum store_verb verb, struct application_row row)
{
    return (struct store_request){.verb = verb, .in.application = {.row = row}};
}

static struct store_request new_secret(unsigned n, int64_t earlier_end_ms)
{
    return (struct store_request){.verb = STORE_SECRET_CREATE,
                                  .in.secret_create = {fixture_secret(n, 20), earlier_end_ms}};
}

static struct store_request delete_secret(unsigned n, unsigned of)
{
    return (struct store_request){.verb = STORE_SECRET_DELETE,
                                  .in.secret_delete = {fixture_sid(of), fixture_sid(n)}};
}

static void begin(struct fixture *f)
{
    fixture_seed(f);
    fixture_start(f);
}

/* ---- partners ---- */

CONTRACT(a_partner_is_created_once_below_one_that_exists)
{
    struct {
        struct partner_row row;
        enum store_outcome outcome;
    } cases[] = {
        {fixture_partner(4, 3, STR("new")), STORE_OUTCOME_DONE},
        {fixture_partner(4, 3, STR("other")), STORE_OUTCOME_EXISTS},
        {fixture_partner(5, 3, STR("new")), STORE_OUTCOME_EXISTS},
        {fixture_partner(5, 0, STR("top")), STORE_OUTCOME_EXISTS},
        {fixture_partner(5, 77, STR("lost")), STORE_OUTCOME_ABSENT},
        {fixture_partner(5, 4, STR_NONE), STORE_OUTCOME_DONE},
    };

    begin(f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct store_request request = of_partner(STORE_PARTNER_CREATE, cases[i].row);
        cr_assert_eq(fixture_outcome(f, &request), cases[i].outcome, "case %zu", i);
    }
    cr_assert_eq(f->change_count, 2, "what did not happen is not told");
    cr_assert_eq(store_tables_version(f->store), 3);
    cr_assert_eq(f->tables_version, 3);
}

CONTRACT(a_partner_is_updated_where_it_stands)
{
    struct partner_row row = fixture_partner(3, 77, STR("moved"));
    struct store_request update;

    row.status = PARTNER_SUSPENDED;
    row.created_ms = 1;
    begin(f);
    update = of_partner(STORE_PARTNER_UPDATE, row);
    update.if_revision = 1;
    cr_assert_eq(fixture_outcome(f, &update), STORE_OUTCOME_DONE);
    cr_assert_eq(update.out.revision, 2);
    struct sid root = fixture_sid(2);
    cr_assert_eq(f->changes[0], STORE_CHANGE_PARTNER);
    cr_assert(sid_eq(&f->partner.parent_sid, &root), "its parent stays");
    cr_assert_eq(f->partner.created_ms, FIXTURE_NOW_MS);
    cr_assert_eq(f->partner.revision, 2);
    cr_assert_eq(f->partner.status, PARTNER_SUSPENDED);
    cr_assert(str_eq(f->partner.login, STR("moved")));
}

CONTRACT(an_update_of_a_partner_may_be_refused)
{
    struct {
        struct partner_row row;
        uint64_t if_revision, if_tables;
        enum store_outcome outcome;
    } cases[] = {
        {fixture_partner(3, 2, STR("below")), 2, 0, STORE_OUTCOME_CONFLICT},
        {fixture_partner(3, 2, STR("below")), 1, 2, STORE_OUTCOME_CONFLICT},
        {fixture_partner(3, 2, STR("root")), 1, 1, STORE_OUTCOME_EXISTS},
        {fixture_partner(77, 2, STR("x")), 0, 0, STORE_OUTCOME_ABSENT},
        {fixture_partner(3, 2, STR("below")), 1, 1, STORE_OUTCOME_DONE},
        {fixture_partner(3, 2, STR_NONE), 2, 2, STORE_OUTCOME_DONE},
        {fixture_partner(2, 0, STR("below")), 1, 3, STORE_OUTCOME_DONE}, /* which is free now */
    };

    begin(f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct store_request request = of_partner(STORE_PARTNER_UPDATE, cases[i].row);
        request.if_revision = cases[i].if_revision;
        request.if_tables = cases[i].if_tables;
        cr_assert_eq(fixture_outcome(f, &request), cases[i].outcome, "case %zu", i);
    }
    cr_assert_eq(f->change_count, 3);
}

/* M1, M3: what was decided on tables that have changed since is decided again. */
CONTRACT(any_write_is_held_to_the_tables_it_was_decided_on)
{
    struct store_request requests[] = {
        of_partner(STORE_PARTNER_UPDATE, fixture_partner(3, 2, STR("below"))),
        fixture_token(10, LATER_S),
        fixture_revoke(11, LATER_S),
        fixture_epoch(ENTRY_EPOCH_USER, 12, LATER_S),
        {.verb = STORE_AUDIT_APPEND, .audit = STR("{}")},
    };

    fixture_seed(f);
    for (size_t i = 0; i < 5; i++)
        requests[i].if_tables = 1;
    fixture_submit(f, requests, 5); /* before the start, so one batch */
    fixture_start(f);
    fixture_await(f, requests, 5);
    for (size_t i = 0; i < 5; i++) {
        cr_assert_eq(requests[i].result.code, ERR_NONE);
        cr_assert_eq(requests[i].outcome, i == 0 ? STORE_OUTCOME_DONE : STORE_OUTCOME_CONFLICT);
    }
    cr_assert_eq(store_last_number(f->store), 0);
    cr_assert_eq(store_audit_head(f->store).seq, 0);
}

/* ---- applications ---- */

CONTRACT(an_application_comes_with_its_first_secret)
{
    struct store_request create =
        of_application(STORE_APPLICATION_CREATE, fixture_application(21, 3));
    struct store_request again = create;
    struct store_request lost =
        of_application(STORE_APPLICATION_CREATE, fixture_application(22, 77));

    create.in.application.has_secret = true;
    create.in.application.secret = fixture_secret(31, 99); /* whose it is the store knows */
    begin(f);
    cr_assert_eq(fixture_outcome(f, &create), STORE_OUTCOME_DONE);
    cr_assert_eq(create.out.revision, 1);
    cr_assert_eq(f->change_count, 2);
    cr_assert_eq(f->changes[0], STORE_CHANGE_APPLICATION);
    cr_assert_eq(f->changes[1], STORE_CHANGE_SECRETS);
    cr_assert_eq(f->secret_count, 1);
    cr_assert(sid_eq(&f->secrets[0].client_id, &create.in.application.row.client_id));
    cr_assert_eq(store_tables_version(f->store), 3);
    cr_assert_eq(fixture_outcome(f, &again), STORE_OUTCOME_EXISTS);
    cr_assert_eq(fixture_outcome(f, &lost), STORE_OUTCOME_ABSENT);
}

/* A secret's id that is taken undoes the application with it. */
CONTRACT(an_application_whose_secret_cannot_be_is_not)
{
    struct store_request create =
        of_application(STORE_APPLICATION_CREATE, fixture_application(21, 3));
    struct store_request update =
        of_application(STORE_APPLICATION_UPDATE, fixture_application(21, 3));

    create.in.application.has_secret = true;
    create.in.application.secret = fixture_secret(30, 21);
    create.audit = STR("{}");
    begin(f);
    cr_assert_eq(fixture_do(f, &create), ERR_FAULT_STORE);
    cr_assert_eq(fixture_outcome(f, &update), STORE_OUTCOME_ABSENT);
    cr_assert_eq(f->change_count, 0);
    cr_assert_eq(store_tables_version(f->store), 1);
    cr_assert_eq(store_audit_head(f->store).seq, 0);
}

static struct result see_application(void *context, const struct application_row *row)
{
    struct application_row *seen = context;

    cr_assert(str_eq(row->name, STR("renamed")));
    cr_assert(str_eq(row->jwks, STR("{\"keys\":[1]}")));
    *seen = *row;
    return RESULT_OK;
}

static struct result see_partner(void *context, const struct partner_row *row)
{
    (void)context;
    (void)row;
    return RESULT_OK;
}

static struct result see_secret(void *context, const struct secret_row *row)
{
    (void)context;
    (void)row;
    return RESULT_OK;
}

static void read_application(struct store *store, void *context)
{
    struct store_party_visitor visitor = {see_partner, see_application, see_secret, context};

    cr_assert(result_ok(store_read_party(store, &visitor)));
}

CONTRACT(an_application_is_updated_whole)
{
    struct application_row row = fixture_application(20, 2);
    struct application_row seen = {.revision = 0};
    struct store_request update, stale;
    struct sid partner_sid = fixture_sid(3);

    row.name = STR("renamed");
    row.jwks = STR("{\"keys\":[1]}");
    row.status = APPLICATION_SUSPENDED;
    row.type = APPLICATION_PUBLIC;
    row.auth_audience = CLIENT_AUDIENCE_ISSUER;
    row.refresh_token_ttl_s = 7;
    row.introspection = true;
    begin(f);
    update = of_application(STORE_APPLICATION_UPDATE, row);
    update.if_revision = 1;
    stale = update;
    cr_assert_eq(fixture_outcome(f, &update), STORE_OUTCOME_DONE);
    cr_assert_eq(fixture_outcome(f, &stale), STORE_OUTCOME_CONFLICT);
    cr_assert_eq(f->application.revision, 2);
    store_run_on_writer(f->store, read_application, &seen);
    cr_assert_eq(seen.revision, 2);
    cr_assert(sid_eq(&seen.partner_sid, &partner_sid), "its partner stays");
    cr_assert_eq(seen.status, APPLICATION_SUSPENDED);
    cr_assert_eq(seen.type, APPLICATION_PUBLIC);
    cr_assert_eq(seen.auth_audience, CLIENT_AUDIENCE_ISSUER);
    cr_assert_eq(seen.refresh_token_ttl_s, 7);
    cr_assert(seen.introspection);
}

/* P1: its tokens die with it, in the index too. */
CONTRACT(an_application_goes_with_its_secrets)
{
    struct store_request gone = {.verb = STORE_APPLICATION_DELETE,
                                 .in.application_delete = {fixture_sid(20), LATER_S}};
    struct store_request again = gone;
    struct store_request stale = gone;
    struct store_request secret = delete_secret(30, 20);
    struct store_request other = new_secret(31, 0);

    begin(f);
    stale.if_revision = 2;
    cr_assert_eq(fixture_outcome(f, &stale), STORE_OUTCOME_CONFLICT);
    gone.if_revision = 1;
    cr_assert_eq(fixture_outcome(f, &gone), STORE_OUTCOME_DONE);
    cr_assert_eq(gone.out.number, 1);
    cr_assert_eq(f->entries[0].kind, ENTRY_EPOCH_APPLICATION);
    cr_assert(sid_eq(&f->entries[0].id, &gone.in.application_delete.client_id));
    cr_assert_eq(f->changes[0], STORE_CHANGE_APPLICATION_GONE);
    cr_assert_eq(fixture_outcome(f, &again), STORE_OUTCOME_ABSENT);
    cr_assert_eq(fixture_outcome(f, &secret), STORE_OUTCOME_ABSENT);
    cr_assert_eq(fixture_outcome(f, &other), STORE_OUTCOME_ABSENT);
}

/* ---- secrets ---- */

/* SPEC 3: two at once are as refused as one after the other. */
CONTRACT(a_third_live_secret_conflicts)
{
    struct store_request racing[2] = {new_secret(31, 0), new_secret(32, 0)};
    struct store_request gone = delete_secret(30, 20);
    struct store_request after = new_secret(33, 0);

    fixture_seed(f);
    fixture_submit(f, racing, 2);
    fixture_start(f);
    fixture_await(f, racing, 2);
    cr_assert_eq(racing[0].outcome, STORE_OUTCOME_DONE);
    cr_assert_eq(racing[1].outcome, STORE_OUTCOME_CONFLICT);
    cr_assert_eq(f->secret_count, 2);
    cr_assert_eq(fixture_outcome(f, &gone), STORE_OUTCOME_DONE);
    cr_assert_eq(f->secret_count, 1);
    cr_assert_eq(fixture_outcome(f, &after), STORE_OUTCOME_DONE);
}

CONTRACT(an_overlap_ends_the_earlier_and_makes_room)
{
    struct store_request second = new_secret(31, FIXTURE_NOW_MS + 60 * 1000);
    struct store_request third = new_secret(32, 0);
    struct store_request later = third;

    begin(f);
    cr_assert_eq(fixture_outcome(f, &second), STORE_OUTCOME_DONE);
    cr_assert_eq(f->secrets[0].expires_ms, FIXTURE_NOW_MS + 60 * 1000);
    cr_assert_eq(f->secrets[1].expires_ms, 0);
    cr_assert_eq(fixture_outcome(f, &third), STORE_OUTCOME_CONFLICT);
    fixture_pass(f, 60 * 1000);
    cr_assert_eq(fixture_outcome(f, &later), STORE_OUTCOME_DONE);
    cr_assert_eq(f->secret_count, 2, "the first is gone");
    struct sid expected = fixture_sid(31);
    cr_assert(sid_eq(&f->secrets[0].secret_id, &expected));
}

/* A leap of the clock deletes nobody's secret. */
CONTRACT(in_doubt_no_secret_is_over)
{
    struct store_request second = new_secret(31, FIXTURE_NOW_MS + 60 * 1000);
    struct store_request third = new_secret(32, 0);

    begin(f);
    cr_assert_eq(fixture_outcome(f, &second), STORE_OUTCOME_DONE);
    fake_clock_leap(&f->clock, 2 * 3600 * 1000);
    cr_assert_eq(fixture_outcome(f, &third), STORE_OUTCOME_CONFLICT);
}

CONTRACT(secrets_are_deleted_by_their_application_alone)
{
    struct store_request foreign = delete_secret(30, 21);
    struct store_request unknown = delete_secret(31, 20);
    struct store_request taken = new_secret(30, 0);

    begin(f);
    cr_assert_eq(fixture_outcome(f, &foreign), STORE_OUTCOME_ABSENT);
    cr_assert_eq(fixture_outcome(f, &unknown), STORE_OUTCOME_ABSENT);
    cr_assert_eq(fixture_outcome(f, &taken), STORE_OUTCOME_EXISTS);
    cr_assert_eq(f->change_count, 0);
}

CONTRACT(a_secret_keeps_when_it_was_last_used)
{
    struct store_touch touches[] = {{fixture_sid(30), FIXTURE_NOW_MS + 5, STR_NONE},
                                    {fixture_sid(30), FIXTURE_NOW_MS + 4, STR_NONE}};
    struct store_request touch = {.verb = STORE_SECRETS_TOUCH, .in.touch = {touches, 2}};
    struct store_request second = new_secret(31, 0);

    begin(f);
    cr_assert_eq(fixture_outcome(f, &touch), STORE_OUTCOME_DONE);
    cr_assert_eq(fixture_outcome(f, &second), STORE_OUTCOME_DONE);
    cr_assert_eq(f->secrets[0].last_used_ms, FIXTURE_NOW_MS + 5);
}

/* ---- assertions ---- */

static struct store_request use(unsigned client, uint8_t jti, int64_t expires_s)
{
    struct store_request request = {
        .verb = STORE_ASSERTION_USE,
        .in.assertion_use = {.client_id = fixture_sid(client), .expires_s = expires_s}};

    memset(request.in.assertion_use.digest.bytes, jti, DIGEST256);
    return request;
}

/* RFC7523-3: a jti is good once, over restarts too, until the assertion is over. */
CONTRACT(an_assertion_is_good_once)
{
    struct store_request requests[3] = {use(20, 1, LATER_S), use(20, 1, LATER_S),
                                        use(21, 1, LATER_S)};
    struct store_request again = requests[0];
    struct store_request pruned = requests[0];

    fixture_submit(f, requests, 3);
    fixture_start(f);
    fixture_await(f, requests, 3);
    cr_assert_eq(requests[0].outcome, STORE_OUTCOME_DONE);
    cr_assert_eq(requests[1].outcome, STORE_OUTCOME_EXISTS);
    cr_assert_eq(requests[2].outcome, STORE_OUTCOME_DONE, "another client's");
    if (f->backend == FIXTURE_SQLITE) {
        fixture_reopen(f);
        fixture_start(f);
    }
    cr_assert_eq(fixture_outcome(f, &again), STORE_OUTCOME_EXISTS);
    fixture_pass(f, (3600 + 900 + 61) * 1000);
    cr_assert_eq(fixture_outcome(f, &pruned), STORE_OUTCOME_DONE);
}
