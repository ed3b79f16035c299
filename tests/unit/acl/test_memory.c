/* Each allocation fails in turn: nothing leaks, nothing is half made, and a pattern that finds no
 * memory to run in cannot be told. */
#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "acl/tables.h"
#include "support/leaks.h"
#include "unit/acl/made.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);

static atomic_int good_left = -1; /* allocations before those that fail; below 0: none does */

static bool is_to_fail(void)
{
    int left = atomic_load(&good_left);
    if (left > 0)
        atomic_store(&good_left, left - 1);
    return left == 0;
}

void *__wrap_malloc(size_t size)
{
    return is_to_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return is_to_fail() ? NULL : __real_calloc(n, size);
}

static void fail_each_of(enum acl_operation operation, int at_least)
{
    struct str entries[] = {STR("12"), STR("13"), STR("^1(4|5)")};
    struct acl_rule_text text = {ACL_CALLED, operation, ACL_ANY, entries, 3};
    const struct acl_rule *rule = NULL;
    struct acl_problem problem;
    int n = 0;

    for (;; n++) {
        atomic_store(&good_left, n);
        enum err err = acl_rule_compile(&text, &rule, &problem);
        atomic_store(&good_left, -1);
        if (err == ERR_NONE)
            break;
        cr_assert_eq(err, ERR_FAULT_MEMORY, "allocation %d", n);
        cr_assert_null(rule);
    }
    cr_assert_geq(n, at_least);
    acl_rule_unref(&rule);
}

Test(acl_memory, compiling)
{
    fail_each_of(ACL_EXACT, 3);
    fail_each_of(ACL_PREFIX, 3);
    fail_each_of(ACL_REGEXP, 10);
    leaks_check();
}

Test(acl_memory, a_matcher)
{
    struct acl_matcher *matcher = NULL;
    int n = 0;

    for (; matcher == NULL; n++) {
        atomic_store(&good_left, n);
        matcher = acl_matcher_new(&clock_thread);
        atomic_store(&good_left, -1);
    }
    cr_assert_geq(n, 4);
    acl_matcher_free(&matcher);
    leaks_check();
}

Test(acl_memory, matching)
{
    static char bytes[8000];
    const struct acl_rule *rule = made_pattern(ACL_MESSAGE, "^(?:a|b)*$");
    struct acl_matcher *matcher = acl_matcher_new(&clock_thread);
    struct str value = str_make(bytes, sizeof(bytes));

    memset(bytes, 'a', sizeof(bytes));
    acl_matcher_begin(matcher);
    atomic_store(&good_left, 0);
    enum acl_verdict verdict = acl_rule_match(rule, matcher, value);
    atomic_store(&good_left, -1);
    cr_assert_eq(verdict, ACL_OUT_OF_MEMORY);
    cr_assert_eq(acl_rule_match(rule, matcher, value), ACL_YES);
    acl_rule_unref(&rule);
    acl_matcher_free(&matcher);
    leaks_check();
}

/* Rules are compiled on the way, lists read. The version before stays whole. */
Test(acl_memory, changing_the_tables)
{
    static const struct sid partner = {{1}}, group = {{3}};
    const struct acl_rule_row rule = {.rule_sid = {{2}},
                                      .partner_sid = partner,
                                      .field = STR("called"),
                                      .operation = STR("regexp"),
                                      .quantifier = STR("any"),
                                      .entries = STR("[\"^1\"]")};
    const struct partner_row partner_row = {
        .partner_sid = partner,
        .acls = STR("[{\"access_control_rules\":[],\"direction\":\"any\",\"sms_action_false\":null,"
                    "\"sms_action_true\":null,\"voice_action_false\":null,"
                    "\"voice_action_true\":null}]")};
    const struct trunk_group_row group_row = {.trunk_group_sid = group, .partner_sid = partner};
    const struct store_change changes[] = {
        {.kind = STORE_CHANGE_RULE, .rule.row = &rule},
        {.kind = STORE_CHANGE_PARTNER, .partner = &partner_row},
        {.kind = STORE_CHANGE_TRUNK_GROUP, .trunk_group = &group_row},
    };
    struct store_options options = {
        .url = STR("memory:"), .clock = &clock_system, .entropy = &entropy_system};
    struct acl_tables *tables, *next = NULL;
    struct store *store;
    char memory[256];
    struct buf error;
    int n = 0;

    buf_init_fixed(&error, memory, sizeof(memory));
    cr_assert(result_ok(store_open(&options, &store, &error)));
    cr_assert(result_ok(acl_tables_load(store, NULL, &tables)));
    for (;; n++) {
        atomic_store(&good_left, n);
        struct result applied = acl_tables_apply(tables, changes, 3, &next);
        atomic_store(&good_left, -1);
        cr_assert_eq(acl_tables_counts(tables).rules, (size_t)0);
        if (result_ok(applied))
            break;
        cr_assert_eq(applied.code, ERR_FAULT_MEMORY, "allocation %d", n);
        cr_assert_null(next);
    }
    cr_assert_geq(n, 20);
    cr_assert_eq(acl_tables_counts(next).partners, (size_t)1);
    acl_tables_unref(&next);
    acl_tables_unref(&tables);
    store_close(&store);
    leaks_check();
}
