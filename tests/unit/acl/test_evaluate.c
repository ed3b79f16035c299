/* The decision: from the top down, by direction, by the first action that is not null. */
#include <criterion/criterion.h>

#include "core/limits.h"
#include "support/leaks.h"
#include "unit/acl/made.h"

enum { RULES = 8 };

/* 0: a call to 1..., 1: a call from 9..., 2: a call, 3: no call, 4: a message with "money", 5: a
 * message not to 1..., 6: never told over HARD, 7: gone. */
static const struct acl_rule *all[RULES];
static struct acl_rules rules;
static struct acl_matcher *matcher;

#define HARD "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"

static void set_up(void)
{
    rules = made_rules(all);
    all[0] = made_rule(ACL_CALLED, ACL_PREFIX, ACL_ANY, "1");
    all[1] = made_rule(ACL_CALLING, ACL_REGEXP, ACL_ANY, "^9");
    all[2] = made_rule(ACL_CALLED, ACL_EXACT, ACL_NONE, NULL);
    all[3] = made_rule(ACL_CALLED, ACL_EXACT, ACL_ANY, NULL);
    all[4] = made_rule(ACL_MESSAGE, ACL_REGEXP, ACL_ANY, "(?i)money");
    all[5] = made_rule(ACL_TO, ACL_PREFIX, ACL_NONE, "1");
    all[6] = made_rule(ACL_CALLED, ACL_REGEXP, ACL_ANY, "(a+)+$");
    matcher = acl_matcher_new(&clock_thread);
    cr_assert_not_null(matcher);
}

static void tear_down(void)
{
    for (unsigned i = 0; i < RULES; i++)
        acl_rule_unref(&all[i]);
    acl_matcher_free(&matcher);
}

/* Every list below has its rules as digits. */
struct row {
    const char *rules;
    enum acl_direction direction;
    enum acl_action if_true, if_false;
};

enum { LISTS_MAX = 4, REFS_MAX = 8 };

struct stack {
    struct sid refs[LISTS_MAX][REFS_MAX];
    struct acl_list lists[LISTS_MAX];
    struct acl_layer layers[LISTS_MAX];
    size_t count;
};

/* One list a layer, for calls or for messages, up to the first without rules. */
static void stack_up(struct stack *stack, const struct row *rows, enum acl_kind kind)
{
    *stack = (struct stack){.count = 0};
    for (size_t i = 0; i < LISTS_MAX && rows[i].rules != NULL; i++) {
        struct acl_list *list = &stack->lists[i];
        for (const char *rule = rows[i].rules; *rule != '\0'; rule++)
            stack->refs[i][list->rule_count++] = made_sid((unsigned)(*rule - '0'));
        list->rules = stack->refs[i];
        list->direction = rows[i].direction;
        *(kind == ACL_CALL ? &list->voice_true : &list->sms_true) = rows[i].if_true;
        *(kind == ACL_CALL ? &list->voice_false : &list->sms_false) = rows[i].if_false;
        stack->layers[i] = (struct acl_layer){list, 1};
        stack->count++;
    }
}

static struct acl_decision evaluate(const struct row *rows, const struct acl_subject *subject,
                                    struct arena *explain)
{
    struct acl_decision decision;
    struct stack stack;

    stack_up(&stack, rows, subject->kind);
    cr_assert(result_ok(
        acl_evaluate(explain, matcher, &rules, stack.layers, stack.count, subject, &decision)));
    return decision;
}

enum { UNDECIDED = -1, CANNOT_TELL = -2, BY_FALSE = -1 };

