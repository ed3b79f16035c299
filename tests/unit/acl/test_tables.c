/* Rules and lists in memory: what a version shows after changes, that earlier ones stay as they
 * were, and what is refused. */
#include <criterion/criterion.h>

#include "acl/lists.h"
#include "acl/tables.h"
#include "core/log.h"
#include "support/fake.h"
#include "support/leaks.h"
#include "unit/acl/made.h"

#define LIST_OF(rules, direction, sms_true, voice_true)                \
    "{\"access_control_rules\":[" rules "],\"direction\":\"" direction \
    "\",\"sms_action_false\":null,\"sms_action_true\":" sms_true       \
    ",\"voice_action_false\":null,\"voice_action_true\":" voice_true "}"
#define FIRST  "\"01995f2a-7c00-7aaa-8000-0123456789ab\""
#define SECOND "\"01995f2a-7c00-7aaa-8000-0123456789ac\""
#define LISTS                                         \
    "[" LIST_OF(FIRST "," SECOND, "outbound", "null", \
                "\"reject503\"") "," LIST_OF("", "any", "\"accept\"", "null") "]"

/* ---- lists ---- */

Test(acl_lists, come_back_as_they_were)
{
    struct acl_lists lists;
    struct json_writer w;
    char memory[1024];
    struct arena arena;
    struct buf out;

    arena_init(&arena, NULL, 0, LIMIT_ARENA);
    cr_assert(result_ok(acl_lists_read(&arena, STR(LISTS), &lists)));
    cr_assert_eq(lists.count, (size_t)2);
    cr_assert_eq(lists.lists[0].rule_count, (size_t)2);
    cr_assert_eq(lists.lists[0].direction, ACL_OUTBOUND);
    cr_assert_eq(lists.lists[0].voice_true, ACL_REJECT_503);
    cr_assert_eq(lists.lists[1].sms_true, ACL_ACCEPT);
    buf_init_fixed(&out, memory, sizeof(memory));
    json_writer_init(&w, &out);
    json_write_array_begin(&w);
    for (size_t i = 0; i < lists.count; i++)
        acl_list_write(&lists.lists[i], &w);
    json_write_array_end(&w);
    cr_assert(str_eq(buf_view(&out), STR(LISTS)), "%.*s", STR_ARG(buf_view(&out)));
    arena_reset(&arena);
}

Test(acl_lists, what_is_none_is_a_fault_of_the_store)
{
    static const char *const texts[] = {
        "{}",
        "[",
        "[[]]",
        "[{}]",
        "[1]",
        "[null]",
        "[" LIST_OF("\"x\"", "any", "null", "null") "]",
        "[" LIST_OF("1", "any", "null", "null") "]",
        "[" LIST_OF("", "up", "null", "null") "]",
        "[" LIST_OF("", "any", "\"reject403\"", "null") "]",
        "[" LIST_OF("", "any", "null", "\"reject\"") "]",
        "[" LIST_OF("", "any", "null", "7") "]",
        "[{\"access_control_rules\":{},\"direction\":\"any\",\"sms_action_false\":null,"
        "\"sms_action_true\":null,\"voice_action_false\":null,\"voice_action_true\":null}]",
        "[{\"access_control_rules\":[],\"direction\":\"any\",\"sms_action_false\":null,"
        "\"sms_action_true\":null,\"voice_action_false\":null,\"voice_action\":null}]",
    };
    struct arena arena;

    arena_init(&arena, NULL, 0, LIMIT_ARENA);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct acl_lists lists = {.count = 7};
        struct result read = acl_lists_read(&arena, str_from(texts[i]), &lists);
        cr_expect_eq(read.code, ERR_FAULT_STORE, "%s", texts[i]);
        cr_expect_eq(lists.count, (size_t)7, "untouched");
    }
    struct acl_lists none;
    cr_assert(result_ok(acl_lists_read(&arena, STR_NONE, &none)) && none.count == 0);
    cr_assert(result_ok(acl_lists_read(&arena, STR("[]"), &none)) && none.count == 0);
    arena_reset(&arena);
}

Test(acl_lists, an_arena_that_is_full_is_a_fault)
{
    struct result read = FAULT(ERR_FAULT_MEMORY);
    size_t faults = 0;

    for (size_t cap = 0; !result_ok(read); cap += 64) {
        struct acl_lists lists;
        struct arena arena;
        arena_init(&arena, NULL, 0, cap);
        read = acl_lists_read(&arena, STR(LISTS), &lists);
        cr_assert(result_ok(read) || read.code == ERR_FAULT_MEMORY);
        faults += !result_ok(read);
        arena_reset(&arena);
    }
    cr_assert_gt(faults, (size_t)1);
}

