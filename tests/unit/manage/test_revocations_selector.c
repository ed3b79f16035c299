/* What a selector becomes within its caller's reach (SPEC 7, M2), and which rows it marks (P2). */
#include <criterion/criterion.h>
#include <stdio.h>

#include "manage/revocations.h"
#include "manage/revocations_walk.h"
#include "unit/party/tree.h"

enum { DATE_S = 1700000000 };

/* ---- what a selector becomes ---- */

enum who { ROOT, RESELLER, SHOP, RESELLER_ALONE, ROOT_ALONE }; /* alone: manage_all_tokens only */

enum said {
    ROOT_APP = 1 << 0,
    SHOP_APP = 1 << 1,
    OF_ROOT = 1 << 2,
    OF_RESELLER = 1 << 3,
    OF_SHOP = 1 << 4,
    TREE = 1 << 5,
    USER = 1 << 6,
    KEY = 1 << 7,
    SCOPE = 1 << 8,
    DATE = 1 << 9,
    CEILING = 1 << 10,
    RESELLER_APP = 1 << 11,
};

static const struct {
    enum who who;
    int asked;
    enum entry_kind kind;
    int effective;
} becomes[] = {
    /* one dimension, of the root */
    {ROOT, SHOP_APP, ENTRY_EPOCH_APPLICATION, SHOP_APP},
    {ROOT, OF_SHOP, ENTRY_EPOCH_PARTNER, OF_SHOP},
    {ROOT, OF_SHOP | TREE, ENTRY_EPOCH_PARTNER_TREE, OF_SHOP | TREE},
    {ROOT, USER, ENTRY_EPOCH_USER, USER},
    {ROOT, KEY, ENTRY_EPOCH_KEY, KEY},
    {ROOT, SCOPE, ENTRY_SELECTOR, SCOPE},
    {ROOT, CEILING, ENTRY_SELECTOR, CEILING},
    {ROOT, DATE, ENTRY_EPOCH_PARTNER_TREE, OF_ROOT | TREE | DATE},
    /* dated */
    {ROOT, SHOP_APP | DATE, ENTRY_EPOCH_APPLICATION, SHOP_APP | DATE},
    {ROOT, OF_SHOP | DATE, ENTRY_EPOCH_PARTNER, OF_SHOP | DATE},
    {ROOT, OF_SHOP | TREE | DATE, ENTRY_EPOCH_PARTNER_TREE, OF_SHOP | TREE | DATE},
    {ROOT, USER | DATE, ENTRY_EPOCH_USER, USER | DATE},
    {ROOT, KEY | DATE, ENTRY_EPOCH_KEY, KEY | DATE},
    {ROOT, SCOPE | DATE, ENTRY_SELECTOR, SCOPE | DATE},
    {ROOT, CEILING | DATE, ENTRY_SELECTOR, CEILING | DATE},
    /* pairs */
    {ROOT, SHOP_APP | KEY, ENTRY_SELECTOR, SHOP_APP | KEY},
    {ROOT, SHOP_APP | SCOPE, ENTRY_SELECTOR, SHOP_APP | SCOPE},
    {ROOT, SHOP_APP | CEILING, ENTRY_SELECTOR, SHOP_APP | CEILING},
    {ROOT, SHOP_APP | OF_SHOP, ENTRY_SELECTOR, SHOP_APP | OF_SHOP},
    {ROOT, OF_SHOP | SCOPE, ENTRY_SELECTOR, OF_SHOP | SCOPE},
    {ROOT, OF_SHOP | TREE | KEY, ENTRY_SELECTOR, OF_SHOP | TREE | KEY},
    /* a tree that says nothing beside the others: that of the root, or above the application */
    {ROOT, OF_ROOT | TREE, ENTRY_EPOCH_PARTNER_TREE, OF_ROOT | TREE},
    {ROOT, OF_ROOT | TREE | KEY, ENTRY_EPOCH_KEY, KEY},
    {ROOT, OF_ROOT | TREE | SCOPE, ENTRY_SELECTOR, SCOPE},
    {ROOT, OF_ROOT | KEY, ENTRY_SELECTOR, OF_ROOT | KEY},
    {ROOT, OF_RESELLER | TREE | SHOP_APP, ENTRY_EPOCH_APPLICATION, SHOP_APP},
    {ROOT, OF_SHOP | TREE | SHOP_APP | DATE, ENTRY_EPOCH_APPLICATION, SHOP_APP | DATE},
    {ROOT, OF_SHOP | TREE | ROOT_APP, ENTRY_SELECTOR, OF_SHOP | TREE | ROOT_APP},
    {ROOT, OF_SHOP | TREE | RESELLER_APP, ENTRY_SELECTOR, OF_SHOP | TREE | RESELLER_APP},
    /* of a partner below: within its tree */
    {RESELLER, SHOP_APP, ENTRY_EPOCH_APPLICATION, SHOP_APP},
    {RESELLER, RESELLER_APP | DATE, ENTRY_EPOCH_APPLICATION, RESELLER_APP | DATE},
    {RESELLER, SCOPE, ENTRY_SELECTOR, OF_RESELLER | TREE | SCOPE},
    {RESELLER, CEILING, ENTRY_SELECTOR, OF_RESELLER | TREE | CEILING},
    {RESELLER, USER, ENTRY_SELECTOR, OF_RESELLER | TREE | USER},
    {RESELLER, OF_SHOP, ENTRY_EPOCH_PARTNER, OF_SHOP},
    {RESELLER, OF_RESELLER | TREE | DATE, ENTRY_EPOCH_PARTNER_TREE, OF_RESELLER | TREE | DATE},
    {SHOP, SHOP_APP | SCOPE, ENTRY_SELECTOR, SHOP_APP | SCOPE},
    /* with oauth.manage_all_tokens alone: its own partner */
    {RESELLER_ALONE, RESELLER_APP, ENTRY_SELECTOR, OF_RESELLER | RESELLER_APP},
    {RESELLER_ALONE, OF_RESELLER, ENTRY_EPOCH_PARTNER, OF_RESELLER},
    {RESELLER_ALONE, OF_RESELLER | DATE, ENTRY_EPOCH_PARTNER, OF_RESELLER | DATE},
    {RESELLER_ALONE, SCOPE, ENTRY_SELECTOR, OF_RESELLER | SCOPE},
    {RESELLER_ALONE, CEILING | DATE, ENTRY_SELECTOR, OF_RESELLER | CEILING | DATE},
    {ROOT_ALONE, SCOPE, ENTRY_SELECTOR, OF_ROOT | SCOPE},
    {ROOT_ALONE, ROOT_APP, ENTRY_SELECTOR, OF_ROOT | ROOT_APP},
};

