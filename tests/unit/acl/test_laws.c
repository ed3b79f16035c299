/* Random rules, lists and subjects: the compiled form says what the page says entry by entry, and
 * the laws of quantifiers and order hold. A failure names the round of the seed. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "core/limits.h"
#include "support/leaks.h"
#include "unit/acl/made.h"
#include "unit/acl/naive.h"

enum { SEED = 0xac1, RULE_ROUNDS = 100000, LIST_ROUNDS = 20000 };
enum { ENTRIES = 6, ENTRY = 12, LAYERS = 4, LISTS = 3, RULES = 4, POOL = 64 };

static uint64_t state = SEED;

static unsigned below(unsigned n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 32) % n;
}

struct random_rule {
    struct acl_rule_text text;
    struct str entries[ENTRIES];
    char bytes[ENTRIES][ENTRY];
};

/* Of three letters, so that texts meet; now and then behind 8 that are the same, where the keys of
 * a set end. */
static struct str random_text(char *bytes, const char *letters, unsigned letter_count)
{
    size_t len = 0;
    if (below(4) == 0)
        for (; len < 7 + below(2); len++)
            bytes[len] = '1';
    for (unsigned more = below(5); more > 0 && len < ENTRY; more--)
        bytes[len++] = letters[below(letter_count)];
    return str_make(bytes, len);
}

static struct str random_pattern(char *bytes)
{
    size_t len = 0, begin = below(3) == 0, end = below(3) == 0;

    if (begin)
        bytes[len++] = '^';
    for (unsigned more = below(4); more > 0; more--)
        bytes[len++] = "012."[below(4)];
    if (end)
        bytes[len++] = '$';
    return str_make(bytes, len);
}

static void random_rule(struct random_rule *rule)
{
    rule->text =
        (struct acl_rule_text){(enum acl_field)below(ACL_FIELDS), (enum acl_operation)below(3),
                               (enum acl_quantifier)below(3), rule->entries, below(ENTRIES + 1)};
    for (size_t i = 0; i < rule->text.entry_count; i++)
        rule->entries[i] = rule->text.operation == ACL_REGEXP
                               ? random_pattern(rule->bytes[i])
                               : random_text(rule->bytes[i], "012\0\xff", below(3) ? 3 : 5);
}

static const struct acl_rule *compile(const struct random_rule *rule)
{
    const struct acl_rule *compiled = NULL;
    struct acl_problem problem;
    cr_assert_eq(acl_rule_compile(&rule->text, &compiled, &problem), ERR_NONE);
    return compiled;
}

Test(acl_laws, a_compiled_rule_says_what_its_entries_say)
{
    struct acl_matcher *matcher = acl_matcher_new(&clock_thread);
    size_t matches = 0;

    for (unsigned round = 0; round < RULE_ROUNDS; round++) {
        struct random_rule rule;
        random_rule(&rule);
        const struct acl_rule *compiled = compile(&rule);
        for (int i = 0; i < 4; i++) {
            char bytes[ENTRY];
            /* A value that is an entry is worth more than chance gives. */
            struct str value =
                i > 0 && rule.text.entry_count > 0 && rule.text.operation != ACL_REGEXP
                    ? rule.entries[below((unsigned)rule.text.entry_count)]
                    : random_text(bytes, "012", 3);
            bool expected = naive_match(&rule.text, value);
            acl_matcher_begin(matcher);
            cr_assert_eq(acl_rule_match(compiled, matcher, value), expected ? ACL_YES : ACL_NO,
                         "seed %x, round %u", (unsigned)SEED, round);
            matches += expected;
        }
        acl_rule_unref(&compiled);
    }
    cr_assert(matches > RULE_ROUNDS && matches < 3 * RULE_ROUNDS, "%zu", matches);
    acl_matcher_free(&matcher);
    leaks_check();
}

/* ---- lists ---- */