/* ---- tables ---- */

static struct acl_tables *empty(void)
{
    struct store_options options = {
        .url = STR("memory:"), .clock = &clock_system, .entropy = &entropy_system};
    struct acl_tables *tables;
    struct store *store;
    char memory[256];
    struct buf error;

    buf_init_fixed(&error, memory, sizeof(memory));
    cr_assert(result_ok(store_open(&options, &store, &error)));
    cr_assert(result_ok(acl_tables_load(store, NULL, &tables)));
    store_close(&store);
    return tables;
}

static const struct sid partner = {{1}}, other_partner = {{2}}, group = {{3}}, other_group = {{4}},
                        trunk = {{5}}, stranger = {{6}};

static struct acl_rule_row rule_row(unsigned n, const char *entries)
{
    return (struct acl_rule_row){.rule_sid = made_sid(n),
                                 .partner_sid = partner,
                                 .field = STR("called"),
                                 .operation = STR("regexp"),
                                 .quantifier = STR("any"),
                                 .entries = str_from(entries),
                                 .revision = 1};
}

static struct store_change rule_change(const struct acl_rule_row *row)
{
    return (struct store_change){.kind = STORE_CHANGE_RULE, .rule.row = row};
}

static struct store_change gone(enum store_change_kind kind, const struct sid *sid)
{
    return (struct store_change){.kind = kind, .gone = *sid};
}

/* Lets go of *tables, whose place the next version takes. */
static void apply(struct acl_tables **tables, const struct store_change *changes, size_t n)
{
    struct acl_tables *next;
    cr_assert(result_ok(acl_tables_apply(*tables, changes, n, &next)));
    acl_tables_unref(tables);
    *tables = next;
}

Test(acl_tables, rules_come_change_and_go)
{
    struct acl_tables *tables = empty();
    struct acl_rule_row row = rule_row(7, "[\"^1\",\"2$\"]");
    struct store_change change = rule_change(&row);

    apply(&tables, &change, 1);
    const struct acl_table_rule *rule = acl_tables_rule(tables, &row.rule_sid);
    cr_assert_not_null(rule);
    cr_assert_not_null(rule->compiled);
    cr_assert(sid_eq(&rule->partner_sid, &partner));
    const struct acl_rules rules = acl_tables_rules(tables);
    cr_assert_eq(rules.find(rules.context, &row.rule_sid), rule->compiled);
    cr_assert_null(rules.find(rules.context, &stranger));
    struct acl_usage usage = acl_tables_usage(tables, &partner);
    cr_assert(usage.rules == 1 && usage.entries == 2 && usage.bytes == row.entries.len);

    struct acl_tables *before = tables;
    acl_tables_ref(before);
    row.entries = STR("[\"3\"]");
    apply(&tables, &change, 1);
    usage = acl_tables_usage(tables, &partner);
    cr_assert(usage.rules == 1 && usage.entries == 1 && usage.bytes == 5);
    cr_assert_eq(acl_tables_usage(before, &partner).entries, (size_t)2, "as it was");
    cr_assert_eq(acl_tables_rule(before, &row.rule_sid), rule);

    struct store_change over = gone(STORE_CHANGE_RULE_GONE, &row.rule_sid);
    apply(&tables, &over, 1);
    cr_assert_null(acl_tables_rule(tables, &row.rule_sid));
    cr_assert_eq(acl_tables_usage(tables, &partner).rules, (size_t)0);
    cr_assert_eq(acl_tables_counts(tables).rules, (size_t)0);
    cr_assert_not_null(acl_tables_rule(before, &row.rule_sid));
    acl_tables_unref(&before);
    acl_tables_unref(&tables);
    leaks_check();
}

Test(acl_tables, what_was_compiled_elsewhere_is_held)
{
    struct acl_tables *tables = empty();
    const struct acl_rule *compiled = made_pattern(ACL_CALLED, "^1");
    struct acl_rule_row row = rule_row(1, "[\"^1\"]");
    struct store_change change = {STORE_CHANGE_RULE, .rule = {&row, compiled}};

    apply(&tables, &change, 1);
    cr_assert_eq(acl_tables_rule(tables, &row.rule_sid)->compiled, compiled);
    acl_rule_unref(&compiled);
    cr_assert_eq(acl_rule_field(acl_tables_rule(tables, &row.rule_sid)->compiled), ACL_CALLED);
    acl_tables_unref(&tables);
    leaks_check();
}

