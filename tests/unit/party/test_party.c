/* Partner and application tables (SPEC 2, SPEC 3, P1). */
#include <criterion/criterion.h>

#include "core/log.h"
#include "support/leaks.h"
#include "unit/party/tree.h"

Test(party, ceilings_are_closed_and_narrow_downwards)
{
    struct tree t;
    tree_init(&t);
    const struct party_partner *shop = party_find_partner(t.party, &t.shop);
    struct scope_set want =
        tree_set(&t, "calls.read sms.manage sms.create sms.read sms.update sms.delete");

    cr_assert_not_null(shop);
    struct party_reach reach = party_reach(t.party, shop);
    cr_assert(scope_set_eq(&reach.ceiling, &want),
              "rating is not the parent's, so it is not the shop's");
    cr_assert_eq(shop->depth, 2u);
    cr_assert(reach.works);
    tree_done(&t);
    leaks_check();
}

Test(party, a_partner_works_only_while_all_above_it_are_active) /* 7662-4-c */
{
    struct tree t;
    tree_init(&t);
    const struct party *p = t.party;
    cr_assert(!party_reach(p, party_find_partner(p, &t.closed)).works);
    cr_assert(!party_reach(p, party_find_partner(p, &t.below)).works,
              "active under a suspended partner");
    cr_assert(!party_application_works(p, party_find_application(p, &t.below_app)));
    cr_assert(party_application_works(p, party_find_application(p, &t.shop_app)));
    tree_done(&t);
}

Test(party, subtrees_hold_a_partner_and_what_is_below_it) /* F-07 */
{
    struct tree t;
    tree_init(&t);
    const struct sid *sids[] = {&t.root, &t.reseller, &t.shop, &t.closed, &t.below};
    const bool within[5][5] = {
        /* of:  root reseller shop closed below */
        {true, false, false, false, false}, {true, true, false, false, false},
        {true, true, true, false, false},   {true, false, false, true, false},
        {true, false, false, true, true},
    };
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 5; j++)
            cr_assert_eq(party_is_within(party_find_partner(t.party, sids[i]),
                                         party_find_partner(t.party, sids[j])),
                         within[i][j], "%d in %d", i, j);
    tree_done(&t);
}

Test(party, partners_are_counted_through_parents_first)
{
    struct tree t;
    tree_init(&t);
    size_t count = party_counts(t.party).partners;

    for (size_t number = 0; number < count; number++) {
        const struct party_partner *partner = party_partner_at(t.party, number);
        const struct party_partner *parent = party_parent(t.party, partner);
        cr_assert_eq(partner->number, number);
        cr_assert(party_find_partner(t.party, &partner->partner_sid) == partner);
        cr_assert(parent == NULL || parent->number < number);
    }
    cr_assert_null(party_partner_at(t.party, count));
    cr_assert_null(party_partner_at(t.party, SIZE_MAX));
    tree_done(&t);
}

Test(party, restricted_scopes_count_only_when_approved)
{
    struct tree t;
    tree_init(&t);
    const struct party_application *app = party_find_application(t.party, &t.reseller_app);
    struct scope_set restricted = tree_set(&t, "DirectRingOut");

    cr_assert(!scope_set_is_subset(&restricted, &app->declared));
    struct scope_set root = party_allowed(t.party, party_find_application(t.party, &t.root_app));
    cr_assert(scope_set_is_subset(&restricted, &root),
              "the root's first application holds all, approved");
    tree_done(&t);
}

Test(party, an_application_is_allowed_its_own_within_its_partners)
{
    struct tree t;
    tree_init(&t);
    const struct party_application *app = party_find_application(t.party, &t.shop_app);
    struct scope_set declared = tree_set(&t, "calls.manage sms.manage");
    struct scope_set allowed =
        tree_set(&t, "calls.read sms.manage sms.create sms.read sms.update sms.delete");

    cr_assert(scope_set_eq(&app->declared, &declared),
              "a name the catalogue lost counts for nothing");
    struct scope_set got = party_allowed(t.party, app);
    cr_assert(scope_set_eq(&got, &allowed));
    cr_assert_eq(app->audience_count, (size_t)2);
    cr_assert(party_application_has_audience(app, STR("https://other.example")));
    cr_assert(!party_application_has_audience(app, STR("https://other.example/")));
    cr_assert_eq(app->secret_count, (size_t)1);
    tree_done(&t);
}

Test(party, unknown_sids_are_not_found)
{
    struct tree t;
    tree_init(&t);
    struct sid stranger = t.shop;
    stranger.bytes[15] ^= 1;
    cr_assert_null(party_find_partner(t.party, &stranger));
    cr_assert_null(party_find_application(t.party, &stranger));
    cr_assert_null(party_find_application(t.party, &t.shop),
                   "a partner's SID names no application");
    cr_assert_eq(party_counts(t.party).applications, (size_t)4);
    tree_done(&t);
}

/* A partner each below the last, the first at depth 3. */
static struct sid seed_chain(struct tree *t, struct sid parent, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char login[SID_TEXT], memory[256];
        struct partner_row row = {.parent_sid = parent, .scopes_all = true, .revision = 1};
        struct store_seed seed = {.partners = &row, .partner_count = 1};
        struct buf error;
        cr_assert(result_ok(sid_new(&t->clock.clock, &t->entropy.entropy, &row.partner_sid)));
        sid_format(&row.partner_sid, login);
        row.status = PARTNER_ACTIVE;
        row.name = row.login = str_make(login, sizeof(login));
        buf_init_fixed(&error, memory, sizeof(memory));
        cr_assert(result_ok(store_seed(t->store, &seed, &error)));
        parent = row.partner_sid;
    }
    return parent;
}

/* What walks up the chain relies on it (P2: an epoch of any ancestor counts). */
Test(party, a_tree_that_is_too_deep_is_not_loaded)
{
    struct tree t;
    struct party *party = NULL;
    tree_init(&t);
    log_set_level(LOG_ERROR + 1);
    struct sid deepest = seed_chain(&t, t.shop, LIMIT_PARTNER_DEPTH - 3);
    cr_assert(result_ok(party_load(t.store, t.catalogue, &party)));
    cr_assert_eq(party_find_partner(party, &deepest)->depth, (unsigned)LIMIT_PARTNER_DEPTH - 1);
    party_unref(&party);
    seed_chain(&t, deepest, 1);
    cr_assert_eq(party_load(t.store, t.catalogue, &party).code, ERR_FAULT_STORE);
    cr_assert_null(party);
    tree_done(&t);
    leaks_check();
}
