/* Reading rules, trunk groups and trunks, and what bounds a page of them (THREATS-54). */
#include <stdio.h>

#include "contract.h"
#include "store/row_texts.h"

#define CONTRACT(name) CONTRACT_OF(memory_acl_list, sqlite_acl_list, name)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { RULES = 9, ARENA = 1 << 20 };

static char long_entries[10000];

static void put(struct fixture *f, struct store_request request)
{
    cr_assert_eq(fixture_outcome(f, &request), STORE_OUTCOME_DONE);
}

/* Partner 4 below 3, which is below 2. Rules 50 to 58 of 2, 3, 4 in turn, each with 1,000 bytes of
 * entries; groups 60 of 3 and 61 of 4, trunks 70, 71 of 60 and 72 of 61. */
static void fill(struct fixture *f)
{
    static const struct str names[] = {STR_INIT("b"), STR_INIT("a"), STR_INIT("c_")};
    static const struct str fields[] = {STR_INIT("calling"), STR_INIT("message")};

    memset(long_entries, 'x', sizeof(long_entries));
    fixture_seed(f);
    fixture_start(f);
    put(f, (struct store_request){.verb = STORE_PARTNER_CREATE,
                                  .in.partner = fixture_partner(4, 3, STR("lowest"))});
    for (unsigned i = 0; i < RULES; i++) {
        struct acl_rule_row row = fixture_rule(50 + i, 2 + i % 3);
        row.name = names[i * 2 % 3];
        row.field = fields[i % 2];
        row.created_ms += i % 4;
        row.entries = str_make(long_entries, 1000);
        put(f, (struct store_request){.verb = STORE_RULE_CREATE, .in.rule.row = row});
    }
    for (unsigned i = 0; i < 2; i++)
        put(f, (struct store_request){.verb = STORE_TRUNK_GROUP_CREATE,
                                      .in.trunk_group.row = fixture_group(60 + i, 3 + i)});
    for (unsigned i = 0; i < 3; i++)
        put(f, (struct store_request){.verb = STORE_TRUNK_CREATE,
                                      .in.trunk = fixture_trunk(70 + i, i < 2 ? 60 : 61)});
}

/* The last bytes of the rows' keys. */
static size_t read_ids(struct fixture *f, struct store_read *read, struct arena *arena,
                       unsigned *out)
{
    size_t size = row_shapes[store_column_table(read->in.list.order)].size;

    cr_assert_eq(fixture_read_now(f, read, arena), ERR_NONE);
    cr_assert_eq(read->outcome, STORE_OUTCOME_DONE);
    for (size_t i = 0; i < read->out.count; i++) /* a row begins with its key */
        out[i] = ((const struct sid *)((const char *)read->out.rules + i * size))->bytes[15];
    return read->out.count;
}

static void assert_ids(struct fixture *f, struct store_read *read, const char *expected,
                       const char *what)
{
    struct arena arena;
    unsigned ids[64];
    char text[256] = "";

    arena_init(&arena, NULL, 0, ARENA);
    size_t count = read_ids(f, read, &arena, ids);
    for (size_t i = 0, at = 0; i < count; i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at, i > 0 ? " %u" : "%u", ids[i]);
    cr_assert_str_eq(text, expected, "%s: %s", what, text);
    arena_reset(&arena);
}

static struct store_read of_rules(const struct sid *partners, size_t n, enum store_column order)
{
    return (struct store_read){.verb = STORE_RULE_LIST,
                               .in.list = {.partners = partners,
                                           .partner_count = n,
                                           .order = order,
                                           .limit = STORE_PAGE,
                                           .want_total = true}};
}

CONTRACT(rules_are_listed_by_whose_they_are)
{
    struct sid chain[] = {fixture_sid(3), fixture_sid(2)};
    struct store_read both = of_rules(chain, 2, STORE_RULE_SID);
    struct store_read one = of_rules(chain, 1, STORE_RULE_NAME);
    struct store_read none = of_rules(&(struct sid){{0}}, 1, STORE_RULE_SID);
    struct store_read page = of_rules(chain, 2, STORE_RULE_CREATED);

    fill(f);
    assert_ids(f, &both, "50 51 53 54 56 57", "a partner and the one above");
    cr_assert_eq(both.out.total, 6);
    assert_ids(f, &one, "51 54 57", "one");
    assert_ids(f, &none, "", "a stranger");
    page.in.list.descending = true;
    page.in.list.offset = 1;
    page.in.list.limit = 3;
    assert_ids(f, &page, "53 56 51", "a page");
    cr_assert(page.out.more && !page.out.is_cut);
    cr_assert_eq(page.out.total, 6);
}

