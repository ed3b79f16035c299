/* One writer changes the tables batch by batch; readers meanwhile must see every batch whole, none
 * older than what was published before they looked (P1), and what they hold must stay. */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "core/quiesce.h"
#include "party/party.h"

enum { READERS = 3, PARTNERS = 200, APPLICATIONS = 300, STEPS = 8000, HELD = 4 };

static struct quiesce quiesce;
static _Atomic(struct party *) tables;
static _Atomic uint64_t published; /* the step that readers can see at least */
static _Atomic bool done;

static struct sid sid_of(uint64_t n)
{
    struct sid sid = {{0}};
    uint64_t mixed = (n + 1) * 0x9e3779b97f4a7c15u;
    memcpy(sid.bytes, &n, sizeof(n));
    memcpy(sid.bytes + 8, &mixed, sizeof(mixed));
    return sid;
}

static struct sid partner_sid(uint64_t n)
{
    return sid_of(n + 1);
}

static struct sid client_id(uint64_t n)
{
    return sid_of(PARTNERS + 1 + n);
}

/* ---- the writer: in step n the root and one application change to revision n ---- */

static struct partner_row partner_row(uint64_t n, uint64_t step)
{
    struct partner_row row = {.partner_sid = partner_sid(n),
                              .name = STR("partner"),
                              .status = step % 2 == 0 ? PARTNER_ACTIVE : PARTNER_SUSPENDED,
                              .scopes_all = true,
                              .revision = step};
    if (n > 0)
        row.parent_sid = partner_sid((n - 1) / 2 % 30);
    return row;
}

static struct application_row application_row(uint64_t n, uint64_t step)
{
    return (struct application_row){.client_id = client_id(n),
                                    .partner_sid = partner_sid(n % PARTNERS),
                                    .name = STR("application"),
                                    .scopes_all = true,
                                    .audiences = STR("https://a.example urn:b"),
                                    .revision = step};
}

static void drop(void *party)
{
    struct party *p = party;
    party_unref(&p);
}

static void apply(const struct scope_catalogue *catalogue, const struct store_change *changes,
                  size_t n)
{
    struct party *next, *old = atomic_load(&tables);
    struct result applied = party_apply(old, catalogue, changes, n, &next);

    assert(result_ok(applied));
    atomic_store(&tables, next);
    quiesce_retire(&quiesce, old, drop);
}

static void write_step(const struct scope_catalogue *catalogue, uint64_t step)
{
    struct partner_row root = partner_row(0, step);
    struct application_row row = application_row(step % APPLICATIONS, step);
    struct store_change changes[] = {
        {.kind = STORE_CHANGE_PARTNER, .partner = &root},
        {.kind = STORE_CHANGE_APPLICATION_GONE, .client_id = row.client_id},
        {.kind = STORE_CHANGE_APPLICATION, .application = &row},
        {.kind = STORE_CHANGE_SECRETS,
         .secrets = {.client_id = row.client_id, .count = step % (STORE_SECRETS_LIVE + 1)}},
    };

    apply(catalogue, changes, 4);
    atomic_store(&published, step);
}

static void fill(const struct scope_catalogue *catalogue)
{
    for (uint64_t n = 0; n < PARTNERS; n++) {
        struct partner_row row = partner_row(n, 0);
        struct store_change change = {.kind = STORE_CHANGE_PARTNER, .partner = &row};
        apply(catalogue, &change, 1);
    }
    for (uint64_t n = 0; n < APPLICATIONS; n++) {
        struct application_row row = application_row(n, 0);
        struct store_change change = {.kind = STORE_CHANGE_APPLICATION, .application = &row};
        apply(catalogue, &change, 1);
    }
}

/* ---- readers ---- */

static void look(const struct party *party, uint64_t salt)
{
    const struct party_partner *root = party_root(party);
    struct sid changed = client_id(root->revision % APPLICATIONS);
    struct sid any = client_id(salt % APPLICATIONS), some = partner_sid(salt % PARTNERS);
    const struct party_application *application = party_find_application(party, &changed);

    assert(application != NULL && application->revision == root->revision);
    assert(root->revision == 0 ||
           application->secret_count == root->revision % (STORE_SECRETS_LIVE + 1));
    assert(party_application_works(party, application) == (root->revision % 2 == 0));
    assert(party_application_has_audience(application, STR("urn:b")));
    application = party_find_application(party, &any);
    assert(application != NULL && application->revision <= root->revision);
    assert(party_is_within(party_partner_of(party, application), root));
    assert(party_find_partner(party, &some)->number == salt % PARTNERS);
}

static void *read_on(void *arg)
{
    struct quiesce_reader *reader = arg;
    struct party *held[HELD] = {NULL};
    uint64_t salt = 0;

    while (!atomic_load(&done)) {
        quiesce_pass(&quiesce, reader);
        uint64_t least = atomic_load(&published);
        struct party *now = atomic_load(&tables);
        assert(party_root(now)->revision >= least);
        look(now, salt++);
        if (salt % 8 == 0) { /* as an exchange that waits does */
            struct party **place = &held[salt / 8 % HELD];
            if (*place != NULL)
                look(*place, salt);
            party_unref(place);
            party_ref(now);
            *place = now;
        }
    }
    for (size_t i = 0; i < HELD; i++)
        party_unref(&held[i]);
    quiesce_offline(reader);
    return NULL;
}

static struct scope_catalogue *load(void)
{
    struct store_options options = {
        .url = STR("memory:"), .clock = &clock_system, .entropy = &entropy_system};
    struct scope_catalogue *catalogue;
    struct party *party;
    struct store *store;
    struct buf errors;
    char memory[4096];

    buf_init_fixed(&errors, memory, sizeof(memory));
    bool good = catalogue_load(CONF_DIR "/scopes", NULL, &catalogue, &errors);
    assert(good);
    struct result result = store_open(&options, &store, &errors);
    assert(result_ok(result));
    result = party_load(store, catalogue, &party);
    assert(result_ok(result));
    store_close(&store);
    atomic_store(&tables, party);
    return catalogue;
}

int main(void)
{
    pthread_t threads[READERS];

    quiesce_init(&quiesce);
    struct scope_catalogue *catalogue = load();
    fill(catalogue);
    for (int i = 0; i < READERS; i++) {
        int failed = pthread_create(&threads[i], NULL, read_on, quiesce_register(&quiesce));
        assert(failed == 0);
    }
    for (uint64_t step = 1; step <= STEPS; step++) {
        write_step(catalogue, step);
        if (step % 16 == 0)
            quiesce_collect(&quiesce);
    }
    atomic_store(&done, true);
    for (int i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    drop(atomic_load(&tables));
    quiesce_done(&quiesce);
    catalogue_free(&catalogue);
    puts("every change was seen whole, as soon as it was published");
    return 0;
}
