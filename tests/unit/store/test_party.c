/* Seeding and reading partners, applications and secrets, against both backends. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "fixture.h"
#include "store/memory.h"

static struct partner_row partner(unsigned n, unsigned parent, struct str login)
{
    return (struct partner_row){
        .partner_sid = fixture_sid(n),
        .parent_sid = parent == 0 ? (struct sid){{0}} : fixture_sid(parent),
        .name = STR("partner \xC3\xA9"),
        .login = login,
        .status = PARTNER_ACTIVE,
        .scopes_all = parent == 0,
        .available_scopes = parent == 0 ? STR_NONE : STR("calls.manage calls.read"),
        .created_ms = 11,
        .updated_ms = 12,
        .revision = 3,
    };
}

static struct application_row application(unsigned n, unsigned of)
{
    return (struct application_row){
        .client_id = fixture_sid(n),
        .partner_sid = fixture_sid(of),
        .name = STR("application"),
        .type = APPLICATION_PUBLIC,
        .status = APPLICATION_SUSPENDED,
        .auth_method = CLIENT_AUTH_PRIVATE_KEY,
        .grant_types = STR("client_credentials refresh_token"),
        .redirect_uris = STR("https://a.test/cb"),
        .scopes = STR("calls.read"),
        .approved_restricted = STR("ReadAccounts"),
        .audiences = STR("https://issuer.test https://api.test"),
        .introspection = true,
        .access_token_ttl_s = 600,
        .created_ms = 21,
        .updated_ms = 22,
        .revision = 4,
    };
}

static struct secret_row secret(unsigned n, unsigned of)
{
    struct secret_row row = {
        .secret_id = fixture_sid(n), .client_id = fixture_sid(of), .created_ms = 31};

    memset(row.digest, (int)n, sizeof(row.digest));
    row.expires_ms = 32;
    return row;
}

/* What a visitor saw: ids in order, and the last row of each kind compared by the test. */
struct seen {
    struct sid ids[16];
    size_t count, fail_at;
    bool all_equal;
};

static struct result see(struct seen *seen, const struct sid *id)
{
    seen->ids[seen->count++] = *id;
    return seen->count == seen->fail_at ? FAULT(ERR_FAULT_MEMORY) : RESULT_OK;
}

static bool is_partner(const struct partner_row *a, const struct partner_row *b)
{
    return sid_eq(&a->parent_sid, &b->parent_sid) && str_eq(a->name, b->name) &&
           str_eq(a->login, b->login) && a->status == b->status && a->scopes_all == b->scopes_all &&
           str_eq(a->available_scopes, b->available_scopes) && a->created_ms == b->created_ms &&
           a->updated_ms == b->updated_ms && a->revision == b->revision;
}

static bool is_application(const struct application_row *a, const struct application_row *b)
{
    return sid_eq(&a->partner_sid, &b->partner_sid) && str_eq(a->name, b->name) &&
           a->type == b->type && a->status == b->status && a->auth_method == b->auth_method &&
           str_eq(a->grant_types, b->grant_types) && str_eq(a->redirect_uris, b->redirect_uris) &&
           a->scopes_all == b->scopes_all && str_eq(a->scopes, b->scopes) &&
           str_eq(a->approved_restricted, b->approved_restricted) &&
           str_eq(a->audiences, b->audiences) && a->introspection == b->introspection &&
           a->access_token_ttl_s == b->access_token_ttl_s && a->created_ms == b->created_ms &&
           a->updated_ms == b->updated_ms && a->revision == b->revision;
}

static struct result see_partner(void *context, const struct partner_row *row)
{
    struct seen *seen = context;
    bool is_root = sid_is_none(&row->parent_sid);
    struct sid root = fixture_sid(9);
    struct partner_row expected = is_root                           ? partner(9, 0, STR("root"))
                                  : sid_eq(&row->parent_sid, &root) ? partner(5, 9, STR("middle"))
                                                                    : partner(1, 5, STR_NONE);

    seen->all_equal = seen->all_equal && is_partner(row, &expected);
    return see(seen, &row->partner_sid);
}

static struct result see_application(void *context, const struct application_row *row)
{
    struct seen *seen = context;
    struct application_row expected = application(20, 5);

    seen->all_equal = seen->all_equal && is_application(row, &expected);
    return see(seen, &row->client_id);
}

static struct result see_secret(void *context, const struct secret_row *row)
{
    struct seen *seen = context;
    struct secret_row expected = secret(30, 20);

