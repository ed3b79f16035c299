/* M1 and M2 as tables (SPEC 5). */
#include <criterion/criterion.h>

#include "support/leaks.h"
#include "token/address.h"
#include "token/change.h"
#include "unit/party/tree.h"

enum { ALLOWED = CHANGE_ALLOWED, GATE, USER, GRANT, HELD };

#define ALL "calls.manage sms.manage oauth.manage oauth.allow_token_scope_update"
#define OLD "name.of.yesterday"

/* A token of the reseller's application (calls.manage sms.read) at the reseller (calls.manage
 * sms.manage oauth.manage): what it can be granted is closure(calls.manage sms.read). */
static const struct {
    const char *stored, *asked, *caller;
    bool has_user;
    enum change_kind kind;
    int verdict;
    const char *scopes; /* or the message, or what is lacking; NULL: no matter */
} rows[] = {
    /* the same set is no change, whoever asks */
    {"calls.read", "calls.read", "oauth.update", false, CHANGE_NONE, ALLOWED, "calls.read"},
    {"calls.read sms.read", "sms.read calls.read", "", false, CHANGE_NONE, ALLOWED,
     "calls.read sms.read"},
    {"calls.read", "calls.read calls.read", "", true, CHANGE_NONE, ALLOWED, "calls.read"},
    {"", "", "", false, CHANGE_NONE, ALLOWED, ""},
    {"calls.read " OLD, OLD " calls.read", "", false, CHANGE_NONE, ALLOWED, "calls.read " OLD},
    {OLD, OLD " " OLD, "", false, CHANGE_NONE, ALLOWED, OLD},
    /* the gate comes first, and nothing but itself opens it */
    {"calls.read sms.read", "calls.read", "oauth.manage", false, CHANGE_NARROWS, GATE, NULL},
    {"calls.read sms.read", "calls.read", "oauth.manage oauth.manage_all_tokens", false,
     CHANGE_NARROWS, GATE, NULL},
    {"calls.read", "nosuch", "oauth.manage", false, CHANGE_WIDENS, GATE, NULL},
    {"calls.read", "nosuch", "oauth.manage", true, CHANGE_WIDENS, GATE, NULL},
    {"calls.read", "", "oauth.update", false, CHANGE_NARROWS, GATE, NULL},
    /* narrowing */
    {"calls.read sms.read", "calls.read", "oauth.allow_token_scope_update", false, CHANGE_NARROWS,
     ALLOWED, "calls.read"},
    {"calls.read sms.read", "", "oauth.allow_token_scope_update", false, CHANGE_NARROWS, ALLOWED,
     ""},
    {"calls.manage", "calls.read", "oauth.allow_token_scope_update", false, CHANGE_NARROWS, ALLOWED,
     "calls.read"}, /* not held by the caller, but nothing is added */
    {"calls.manage", "calls.manage calls.read", "oauth.allow_token_scope_update", false,
     CHANGE_NARROWS, ALLOWED, "calls.manage calls.read"}, /* other names, nothing added */
    {"rating.read calls.read", "rating.read", "oauth.allow_token_scope_update", false,
     CHANGE_NARROWS, ALLOWED, "rating.read"}, /* kept, though not grantable now */
    {"calls.read " OLD, OLD, "oauth.allow_token_scope_update", true, CHANGE_NARROWS, ALLOWED, OLD},
    {"calls.read " OLD, "calls.read", "oauth.allow_token_scope_update", true, CHANGE_NARROWS,
     ALLOWED, "calls.read"},
    /* widening */
    {"calls.read", "calls.read sms.read", ALL, false, CHANGE_WIDENS, ALLOWED,
     "calls.read sms.read"},
    {"calls.read", "sms.read", ALL, false, CHANGE_WIDENS, ALLOWED, "sms.read"},
    {"", "calls.manage", ALL, false, CHANGE_WIDENS, ALLOWED, "calls.manage"},
    {"calls.create calls.read calls.update calls.delete", "calls.manage", ALL, false, CHANGE_WIDENS,
     ALLOWED, "calls.manage"},
    {"calls.read", "calls.read sms.read", ALL, true, CHANGE_WIDENS, USER, NULL},
    {"calls.read", "calls.read nosuch", ALL, true, CHANGE_WIDENS, USER, NULL},
    {"calls.read", "calls.read nosuch", ALL, false, CHANGE_WIDENS, GRANT, "Unknown: nosuch"},
    {"calls.read", OLD, ALL, false, CHANGE_WIDENS, GRANT, "Unknown: " OLD},
    {"calls.read", "CALLS.READ", ALL, false, CHANGE_WIDENS, GRANT, "Unknown: CALLS.READ"},
    {"calls.read", "calls.read sms.manage", ALL, false, CHANGE_WIDENS, GRANT,
     "Refused by the application: sms.manage"},
    {"calls.read", "oauth.read nosuch", ALL, false, CHANGE_WIDENS, GRANT,
     "Unknown: nosuch; refused by the application: oauth.read"},
    {"calls.read", "calls.read sms.read", "oauth.allow_token_scope_update calls.manage", false,
     CHANGE_WIDENS, HELD, "sms.read"},
    {"calls.read", "calls.manage", "oauth.allow_token_scope_update calls.read", false,
     CHANGE_WIDENS, HELD, "calls.manage"},
    {"sms.read", "sms.read calls.read", "oauth.allow_token_scope_update calls.manage", false,
     CHANGE_WIDENS, ALLOWED, "calls.read sms.read"}, /* held by closure */
};

