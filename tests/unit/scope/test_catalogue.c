/* SPEC 2: the shipped tables, and what a reload keeps. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "tables.h"

TestSuite(scope_catalogue);

static struct scope_set closure_of(const struct scope_catalogue *cat, const char *names)
{
    struct scope_set set = names_to_set(cat, names);
    return scope_closure(cat, &set);
}

Test(scope_catalogue, the_tables_have_their_sizes)
{
    static const struct {
        const char *name;
        unsigned values, restricted, defaults;
    } rows[] = {
        {"carrierx", 124, 0, 24}, {"restcomm", 45, 0, 45}, {"ringcentral", 32, 3, 29},
        {"scopemint", 4, 0, 0},   {"nothing", 0, 0, 0},
    };
    struct scope_catalogue *cat = tables_shipped();
    unsigned all = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scope_set table = catalogue_table(cat, str_from(rows[i].name));
        struct scope_set restricted = scope_set_intersection(&table, catalogue_restricted(cat));
        struct scope_set defaults = scope_set_intersection(&table, catalogue_defaults(cat));
        cr_assert_eq(scope_set_count(&table), rows[i].values, "%s", rows[i].name);
        cr_assert_eq(scope_set_count(&restricted), rows[i].restricted, "%s", rows[i].name);
        cr_assert_eq(scope_set_count(&defaults), rows[i].defaults, "%s", rows[i].name);
        all += rows[i].values;
    }
    cr_assert_eq(catalogue_count(cat), all);
    cr_assert_eq(scope_set_count(catalogue_all(cat)), all);
    cr_assert_str_eq(set_to_names(cat, catalogue_restricted(cat)),
                     "DirectRingOut EditReportingSettings RoleManagement");
    catalogue_free(&cat);
}

Test(scope_catalogue, every_value_is_found_under_its_name)
{
    struct scope_catalogue *cat = tables_shipped();
    struct str table = STR("");
    for (size_t rank = 0; rank < catalogue_count(cat); rank++) {
        const struct scope_value *value = catalogue_at(cat, rank);
        cr_assert_eq(catalogue_find(cat, value->name), value);
        cr_assert_eq(catalogue_value(cat, value->bit), value);
        cr_assert_eq(value->rank, rank);
        cr_assert(scope_name_is_valid(value->name));
        cr_assert(value->title.len > 0 && value->category.len > 0 && value->description.len > 0);
        cr_assert(str_compare(table, value->table) <= 0, "tables in the order of their names");
        table = value->table;
    }
    cr_assert_null(catalogue_find(cat, STR("")));
    cr_assert_null(catalogue_find(cat, STR("calls")));
    cr_assert_null(catalogue_find(cat, STR("CALLS.READ")));
    cr_assert_null(catalogue_find(cat, STR("calls.read ")));
    cr_assert_null(catalogue_value(cat, LIMIT_SCOPES - 1));
    cr_assert_null(catalogue_value(cat, LIMIT_SCOPES));
    catalogue_free(&cat);
    catalogue_free(&cat);
}

Test(scope_catalogue, numbers_are_no_keys)
{
    struct scope_catalogue *cat = tables_shipped();
    struct scope_set set;
    cr_assert_eq(catalogue_find_id(cat, 74, &set), 5);
    cr_assert_str_eq(set_to_names(cat, &set),
                     "phonenumber.delete phonenumber.emergency.manage phonenumber.emergency.read "
                     "phonenumber.line_information.manage phonenumber.line_information.read");
    cr_assert_eq(catalogue_find_id(cat, 25, &set), 1);
    cr_assert_str_eq(set_to_names(cat, &set), "oauth.manage_all_tokens");
    cr_assert_eq(catalogue_find_id(cat, 9999, &set), 0);
    cr_assert(scope_set_is_empty(&set));
    cr_assert_eq(catalogue_find_id(cat, -1, &set), 0,
                 "values without a number are not found by it");
    catalogue_free(&cat);
}

Test(scope_catalogue, implications_of_the_tables)
{
    static const char *const rows[][2] = {
        {"calls.manage", "calls.create calls.delete calls.manage calls.read calls.update"},
        {"tts.manage", "tts.create tts.manage tts.read"},
        {"phonenumber.emergency.manage", "phonenumber.emergency.manage phonenumber.emergency.read"},
        {"partners.manage",
         "partners.create partners.delete partners.manage partners.read partners.update"},
        {"oauth.manage", "oauth.create oauth.delete oauth.manage oauth.read oauth.update"},
        {"oauth.manage_all_tokens", "oauth.manage_all_tokens"},
        {"oauth.allow_token_scope_update", "oauth.allow_token_scope_update"},
        {"app.read_descendant", "app.read_descendant"},
        {"calls.create calls.delete calls.update", "calls.create calls.delete calls.update"},
        {"Accounts", "Accounts EditAccounts EditExtensions ReadAccounts"},
        {"EditExtensions", "EditExtensions"},
        {"SMS Faxes", "Faxes ReadMessages SMS"},
        {"ReadCallRecording", "ReadCallLog ReadCallRecording"},
        {"iam.user_management.write", "iam.user_management.read iam.user_management.write"},
        {"scopemint.keys", "scopemint.keys"},
        {"", ""},
    };
    struct scope_catalogue *cat = tables_shipped();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scope_set closure = closure_of(cat, rows[i][0]);
        cr_assert_str_eq(set_to_names(cat, &closure), rows[i][1], "%s", rows[i][0]);
    }
    catalogue_free(&cat);
}

/* The value F.<verb> of the same family, if there is one. */
static const struct scope_value *sibling(const struct scope_catalogue *cat, struct str family,
                                         const char *verb)
{
    char memory[LIMIT_SCOPE_NAME + 16];
    struct buf name;
    buf_init_fixed(&name, memory, sizeof(memory));
    buf_str(&name, family);
    buf_cstr(&name, verb);
    return catalogue_find(cat, buf_view(&name));
}