    seen->all_equal = seen->all_equal && sid_eq(&row->client_id, &expected.client_id) &&
                      memcmp(row->digest, expected.digest, sizeof(row->digest)) == 0 &&
                      row->created_ms == expected.created_ms &&
                      row->expires_ms == expected.expires_ms;
    return see(seen, &row->secret_id);
}

static struct result read_all(struct fixture *f, struct seen *seen)
{
    struct store_party_visitor visitor = {see_partner, see_application, see_secret, seen};

    seen->count = 0;
    seen->all_equal = true;
    return store_read_party(f->store, &visitor);
}

/* Children whose ids sort before their parents', a partner without login. */
static struct result seed_good(struct fixture *f)
{
    struct partner_row partners[] = {partner(9, 0, STR("root")), partner(5, 9, STR("middle")),
                                     partner(1, 5, STR_NONE)};
    struct application_row applications[] = {application(20, 5)};
    struct secret_row secrets[] = {secret(30, 20)};
    struct store_seed seed = {partners, 3, applications, 1, secrets, 1};

    return store_seed(f->store, &seed, &f->error_buf);
}

static void rows_come_back(struct fixture *f)
{
    static const unsigned order[] = {9, 5, 1, 20, 30};
    struct seen seen = {.fail_at = 0};

    fixture_open(f);
    cr_assert(result_ok(seed_good(f)));
    for (int round = 0; round < (f->backend == FIXTURE_SQLITE ? 2 : 1); round++) {
        cr_assert(result_ok(read_all(f, &seen)));
        cr_assert_eq(seen.count, 5);
        cr_assert(seen.all_equal);
        for (size_t i = 0; i < 5; i++) {
            struct sid expected = fixture_sid(order[i]);
            cr_assert(sid_eq(&seen.ids[i], &expected), "place %zu", i);
        }
        if (f->backend == FIXTURE_SQLITE)
            fixture_reopen(f);
    }
}

static void a_visitors_fault_ends_the_reading(struct fixture *f)
{
    fixture_open(f);
    cr_assert(result_ok(seed_good(f)));
    for (size_t at = 1; at <= 5; at++) {
        struct seen seen = {.fail_at = at};
        cr_assert_eq(read_all(f, &seen).code, ERR_FAULT_MEMORY);
        cr_assert_eq(seen.count, at);
    }
}

/* Each with one good partner before it, which must not stay. */
static void a_bad_row_undoes_the_whole_seed(struct fixture *f)
{
    struct partner_row fresh = partner(50, 9, STR("fresh"));
    struct partner_row partners[] = {fresh, fresh};
    struct application_row app;
    struct secret_row sec;
    struct store_seed seed = {partners, 1, &app, 0, &sec, 0};
    struct {
        const char *what;
        struct partner_row partner;
        struct application_row application;
        struct secret_row secret;
        const char *named;
    } cases[] = {
        {"id", .partner = partner(5, 9, STR("x")),
         .named = "partner 018b0000-0000-7000-8000-000000000005"},
        {"login", .partner = partner(51, 9, STR("root")), .named = "exists"},
        {"second root", .partner = partner(51, 0, STR("x")), .named = "second root"},
        {"parent", .partner = partner(51, 77, STR("x")), .named = "does not exist"},
        {"client id", .application = application(20, 9), .named = "application 018b"},
        {"partner of application", .application = application(21, 77), .named = "does not exist"},
        {"secret id", .secret = secret(30, 20), .named = "secret 018b"},
        {"application of secret", .secret = secret(31, 77), .named = "does not exist"},
    };

    fixture_open(f);
    cr_assert(result_ok(seed_good(f)));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct seen seen = {.fail_at = 0};
        char said[256];
        struct buf error;
        buf_init_fixed(&error, said, sizeof(said) - 1);
        partners[1] = cases[i].partner;
        app = cases[i].application;
        sec = cases[i].secret;
        seed.partner_count = sid_is_none(&partners[1].partner_sid) ? 1 : 2;
        seed.application_count = sid_is_none(&app.client_id) ? 0 : 1;
        seed.secret_count = sid_is_none(&sec.secret_id) ? 0 : 1;
        cr_assert_eq(store_seed(f->store, &seed, &error).code, ERR_FAULT_STORE, "%s",
                     cases[i].what);
        said[error.len] = '\0';
        cr_assert_not_null(strstr(said, cases[i].named), "%s: %s", cases[i].what, said);
        cr_assert(result_ok(read_all(f, &seen)));
        cr_assert_eq(seen.count, 5, "%s", cases[i].what);
    }
}

