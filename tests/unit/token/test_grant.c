/* The grant rule (SPEC 2) and what survives of a token's names (P1). */
#include <criterion/criterion.h>

#include "support/leaks.h"
#include "token/grant.h"
#include "unit/party/tree.h"

enum { ROOT, RESELLER, SHOP };

static const struct {
    int who;
    const char *requested, *granted, *detail; /* granted NULL: refused */
} grants[] = {
    {RESELLER, "calls.manage", "calls.manage", NULL},
    {RESELLER, "calls.read", "calls.read", NULL},
    {RESELLER, "sms.read calls.update", "sms.read calls.update", NULL},
    {RESELLER, "calls.read calls.read", "calls.read", NULL},
    {RESELLER, "", "calls.manage sms.read", NULL},
    {RESELLER, "sms.manage", NULL, "scope sms.manage is not granted: refused by the application"},
    {RESELLER, "calls.read oauth.manage", NULL,
     "scope oauth.manage is not granted: refused by the application"},
    {RESELLER, "DirectRingOut", NULL,
     "scope DirectRingOut is not granted: refused by the application"},
    {RESELLER, "CALLS.READ", NULL, "scope CALLS.READ is unknown"},
    {RESELLER, "calls.read  sms.read", NULL,
     "scope is not a list of names with single spaces between"},
    {RESELLER, "calls.*", NULL, "scope calls.* is unknown"},
    {RESELLER, "sms.read nosuch sms.manage", NULL, "scope nosuch is unknown"},
    {RESELLER, "sms.read sms.manage nosuch", NULL,
     "scope sms.manage is not granted: refused by the application"},
    {SHOP, "calls.read", "calls.read", NULL},
    {SHOP, "calls.manage", NULL, "scope calls.manage is not granted: refused by the partner"},
    {SHOP, "calls.update", NULL, "scope calls.update is not granted: refused by the partner"},
    {SHOP, "", "sms.manage", NULL}, /* declared literally and grantable now */
    {ROOT, "DirectRingOut Glip iam.voice.write", "DirectRingOut Glip iam.voice.write", NULL},
};

Test(grant, a_request_is_granted_whole_or_refused_by_name) /* 6749-3.3-d, 6749-3.3-e, 6749-5.2-f */
{
    struct tree t;
    struct arena arena;
    tree_init(&t);
    arena_init(&arena, NULL, 0, 65536);
    const struct sid *apps[] = {&t.root_app, &t.reseller_app, &t.shop_app};

    for (size_t i = 0; i < sizeof(grants) / sizeof(grants[0]); i++) {
        const struct party_application *app = party_find_application(t.party, apps[grants[i].who]);
        struct scope_set got;
        struct str detail = STR_NONE;
        enum err err = grant_scopes(t.catalogue, t.party, app, str_from(grants[i].requested),
                                    &arena, &got, &detail);
        if (grants[i].granted == NULL) {
            cr_assert_eq(err, ERR_INVALID_SCOPE, "%s", grants[i].requested);
            cr_assert(str_eq(detail, str_from(grants[i].detail)), "%s: %.*s", grants[i].requested,
                      (int)detail.len, detail.ptr);
            continue;
        }
        struct scope_set want = tree_set(&t, grants[i].granted);
        cr_assert_eq(err, ERR_NONE, "%s: %.*s", grants[i].requested, (int)detail.len, detail.ptr);
        cr_assert(scope_set_eq(&got, &want), "%s", grants[i].requested);
    }
    arena_reset(&arena);
    tree_done(&t);
    leaks_check();
}

Test(grant, without_memory_nothing_is_decided)
{
    struct tree t;
    struct arena arena;
    struct scope_set got;
    struct str detail;
    tree_init(&t);
    arena_init(&arena, NULL, 0, 8);
    cr_assert_eq(grant_scopes(t.catalogue, t.party, party_find_application(t.party, &t.shop_app),
                              STR("nosuch"), &arena, &got, &detail),
                 ERR_FAULT_MEMORY);
    tree_done(&t);
}

static const struct {
    const char *claim, *left;
} survivals[] = {
    {"calls.read sms.manage", "calls.read sms.manage"},
    {"calls.manage", "calls.read"}, /* the largest implied that survives */
    {"calls.manage calls.read", "calls.read"},
    {"calls.update", ""},
    {"rating.manage", ""},
    {"", ""},
    {"name.of.yesterday sms.read", "sms.read"},
};

static struct scope_set surviving(const struct tree *t, const struct party_application *app,
                                  const struct sid *partner_sid, const char *names)
{
    bool works;
    struct scope_set bound =
        grant_bound(t->party, app, party_find_partner(t->party, partner_sid), &works);

    cr_assert(works);
    return grant_surviving(t->catalogue, &bound, str_from(names));
}

Test(grant, a_token_is_worth_what_its_tables_leave) /* P1 */
{
    struct tree t;
    tree_init(&t);
    const struct party_application *app = party_find_application(t.party, &t.shop_app);
    for (size_t i = 0; i < sizeof(survivals) / sizeof(survivals[0]); i++) {
        struct scope_set want = tree_set(&t, survivals[i].left);
        struct scope_set got = surviving(&t, app, &app->partner_sid, survivals[i].claim);
        cr_assert(scope_set_eq(&got, &want), "%s", survivals[i].claim);
    }
    tree_done(&t);
}

Test(grant, a_token_for_a_descendant_is_held_by_its_table_too) /* P1 */
{
    struct tree t;
    tree_init(&t);
    const struct party_application *app = party_find_application(t.party, &t.reseller_app);
    struct scope_set got = surviving(&t, app, &t.shop, "calls.manage sms.read");
    struct scope_set want = tree_set(&t, "calls.read sms.read");
    cr_assert(scope_set_eq(&got, &want));
    tree_done(&t);
}