static const struct {
    struct row rows[LISTS_MAX];
    int layer; /* that decided, or one of the above */
    enum acl_action action;
    int rule; /* that matched, or could not be told; BY_FALSE: none */
} calls[] = {
    {{{NULL}}, UNDECIDED, ACL_ACCEPT, BY_FALSE},
    {{{"2", ACL_ANY_DIRECTION, ACL_REJECT_403, 0}}, 0, ACL_REJECT_403, 2},
    {{{"3", ACL_ANY_DIRECTION, ACL_REJECT_403, 0}}, UNDECIDED, ACL_ACCEPT, BY_FALSE},
    {{{"3", ACL_ANY_DIRECTION, 0, ACL_REJECT_503}}, 0, ACL_REJECT_503, BY_FALSE},
    {{{"2", ACL_ANY_DIRECTION, 0, ACL_REJECT_503}}, UNDECIDED, ACL_ACCEPT, BY_FALSE},
    {{{"", ACL_ANY_DIRECTION, ACL_ACCEPT, ACL_REJECT_503}}, 0, ACL_REJECT_503, BY_FALSE},
    {{{"31", ACL_ANY_DIRECTION, ACL_ACCEPT, ACL_REJECT_403}}, 0, ACL_ACCEPT, 1},
    {{{"10", ACL_ANY_DIRECTION, ACL_ACCEPT, ACL_REJECT_403}}, 0, ACL_ACCEPT, 1},
    /* The first action decides, from the top. */
    {{{"2", ACL_ANY_DIRECTION, ACL_ACCEPT, 0}, {"2", ACL_ANY_DIRECTION, ACL_REJECT_403, 0}},
     0,
     ACL_ACCEPT,
     2},
    {{{"3", ACL_ANY_DIRECTION, ACL_ACCEPT, 0}, {"0", ACL_ANY_DIRECTION, ACL_REJECT_403, 0}},
     1,
     ACL_REJECT_403,
     0},
    {{{"2", ACL_ANY_DIRECTION, 0, ACL_ACCEPT}, {"3", ACL_INBOUND, 0, ACL_REJECT_403}},
     1,
     ACL_REJECT_403,
     BY_FALSE},
    /* Directions; the call is inbound. */
    {{{"2", ACL_OUTBOUND, ACL_REJECT_403, ACL_REJECT_403}}, UNDECIDED, ACL_ACCEPT, BY_FALSE},
    {{{"2", ACL_UNDIRECTED, ACL_REJECT_403, ACL_REJECT_403}}, UNDECIDED, ACL_ACCEPT, BY_FALSE},
    {{{"2", ACL_OUTBOUND, ACL_REJECT_403, 0}, {"2", ACL_INBOUND, ACL_REJECT_503, 0}},
     1,
     ACL_REJECT_503,
     2},
    /* A rule on what a call does not have never matches, none of its entries included. */
    {{{"45", ACL_ANY_DIRECTION, ACL_REJECT_403, 0}}, UNDECIDED, ACL_ACCEPT, BY_FALSE},
    {{{"45", ACL_ANY_DIRECTION, ACL_REJECT_403, ACL_ACCEPT}}, 0, ACL_ACCEPT, BY_FALSE},
    /* Doubts. */
    {{{"6", ACL_ANY_DIRECTION, ACL_REJECT_403, 0}}, CANNOT_TELL, 0, 6},
    {{{"7", ACL_ANY_DIRECTION, 0, ACL_REJECT_403}}, CANNOT_TELL, 0, 7},
    {{{"367", ACL_ANY_DIRECTION, ACL_REJECT_403, 0}}, CANNOT_TELL, 0, 6},
    {{{"76", ACL_ANY_DIRECTION, ACL_REJECT_403, 0}}, CANNOT_TELL, 0, 7},
    {{{"671", ACL_ANY_DIRECTION, ACL_REJECT_403, 0}}, 0, ACL_REJECT_403, 1},
    {{{"6", ACL_OUTBOUND, ACL_REJECT_403, 0}, {"1", ACL_INBOUND, ACL_REJECT_503, 0}},
     1,
     ACL_REJECT_503,
     1},
    {{{"67", ACL_INBOUND, 0, 0}, {"1", ACL_INBOUND, ACL_REJECT_503, 0}}, 1, ACL_REJECT_503, 1},
    {{{"1", ACL_INBOUND, ACL_ACCEPT, 0}, {"6", ACL_INBOUND, ACL_REJECT_503, 0}}, 0, ACL_ACCEPT, 1},
    {{{"6", ACL_INBOUND, ACL_ACCEPT, 0}, {"1", ACL_INBOUND, ACL_REJECT_503, 0}}, CANNOT_TELL, 0, 6},
};