/* A start must not fail by it: whoever asks is told that it cannot be told. */
Test(acl_tables, what_does_not_compile_is_there_all_the_same)
{
    struct acl_tables *tables = empty();
    struct acl_rule_row rows[] = {rule_row(0, "[\"(\"]"), rule_row(1, "[\"1\"]"),
                                  rule_row(2, "[\"1\"]"), rule_row(3, "[\"1\"]"),
                                  rule_row(4, "[1]"),     rule_row(5, "{}"),
                                  rule_row(6, "[")};
    rows[1].field = STR("from_did");
    rows[2].operation = STR("");
    rows[3].quantifier = STR("most");
    log_set_level(LOG_ERROR + 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct store_change change = rule_change(&rows[i]);
        apply(&tables, &change, 1);
        const struct acl_table_rule *rule = acl_tables_rule(tables, &rows[i].rule_sid);
        cr_assert_not_null(rule, "%zu", i);
        cr_assert_null(rule->compiled, "%zu", i);
    }
    cr_assert_eq(acl_tables_usage(tables, &partner).rules, (size_t)7);
    cr_assert_eq(acl_tables_usage(tables, &partner).entries, (size_t)0);
    acl_tables_unref(&tables);
    leaks_check();
}

Test(acl_tables, a_partner_has_a_record_while_it_has_lists)
{
    struct acl_tables *tables = empty(), *same;
    struct partner_row row = {.partner_sid = partner};
    struct store_change change = {.kind = STORE_CHANGE_PARTNER, .partner = &row};
    struct sid first;

    cr_assert(sid_parse(STR("01995f2a-7c00-7aaa-8000-0123456789ab"), &first));
    cr_assert(result_ok(acl_tables_apply(tables, &change, 1, &same)));
    cr_assert_eq(same, tables, "nothing of its");
    acl_tables_unref(&same);
    row.acls = STR("[" LIST_OF("", "any", "null", "null") "]");
    row.parent_assigned_acls = STR(LISTS);
    apply(&tables, &change, 1);
    const struct acl_object *object = acl_tables_object(tables, ACL_OWNER_PARTNER, &partner);
    cr_assert_not_null(object);
    cr_assert(object->assigned_count == 2 && object->list_count == 3);
    cr_assert_eq(object->lists[0].direction, ACL_OUTBOUND, "what was assigned comes first");
    cr_assert(acl_object_uses(object, &first) && !acl_object_uses(object, &partner));
    cr_assert_null(acl_tables_object(tables, ACL_OWNER_TRUNK, &partner));
    row.acls = row.parent_assigned_acls = STR("[]");
    apply(&tables, &change, 1);
    cr_assert_null(acl_tables_object(tables, ACL_OWNER_PARTNER, &partner));
    acl_tables_unref(&tables);
    leaks_check();
}

static void add_trunk(struct acl_tables **tables)
{
    static const struct trunk_group_row group_row = {
        .trunk_group_sid = {{3}}, .partner_sid = {{1}}, .acls = STR_INIT("[]")};
    static const struct trunk_row trunk_row = {
        .trunk_sid = {{5}}, .trunk_group_sid = {{3}}, .acls = STR_INIT(LISTS)};
    const struct store_change changes[] = {
        {.kind = STORE_CHANGE_TRUNK_GROUP, .trunk_group = &group_row},
        {.kind = STORE_CHANGE_TRUNK, .trunk = &trunk_row},
    };
    apply(tables, changes, 2);
}

static void count_object(void *context, const struct acl_object *object)
{
    *(size_t *)context += object->list_count + 1;
}

Test(acl_tables, trunks_say_their_group_and_groups_their_partner)
{
    struct acl_tables *tables = empty();
    size_t walked = 0;

    add_trunk(&tables);
    const struct acl_object *object = acl_tables_object(tables, ACL_OWNER_TRUNK, &trunk);
    cr_assert(sid_eq(&object->above, &group));
    object = acl_tables_object(tables, ACL_OWNER_TRUNK_GROUP, &object->above);
    cr_assert(sid_eq(&object->above, &partner) && object->list_count == 0);
    for (unsigned portion = 0; portion < ACL_PORTIONS; portion++)
        acl_tables_walk(tables, portion, count_object, &walked);
    cr_assert_eq(walked, (size_t)4, "a group without lists and a trunk with two");
    const struct store_change over[] = {gone(STORE_CHANGE_TRUNK_GONE, &trunk),
                                        gone(STORE_CHANGE_TRUNK_GROUP_GONE, &group)};
    apply(&tables, over, 2);
    cr_assert_eq(acl_tables_counts(tables).trunks, (size_t)0);
    cr_assert_eq(acl_tables_counts(tables).trunk_groups, (size_t)0);
    acl_tables_unref(&tables);
    leaks_check();
}