/* The files spell out what SPEC 2 states as rules; here the rules are applied to the names. */
Test(scope_catalogue, the_files_say_what_the_rules_say)
{
    static const char *const verbs[] = {"create", "read", "update", "delete"};
    struct scope_catalogue *cat = tables_shipped();
    for (size_t rank = 0; rank < catalogue_count(cat); rank++) {
        const struct scope_value *value = catalogue_at(cat, rank);
        struct scope_set expected = SCOPE_SET_EMPTY;
        if (str_eq(value->table, STR("ringcentral")))
            continue;
        if (str_eq(value->table, STR("carrierx")) && str_ends_with(value->name, STR(".manage"))) {
            struct str family = str_slice(value->name, 0, value->name.len - strlen("manage"));
            for (size_t i = 0; i < 4; i++)
                if (sibling(cat, family, verbs[i]) != NULL)
                    scope_set_add(&expected, sibling(cat, family, verbs[i])->bit);
        }
        if (str_ends_with(value->name, STR(".write"))) {
            struct str family = str_slice(value->name, 0, value->name.len - strlen("write"));
            cr_assert_not_null(sibling(cat, family, "read"));
            scope_set_add(&expected, sibling(cat, family, "read")->bit);
        }
        cr_assert(scope_set_eq(&value->includes, &expected), "%.*s includes %s",
                  STR_ARG(value->name), set_to_names(cat, &value->includes));
    }
    catalogue_free(&cat);
}

/* P1: the surviving names, plus for lost ones the largest implied ones that survive. */
Test(scope_catalogue, what_survives_a_narrower_bound)
{
    static const struct {
        const char *names, *bound, *left;
    } rows[] = {
        {"calls.manage", "calls.read", "calls.read"},
        {"calls.manage", "calls.manage", "calls.manage"},
        {"calls.manage", "sms.manage", ""},
        {"calls.manage sms.read", "calls.read calls.update sms.manage",
         "calls.read calls.update sms.read"},
        {"Accounts", "EditAccounts", "EditAccounts"},
        {"Accounts", "ReadAccounts EditExtensions", "EditExtensions ReadAccounts"},
        {"Accounts ReadAccounts", "EditAccounts", "EditAccounts ReadAccounts"},
        {"SMS ReadMessages", "ReadMessages", "ReadMessages"},
        {"SMS Faxes", "Faxes", "Faxes"},
        {"calls.read", "calls.manage sms.manage", "calls.read"},
        {"", "calls.manage", ""},
        {"calls.manage", "", ""},
    };
    struct scope_catalogue *cat = tables_shipped();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scope_set names = names_to_set(cat, rows[i].names);
        struct scope_set bound = closure_of(cat, rows[i].bound);
        struct scope_set left = scope_surviving(cat, &names, &bound);
        cr_assert_str_eq(set_to_names(cat, &left), rows[i].left, "row %zu", i);
    }
    catalogue_free(&cat);
}

#define VALUE(name) "{\"name\":\"" name "\",\"category\":\"c\",\"description\":\"d\"}"
#define VALUE_INCLUDING(name, includes)                                \
    "{\"name\":\"" name "\",\"category\":\"c\",\"description\":\"d\"," \
    "\"includes\":[" includes "]}"

