/* Tables that follow the store change by change (P1): what they say is what a fresh reading of the
 * store would, versions before stay as they were, and nothing is half changed. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "support/leaks.h"
#include "unit/party/rows.h"
#include "unit/party/tree.h"

/* ---- memory faults ---- */

static int mallocs_left = -1; /* below 0: all succeed */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

static bool is_short(void)
{
    return mallocs_left >= 0 && mallocs_left-- == 0;
}

void *__wrap_malloc(size_t size)
{
    return is_short() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return is_short() ? NULL : __real_calloc(n, size);
}

/* ---- against a fresh reading ---- */

static struct scope_catalogue *load_catalogue(void)
{
    struct tree t;
    tree_init(&t);
    struct scope_catalogue *catalogue = t.catalogue;
    t.catalogue = NULL;
    tree_done(&t);
    return catalogue;
}

enum { BATCH = 5 };

/* Between one and a few steps in one go, as a batch of the writer is. */
static struct party *follow(struct rows *rows, const struct scope_catalogue *catalogue,
                            const struct party *old)
{
    static struct rows_change steps[BATCH];
    struct store_change changes[BATCH];
    size_t n = 1 + rows_random(rows, BATCH);
    struct party *party = NULL;

    for (size_t i = 0; i < n; i++) {
        rows_step(rows, &steps[i]);
        changes[i] = steps[i].change;
    }
    cr_assert(result_ok(party_apply(old, catalogue, changes, n, &party)));
    for (size_t i = 0; i < n; i++)
        rows_forget(&steps[i]);
    return party;
}

Test(party_apply, any_changes_come_to_what_a_fresh_reading_does)
{
    enum { SEEDS = 3, ROUNDS = 400, LOOK_EVERY = 40 };
    static struct rows rows;
    struct scope_catalogue *catalogue = load_catalogue();

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        rows_init(&rows, seed * 0x9e3779b97f4a7c15u);
        struct party *party = rows_load(&rows, catalogue);
        for (int round = 1; round <= ROUNDS; round++) {
            char when[64];
            struct party *next = follow(&rows, catalogue, party);
            party_unref(&party);
            party = next;
            snprintf(when, sizeof(when), "seed %d round %d", (int)seed, round);
            if (round % LOOK_EVERY == 0)
                rows_expect(&rows, catalogue, party, when);
        }
        cr_assert_gt(rows.partner_count, (size_t)200, "more than one piece of them");
        party_unref(&party);
    }
    catalogue_free(&catalogue);
    leaks_check();
}

Test(party_apply, every_version_stays_what_it_was)
{
    enum { VERSIONS = 12 };
    static struct rows rows, kept[VERSIONS];
    struct party *versions[VERSIONS];
    struct scope_catalogue *catalogue = load_catalogue();

    rows_init(&rows, 42);
    versions[0] = rows_load(&rows, catalogue);
    kept[0] = rows;
    for (int i = 1; i < VERSIONS; i++) {
        versions[i] = follow(&rows, catalogue, versions[i - 1]);
        for (int step = 0; step < 20; step++) {
            struct party *next = follow(&rows, catalogue, versions[i]);
            party_unref(&versions[i]);
            versions[i] = next;
        }
        kept[i] = rows;
    }
    for (int n = 0; n < VERSIONS; n++) { /* let go in an order of no meaning */
        int gone = n * 5 % VERSIONS;
        for (int i = 0; i < VERSIONS; i++)
            if (versions[i] != NULL && (i + n) % 3 == 0)
                rows_expect(&kept[i], catalogue, versions[i], "an older version");
        party_unref(&versions[gone]);
        cr_assert_null(versions[gone]);
    }
    catalogue_free(&catalogue);
    leaks_check();
}

Test(party_apply, two_versions_may_follow_the_same_one)
{
    static struct rows one, other;
    struct scope_catalogue *catalogue = load_catalogue();

    rows_init(&one, 7);
    struct party *party = rows_load(&one, catalogue);
    other = one;
    rows_random(&other, 2);
    struct party *first = follow(&one, catalogue, party);
    struct party *second = follow(&other, catalogue, party);
    rows_expect(&one, catalogue, first, "first");
    rows_expect(&other, catalogue, second, "second");
    party_unref(&first);
    party_unref(&party);
    rows_expect(&other, catalogue, second, "second, alone");
    party_unref(&second);
    catalogue_free(&catalogue);
    leaks_check();
}