static struct revocation_selector selector_of(const struct tree *t, int said)
{
    struct revocation_selector selector = {.kid = STR(""), .scopes = STR("")};

    if ((said & (ROOT_APP | SHOP_APP | RESELLER_APP)) != 0)
        selector.client_id = (said & ROOT_APP) != 0   ? t->root_app
                             : (said & SHOP_APP) != 0 ? t->shop_app
                                                      : t->reseller_app;
    if ((said & (OF_ROOT | OF_RESELLER | OF_SHOP)) != 0)
        selector.partner_sid = (said & OF_ROOT) != 0       ? t->root
                               : (said & OF_RESELLER) != 0 ? t->reseller
                                                           : t->shop;
    if ((said & USER) != 0)
        selector.user_sid = (struct sid){{7}};
    if ((said & KEY) != 0)
        selector.kid = STR("key-1");
    if ((said & SCOPE) != 0)
        selector.scopes = STR("calls.read calls.manage");
    selector.before_s = (said & DATE) != 0 ? DATE_S : 0;
    selector.descendants = (said & TREE) != 0;
    selector.over_ceiling = (said & CEILING) != 0;
    return selector;
}

static struct revocation_reach reach_of(const struct tree *t, enum who who)
{
    const struct sid *sids[] = {[ROOT] = &t->root,
                                [RESELLER] = &t->reseller,
                                [SHOP] = &t->shop,
                                [RESELLER_ALONE] = &t->reseller,
                                [ROOT_ALONE] = &t->root};
    return (struct revocation_reach){.top = party_find_partner(t->party, sids[who]),
                                     .is_tree = who < RESELLER_ALONE};
}

static bool are_same(const struct revocation_selector *a, const struct revocation_selector *b)
{
    return sid_eq(&a->client_id, &b->client_id) && sid_eq(&a->partner_sid, &b->partner_sid) &&
           sid_eq(&a->user_sid, &b->user_sid) && str_eq(a->kid, b->kid) &&
           str_eq(a->scopes, b->scopes) && a->before_s == b->before_s &&
           a->descendants == b->descendants && a->over_ceiling == b->over_ceiling;
}

Test(revocations_selector, a_selector_becomes_one_entry_within_the_reach)
{
    struct tree t;

    tree_init(&t);
    for (size_t i = 0; i < sizeof(becomes) / sizeof(becomes[0]); i++) {
        const struct revocation_reach reach = reach_of(&t, becomes[i].who);
        const struct revocation_selector asked = selector_of(&t, becomes[i].asked);
        const struct revocation_selector wanted = selector_of(&t, becomes[i].effective);
        struct revocation_selector effective;

        enum entry_kind kind = revocation_effective(t.party, &reach, &asked, &effective);
        cr_assert_eq(kind, becomes[i].kind, "%zu: %d", i, kind);
        cr_assert(are_same(&effective, &wanted), "%zu", i);
        cr_assert((becomes[i].asked & KEY) != 0 ||
                      revocation_is_within(t.party, &reach, &effective),
                  "%zu", i);
    }
    tree_done(&t);
}