Test(acl_evaluate, calls, .init = set_up, .fini = tear_down)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        struct acl_subject subject = made_call(ACL_INBOUND, "9001", HARD);
        if (calls[i].rows[1].rules != NULL && strchr(calls[i].rows[1].rules, '0') != NULL)
            subject.values[ACL_CALLED] = STR("1001");
        struct acl_decision d = evaluate(calls[i].rows, &subject, NULL);
        struct sid none = {{0}},
                   rule = calls[i].rule < 0 ? none : made_sid((unsigned)calls[i].rule);
        enum acl_outcome outcome = calls[i].layer == UNDECIDED     ? ACL_UNDECIDED
                                   : calls[i].layer == CANNOT_TELL ? ACL_CANNOT_TELL
                                                                   : ACL_DECIDED;
        cr_expect_eq(d.outcome, outcome, "row %zu", i);
        cr_expect(sid_eq(&d.rule_sid, &rule), "row %zu", i);
        cr_expect_eq(d.doubt,
                     outcome != ACL_CANNOT_TELL ? ACL_NO
                     : calls[i].rule == 7       ? ACL_NO_RULE
                                                : ACL_OVER_LIMIT,
                     "row %zu", i);
        if (outcome != ACL_CANNOT_TELL)
            cr_expect_eq(d.action, calls[i].action, "row %zu", i);
        if (outcome == ACL_DECIDED) {
            cr_expect_eq(d.layer, (size_t)calls[i].layer, "row %zu", i);
            cr_expect_eq(d.matched, calls[i].rule >= 0, "row %zu", i);
        }
        cr_expect(d.rules == NULL && d.passed == NULL && d.passed_count == 0, "row %zu", i);
    }
}

Test(acl_evaluate, messages, .init = set_up, .fini = tear_down)
{
    static const struct row rows[LISTS_MAX] = {{"4", ACL_ANY_DIRECTION, ACL_REJECT, 0},
                                               {"5", ACL_OUTBOUND, ACL_ACCEPT, ACL_REJECT},
                                               {"0123", ACL_ANY_DIRECTION, ACL_ACCEPT, ACL_REJECT}};
    static const struct {
        enum acl_direction direction;
        const char *to, *message;
        enum acl_action action;
        size_t layer;
    } cases[] = {
        {ACL_OUTBOUND, "2", "easy MONEY", ACL_REJECT, 0},
        {ACL_OUTBOUND, "2", "hello", ACL_ACCEPT, 1},
        {ACL_OUTBOUND, "1", "hello", ACL_REJECT, 1},
        {ACL_OUTBOUND, "2", "", ACL_ACCEPT, 1},
        {ACL_OUTBOUND, "2", NULL, ACL_ACCEPT, 1},
        {ACL_INBOUND, "2", "hello", ACL_REJECT, 2}, /* rules on calls never match */
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct acl_subject subject =
            made_sms(cases[i].direction, "9", cases[i].to, cases[i].message);
        subject.values[ACL_CALLED] = STR("1"); /* counts for nothing */
        struct acl_decision d = evaluate(rows, &subject, NULL);
        cr_expect_eq(d.outcome, ACL_DECIDED, "case %zu", i);
        cr_expect_eq(d.action, cases[i].action, "case %zu", i);
        cr_expect_eq(d.layer, cases[i].layer, "case %zu", i);
    }
}

/* Direction of the list against that of the subject. */
Test(acl_evaluate, undirected_is_a_direction_of_its_own, .init = set_up, .fini = tear_down)
{
    for (int list = ACL_ANY_DIRECTION; list <= ACL_UNDIRECTED; list++) {
        for (int asked = ACL_ANY_DIRECTION; asked <= ACL_UNDIRECTED; asked++) {
            const struct row rows[LISTS_MAX] = {{"2", (enum acl_direction)list, ACL_REJECT_403, 0}};
            struct acl_subject subject = made_call((enum acl_direction)asked, "9", "1");
            struct acl_decision d = evaluate(rows, &subject, NULL);
            bool meets = list == ACL_ANY_DIRECTION || list == asked;
            cr_expect_eq(d.outcome, meets ? ACL_DECIDED : ACL_UNDECIDED, "%d %d", list, asked);
        }
    }
}

