/* What access control costs: compiling the longest rules, one look-up in them, and whole decisions
 * over 10 layers with 1,000 rules, none of which matches, so that each is looked at: all that the
 * endpoint does for an item but read and write it. Patterns that
 * backtrack without end stand beside, with what holds them.
 *
 *   bench_acl CATALOGUE-DIR */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "acl/lists.h"
#include "core/limits.h"
#include "manage/acl_target.h"

enum { LAYERS = 10, RULES_A_LAYER = 100, ENTRIES = 10, EVALUATIONS = 100000, LOOKS = 2000000 };
enum { NUMBER = 16, NUMBERS = 4096, LIST_TEXT = RULES_A_LAYER * (SID_TEXT + 3) + 256 };

static char numbers[LIMIT_ACL_ENTRIES][NUMBER];
static struct str entries[LIMIT_ACL_ENTRIES];

static void need(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "bench_acl: %s\n", what);
        exit(1);
    }
}

static const struct acl_rule *compile(enum acl_field field, enum acl_operation operation,
                                      enum acl_quantifier quantifier, const struct str *texts,
                                      size_t count)
{
    struct acl_rule_text text = {field, operation, quantifier, texts, count};
    const struct acl_rule *rule = NULL;
    struct acl_problem problem;
    need(acl_rule_compile(&text, &rule, &problem) == ERR_NONE, "a rule does not compile");
    return rule;
}

/* Processor time: what else the machine does is not counted. */
static int64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static double since_us(int64_t begin_ns)
{
    return (double)(cpu_ns() - begin_ns) / 1e3;
}

/* ---- long rules ---- */

static void long_set(struct acl_matcher *matcher, enum acl_operation operation, const char *name)
{
    int64_t begin_ns = cpu_ns();
    const struct acl_rule *rule =
        compile(ACL_CALLED, operation, ACL_ANY, entries, LIMIT_ACL_ENTRIES);
    printf("%s, 100,000 entries: compiled in %.1f ms", name, since_us(begin_ns) / 1e3);
    size_t found = 0, at = 0;
    begin_ns = cpu_ns();
    for (size_t i = 0; i < LOOKS; i++) {
        at = (at + 7919) % LIMIT_ACL_ENTRIES;
        found += acl_rule_match(rule, matcher, entries[at]) == ACL_YES;
    }
    need(found == LOOKS, "a look-up went wrong");
    printf(", looked up in %.0f ns\n", since_us(begin_ns) * 1e3 / LOOKS);
    acl_rule_unref(&rule);
}

static void long_patterns(struct acl_matcher *matcher)
{
    static char texts[LIMIT_ACL_PATTERNS][32];
    struct str patterns[LIMIT_ACL_PATTERNS];

    for (int i = 0; i < LIMIT_ACL_PATTERNS; i++) {
        int len = snprintf(texts[i], sizeof(texts[i]), "^\\+44(20|7%03d)\\d+$", i);
        patterns[i] = str_make(texts[i], (size_t)len);
    }
    int64_t begin_ns = cpu_ns();
    const struct acl_rule *rule =
        compile(ACL_CALLED, ACL_REGEXP, ACL_ANY, patterns, LIMIT_ACL_PATTERNS);
    printf("regexp, 1,000 patterns: compiled in %.1f ms", since_us(begin_ns) / 1e3);
    begin_ns = cpu_ns();
    acl_matcher_begin(matcher);
    need(acl_rule_match(rule, matcher, STR("+447")) == ACL_NO, "a pattern is found");
    printf(", none of them found in %.0f us\n", since_us(begin_ns));
    acl_rule_unref(&rule);
}

static void hard_pattern(struct acl_matcher *matcher, const char *pattern, size_t value_len)
{
    static char bytes[LIMIT_ACL_VALUE];
    struct str text = str_from(pattern);
    const struct acl_rule *rule = compile(ACL_MESSAGE, ACL_REGEXP, ACL_ANY, &text, 1);
    double slowest_us = 0;
    enum acl_verdict verdict = ACL_NO;

    memset(bytes, 'a', sizeof(bytes));
    bytes[value_len - 1] = 'b';
    for (int i = 0; i < 20; i++) {
        int64_t begin_ns = cpu_ns();
        acl_matcher_begin(matcher);
        verdict = acl_rule_match(rule, matcher, str_make(bytes, value_len));
        double took_us = since_us(begin_ns);
        slowest_us = took_us > slowest_us ? took_us : slowest_us;
    }
    static const char *const verdicts[] = {"no", "yes", "over its limit", "out of time"};
    printf("%-24s over %4zu bytes: %s, after at most %.2f ms\n", pattern, value_len,
           verdict <= ACL_OUT_OF_TIME ? verdicts[verdict] : "?", slowest_us / 1e3);
    acl_rule_unref(&rule);
}

/* ---- decisions ---- */