static size_t split(const char *text, struct str *out)
{
    struct str rest = str_from(text), name;
    size_t count = 0;

    while (str_split(&rest, ' ', &name))
        if (name.len > 0)
            out[count++] = name;
    return count;
}

Test(change, obeys_its_table) /* M1, M3 */
{
    struct tree t;
    struct arena arena;
    tree_init(&t);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scope_set scopes = tree_set(&t, rows[i].caller);
        struct scope_set rights = scope_closure(t.catalogue, &scopes);
        const struct change_facts facts = {
            .stored = str_from(rows[i].stored),
            .has_user = rows[i].has_user,
            .bound = asked_bound_now(t.catalogue, t.party,
                                     party_find_application(t.party, &t.reseller_app),
                                     party_find_partner(t.party, &t.reseller)),
            .scopes = &scopes,
            .rights = &rights,
        };
        struct str names[16];
        struct asked_names asked = {names, split(rows[i].asked, names)};
        struct change change;
        arena_init(&arena, NULL, 0, 65536);
        cr_assert_eq(change_decide(&facts, &asked, &arena, &change), ERR_NONE);
        cr_assert_eq((int)change.verdict, rows[i].verdict, "row %zu: %d", i, change.verdict);
        cr_assert_eq(change.kind, rows[i].kind, "row %zu", i);
        struct str said = change.verdict == CHANGE_ALLOWED ? change.scopes : change.message;
        if (change.verdict == CHANGE_NOT_HELD) {
            struct scope_set lacking = tree_set(&t, rows[i].scopes);
            cr_assert(scope_set_eq(&change.lacking, &lacking), "row %zu", i);
        } else if (rows[i].scopes != NULL) {
            cr_assert(str_eq(said, str_from(rows[i].scopes)), "row %zu: %.*s", i, (int)said.len,
                      said.ptr);
        }
        arena_reset(&arena);
    }
    tree_done(&t);
    leaks_check();
}

