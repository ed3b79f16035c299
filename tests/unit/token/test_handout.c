/* M3: what a list of scopes gains, and whether the one who writes it holds that. */
#include <criterion/criterion.h>

#include "support/leaks.h"
#include "token/handout.h"
#include "unit/party/tree.h"

static const struct {
    const char *stored, *asked, *rights; /* rights: before closure */
    const char *added, *excess;
} rows[] = {
    {"", "", "", "", ""},
    {"calls.read", "calls.read", "", "", ""},
    {"calls.read sms.read", "sms.read", "", "", ""},
    {"calls.manage", "calls.read calls.update", "", "", ""}, /* implied: nothing is added */
    {"calls.read", "calls.manage", "calls.read", "calls.manage", "calls.manage"},
    {"calls.create calls.read calls.update calls.delete", "calls.manage", "calls.read",
     "calls.manage", "calls.manage"}, /* the four do not make the one */
    {"", "calls.read", "calls.manage", "calls.read", ""},
    {"", "calls.manage", "calls.manage", "calls.manage", ""},
    {"sms.read", "sms.read calls.read Glip", "calls.manage", "calls.read Glip", "Glip"},
    {"calls.read", "", "", "", ""},
    {"partners.manage", "partners.billing_method.read", "partners.manage",
     "partners.billing_method.read", "partners.billing_method.read"},
};

Test(handout, nobody_hands_out_what_they_do_not_hold) /* M3 */
{
    struct tree t;
    tree_init(&t);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scope_set stored = tree_set(&t, rows[i].stored), asked = tree_set(&t, rows[i].asked);
        struct scope_set held = tree_set(&t, rows[i].rights), excess;
        struct scope_set want_added = tree_set(&t, rows[i].added);
        struct scope_set want_excess = tree_set(&t, rows[i].excess);
        struct scope_set rights = scope_closure(t.catalogue, &held);
        struct scope_set added = handout_added(t.catalogue, &stored, &asked);
        cr_assert(scope_set_eq(&added, &want_added), "row %zu", i);
        cr_assert_eq(handout_is_held(&added, &rights, &excess), scope_set_is_empty(&want_excess),
                     "row %zu", i);
        cr_assert(scope_set_eq(&excess, &want_excess), "row %zu", i);
    }
    tree_done(&t);
    leaks_check();
}

Test(handout, a_refusal_names_what_is_too_much)
{
    struct tree t;
    struct arena arena, small;
    tree_init(&t);
    arena_init(&arena, NULL, 0, 65536);
    struct scope_set two = tree_set(&t, "sms.read calls.read");
    struct str text = handout_message(t.catalogue, STR("You do not hold"), &two, &arena);
    cr_assert(str_eq(text, STR("You do not hold: calls.read, sms.read")), "%.*s", (int)text.len,
              text.ptr);
    text = handout_message(t.catalogue, STR("Too much"), catalogue_all(t.catalogue), &arena);
    cr_assert(str_starts_with(text, STR("Too much: accesscontrol.create, ")));
    cr_assert(str_ends_with(text, STR(" and 189 more")), "%.*s", (int)text.len, text.ptr);
    arena_init(&small, NULL, 0, 8);
    cr_assert_null(handout_message(t.catalogue, STR("x"), &two, &small).ptr);
    arena_reset(&arena);
    tree_done(&t);
    leaks_check();
}