struct mix {
    const char *name;
    enum acl_kind kind;
    unsigned patterns; /* of 100 rules */
};

static const struct acl_rule *rule_of(const struct mix *mix, unsigned n)
{
    static const char *const for_calls[] = {"^\\+1900", "^\\+44(20|161)\\d{7,8}$", "^0+1",
                                            "(\\d)\\1{8}$"};
    static const char *const for_messages[] = {"(?i)free.{0,20}money", "\\bcasino\\b",
                                               "https?://bit\\.", "[A-Z]{12}"};
    bool is_call = mix->kind == ACL_CALL;
    if (n % 100 < mix->patterns) {
        struct str pattern = str_from((is_call ? for_calls : for_messages)[n % 4]);
        return compile(is_call ? ACL_CALLED : ACL_MESSAGE, ACL_REGEXP, ACL_ANY, &pattern, 1);
    }
    enum acl_field field =
        is_call ? (n % 2 ? ACL_CALLED : ACL_CALLING) : (n % 2 ? ACL_TO : ACL_FROM);
    return compile(field, n % 3 ? ACL_EXACT : ACL_PREFIX, ACL_ANY, &entries[n * ENTRIES], ENTRIES);
}

/* Ten partners, one below the other, each with a list of a hundred rules. */
struct tree {
    struct partner_row partners[LAYERS];
    char logins[LAYERS][SID_TEXT], lists[LAYERS][LIST_TEXT];
    struct acl_rule_row rules[LAYERS * RULES_A_LAYER];
    struct snapshot snapshot; /* of it the tables alone are there */
};

static struct sid new_sid(void)
{
    struct sid sid;
    need(result_ok(sid_new(&clock_system, &entropy_system, &sid)), "no random bytes");
    return sid;
}

static struct str list_text(const struct acl_rule_row *rules, char *memory)
{
    struct sid sids[RULES_A_LAYER];
    struct acl_list list = {sids, RULES_A_LAYER, ACL_ANY_DIRECTION, .voice_true = ACL_REJECT_403,
                            .sms_true = ACL_REJECT};
    struct json_writer w;
    struct buf b;

    for (unsigned i = 0; i < RULES_A_LAYER; i++)
        sids[i] = rules[i].rule_sid;
    buf_init_fixed(&b, memory, LIST_TEXT);
    json_writer_init(&w, &b);
    json_write_array_begin(&w);
    acl_list_write(&list, &w);
    json_write_array_end(&w);
    need(!b.failed, "no room for a list");
    return buf_view(&b);
}

static void make_rows(struct tree *tree)
{
    for (unsigned i = 0; i < LAYERS * RULES_A_LAYER; i++)
        tree->rules[i].rule_sid = new_sid();
    for (unsigned i = 0; i < LAYERS; i++) {
        struct partner_row *row = &tree->partners[i];
        *row = (struct partner_row){.partner_sid = new_sid(), .status = PARTNER_ACTIVE};
        if (i > 0)
            row->parent_sid = row[-1].partner_sid;
        sid_format(&row->partner_sid, tree->logins[i]);
        row->login = row->name = str_make(tree->logins[i], SID_TEXT);
        row->acls = list_text(&tree->rules[i * RULES_A_LAYER], tree->lists[i]);
    }
    for (unsigned i = 0; i < LAYERS * RULES_A_LAYER; i++)
        tree->rules[i].partner_sid = tree->partners[i / RULES_A_LAYER].partner_sid;
}

static void add_rules(struct tree *tree, const struct mix *mix)
{
    for (unsigned i = 0; i < LAYERS * RULES_A_LAYER; i++) {
        const struct acl_rule *rule = rule_of(mix, i);
        struct store_change change = {STORE_CHANGE_RULE, .rule = {&tree->rules[i], rule}};
        struct acl_tables *next;
        need(result_ok(acl_tables_apply(tree->snapshot.acls, &change, 1, &next)), "no change");
        acl_tables_unref(&tree->snapshot.acls);
        tree->snapshot.acls = next;
        acl_rule_unref(&rule);
    }
}

static void grow(struct tree *tree, const struct mix *mix, const struct scope_catalogue *catalogue)
{
    struct store_options options = {
        .url = STR("memory:"), .clock = &clock_system, .entropy = &entropy_system};
    struct store_seed seed = {.partners = tree->partners, .partner_count = LAYERS};
    struct store *store;
    char memory[4096];
    struct buf error;

    make_rows(tree);
    buf_init_fixed(&error, memory, sizeof(memory));
    need(result_ok(store_open(&options, &store, &error)), "the store does not open");
    need(result_ok(store_seed(store, &seed, &error)), "the store takes no rows");
    need(result_ok(party_load(store, catalogue, &tree->snapshot.party)), "no partners");
    need(result_ok(acl_tables_load(store, NULL, &tree->snapshot.acls)), "no lists");
    store_close(&store);
    add_rules(tree, mix);
}