/* A list that holds an empty text names something, and nothing is called so. */
Test(change, an_empty_name_is_unknown)
{
    struct tree t;
    struct arena arena;
    struct str none[] = {STR("")};
    tree_init(&t);
    const struct scope_set all = *catalogue_all(t.catalogue);
    static const char *const stored[] = {"", "calls.read"};
    for (size_t i = 0; i < 2; i++) {
        const struct change_facts facts = {.stored = str_from(stored[i]),
                                           .bound = {.catalogue = t.catalogue},
                                           .scopes = &all,
                                           .rights = &all};
        struct change change;
        arena_init(&arena, NULL, 0, 65536);
        cr_assert_eq(change_decide(&facts, &(struct asked_names){none, 1}, &arena, &change),
                     ERR_NONE);
        cr_assert_eq(change.verdict, CHANGE_NOT_GRANTED, "row %zu", i);
        arena_reset(&arena);
    }
    tree_done(&t);
}

/* What does not work now is granted nothing, and narrowing it is still allowed. */
Test(change, a_suspended_partner_or_a_lost_application_allows_nothing)
{
    struct tree t;
    struct arena arena;
    tree_init(&t);
    arena_init(&arena, NULL, 0, 65536);
    struct scope_set all = *catalogue_all(t.catalogue);
    const struct party_application *apps[] = {party_find_application(t.party, &t.below_app), NULL};
    const struct party_partner *partners[] = {party_find_partner(t.party, &t.below), NULL};
    struct str narrow[] = {STR("sms.read")}, wide[] = {STR("sms.read"), STR("calls.read")};
    for (size_t i = 0; i < 4; i++) {
        struct change change;
        const struct change_facts facts = {
            .stored = STR("sms.read sms.update"),
            .bound = asked_bound_now(t.catalogue, t.party, apps[i / 2], partners[i % 2]),
            .scopes = &all,
            .rights = &all,
        };
        cr_assert_eq(change_decide(&facts, &(struct asked_names){wide, 2}, &arena, &change),
                     ERR_NONE);
        cr_assert_eq(change.verdict, CHANGE_NOT_GRANTED);
        cr_assert_eq(change_decide(&facts, &(struct asked_names){narrow, 1}, &arena, &change),
                     ERR_NONE);
        cr_assert_eq(change.verdict, CHANGE_ALLOWED);
    }
    arena_reset(&arena);
    tree_done(&t);
}

Test(change, without_memory_nothing_is_decided)
{
    struct tree t;
    struct arena arena;
    struct change change;
    struct str wide[] = {STR("sms.read"), STR("no such\"")};
    tree_init(&t);
    const struct scope_set all = *catalogue_all(t.catalogue);
    const struct change_facts facts = {.stored = STR("calls.read"),
                                       .bound = {.catalogue = t.catalogue},
                                       .scopes = &all,
                                       .rights = &all};
    arena_init(&arena, NULL, 0, 8);
    cr_assert_eq(change_decide(&facts, &(struct asked_names){wide, 2}, &arena, &change),
                 ERR_FAULT_MEMORY);
    arena_init(&arena, NULL, 0, 65536);
    cr_assert_eq(change_decide(&facts, &(struct asked_names){wide, 2}, &arena, &change), ERR_NONE);
    cr_assert(str_eq(change.message,
                     STR("Unknown: (not the name of a scope); refused by the application: "
                         "sms.read")));
    arena_reset(&arena);
    tree_done(&t);
}

Test(address, a_bearer_addresses_its_own_or_all_of_its_partner) /* M2 */
{
    static const struct {
        bool holds_all, own_token, own_partner, expected;
    } cells[] = {
        {false, true, true, true},   {false, false, true, false}, {false, false, false, false},
        {false, true, false, false}, {true, true, true, true},    {true, false, true, true},
        {true, false, false, false}, {true, true, false, false},
    };
    const struct sid a = {{1}}, b = {{2}};

    for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
        const struct address_caller caller = {a, a, cells[i].holds_all};
        cr_assert_eq(
            address_holds(&caller, cells[i].own_token ? &a : &b, cells[i].own_partner ? &a : &b),
            cells[i].expected, "row %zu", i);
    }
}