static void many_applications_and_every_enum_value(struct fixture *f)
{
    struct partner_row rows[5] = {partner(1, 0, STR("root"))};
    struct application_row apps[4];
    struct store_seed seed = {rows, 5, apps, 4, NULL, 0};
    struct seen seen = {.fail_at = 0};

    fixture_open(f);
    for (unsigned i = 0; i < 4; i++) {
        rows[i + 1] = partner(2 + i, 1, STR_NONE);
        rows[i + 1].status = (enum partner_status)i;
        apps[i] = application(10 + i, 2 + i);
        apps[i].auth_method = (enum client_auth_method)i;
        apps[i].type = (enum application_type)(i % 2);
        apps[i].status = (enum application_status)(i / 2);
    }
    cr_assert(result_ok(store_seed(f->store, &seed, &f->error_buf)));
    cr_assert(result_ok(read_all(f, &seen)));
    cr_assert_eq(seen.count, 9);
}

struct visit {
    struct seen seen;
    struct result party, entries;
    struct store_entry entry;
    size_t count;
};

static void read_on_writer(struct store *store, void *context)
{
    struct visit *visit = context;
    struct store_party_visitor visitor = {see_partner, see_application, see_secret, &visit->seen};

    visit->party = store_read_party(store, &visitor);
    visit->entries = store_read_entries(store, 0, 0, 1, NULL, &visit->entry, &visit->count);
}

/* As a reload does, with requests on their way. */
static void a_running_store_is_read_on_its_writer(struct fixture *f)
{
    struct visit visit = {.seen = {.all_equal = true}};
    struct store_request request = fixture_revoke(10, FIXTURE_NOW_S + 900);

    fixture_open(f);
    cr_assert(result_ok(seed_good(f)));
    fixture_submit(f, &request, 1);
    fixture_start(f);
    fixture_await(f, &request, 1);
    store_run_on_writer(f->store, read_on_writer, &visit);
    cr_assert(result_ok(visit.party));
    cr_assert(visit.seen.all_equal);
    cr_assert_eq(visit.seen.count, 5);
    cr_assert(result_ok(visit.entries));
    cr_assert_eq(visit.count, 1);
}

static void note_last_number(struct store *store, void *context)
{
    *(uint64_t *)context = store_last_number(store);
}

/* More than one batch: what was submitted first is done first. */
static void a_visit_to_the_writer_waits_for_what_came_before(struct fixture *f)
{
    enum { MANY = 600 };
    static struct store_request requests[MANY];
    uint64_t seen = 0;

    fixture_open(f);
    for (unsigned i = 0; i < MANY; i++)
        requests[i] = fixture_revoke(1000 + i, FIXTURE_NOW_S + 900);
    fixture_submit(f, requests, MANY);
    fixture_start(f);
    store_run_on_writer(f->store, note_last_number, &seen);
    cr_assert_eq(seen, (uint64_t)MANY);
    fixture_await(f, requests, MANY);
}

#define BOTH(name)                          \
    Test(memory_party, name, .timeout = 60) \
    {                                       \
        struct fixture f;                   \
        fixture_init(&f, FIXTURE_MEMORY);   \
        name(&f);                           \
        fixture_done(&f);                   \
    }                                       \
    Test(sqlite_party, name, .timeout = 60) \
    {                                       \
        struct fixture f;                   \
        fixture_init(&f, FIXTURE_SQLITE);   \
        name(&f);                           \
        fixture_done(&f);                   \
    }

BOTH(rows_come_back)
BOTH(a_visitors_fault_ends_the_reading)
BOTH(a_bad_row_undoes_the_whole_seed)
BOTH(a_running_store_is_read_on_its_writer)
BOTH(a_visit_to_the_writer_waits_for_what_came_before)
BOTH(many_applications_and_every_enum_value)

/* Whichever call fails, the last being the commit: nothing stays, and it can be done again. */
Test(memory_party, a_seed_that_fails_can_be_repeated, .timeout = 60)
{
    enum { CALLS = 7 }; /* begin, three partners, an application, a secret, commit */
    for (size_t n = 1; n <= CALLS + 1; n++) {
        struct fixture f;
        fixture_init(&f, FIXTURE_MEMORY);
        fixture_open(&f);
        store_memory_fail_after(f.store, n);
        cr_assert_eq(result_ok(seed_good(&f)), n > CALLS, "call %zu", n);
        store_memory_fail_after(f.store, 0);
        cr_assert_eq(result_ok(seed_good(&f)), n <= CALLS, "call %zu, again", n);
        fixture_done(&f);
    }
}
