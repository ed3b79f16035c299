/* Changing rules, trunk groups and trunks: what is compared, what the tables are told (SPEC 9). */
#include "contract.h"
#include "store/memory.h"

#define CONTRACT(name) CONTRACT_OF(memory_acl, sqlite_acl, name)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct store_request of_rule(enum store_verb verb, struct acl_rule_row row)
{
    return (struct store_request){.verb = verb, .in.rule.row = row};
}

static struct store_request of_group(enum store_verb verb, struct trunk_group_row row)
{
    return (struct store_request){.verb = verb, .in.trunk_group.row = row};
}

static struct store_request of_trunk(enum store_verb verb, struct trunk_row row)
{
    return (struct store_request){.verb = verb, .in.trunk = row};
}

static struct store_request delete_rule(unsigned n)
{
    return (struct store_request){.verb = STORE_RULE_DELETE,
                                  .in.rule_delete.rule_sid = fixture_sid(n)};
}

static struct store_request delete_group(unsigned n, bool with_trunks)
{
    return (struct store_request){.verb = STORE_TRUNK_GROUP_DELETE,
                                  .in.trunk_group_delete = {fixture_sid(n), with_trunks}};
}

static struct store_request delete_trunk(unsigned n)
{
    return (struct store_request){.verb = STORE_TRUNK_DELETE, .in.trunk_delete = fixture_sid(n)};
}

static void begin(struct fixture *f)
{
    fixture_seed(f);
    fixture_start(f);
}

/* Rule 50 of partner 3; group 60 of it, with trunk 61. */
static void fill(struct fixture *f)
{
    struct trunk_row trunk = fixture_trunk(61, 0);
    struct store_request rule = of_rule(STORE_RULE_CREATE, fixture_rule(50, 3));
    struct store_request group = of_group(STORE_TRUNK_GROUP_CREATE, fixture_group(60, 3));

    begin(f);
    group.in.trunk_group.trunks = &trunk;
    group.in.trunk_group.trunk_count = 1;
    cr_assert_eq(fixture_outcome(f, &rule), STORE_OUTCOME_DONE);
    cr_assert_eq(fixture_outcome(f, &group), STORE_OUTCOME_DONE);
    f->change_count = 0;
}

/* GET of one row; its revision, 0: ABSENT. */
static uint64_t revision_of(struct fixture *f, enum store_read_verb verb, unsigned n)
{
    struct arena arena;
    struct store_read read = {.verb = verb, .in.rule_sid = fixture_sid(n)};
    uint64_t revision = 0;

    arena_init(&arena, NULL, 0, 1 << 20);
    cr_assert_eq(fixture_read_now(f, &read, &arena), ERR_NONE);
    if (read.outcome == STORE_OUTCOME_DONE)
        revision = verb == STORE_RULE_GET          ? read.out.rules->revision
                   : verb == STORE_TRUNK_GROUP_GET ? read.out.trunk_groups->revision
                                                   : read.out.trunks->revision;
    arena_reset(&arena);
    return revision;
}

static void assert_changes(const struct fixture *f, const enum store_change_kind *kinds, size_t n)
{
    cr_assert_eq(f->change_count, n);
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(f->changes[i], kinds[i], "change %zu", i);
}

/* ---- rules ---- */

CONTRACT(a_rule_is_created_once_of_a_partner_that_exists)
{
    struct {
        struct acl_rule_row row;
        enum store_outcome outcome;
    } cases[] = {
        {fixture_rule(50, 3), STORE_OUTCOME_DONE},
        {fixture_rule(50, 2), STORE_OUTCOME_EXISTS},
        {fixture_rule(51, 77), STORE_OUTCOME_ABSENT},
        {fixture_rule(51, 2), STORE_OUTCOME_DONE},
    };
    const struct acl_rule *compiled = (const struct acl_rule *)f; /* any address */

    begin(f);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct store_request request = of_rule(STORE_RULE_CREATE, cases[i].row);
        request.in.rule.compiled = compiled;
        cr_assert_eq(fixture_outcome(f, &request), cases[i].outcome, "case %zu", i);
    }
    assert_changes(f, (enum store_change_kind[]){STORE_CHANGE_RULE, STORE_CHANGE_RULE}, 2);
    cr_assert_eq(f->compiled, compiled, "carried to whoever builds the tables");
    cr_assert_eq(f->rule.revision, 1);
    cr_assert_eq(store_tables_version(f->store), 3);
}