struct random_lists {
    struct random_rule texts[POOL];
    const struct acl_rule *compiled[POOL];
    struct sid refs[LAYERS][LISTS][RULES];
    struct naive_ref naive_refs[LAYERS * LISTS][RULES];
    struct acl_list lists[LAYERS][LISTS];
    struct naive_list naive[LAYERS * LISTS];
    struct acl_layer layers[LAYERS];
    size_t places[LAYERS * LISTS][2]; /* layer and list of each */
    size_t layer_count, list_count;
};

static enum acl_action random_action(enum acl_kind kind)
{
    static const enum acl_action actions[2][3] = {{ACL_ACCEPT, ACL_REJECT_403, ACL_REJECT_503},
                                                  {ACL_ACCEPT, ACL_REJECT, ACL_REJECT}};
    return below(2) ? ACL_NO_ACTION : actions[kind][below(3)];
}

static void random_list(struct random_lists *all, size_t layer, size_t at)
{
    struct acl_list *list = &all->lists[layer][at];
    size_t n = all->list_count++;

    *list = (struct acl_list){all->refs[layer][at],         below(RULES + 1),
                              (enum acl_direction)below(4), random_action(ACL_CALL),
                              random_action(ACL_CALL),      random_action(ACL_SMS),
                              random_action(ACL_SMS)};
    for (size_t r = 0; r < list->rule_count; r++) {
        unsigned which = below(POOL);
        all->refs[layer][at][r] = made_sid(which);
        all->naive_refs[n][r] = (struct naive_ref){made_sid(which), &all->texts[which].text};
    }
    all->naive[n] = (struct naive_list){all->naive_refs[n], list};
    all->places[n][0] = layer;
    all->places[n][1] = at;
}

static void random_layers(struct random_lists *all)
{
    all->list_count = 0;
    all->layer_count = below(LAYERS + 1);
    for (size_t layer = 0; layer < all->layer_count; layer++) {
        size_t count = below(LISTS + 1);
        for (size_t at = 0; at < count; at++)
            random_list(all, layer, at);
        all->layers[layer] = (struct acl_layer){all->lists[layer], count};
    }
}

static void random_subject(struct acl_subject *subject, char bytes[ACL_FIELDS][ENTRY])
{
    subject->kind = (enum acl_kind)below(2);
    subject->direction = (enum acl_direction)below(4);
    for (int f = 0; f < ACL_FIELDS; f++)
        subject->values[f] = below(8) ? random_text(bytes[f], "012", 3) : STR_NONE;
}

/* How the passed lists and the rules that match are told agrees with what decided. */
static void check_explained(const struct random_lists *all, const struct acl_decision *d,
                            size_t decided)
{
    cr_assert_eq(d->passed_count, decided);
    for (size_t i = 0; i < decided; i++) {
        cr_assert_eq(d->passed[i].layer, all->places[i][0]);
        cr_assert_eq(d->passed[i].list, all->places[i][1]);
    }
    cr_assert_eq(d->rule_count > 0, d->outcome == ACL_DECIDED && d->matched);
    if (d->rule_count > 0)
        cr_assert(sid_eq(&d->rules[0], &d->rule_sid));
}

static void turn_rules_round(struct random_lists *all)
{
    for (size_t layer = 0; layer < all->layer_count; layer++) {
        for (size_t at = 0; at < all->layers[layer].list_count; at++) {
            size_t n = all->lists[layer][at].rule_count;
            for (size_t r = 0; r < n / 2; r++) {
                struct sid ref = all->refs[layer][at][r];
                all->refs[layer][at][r] = all->refs[layer][at][n - 1 - r];
                all->refs[layer][at][n - 1 - r] = ref;
            }
        }
    }
}