Test(party_apply, a_partner_keeps_its_number)
{
    static struct rows rows;
    static struct rows_change step;
    struct scope_catalogue *catalogue = load_catalogue();

    rows_init(&rows, 9);
    struct party *party = rows_load(&rows, catalogue);
    for (uint32_t i = 1; i < 300; i++) {
        struct party *next;
        rows_step_partner(&rows, true, &step);
        cr_assert(result_ok(party_apply(party, catalogue, &step.change, 1, &next)));
        party_unref(&party);
        party = next;
        rows_step_partner(&rows, false, &step);
        cr_assert(result_ok(party_apply(party, catalogue, &step.change, 1, &next)));
        party_unref(&party);
        party = next;
        for (uint32_t j = 0; j <= i; j += 50)
            cr_assert_eq(party_find_partner(party, &rows.partners[j].partner_sid)->number, j);
    }
    party_unref(&party);
    catalogue_free(&catalogue);
}

/* ---- changes that fit nothing ---- */

Test(party_apply, a_change_that_does_not_fit_is_a_fault_and_changes_nothing)
{
    struct tree t;
    tree_init(&t);
    log_set_level(LOG_ERROR + 1);
    const struct sid none = {{0}}, stranger = {{9, 9, 9}};
    const struct partner_row orphan = {.partner_sid = stranger, .parent_sid = t.shop_app};
    const struct partner_row second_root = {.partner_sid = stranger, .parent_sid = none};
    const struct partner_row moved = {.partner_sid = t.shop, .parent_sid = t.root};
    const struct partner_row uprooted = {.partner_sid = t.shop, .parent_sid = none};
    const struct application_row homeless = {.client_id = stranger, .partner_sid = t.root_app};
    const struct application_row sold = {.client_id = t.shop_app, .partner_sid = t.root};
    const struct store_change good = {.kind = STORE_CHANGE_APPLICATION_GONE,
                                      .client_id = t.root_app};
    const struct store_change bad[] = {
        {.kind = STORE_CHANGE_PARTNER, .partner = &orphan},
        {.kind = STORE_CHANGE_PARTNER, .partner = &second_root},
        {.kind = STORE_CHANGE_PARTNER, .partner = &moved},
        {.kind = STORE_CHANGE_PARTNER, .partner = &uprooted},
        {.kind = STORE_CHANGE_APPLICATION, .application = &homeless},
        {.kind = STORE_CHANGE_APPLICATION, .application = &sold},
        {.kind = STORE_CHANGE_APPLICATION_GONE, .client_id = t.shop},
        {.kind = STORE_CHANGE_SECRETS, .secrets = {.client_id = stranger}},
        {.kind = STORE_CHANGE_SECRETS,
         .secrets = {.client_id = t.shop_app, .count = STORE_SECRETS_LIVE + 1}},
        {.kind = (enum store_change_kind)99},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct store_change changes[] = {good, bad[i]};
        struct party *party = NULL;
        cr_assert(!result_ok(party_apply(t.party, t.catalogue, changes, 2, &party)), "row %zu", i);
        cr_assert_null(party);
        cr_assert_not_null(party_find_application(t.party, &t.root_app), "row %zu", i);
        cr_assert_eq(party_counts(t.party).applications, (size_t)4);
    }
    tree_done(&t);
    leaks_check();
}

Test(party_apply, nothing_changed_is_the_same_again)
{
    struct tree t;
    struct party *party;
    tree_init(&t);
    cr_assert(result_ok(party_apply(t.party, t.catalogue, NULL, 0, &party)));
    cr_assert_eq(party_find_partner(party, &t.shop), party_find_partner(t.party, &t.shop));
    cr_assert_eq(party_find_application(party, &t.shop_app),
                 party_find_application(t.party, &t.shop_app));
    party_unref(&party);
    tree_done(&t);
    leaks_check();
}