CONTRACT(a_rule_is_changed_where_it_stands)
{
    struct {
        unsigned n;
        uint64_t if_revision, if_tables;
        enum store_outcome outcome;
    } cases[] = {
        {50, 2, 0, STORE_OUTCOME_CONFLICT}, {50, 1, 2, STORE_OUTCOME_CONFLICT},
        {99, 0, 0, STORE_OUTCOME_ABSENT},   {50, 1, 4, STORE_OUTCOME_DONE},
        {50, 0, 0, STORE_OUTCOME_DONE},
    };

    fill(f);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct store_request request =
            of_rule(STORE_RULE_UPDATE, fixture_rule(cases[i].n, 2)); /* its partner stays */
        request.in.rule.row.created_ms = 1;
        request.in.rule.row.operation = STR("prefix");
        request.if_revision = cases[i].if_revision;
        request.if_tables = cases[i].if_tables;
        cr_assert_eq(fixture_outcome(f, &request), cases[i].outcome, "case %zu", i);
    }
    struct sid owner = fixture_sid(3);
    cr_assert(sid_eq(&f->rule.partner_sid, &owner));
    cr_assert_eq(f->rule.created_ms, FIXTURE_NOW_MS);
    cr_assert_eq(f->rule.revision, 3);
    cr_assert_eq(revision_of(f, STORE_RULE_GET, 50), 3);
}

CONTRACT(a_rule_goes_once)
{
    struct store_request stale = delete_rule(50);
    struct store_request gone = delete_rule(50);
    struct store_request again = delete_rule(50);

    fill(f);
    stale.if_revision = 7;
    cr_assert_eq(fixture_outcome(f, &stale), STORE_OUTCOME_CONFLICT);
    cr_assert_eq(fixture_outcome(f, &gone), STORE_OUTCOME_DONE);
    cr_assert_eq(fixture_outcome(f, &again), STORE_OUTCOME_ABSENT);
    assert_changes(f, (enum store_change_kind[]){STORE_CHANGE_RULE_GONE}, 1);
    struct sid sid = fixture_sid(50);
    cr_assert(sid_eq(&f->gone, &sid));
    cr_assert_eq(revision_of(f, STORE_RULE_GET, 50), 0);
}

/* The schema knows the words too; they are checked long before. */
Test(sqlite_acl_words, a_rule_of_unknown_words_is_a_fault)
{
    struct acl_rule_row rows[] = {fixture_rule(50, 3), fixture_rule(50, 3), fixture_rule(50, 3)};
    struct fixture f;

    log_set_level(LOG_ERROR + 1);
    fixture_init(&f, FIXTURE_SQLITE);
    fixture_open(&f);
    begin(&f);
    rows[0].field = STR("caller");
    rows[1].operation = STR("");
    rows[2].quantifier = STR("ANY");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct store_request request = of_rule(STORE_RULE_CREATE, rows[i]);
        cr_assert_eq(fixture_do(&f, &request), ERR_FAULT_STORE, "case %zu", i);
    }
    cr_assert_eq(store_tables_version(f.store), 1);
    fixture_done(&f);
}

/* ---- detaching ---- */

static const char LISTS[] = "[{\"access_control_rules\":[]}]";