CONTRACT(rules_are_filtered_by_each_column)
{
    struct sid all[] = {fixture_sid(2), fixture_sid(3), fixture_sid(4)};
    struct {
        struct store_filter filter;
        const char *ids;
    } cases[] = {
        {{.column = STORE_RULE_SID, .operator= STORE_IS_GT, .sid = fixture_sid(56)}, "57 58"},
        {{.column = STORE_RULE_PARTNER_SID, .operator= STORE_IS_EQ, .sid = all[2]}, "52 55 58"},
        {{.column = STORE_RULE_NAME, .operator= STORE_IS_LIKE, .text = STR("c\\_%")}, "51 54 57"},
        {{.column = STORE_RULE_FIELD, .operator= STORE_IS_EQ, .text = STR("message")},
         "51 53 55 57"},
        {{.column = STORE_RULE_OPERATION, .operator= STORE_IS_NE, .text = STR("exact")}, ""},
        {{.column = STORE_RULE_QUANTIFIER, .operator= STORE_IS_LIKE, .text = STR("n%")}, ""},
        {{.column = STORE_RULE_CREATED, .operator= STORE_IS_LE, .number = FIXTURE_NOW_MS},
         "50 54 58"},
        {{.column = STORE_RULE_UPDATED, .operator= STORE_IS_LT, .number = FIXTURE_NOW_MS}, ""},
    };

    fill(f);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct store_read read = of_rules(all, 3, STORE_RULE_SID);
        read.in.list.filters = &cases[i].filter;
        read.in.list.filter_count = 1;
        assert_ids(f, &read, cases[i].ids, "a filter");
    }
}

/* A page holds max_bytes of text, one row at least, and tells that it was cut. */
CONTRACT(a_page_is_cut_where_its_text_would_be_too_long)
{
    struct sid all[] = {fixture_sid(2), fixture_sid(3), fixture_sid(4)};
    struct {
        size_t max_bytes;
        bool without_entries;
        unsigned after, before;
        const char *ids;
        bool is_cut;
    } cases[] = {
        {0, false, 0, 0, "50 51 52 53 54 55 56 57 58", false},
        {1, false, 0, 0, "50", true},
        {2100, false, 0, 0, "50 51", true},
        {2100, false, 56, 0, "57 58", false},
        {2100, false, 0, 54, "52 53", true},
        {2100, false, 0, 51, "50", false},
        {2100, true, 0, 0, "50 51 52 53 54 55 56 57 58", false},
    };

    fill(f);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct store_read read = of_rules(all, 3, STORE_RULE_SID);
        read.in.list.max_bytes = cases[i].max_bytes;
        read.in.list.without_entries = cases[i].without_entries;
        if (cases[i].after > 0)
            read.in.list.after = fixture_sid(cases[i].after);
        if (cases[i].before > 0)
            read.in.list.before = fixture_sid(cases[i].before);
        assert_ids(f, &read, cases[i].ids, "a cut page");
        cr_assert_eq(read.out.is_cut, cases[i].is_cut, "case %zu", i);
        cr_assert_eq(read.out.more, cases[i].is_cut, "case %zu", i);
        cr_assert_eq(read.out.total, RULES, "case %zu", i);
    }
}

CONTRACT(entries_come_whole_or_not_at_all)
{
    struct sid owner = fixture_sid(2);
    struct store_read read = of_rules(&owner, 1, STORE_RULE_SID);
    struct store_read get = {.verb = STORE_RULE_GET, .in.rule_sid = fixture_sid(50)};
    struct arena arena;
    unsigned ids[RULES];

    fill(f);
    arena_init(&arena, NULL, 0, ARENA);
    read.in.list.without_entries = true;
    cr_assert_eq(read_ids(f, &read, &arena, ids), 3);
    cr_assert_eq(read.out.rules[0].entries.len, 0);
    cr_assert(str_eq(read.out.rules[0].quantifier, STR("any")));
    cr_assert_eq(fixture_read_now(f, &get, &arena), ERR_NONE);
    cr_assert(str_eq(get.out.rules->entries, str_make(long_entries, 1000)));
    arena_reset(&arena);
}