Test(party_apply, what_did_not_change_is_shared)
{
    struct tree t;
    struct party *party;
    tree_init(&t);
    const struct store_change gone = {.kind = STORE_CHANGE_APPLICATION_GONE,
                                      .client_id = t.root_app};
    cr_assert(result_ok(party_apply(t.party, t.catalogue, &gone, 1, &party)));
    cr_assert_eq(party_find_partner(party, &t.shop), party_find_partner(t.party, &t.shop));
    cr_assert_eq(party_find_application(party, &t.shop_app),
                 party_find_application(t.party, &t.shop_app));
    cr_assert_null(party_find_application(party, &t.root_app));
    party_unref(&party);
    tree_done(&t);
}

Test(party_apply, a_suspended_partner_takes_its_tree_with_it_at_once) /* P1, 7662-4-c */
{
    struct tree t;
    struct party *party;
    tree_init(&t);
    const struct partner_row suspended = {.partner_sid = t.reseller,
                                          .parent_sid = t.root,
                                          .name = STR("reseller"),
                                          .status = PARTNER_SUSPENDED,
                                          .available_scopes = STR("calls.read"),
                                          .revision = 2};
    const struct store_change change = {.kind = STORE_CHANGE_PARTNER, .partner = &suspended};
    cr_assert(result_ok(party_apply(t.party, t.catalogue, &change, 1, &party)));
    const struct party_application *app = party_find_application(party, &t.shop_app);
    struct scope_set allowed = party_allowed(party, app), want = tree_set(&t, "calls.read");
    cr_assert(!party_application_works(party, app));
    cr_assert(scope_set_eq(&allowed, &want));
    cr_assert(party_application_works(t.party, app), "the version before");
    party_unref(&party);
    tree_done(&t);
}

/* ---- references ---- */

Test(party_apply, a_version_lives_as_long_as_its_last_holder)
{
    struct tree t;
    tree_init(&t);
    struct party *held = t.party;
    party_ref(held);
    party_unref(&t.party);
    cr_assert_not_null(party_find_application(held, &t.shop_app));
    party_unref(&held);
    party_unref(&held);
    tree_done(&t);
    leaks_check();
}

Test(party_apply, outdated_is_said_of_one_version)
{
    struct tree t;
    struct party *next;
    tree_init(&t);
    cr_assert(!party_is_outdated(t.party));
    party_outdate(t.party);
    cr_assert(party_is_outdated(t.party));
    cr_assert(result_ok(party_apply(t.party, t.catalogue, NULL, 0, &next)));
    cr_assert(!party_is_outdated(next));
    party_unref(&next);
    tree_done(&t);
}

/* ---- memory ---- */

Test(party_apply, without_memory_nothing_is_changed)
{
    enum { STEPS = 60 };
    static struct rows rows, before;
    static struct rows_change step;
    struct scope_catalogue *catalogue = load_catalogue();

    rows_init(&rows, 3);
    struct party *party = rows_load(&rows, catalogue);
    for (int i = 0; i < STEPS; i++) {
        struct party *next = NULL;
        struct result applied = FAULT(ERR_FAULT_MEMORY);
        before = rows;
        rows_step(&rows, &step);
        for (int fails = 0; !result_ok(applied); fails++) {
            mallocs_left = fails;
            applied = party_apply(party, catalogue, &step.change, 1, &next);
            mallocs_left = -1;
            if (result_ok(applied))
                break;
            cr_assert_eq(applied.code, ERR_FAULT_MEMORY);
            cr_assert_null(next);
            rows_expect(&before, catalogue, party, "after a fault");
        }
        rows_expect(&rows, catalogue, next, "after a fault was over");
        party_unref(&party);
        party = next;
    }
    party_unref(&party);
    catalogue_free(&catalogue);
    leaks_check();
}

Test(party_apply, tables_are_read_whole_or_not_at_all)
{
    struct tree t;
    struct party *party = NULL;
    struct result loaded = FAULT(ERR_FAULT_MEMORY);
    tree_init(&t);
    for (int fails = 0; !result_ok(loaded); fails++) {
        mallocs_left = fails;
        loaded = party_load(t.store, t.catalogue, &party);
        mallocs_left = -1;
        cr_assert(result_ok(loaded) || party == NULL);
        cr_assert(result_ok(loaded) || loaded.code == ERR_FAULT_MEMORY);
    }
    party_unref(&party);
    tree_done(&t);
    leaks_check();
}