/* What the endpoint does for an item between reading it and writing its answer. */
static enum acl_outcome answer(struct acl_matcher *matcher, const struct tree *tree,
                               const struct acl_subject *subject)
{
    const struct caller root = {.partner = party_root(tree->snapshot.party)};
    const struct acl_target_names names = {.partner_sid =
                                               str_make(tree->logins[LAYERS - 1], SID_TEXT)};
    const struct acl_rules rules = acl_tables_rules(tree->snapshot.acls);
    struct acl_decision decision;
    struct acl_target target;
    struct acl_chain chain;
    struct arena scratch;
    char memory[4096];

    arena_init(&scratch, memory, sizeof(memory), LIMIT_ARENA_BATCH);
    need(acl_target_find(&tree->snapshot, &root, &names, &target) == NULL, "no such partner");
    acl_chain_make(&tree->snapshot, &target, subject->kind, &chain);
    need(result_ok(acl_evaluate(&scratch, matcher, &rules, chain.layers, chain.count, subject,
                                &decision)),
         "fault");
    need(decision.passed_count == LAYERS, "a list was not looked at");
    arena_reset(&scratch);
    return decision.outcome;
}

static void decide(struct acl_matcher *matcher, const struct mix *mix,
                   const struct scope_catalogue *catalogue)
{
    static char others[NUMBERS][NUMBER];
    static struct tree tree;
    size_t undecided = 0;

    tree = (struct tree){.snapshot.party = NULL};
    grow(&tree, mix, catalogue);
    for (unsigned i = 0; i < NUMBERS; i++)
        snprintf(others[i], NUMBER, "+1444%07u", i * 977);
    int64_t begin_ns = cpu_ns();
    for (unsigned i = 0; i < EVALUATIONS; i++) {
        struct str from = str_make(others[i % NUMBERS], 12),
                   to = str_make(others[i * 7 % NUMBERS], 12);
        struct acl_subject subject = {
            mix->kind,
            ACL_INBOUND,
            {[ACL_CALLING] = from,
             [ACL_CALLED] = to,
             [ACL_FROM] = from,
             [ACL_TO] = to,
             [ACL_MESSAGE] =
                 STR("Your appointment with Dr. Miller is on Tuesday at 10:30. Reply C to confirm "
                     "or R to "
                     "choose another time. See you soon, the team of the practice at the park.")}};
        undecided += answer(matcher, &tree, &subject) == ACL_UNDECIDED;
    }
    double us = since_us(begin_ns) / EVALUATIONS;
    need(undecided == EVALUATIONS, "a rule matches");
    printf("%-52s %6.1f us, %7.0f a second\n", mix->name, us, 1e6 / us);
    party_unref(&tree.snapshot.party);
    acl_tables_unref(&tree.snapshot.acls);
}

int main(int argc, char **argv)
{
    static const struct mix mixes[] = {
        {"a call, 1,000 sets of 10 numbers", ACL_CALL, 0},
        {"a call, 900 sets of 10 numbers and 100 patterns", ACL_CALL, 10},
        {"a call, 1,000 patterns", ACL_CALL, 100},
        {"a message of 155 bytes, 900 sets and 100 patterns", ACL_SMS, 10},
    };
    struct acl_matcher *matcher = acl_matcher_new(&clock_thread);
    struct scope_catalogue *catalogue;
    char memory[4096];
    struct buf errors;

    need(argc == 2, "CATALOGUE-DIR");
    need(matcher != NULL, "no memory");
    buf_init_fixed(&errors, memory, sizeof(memory));
    need(catalogue_load(argv[1], NULL, &catalogue, &errors), "the catalogue does not load");
    for (unsigned i = 0; i < LIMIT_ACL_ENTRIES; i++) {
        snprintf(numbers[i], NUMBER, "+1555%07u", (unsigned)((uint64_t)i * 7919 % 9999991));
        entries[i] = str_make(numbers[i], 12);
    }
    long_set(matcher, ACL_EXACT, "exact");
    long_set(matcher, ACL_PREFIX, "prefix");
    long_patterns(matcher);
    hard_pattern(matcher, "(a+)+$", 60);
    hard_pattern(matcher, "(a+)+$", LIMIT_ACL_VALUE);
    hard_pattern(matcher, "^(?:a?){60}a{60}c?$", 60);
    hard_pattern(matcher, "(?:[ab]*[ab]*+[^ab])|x", LIMIT_ACL_VALUE);
    hard_pattern(matcher, "^(([a-z])+.)+\\d", LIMIT_ACL_VALUE);
    for (size_t i = 0; i < sizeof(mixes) / sizeof(mixes[0]); i++)
        decide(matcher, &mixes[i], catalogue);
    catalogue_free(&catalogue);
    acl_matcher_free(&matcher);
    return 0;
}