Test(acl_tables, a_change_that_does_not_fit_is_a_fault_and_changes_nothing)
{
    struct acl_tables *tables = empty(), *next;
    struct acl_rule_row good = rule_row(1, "[]"), moved = rule_row(0, "[]");
    struct trunk_group_row moved_group = {.trunk_group_sid = group, .partner_sid = other_partner};
    struct trunk_row moved_trunk = {.trunk_sid = trunk, .trunk_group_sid = other_group},
                     homeless = {.trunk_sid = stranger, .trunk_group_sid = stranger};
    struct partner_row broken = {.partner_sid = partner, .acls = STR("[{}]")};
    struct acl_rule_row there = rule_row(0, "[]");
    struct store_change first = rule_change(&there);

    moved.partner_sid = other_partner;
    add_trunk(&tables);
    apply(&tables, &first, 1);
    log_set_level(LOG_ERROR + 1);
    const struct store_change rows[] = {
        rule_change(&moved),
        gone(STORE_CHANGE_RULE_GONE, &stranger),
        {.kind = STORE_CHANGE_TRUNK_GROUP, .trunk_group = &moved_group},
        gone(STORE_CHANGE_TRUNK_GROUP_GONE, &stranger),
        {.kind = STORE_CHANGE_TRUNK, .trunk = &moved_trunk},
        {.kind = STORE_CHANGE_TRUNK, .trunk = &homeless},
        gone(STORE_CHANGE_TRUNK_GONE, &stranger),
        {.kind = STORE_CHANGE_PARTNER, .partner = &broken},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct store_change changes[] = {rule_change(&good), rows[i]};
        cr_assert_eq(acl_tables_apply(tables, changes, 2, &next).code, ERR_FAULT_STORE, "%zu", i);
        cr_assert_null(acl_tables_rule(tables, &good.rule_sid), "%zu", i);
    }
    acl_tables_unref(&tables);
    leaks_check();
}

/* ---- many changes, against what they come to ---- */

enum { RULES = 200, ROUNDS = 3000, KEPT = 4 };

struct model {
    unsigned entries[RULES]; /* 0: there is no such rule */
};

static void expect(const struct acl_tables *tables, const struct model *model)
{
    struct acl_usage sum = {0}, usage = acl_tables_usage(tables, &partner);

    for (unsigned n = 0; n < RULES; n++) {
        struct sid sid = made_sid(n);
        const struct acl_table_rule *rule = acl_tables_rule(tables, &sid);
        cr_assert_eq(rule != NULL, model->entries[n] > 0, "%u", n);
        if (rule == NULL)
            continue;
        cr_assert_eq(acl_rule_entry_count(rule->compiled), (size_t)model->entries[n]);
        sum.rules++;
        sum.entries += model->entries[n];
        sum.memory += acl_rule_size(rule->compiled);
    }
    cr_assert(sum.rules == usage.rules && sum.entries == usage.entries);
    cr_assert_eq(sum.memory, usage.memory);
    usage = acl_tables_total(tables);
    cr_assert(sum.rules == usage.rules && sum.memory == usage.memory, "there is no other partner");
}

Test(acl_tables, every_version_stays_what_it_was)
{
    static const char *const entries[] = {"", "[\"1\"]", "[\"1\",\"2\"]", "[\"1\",\"2\",\"3\"]"};
    struct acl_tables *tables = empty(), *kept[KEPT] = {NULL};
    struct model model = {{0}}, models[KEPT];
    uint32_t random = 42;

    for (unsigned round = 0; round < ROUNDS; round++) {
        random = random * 1664525 + 1013904223;
        unsigned n = random >> 8 & 127, count = random >> 24 & 3;
        struct acl_rule_row row = rule_row(n, entries[count]);
        struct store_change change =
            count > 0 ? rule_change(&row) : gone(STORE_CHANGE_RULE_GONE, &row.rule_sid);
        row.operation = STR("exact");
        if (count == 0 && model.entries[n] == 0)
            continue;
        model.entries[n] = count;
        apply(&tables, &change, 1);
        if (round % 250 == 0) {
            unsigned place = round / 250 % KEPT;
            acl_tables_unref(&kept[place]);
            acl_tables_ref(tables);
            kept[place] = tables;
            models[place] = model;
        }
    }
    expect(tables, &model);
    for (unsigned i = 0; i < KEPT; i++) {
        expect(kept[i], &models[i]);
        acl_tables_unref(&kept[i]);
    }
    acl_tables_unref(&tables);
    leaks_check();
}