Test(acl_evaluate, explained, .init = set_up, .fini = tear_down)
{
    static const struct row rows[LISTS_MAX] = {{"2", ACL_OUTBOUND, ACL_ACCEPT, 0},
                                               {"67", ACL_INBOUND, 0, 0},
                                               {"2", ACL_INBOUND, 0, ACL_ACCEPT},
                                               {"36712", ACL_INBOUND, ACL_REJECT_403, 0}};
    static const enum acl_passed why[] = {ACL_PASSED_DIRECTION, ACL_PASSED_NO_ACTION,
                                          ACL_PASSED_MATCHED};
    struct acl_subject subject = made_call(ACL_INBOUND, "9", HARD);
    struct arena arena;

    arena_init(&arena, NULL, 0, LIMIT_ARENA);
    struct acl_decision d = evaluate(rows, &subject, &arena);
    cr_assert_eq(d.outcome, ACL_DECIDED);
    cr_assert_eq(d.layer, (size_t)3);
    cr_assert_eq(d.passed_count, (size_t)3);
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(d.passed[i].layer, i);
        cr_assert_eq(d.passed[i].list, (size_t)0);
        cr_assert_eq(d.passed[i].why, why[i], "%zu", i);
    }
    struct sid expected[] = {made_sid(1), made_sid(2)};
    cr_assert_eq(d.rule_count, (size_t)2);
    for (size_t i = 0; i < 2; i++)
        cr_assert(sid_eq(&d.rules[i], &expected[i]));

    subject.values[ACL_CALLING] = subject.values[ACL_CALLED] = STR("1");
    static const struct row false_row[LISTS_MAX] = {{"1", ACL_INBOUND, ACL_ACCEPT, 0}};
    d = evaluate(false_row, &subject, &arena);
    cr_assert_eq(d.outcome, ACL_UNDECIDED);
    cr_assert_eq(d.action, ACL_ACCEPT);
    cr_assert_eq(d.rule_count, (size_t)0);
    cr_assert_eq(d.passed_count, (size_t)1);
    cr_assert_eq(d.passed[0].why, ACL_PASSED_UNMATCHED);
    arena_reset(&arena);
}

Test(acl_evaluate, an_arena_that_is_full_is_a_fault, .init = set_up, .fini = tear_down)
{
    static const struct row rows[LISTS_MAX] = {{"2222", ACL_INBOUND, ACL_ACCEPT, 0}};
    struct acl_subject subject = made_call(ACL_INBOUND, "9", "1");
    struct acl_decision decision = {.outcome = ACL_CANNOT_TELL};
    struct stack stack;
    size_t faults = 0;

    stack_up(&stack, rows, ACL_CALL);
    for (size_t cap = 0; cap < 256; cap += 16) {
        struct arena arena;
        arena_init(&arena, NULL, 0, cap);
        struct result result =
            acl_evaluate(&arena, matcher, &rules, stack.layers, stack.count, &subject, &decision);
        cr_assert(result_ok(result) || result.code == ERR_FAULT_MEMORY);
        cr_assert_eq(decision.outcome, result_ok(result) ? ACL_DECIDED : ACL_CANNOT_TELL);
        faults += !result_ok(result);
        arena_reset(&arena);
        if (result_ok(result))
            break;
    }
    cr_assert_gt(faults, (size_t)1);
}

Test(acl_evaluate, lists_of_one_layer_stand_in_their_order, .init = set_up, .fini = tear_down)
{
    const struct sid rule = made_sid(2);
    const struct acl_list lists[] = {
        {&rule, 1, ACL_ANY_DIRECTION, .sms_true = ACL_REJECT},
        {&rule, 1, ACL_ANY_DIRECTION, .voice_true = ACL_REJECT_503},
        {&rule, 1, ACL_ANY_DIRECTION, .voice_true = ACL_ACCEPT},
    };
    const struct acl_layer layers[] = {{NULL, 0}, {lists, 3}};
    struct acl_subject subject = made_call(ACL_OUTBOUND, "1", "2");
    struct acl_decision d;

    cr_assert(result_ok(acl_evaluate(NULL, matcher, &rules, layers, 2, &subject, &d)));
    cr_assert_eq(d.outcome, ACL_DECIDED);
    cr_assert_eq(d.action, ACL_REJECT_503);
    cr_assert_eq(d.layer, (size_t)1);
    cr_assert_eq(d.list, (size_t)1);
}