CONTRACT(what_is_not_there_is_absent)
{
    static const enum store_read_verb verbs[] = {STORE_RULE_GET, STORE_TRUNK_GROUP_GET,
                                                 STORE_TRUNK_GET};

    fill(f);
    for (size_t i = 0; i < COUNT(verbs); i++) {
        struct store_read read = {.verb = verbs[i], .in.rule_sid = fixture_sid(99)};
        struct arena arena;
        arena_init(&arena, NULL, 0, ARENA);
        cr_assert_eq(fixture_read_now(f, &read, &arena), ERR_NONE);
        cr_assert_eq(read.outcome, STORE_OUTCOME_ABSENT, "case %zu", i);
        arena_reset(&arena);
    }
}

/* An arena that is too small for a row is a fault, not a page that lacks it. */
CONTRACT(a_row_that_has_no_room_is_a_fault)
{
    struct sid owner = fixture_sid(2);
    struct store_read reads[] = {
        of_rules(&owner, 1, STORE_RULE_SID),
        {.verb = STORE_RULE_GET, .in.rule_sid = fixture_sid(50)},
    };
    char room[512];

    fill(f);
    reads[0].in.list.limit = 1;
    for (size_t i = 0; i < COUNT(reads); i++) {
        struct arena arena;
        arena_init(&arena, room, sizeof(room), 0);
        cr_assert_eq(fixture_read_now(f, &reads[i], &arena), ERR_FAULT_MEMORY, "case %zu", i);
        arena_reset(&arena);
    }
}

/* ---- trunk groups, trunks ---- */

CONTRACT(groups_follow_the_tree_and_show_their_trunks)
{
    struct store_read read = {.verb = STORE_TRUNK_GROUP_LIST,
                              .in.list = {.partner_sid = fixture_sid(3),
                                          .order = STORE_TRUNK_GROUP_SID,
                                          .limit = STORE_PAGE,
                                          .want_total = true}};
    struct arena arena;
    unsigned ids[4];

    fill(f);
    assert_ids(f, &read, "60", "a partner's own");
    read.in.list.descendants = true;
    assert_ids(f, &read, "60 61", "and below");
    cr_assert_eq(read.out.total, 2);
    read.in.list.partner_sid = fixture_sid(2);
    read.in.list.order = STORE_TRUNK_GROUP_PARTNER_SID;
    read.in.list.descending = true;
    assert_ids(f, &read, "61 60", "of the root");
    read.in.list.max_bytes = 10; /* name, "[]", and 16 for a trunk */
    assert_ids(f, &read, "61", "cut");
    read.in.list.max_bytes = 0;
    arena_init(&arena, NULL, 0, ARENA);
    cr_assert_eq(read_ids(f, &read, &arena, ids), 2);
    cr_assert_eq(read.out.trunk_groups[1].trunk_count, 2);
    cr_assert_eq(read.out.trunk_groups[1].trunks[1].bytes[15], 71);
    cr_assert(str_eq(read.out.trunk_groups[1].acls, STR("[]")));
    arena_reset(&arena);
}

CONTRACT(trunks_are_listed_within_their_group)
{
    struct store_read read = {.verb = STORE_TRUNK_LIST,
                              .in.list = {.trunk_group_sid = fixture_sid(60),
                                          .order = STORE_TRUNK_NAME,
                                          .limit = 1,
                                          .want_total = true}};

    fill(f);
    assert_ids(f, &read, "70", "the first");
    cr_assert(read.out.more);
    cr_assert_eq(read.out.total, 2);
    read.in.list.order = STORE_TRUNK_SID;
    read.in.list.after = fixture_sid(70);
    assert_ids(f, &read, "71", "the next");
    read.in.list.after = (struct sid){{0}};
    read.in.list.trunk_group_sid = fixture_sid(77);
    assert_ids(f, &read, "", "of no group");
}