Test(scope_catalogue, a_reload_keeps_bits_and_appends)
{
    struct scope_catalogue *one = tables_from(VALUE("b") "," VALUE("d"), NULL, NULL);
    struct scope_set kept = names_to_set(one, "b d");
    unsigned b = catalogue_find(one, STR("b"))->bit, d = catalogue_find(one, STR("d"))->bit;

    struct scope_catalogue *two = tables_from(
        VALUE("a") "," VALUE_INCLUDING("b", "\"a\"") "," VALUE("c") "," VALUE("d"), one, NULL);
    catalogue_free(&one);
    cr_assert_eq(catalogue_find(two, STR("b"))->bit, b);
    cr_assert_eq(catalogue_find(two, STR("d"))->bit, d);
    cr_assert_str_eq(set_to_names(two, &kept), "b d");
    struct scope_set closure = scope_closure(two, &kept);
    cr_assert_str_eq(set_to_names(two, &closure), "a b d", "catalogue order, not bit order");
    cr_assert_str_eq(set_to_names(two, catalogue_all(two)), "a b c d");
    catalogue_free(&two);
}

/* P1: what a table took is lost at once, and comes back when it does. */
Test(scope_catalogue, a_value_that_went_comes_back_under_its_bit)
{
    struct scope_catalogue *one = tables_from(VALUE("a") "," VALUE("b"), NULL, NULL);
    struct scope_set held = names_to_set(one, "a b");
    unsigned a = catalogue_find(one, STR("a"))->bit;

    struct scope_catalogue *two = tables_from(VALUE("b") "," VALUE("c"), one, NULL);
    cr_assert_null(catalogue_find(two, STR("a")));
    cr_assert_null(catalogue_value(two, a));
    cr_assert_neq(catalogue_find(two, STR("c"))->bit, a, "its bit is nobody else's");
    cr_assert_str_eq(set_to_names(two, &held), "b");
    struct scope_set closure = scope_closure(two, &held);
    cr_assert_str_eq(set_to_names(two, &closure), "b");
    cr_assert(!scope_set_has(&closure, a));
    struct scope_set left = scope_surviving(two, &held, catalogue_all(two));
    cr_assert_str_eq(set_to_names(two, &left), "b");

    struct scope_catalogue *three = tables_from(VALUE("a") "," VALUE("c"), two, NULL);
    cr_assert_eq(catalogue_find(three, STR("a"))->bit, a);
    cr_assert_str_eq(set_to_names(three, &held), "a");
    catalogue_free(&one);
    catalogue_free(&two);
    catalogue_free(&three);
}

static void golden_line(const struct scope_catalogue *cat, const struct scope_value *value,
                        struct buf *out)
{
    struct scope_set self = SCOPE_SET_EMPTY;
    scope_set_add(&self, value->bit);
    struct scope_set implied = scope_closure(cat, &self);
    scope_set_remove(&implied, value->bit);

    buf_str(out, value->table);
    buf_char(out, ' ');
    buf_str(out, value->name);
    if (value->id >= 0) {
        buf_cstr(out, " #");
        buf_u64(out, (uint64_t)value->id);
    }
    buf_cstr(out, value->restricted ? " restricted" : "");
    buf_cstr(out, value->by_default ? " default" : "");
    if (!scope_set_is_empty(&implied)) {
        buf_cstr(out, " => ");
        scope_format(cat, &implied, out);
    }
    buf_char(out, '\n');
}

static void file_to_buf(const char *path, struct buf *out)
{
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s", path);
    char *at = buf_reserve(out, 1024 * 1024);
    out->len += fread(at, 1, 1024 * 1024, file);
    fclose(file);
}

/* Lines that differ, as "-golden" and "+actual". */
static void lines_compare(struct str golden, struct str actual, struct buf *out)
{
    struct str want = STR_NONE, have = STR_NONE;
    for (;;) {
        bool more = str_split(&golden, '\n', &want);
        more = str_split(&actual, '\n', &have) || more;
        if (!more)
            return;
        if (!str_eq(want, have)) {
            buf_cstr(out, "\n-");
            buf_str(out, want);
            buf_cstr(out, "\n+");
            buf_str(out, have);
        }
        want = have = STR_NONE;
    }
}

/* The golden file was made from the platforms' own tables by another program. When a table changes
 * on purpose, the "+" lines printed here go into it. */
Test(scope_catalogue, the_expanded_catalogue_is_the_golden_one)
{
    struct scope_catalogue *cat = tables_shipped();
    struct buf golden, actual, differing;

    buf_init_heap(&golden, 2 * 1024 * 1024);
    buf_init_heap(&actual, 2 * 1024 * 1024);
    buf_init_heap(&differing, 4 * 1024 * 1024);
    file_to_buf(GOLDEN_FILE, &golden);
    for (size_t rank = 0; rank < catalogue_count(cat); rank++)
        golden_line(cat, catalogue_at(cat, rank), &actual);
    lines_compare(buf_view(&golden), buf_view(&actual), &differing);
    cr_assert_eq(differing.len, 0, "%s%.*s", GOLDEN_FILE, STR_ARG(buf_view(&differing)));
    buf_free(&golden);
    buf_free(&actual);
    buf_free(&differing);
    catalogue_free(&cat);
}