static void check_round(struct random_lists *all, struct acl_matcher *matcher, unsigned round)
{
    char bytes[ACL_FIELDS][ENTRY], memory[8192];
    struct acl_subject subject;
    struct acl_decision plain, explained, turned;
    enum acl_action action = ACL_ACCEPT;
    const struct acl_rules rules = made_rules(all->compiled);
    struct sid rule = {{0}};
    size_t decided = all->list_count;
    struct arena arena;

    random_subject(&subject, bytes);
    enum acl_outcome outcome =
        naive_evaluate(all->naive, all->list_count, &subject, &decided, &action, &rule);
    arena_init(&arena, memory, sizeof(memory), LIMIT_ARENA);
    cr_assert(result_ok(
        acl_evaluate(NULL, matcher, &rules, all->layers, all->layer_count, &subject, &plain)));
    cr_assert(result_ok(acl_evaluate(&arena, matcher, &rules, all->layers, all->layer_count,
                                     &subject, &explained)));
    cr_assert_eq(plain.outcome, outcome, "seed %x, round %u", (unsigned)SEED, round);
    cr_assert_eq(plain.action, action, "seed %x, round %u", (unsigned)SEED, round);
    cr_assert(sid_eq(&plain.rule_sid, &rule), "seed %x, round %u", (unsigned)SEED, round);
    if (outcome == ACL_DECIDED)
        cr_assert(plain.layer == all->places[decided][0] && plain.list == all->places[decided][1]);
    cr_assert(explained.outcome == outcome && explained.action == action);
    check_explained(all, &explained, decided);
    arena_reset(&arena);

    turn_rules_round(all);
    cr_assert(result_ok(
        acl_evaluate(NULL, matcher, &rules, all->layers, all->layer_count, &subject, &turned)));
    cr_assert(turned.outcome == outcome && turned.action == action && turned.layer == plain.layer &&
              turned.list == plain.list);
}

Test(acl_laws, decisions_are_those_of_the_page)
{
    static struct random_lists all;
    struct acl_matcher *matcher = acl_matcher_new(&clock_thread);

    for (unsigned round = 0; round < LIST_ROUNDS; round++) {
        if (round % 500 == 0) {
            for (unsigned i = 0; i < POOL; i++) {
                acl_rule_unref(&all.compiled[i]);
                random_rule(&all.texts[i]);
                all.compiled[i] = compile(&all.texts[i]);
            }
        }
        random_layers(&all);
        check_round(&all, matcher, round);
    }
    for (unsigned i = 0; i < POOL; i++)
        acl_rule_unref(&all.compiled[i]);
    acl_matcher_free(&matcher);
    leaks_check();
}

/* A set as large as they come, against the numbers it was made of. */
Test(acl_laws, a_hundred_thousand_entries)
{
    static char bytes[LIMIT_ACL_ENTRIES][16];
    static struct str entries[LIMIT_ACL_ENTRIES];
    struct acl_matcher *matcher = acl_matcher_new(&clock_thread);

    for (int operation = ACL_EXACT; operation <= ACL_PREFIX; operation++) {
        for (unsigned i = 0; i < LIMIT_ACL_ENTRIES; i++) {
            /* Every third number, in an order that is none. */
            unsigned number = (unsigned)((uint64_t)i * 7919 % LIMIT_ACL_ENTRIES) * 3;
            int len = snprintf(bytes[i], sizeof(bytes[i]), "+1555%06u", number);
            entries[i] = str_make(bytes[i], (size_t)len);
        }
        struct acl_rule_text text = {ACL_CALLED, (enum acl_operation)operation, ACL_ANY, entries,
                                     LIMIT_ACL_ENTRIES};
        const struct acl_rule *rule = NULL;
        struct acl_problem problem;
        cr_assert_eq(acl_rule_compile(&text, &rule, &problem), ERR_NONE);
        for (unsigned number = 0; number < 3 * LIMIT_ACL_ENTRIES; number++) {
            char value[20];
            int len = snprintf(value, sizeof(value), "+1555%06u%s", number,
                               operation == ACL_PREFIX ? "12" : "");
            cr_assert_eq(acl_rule_match(rule, matcher, str_make(value, (size_t)len)),
                         number % 3 == 0 ? ACL_YES : ACL_NO, "%s", value);
        }
        acl_rule_unref(&rule);
    }
    acl_matcher_free(&matcher);
    leaks_check();
}