/* From partner 3, group 60, trunk 61; and the last of them is last. */
static struct store_request detach_all(struct store_detach *detach, unsigned last)
{
    struct store_request request = delete_rule(50);
    static const struct str records[] = {STR_INIT("{\"of\":\"partner\"}"),
                                         STR_INIT("{\"of\":\"group\"}"),
                                         STR_INIT("{\"of\":\"trunk\"}")};

    detach[0] = (struct store_detach){ACL_OWNER_PARTNER, fixture_sid(3), str_from(LISTS), STR_NONE};
    detach[1] =
        (struct store_detach){ACL_OWNER_TRUNK_GROUP, fixture_sid(60), str_from(LISTS), STR_NONE};
    detach[2] =
        (struct store_detach){ACL_OWNER_TRUNK, fixture_sid(last), str_from(LISTS), STR_NONE};
    request.audit = STR("{\"of\":\"rule\"}");
    request.audits = records;
    request.audit_count = 3;
    request.in.rule_delete.detach = detach;
    request.in.rule_delete.detach_count = 3;
    request.in.rule_delete.at_ms = FIXTURE_NOW_MS + 5;
    return request;
}

CONTRACT(a_rule_is_detached_from_all_that_used_it)
{
    struct store_detach detach[3];
    struct store_request request = detach_all(detach, 61);

    fill(f);
    request.if_tables = store_tables_version(f->store);
    cr_assert_eq(fixture_outcome(f, &request), STORE_OUTCOME_DONE);
    assert_changes(f,
                   (enum store_change_kind[]){STORE_CHANGE_PARTNER, STORE_CHANGE_TRUNK_GROUP,
                                              STORE_CHANGE_TRUNK, STORE_CHANGE_RULE_GONE},
                   4);
    cr_assert_str_eq(f->acls, LISTS);
    struct sid group = fixture_sid(60);
    cr_assert(sid_eq(&f->trunk.trunk_group_sid, &group), "a whole row");
    cr_assert_eq(f->partner.revision, 2);
    cr_assert_eq(f->partner.status, PARTNER_ACTIVE);
    cr_assert_eq(f->partner.updated_ms, FIXTURE_NOW_MS + 5);
    cr_assert_eq(revision_of(f, STORE_TRUNK_GET, 61), 2);
    cr_assert_eq(revision_of(f, STORE_TRUNK_GROUP_GET, 60), 2);
    cr_assert_eq(store_tables_version(f->store), f->tables_version);
    cr_assert_eq(store_audit_head(f->store).seq, 4, "a record for each, and its own");
}

CONTRACT(a_rule_is_not_detached_in_part)
{
    struct {
        unsigned last;
        uint64_t if_revision, tables_behind;
        enum store_outcome outcome;
    } cases[] = {
        {77, 0, 0, STORE_OUTCOME_ABSENT},
        {61, 9, 0, STORE_OUTCOME_CONFLICT},
        {61, 0, 1, STORE_OUTCOME_CONFLICT},
    };

    fill(f);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct store_detach detach[3];
        struct store_request request = detach_all(detach, cases[i].last);
        request.if_revision = cases[i].if_revision;
        request.if_tables = store_tables_version(f->store) - cases[i].tables_behind;
        cr_assert_eq(fixture_outcome(f, &request), cases[i].outcome, "case %zu", i);
    }
    cr_assert_eq(f->change_count, 0);
    cr_assert_eq(store_audit_head(f->store).seq, 0);
    cr_assert_eq(revision_of(f, STORE_RULE_GET, 50), 1);
    cr_assert_eq(revision_of(f, STORE_TRUNK_GROUP_GET, 60), 1);
}

