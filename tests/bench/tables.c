/* What partners, applications and access control in memory cost: reading them all from a store, a
 * look-up with its ceiling (as an introspection makes), and publishing a change of one of them,
 * with the end of the version before.
 *
 *   bench_tables CATALOGUE-DIR [PARTNERS APPLICATIONS] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl/tables.h"
#include "party/party.h"

enum { LOOKS = 2000000, CHANGES = 20000, DEPTH_STEP = 10 };

/* Of every partner, where they have any. */
#define LISTS                                                                                    \
    "[{\"access_control_rules\":[\"01995f2a-7c00-7aaa-8000-0123456789ab\","                      \
    "\"01995f2a-7c00-7aaa-8000-0123456789ac\"],\"direction\":\"any\",\"sms_action_false\":null," \
    "\"sms_action_true\":null,\"voice_action_false\":null,\"voice_action_true\":\"reject403\"}]"

struct bench {
    struct scope_catalogue *catalogue;
    struct store *store;
    struct party *party;
    struct acl_tables *acls;
    struct partner_row *partners;
    struct application_row *applications;
    struct secret_row *secrets;
    char (*logins)[SID_TEXT];
    size_t partner_count, application_count;
};

static void need(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "bench_tables: %s\n", what);
        exit(1);
    }
}

static struct sid new_sid(void)
{
    struct sid sid;
    need(result_ok(sid_new(&clock_system, &entropy_system, &sid)), "no random bytes");
    return sid;
}

static void make_rows(struct bench *b, bool lists)
{
    b->partners = calloc(b->partner_count, sizeof(*b->partners));
    b->logins = calloc(b->partner_count, sizeof(*b->logins));
    b->applications = calloc(b->application_count, sizeof(*b->applications));
    b->secrets = calloc(b->application_count, sizeof(*b->secrets));
    need(b->partners && b->logins && b->applications && b->secrets, "no memory");
    for (size_t i = 0; i < b->partner_count; i++) {
        struct partner_row *row = &b->partners[i];
        *row = (struct partner_row){.partner_sid = new_sid(),
                                    .name = STR("A partner of ours"),
                                    .status = PARTNER_ACTIVE,
                                    .available_scopes = STR("calls.manage sms.manage oauth.manage"),
                                    .revision = 1};
        if (i > 0) /* the first ten in a line, the others below them */
            row->parent_sid = b->partners[i < DEPTH_STEP ? i - 1 : i % DEPTH_STEP].partner_sid;
        sid_format(&row->partner_sid, b->logins[i]);
        row->login = str_make(b->logins[i], SID_TEXT);
        if (lists)
            row->acls = STR(LISTS);
    }
    for (size_t i = 0; i < b->application_count; i++) {
        b->applications[i] = (struct application_row){
            .client_id = new_sid(),
            .partner_sid = b->partners[i % b->partner_count].partner_sid,
            .name = STR("nightly export"),
            .grant_types = STR("client_credentials"),
            .scopes = STR("calls.read sms.manage"),
            .audiences = STR("https://api.example.com https://other.example.com"),
            .revision = 1};
        b->secrets[i] = (struct secret_row){
            .secret_id = new_sid(), .client_id = b->applications[i].client_id, .created_ms = 1};
    }
}

static void load(struct bench *b)
{
    struct store_options options = {
        .url = STR("memory:"), .clock = &clock_system, .entropy = &entropy_system};
    struct store_seed seed = {b->partners,          b->partner_count, b->applications,
                              b->application_count, b->secrets,       b->application_count};
    char memory[4096];
    struct buf error;

    buf_init_fixed(&error, memory, sizeof(memory));
    need(result_ok(store_open(&options, &b->store, &error)), "the store does not open");
    need(result_ok(store_seed(b->store, &seed, &error)), "the store takes no rows");
    int64_t begin_ns = clock_mono_ns();
    need(result_ok(party_load(b->store, b->catalogue, &b->party)), "the tables do not load");
    need(result_ok(acl_tables_load(b->store, NULL, &b->acls)), "the lists do not load");
    printf("%zu partners and %zu applications: read in %.0f ms", b->partner_count,
           b->application_count, (double)(clock_mono_ns() - begin_ns) / 1e6);
}