static const struct {
    enum who who;
    int effective;
    bool within;
} reached[] = {
    {ROOT, KEY, true},
    {ROOT, SCOPE, true},
    {ROOT_ALONE, KEY, false},
    {ROOT_ALONE, SCOPE, false},
    {ROOT_ALONE, OF_ROOT | SCOPE, true},
    {ROOT_ALONE, OF_ROOT | TREE, false},
    {ROOT_ALONE, ROOT_APP, false}, /* its tokens may stand below */
    {RESELLER, KEY, false},
    {RESELLER, OF_RESELLER | TREE | KEY, false},
    {RESELLER, SCOPE, false},
    {RESELLER, ROOT_APP, false},
    {RESELLER, SHOP_APP, true},
    {RESELLER, RESELLER_APP, true},
    {RESELLER, OF_ROOT, false},
    {RESELLER, OF_RESELLER | TREE | CEILING, true},
    {RESELLER_ALONE, OF_RESELLER | CEILING, true},
    {RESELLER_ALONE, OF_RESELLER | TREE, false},
    {RESELLER_ALONE, OF_SHOP, false},
    {RESELLER_ALONE, RESELLER_APP, false},
    {SHOP, OF_RESELLER, false},
    {SHOP, RESELLER_APP, false},
    {SHOP, SHOP_APP, true},
};

/* A plan is carried out by the rights of then, whoever made it. */
Test(revocations_selector, M2_what_the_reach_is_too_short_for)
{
    struct tree t;

    tree_init(&t);
    for (size_t i = 0; i < sizeof(reached) / sizeof(reached[0]); i++) {
        const struct revocation_reach reach = reach_of(&t, reached[i].who);
        const struct revocation_selector effective = selector_of(&t, reached[i].effective);
        cr_assert_eq(revocation_is_within(t.party, &reach, &effective), reached[i].within, "%zu",
                     i);
    }
    tree_done(&t);
}

/* ---- which rows are marked ---- */

enum { BELOW = 10, NUMBER = 20 };

static const struct {
    int said;
    uint32_t generation;
    uint64_t epoch;
    const char *scopes, *kid;
    bool takes;
} marked[] = {
    {SHOP_APP, 1, 9, "calls.read", "key-1", true},
    {SHOP_APP, 1, 10, "calls.read", "key-1", false}, /* younger than the count */
    {SHOP_APP, 2, 9, "calls.read", "key-1", true},
    {ROOT_APP, 1, 9, "calls.read", "key-1", false},
    {OF_SHOP, 1, 9, "calls.read", "key-1", true},
    {OF_RESELLER, 1, 9, "calls.read", "key-1", false},
    {OF_RESELLER | TREE, 1, 9, "calls.read", "key-1", true},
    {KEY, 1, 9, "calls.read", "key-1", true},
    {KEY, 1, 9, "calls.read", "key-2", false},
    {KEY, 2, 9, "calls.read", "key-1", false}, /* another JWT of it may be of another key */
    {SCOPE, 1, 9, "sms.read calls.manage", "key-1", true},
    {SCOPE, 1, 9, "sms.read", "key-1", false},
    {SCOPE, 2, 9, "sms.read calls.manage", "key-1", false}, /* one may have had less */
    {SHOP_APP | DATE, 1, 9, "calls.read", "key-1", true},
    {SHOP_APP | DATE, 2, 9, "calls.read", "key-1", false}, /* when it was signed is not known */
    /* each one is revoked whole, for the entry does not stay */
    {CEILING, 1, 9, "calls.manage", "key-1", true},
    {CEILING, 1, 9, "calls.read", "key-1", false},
    {CEILING, 1, 9, "name.of.yesterday", "key-1", true},
    {CEILING, 1, 10, "calls.manage", "key-1", false},
    {CEILING, 2, 15, "calls.manage", "key-1", true}, /* an earlier JWT was there at the count */
    {CEILING | DATE, 2, 9, "calls.manage", "key-1", true},
    {CEILING | KEY, 2, 9, "calls.manage", "key-2", true},
    {CEILING | KEY, 1, 9, "calls.manage", "key-2", false},
};

Test(revocations_selector, P2_a_row_is_marked_when_all_of_its_token_was_ended)
{
    struct tree t;

    tree_init(&t);
    for (size_t i = 0; i < sizeof(marked) / sizeof(marked[0]); i++) {
        const struct token_facts facts = {.catalogue = t.catalogue, .party = t.party};
        const struct revocation_row revocation = {
            .selector = selector_of(&t, marked[i].said), .below = BELOW, .number = NUMBER};
        const struct token_row row = {
            .client_id = t.shop_app,
            .partner_sid = t.shop,
            .scopes = str_from(marked[i].scopes),
            .created_ms = (DATE_S - 100) * INT64_C(1000),
            .exp_s = DATE_S + 1000,
            .generation = marked[i].generation,
            .newest = {DATE_S + 1000, marked[i].epoch, str_from(marked[i].kid)},
        };
        cr_assert_eq(revocation_walk_takes(&revocation, &facts, &row), marked[i].takes, "%zu", i);
    }
    tree_done(&t);
}