/* P3: whichever call fails, all of it is there or nothing, and the tables are told the same. */
Test(acl_faults, a_detach_is_whole_whatever_fails, .timeout = 60)
{
    log_set_level(LOG_ERROR + 1);
    for (size_t n = 1; n < 32; n++) {
        struct fixture f;
        struct store_detach detach[3];
        struct store_request request = detach_all(detach, 61);
        fixture_init(&f, FIXTURE_MEMORY);
        fixture_open(&f);
        fill(&f);
        request.if_tables = store_tables_version(f.store);
        store_memory_fail_after(f.store, n);
        bool done = fixture_do(&f, &request) == ERR_NONE;
        store_memory_fail_after(f.store, 0);
        cr_assert_eq(revision_of(&f, STORE_RULE_GET, 50), done ? 0 : 1, "call %zu", n);
        cr_assert_eq(revision_of(&f, STORE_TRUNK_GET, 61), done ? 2 : 1, "call %zu", n);
        cr_assert_eq(f.change_count, done ? 4 : 0, "call %zu", n);
        cr_assert_eq(store_audit_head(f.store).seq, done ? 4 : 0, "call %zu", n);
        fixture_done(&f);
    }
}

/* ---- trunk groups ---- */

CONTRACT(a_group_is_created_with_its_trunks)
{
    struct trunk_row trunks[] = {fixture_trunk(61, 0), fixture_trunk(62, 0)};
    struct store_request request = of_group(STORE_TRUNK_GROUP_CREATE, fixture_group(60, 3));
    struct store_request again = of_group(STORE_TRUNK_GROUP_CREATE, fixture_group(60, 2));
    struct store_request lost = of_group(STORE_TRUNK_GROUP_CREATE, fixture_group(63, 77));

    begin(f);
    request.in.trunk_group.trunks = trunks;
    request.in.trunk_group.trunk_count = 2;
    cr_assert_eq(fixture_outcome(f, &request), STORE_OUTCOME_DONE);
    cr_assert_eq(request.out.revision, 1);
    cr_assert_eq(fixture_outcome(f, &again), STORE_OUTCOME_EXISTS);
    cr_assert_eq(fixture_outcome(f, &lost), STORE_OUTCOME_ABSENT);
    assert_changes(f,
                   (enum store_change_kind[]){STORE_CHANGE_TRUNK_GROUP, STORE_CHANGE_TRUNK,
                                              STORE_CHANGE_TRUNK},
                   3);
    cr_assert_str_eq(f->acls, "[]", "what is empty is no lists");
    cr_assert_eq(revision_of(f, STORE_TRUNK_GET, 62), 1);
}

/* A trunk's id that is taken undoes its group too; nobody makes an id twice, so it is a fault. */
CONTRACT(a_group_is_not_created_in_part)
{
    struct trunk_row trunks[] = {fixture_trunk(65, 0), fixture_trunk(61, 0)};
    struct store_request requests[] = {
        of_group(STORE_TRUNK_GROUP_CREATE, fixture_group(64, 3)),
        of_rule(STORE_RULE_CREATE, fixture_rule(51, 3)),
    };

    fill(f);
    requests[0].in.trunk_group.trunks = trunks;
    requests[0].in.trunk_group.trunk_count = 2;
    fixture_submit(f, requests, 2);
    fixture_await(f, requests, 2);
    cr_assert_eq(requests[0].result.code, ERR_FAULT_STORE);
    cr_assert_eq(requests[1].result.code, ERR_NONE, "alone");
    assert_changes(f, (enum store_change_kind[]){STORE_CHANGE_RULE}, 1);
    cr_assert_eq(revision_of(f, STORE_TRUNK_GROUP_GET, 64), 0);
    cr_assert_eq(revision_of(f, STORE_TRUNK_GET, 65), 0);
}