static void measure_looks(const struct bench *b)
{
    size_t works = 0, at = 0;
    int64_t begin_ns = clock_mono_ns();

    for (size_t i = 0; i < LOOKS; i++) {
        at = (at + 7919) % b->application_count;
        const struct party_application *application =
            party_find_application(b->party, &b->applications[at].client_id);
        const struct party_partner *partner =
            party_find_partner(b->party, &application->partner_sid);
        struct party_reach reach = party_reach(b->party, partner);
        works += reach.works & !scope_set_is_empty(&reach.ceiling);
    }
    need(works == LOOKS, "a look-up went wrong");
    printf(", looked up in %.0f ns", (double)(clock_mono_ns() - begin_ns) / LOOKS);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void one_change(struct bench *b, enum store_change_kind kind, size_t n)
{
    struct partner_row partner = b->partners[n % b->partner_count];
    struct application_row application = b->applications[n % b->application_count];
    struct store_change change = {.kind = kind};
    struct acl_tables *next_acls;
    struct party *next;

    partner.revision = application.revision = n;
    if (kind == STORE_CHANGE_PARTNER)
        change.partner = &partner;
    else if (kind == STORE_CHANGE_APPLICATION)
        change.application = &application;
    else
        change.secrets.client_id = application.client_id;
    need(result_ok(party_apply(b->party, b->catalogue, &change, 1, &next)), "no change");
    need(result_ok(acl_tables_apply(b->acls, &change, 1, &next_acls)), "no change");
    party_unref(&b->party);
    acl_tables_unref(&b->acls);
    b->party = next;
    b->acls = next_acls;
}

static void measure_changes(struct bench *b, enum store_change_kind kind, const char *what)
{
    static double took_us[CHANGES];

    for (size_t i = 0; i < CHANGES; i++) {
        int64_t begin_ns = clock_mono_ns();
        one_change(b, kind, i * 7919);
        took_us[i] = (double)(clock_mono_ns() - begin_ns) / 1e3;
    }
    qsort(took_us, CHANGES, sizeof(*took_us), by_size);
    printf("a change of %s: median %.1f us, 99 of 100 below %.1f us\n", what, took_us[CHANGES / 2],
           took_us[CHANGES / 100 * 99]);
}

static void measure(struct bench *b, bool lists)
{
    make_rows(b, lists);
    load(b);
    measure_looks(b);
    printf("\n");
    measure_changes(b, STORE_CHANGE_PARTNER, "a partner");
    measure_changes(b, STORE_CHANGE_APPLICATION, "an application");
    measure_changes(b, STORE_CHANGE_SECRETS, "its secrets");
    party_unref(&b->party);
    acl_tables_unref(&b->acls);
    store_close(&b->store);
    free(b->partners);
    free(b->applications);
    free(b->secrets);
    free(b->logins);
}

int main(int argc, char **argv)
{
    struct bench b = {.partner_count = 10000, .application_count = 100000};
    char memory[4096];
    struct buf errors;

    need(argc == 2 || argc == 4, "CATALOGUE-DIR [PARTNERS APPLICATIONS]");
    if (argc == 4) {
        b.partner_count = strtoul(argv[2], NULL, 10);
        b.application_count = strtoul(argv[3], NULL, 10);
    }
    need(b.partner_count >= DEPTH_STEP && b.application_count > 0, "too few rows");
    buf_init_fixed(&errors, memory, sizeof(memory));
    need(catalogue_load(argv[1], NULL, &b.catalogue, &errors), "the catalogue does not load");
    measure(&b, false);
    printf("each partner with a list: ");
    measure(&b, true);
    catalogue_free(&b.catalogue);
    return 0;
}