/* Partners have lists too, whose text is bounded as well. */
CONTRACT(a_partners_lists_are_kept_and_counted)
{
    struct partner_row row = fixture_partner(5, 4, STR_NONE);
    struct store_read read = {.verb = STORE_PARTNER_LIST,
                              .in.list = {.partner_sid = fixture_sid(4),
                                          .descendants = true,
                                          .order = STORE_PARTNER_SID,
                                          .limit = STORE_PAGE,
                                          .max_bytes = 1000}};
    struct arena arena;
    unsigned ids[4];

    fill(f);
    row.acls = str_make(long_entries, 900);
    row.parent_assigned_acls = str_make(long_entries, 90);
    put(f, (struct store_request){.verb = STORE_PARTNER_CREATE, .in.partner = row});
    assert_ids(f, &read, "4", "cut");
    cr_assert(read.out.is_cut);
    read.in.list.max_bytes = 0;
    arena_init(&arena, NULL, 0, ARENA);
    cr_assert_eq(read_ids(f, &read, &arena, ids), 2);
    cr_assert(str_eq(read.out.partners[0].acls, STR("[]")));
    cr_assert_eq(read.out.partners[1].acls.len, 900);
    cr_assert_eq(read.out.partners[1].parent_assigned_acls.len, 90);
    arena_reset(&arena);
}

/* ---- the start ---- */

struct seen {
    size_t partners, rules, groups, trunks;
    size_t fault_at; /* a rule whose visit fails; 0: none */
};

static struct result see_partner(void *context, const struct partner_row *row)
{
    struct seen *seen = context;
    cr_assert(str_eq(row->acls, STR("[]")));
    cr_assert(str_eq(row->parent_assigned_acls, STR("[]")));
    seen->partners++;
    return RESULT_OK;
}

static struct result see_application(void *context, const struct application_row *row)
{
    (void)context, (void)row;
    return RESULT_OK;
}

static struct result see_secret(void *context, const struct secret_row *row)
{
    (void)context, (void)row;
    return RESULT_OK;
}

static struct result see_rule(void *context, const struct acl_rule_row *row)
{
    struct seen *seen = context;
    cr_assert_eq(seen->partners, 3, "partners first");
    cr_assert_eq(row->entries.len, 1000);
    return ++seen->rules == seen->fault_at ? FAULT(ERR_FAULT_MEMORY) : RESULT_OK;
}

static struct result see_group(void *context, const struct trunk_group_row *row)
{
    struct seen *seen = context;
    cr_assert_eq(row->trunk_count, 0);
    seen->groups++;
    return RESULT_OK;
}

static struct result see_trunk(void *context, const struct trunk_row *row)
{
    struct seen *seen = context;
    cr_assert_eq(seen->groups, 2, "groups before trunks");
    cr_assert_eq(row->revision, 1);
    seen->trunks++;
    return RESULT_OK;
}

struct visit {
    struct store_party_visitor visitor;
    struct result result;
};

static void visit(struct store *store, void *context)
{
    struct visit *v = context;
    v->result = store_read_party(store, &v->visitor);
}

CONTRACT(a_start_reads_all_of_it)
{
    struct seen seen = {.partners = 0};
    struct visit v = {.visitor = {see_partner, see_application, see_secret, &seen, see_rule,
                                  see_group, see_trunk}};

    fill(f);
    store_run_on_writer(f->store, visit, &v);
    cr_assert(result_ok(v.result));
    cr_assert(seen.rules == RULES && seen.groups == 2 && seen.trunks == 3);
    seen = (struct seen){.fault_at = 2};
    store_run_on_writer(f->store, visit, &v);
    cr_assert_eq(v.result.code, ERR_FAULT_MEMORY);
    cr_assert(seen.rules == 2 && seen.groups == 0, "the visitor's fault ends it");
    seen = (struct seen){.partners = 0};
    v.visitor.rule = NULL;
    v.visitor.trunk = NULL;
    store_run_on_writer(f->store, visit, &v);
    cr_assert(seen.rules == 0 && seen.groups == 2 && seen.trunks == 0, "what is wanted");
}