CONTRACT(a_group_is_changed_where_it_stands)
{
    struct {
        unsigned n;
        uint64_t if_revision;
        enum store_outcome outcome;
    } cases[] = {
        {60, 2, STORE_OUTCOME_CONFLICT},
        {99, 0, STORE_OUTCOME_ABSENT},
        {60, 1, STORE_OUTCOME_DONE},
    };

    fill(f);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct store_request request =
            of_group(STORE_TRUNK_GROUP_UPDATE, fixture_group(cases[i].n, 2));
        request.in.trunk_group.row.acls = str_from(LISTS);
        request.if_revision = cases[i].if_revision;
        cr_assert_eq(fixture_outcome(f, &request), cases[i].outcome, "case %zu", i);
    }
    struct sid owner = fixture_sid(3);
    assert_changes(f, (enum store_change_kind[]){STORE_CHANGE_TRUNK_GROUP}, 1);
    cr_assert(sid_eq(&f->trunk_group.partner_sid, &owner), "its partner stays");
    cr_assert_str_eq(f->acls, LISTS);
}

CONTRACT(a_group_goes_with_its_trunks_or_not_at_all)
{
    struct {
        unsigned n;
        bool with_trunks;
        uint64_t if_revision;
        enum store_outcome outcome;
    } cases[] = {
        {60, false, 0, STORE_OUTCOME_BUSY},  {60, true, 2, STORE_OUTCOME_CONFLICT},
        {99, true, 0, STORE_OUTCOME_ABSENT}, {60, true, 1, STORE_OUTCOME_DONE},
        {60, true, 0, STORE_OUTCOME_ABSENT},
    };

    fill(f);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct store_request request = delete_group(cases[i].n, cases[i].with_trunks);
        request.if_revision = cases[i].if_revision;
        cr_assert_eq(fixture_outcome(f, &request), cases[i].outcome, "case %zu", i);
    }
    assert_changes(
        f, (enum store_change_kind[]){STORE_CHANGE_TRUNK_GONE, STORE_CHANGE_TRUNK_GROUP_GONE}, 2);
    struct sid group = fixture_sid(60);
    cr_assert(sid_eq(&f->gone, &group));
    cr_assert_eq(revision_of(f, STORE_TRUNK_GET, 61), 0);
}

CONTRACT(an_empty_group_goes_as_it_is)
{
    struct store_request create = of_group(STORE_TRUNK_GROUP_CREATE, fixture_group(60, 3));
    struct store_request gone = delete_group(60, false);

    begin(f);
    cr_assert_eq(fixture_outcome(f, &create), STORE_OUTCOME_DONE);
    cr_assert_eq(fixture_outcome(f, &gone), STORE_OUTCOME_DONE);
}

/* ---- trunks ---- */

CONTRACT(a_trunk_comes_into_a_group_and_raises_it)
{
    struct {
        struct trunk_row row;
        enum store_outcome outcome;
    } cases[] = {
        {fixture_trunk(62, 60), STORE_OUTCOME_DONE},
        {fixture_trunk(62, 60), STORE_OUTCOME_EXISTS},
        {fixture_trunk(63, 77), STORE_OUTCOME_ABSENT},
    };

    fill(f);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct store_request request = of_trunk(STORE_TRUNK_CREATE, cases[i].row);
        cr_assert_eq(fixture_outcome(f, &request), cases[i].outcome, "case %zu", i);
    }
    assert_changes(f, (enum store_change_kind[]){STORE_CHANGE_TRUNK}, 1);
    cr_assert_eq(revision_of(f, STORE_TRUNK_GROUP_GET, 60), 2, "it shows its trunks");
}

CONTRACT(a_trunk_is_changed_where_it_stands)
{
    struct {
        unsigned n;
        uint64_t if_revision;
        enum store_outcome outcome;
    } cases[] = {
        {61, 2, STORE_OUTCOME_CONFLICT},
        {99, 0, STORE_OUTCOME_ABSENT},
        {61, 1, STORE_OUTCOME_DONE},
    };

    fill(f);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct store_request request = of_trunk(STORE_TRUNK_UPDATE, fixture_trunk(cases[i].n, 77));
        request.if_revision = cases[i].if_revision;
        cr_assert_eq(fixture_outcome(f, &request), cases[i].outcome, "case %zu", i);
    }
    struct sid group = fixture_sid(60);
    cr_assert(sid_eq(&f->trunk.trunk_group_sid, &group), "its group stays");
    cr_assert_eq(f->trunk.revision, 2);
}

CONTRACT(a_trunk_goes_once_and_raises_its_group)
{
    struct store_request stale = delete_trunk(61);
    struct store_request gone = delete_trunk(61);
    struct store_request again = delete_trunk(61);

    fill(f);
    stale.if_revision = 5;
    cr_assert_eq(fixture_outcome(f, &stale), STORE_OUTCOME_CONFLICT);
    cr_assert_eq(fixture_outcome(f, &gone), STORE_OUTCOME_DONE);
    cr_assert_eq(fixture_outcome(f, &again), STORE_OUTCOME_ABSENT);
    assert_changes(f, (enum store_change_kind[]){STORE_CHANGE_TRUNK_GONE}, 1);
    cr_assert_eq(revision_of(f, STORE_TRUNK_GROUP_GET, 60), 2);
}

CONTRACT(a_group_has_so_many_trunks_and_no_more)
{
    struct trunk_row trunks[STORE_GROUP_TRUNKS];
    struct store_request group = of_group(STORE_TRUNK_GROUP_CREATE, fixture_group(60, 3));
    struct store_request more = of_trunk(STORE_TRUNK_CREATE, fixture_trunk(99, 60));
    struct store_request gone = delete_group(60, true);

    begin(f);
    for (unsigned i = 0; i < STORE_GROUP_TRUNKS; i++)
        trunks[i] = fixture_trunk(1000 + i, 0);
    group.in.trunk_group.trunks = trunks;
    group.in.trunk_group.trunk_count = STORE_GROUP_TRUNKS;
    cr_assert_eq(fixture_outcome(f, &group), STORE_OUTCOME_DONE);
    cr_assert_eq(fixture_outcome(f, &more), STORE_OUTCOME_TOO_MANY);
    cr_assert_eq(store_tables_version(f->store), 2 + STORE_GROUP_TRUNKS);
    cr_assert_eq(fixture_outcome(f, &gone), STORE_OUTCOME_DONE);
    cr_assert_eq(store_tables_version(f->store), 3 + 2 * STORE_GROUP_TRUNKS);
}

/* More changes and longer entries than one transaction takes: several take them. */
CONTRACT(a_batch_takes_what_it_has_room_for)
{
    enum { N = 8 };
    static char entries[4 << 20];
    static struct trunk_row trunks[N][STORE_GROUP_TRUNKS];
    struct store_request requests[2 * N];

    memset(entries, 'x', sizeof(entries));
    fixture_seed(f);
    for (unsigned i = 0; i < N; i++) {
        for (unsigned j = 0; j < STORE_GROUP_TRUNKS; j++)
            trunks[i][j] = fixture_trunk(1000 + i * STORE_GROUP_TRUNKS + j, 0);
        requests[i] = of_group(STORE_TRUNK_GROUP_CREATE, fixture_group(60 + i, 3));
        requests[i].in.trunk_group.trunks = trunks[i];
        requests[i].in.trunk_group.trunk_count = STORE_GROUP_TRUNKS;
        requests[N + i] = of_rule(STORE_RULE_CREATE, fixture_rule(80 + i, 3));
        requests[N + i].in.rule.row.entries = str_make(entries, sizeof(entries));
    }
    fixture_submit(f, requests, COUNT(requests));
    fixture_start(f);
    fixture_await(f, requests, COUNT(requests));
    for (size_t i = 0; i < COUNT(requests); i++)
        cr_assert_eq(requests[i].result.code, ERR_NONE, "request %zu", i);
    cr_assert_eq(store_tables_version(f->store), 1 + N * (2 + STORE_GROUP_TRUNKS));
    cr_assert_eq(f->tables_version, store_tables_version(f->store));
}
