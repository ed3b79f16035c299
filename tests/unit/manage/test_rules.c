/* /core/v2/accesscontrol/rules from below: the store's faults, a compiler that is busy, clients
 * that leave, and what a partner's rules may come to. What is asked over the wire stands in
 * tests/conformance/test_rules.py. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/pool.h"
#include "exchange/snapshot.h"
#include "manage/rules.h"
#include "scene.h"
#include "store/memory.h"
#include "support/leaks.h"
#include "unit/oauth/blocker.h"

#define LIST   "/core/v2/accesscontrol/rules"
#define FIELDS "\"field\":\"from\",\"operation\":\"exact\",\"quantifier\":\"any\""
#define RULE   "{\"name\":\"x\",\"entries\":[\"1\"]," FIELDS "}"

static void scene_init(struct scene *s)
{
    scene_begin(s, "accesscontrol.manage partners.manage");
    cr_assert(result_ok(pool_new(1, 1, &s->bed.server.compiler)));
}

static void scene_end(struct scene *s)
{
    pool_free(&s->bed.server.compiler);
    bed_done(&s->bed);
}

/* Makes a rule, which the scene's path then names. */
static void make(struct scene *s, const char *body)
{
    const struct question q = scene_question(s, METHOD_POST, LIST, "include_fields=rule_sid", body);
    struct answer answer;
    struct str text;
    struct sid sid;

    bed_answer(&s->bed, &q, &answer);
    cr_assert_eq(answer_status(&answer), 200, "%.*s", STR_ARG(answer_body(&answer)));
    cr_assert(json_string(json_member(answer_json(&answer), STR("rule_sid")), &text));
    cr_assert(sid_parse(text, &sid));
    scene_point_at(s, LIST, &sid);
    answer_done(&answer);
}

static void use(struct scene *s)
{
    char body[256], path[128];

    snprintf(path, sizeof(path), "%s", s->path);
    snprintf(body, sizeof(body), "{\"acls\":[{\"access_control_rules\":[\"%s\"]}]}",
             path + sizeof(LIST));
    scene_point_at(s, "/core/v2/partners", &s->bed.clients.tree.root);
    cr_assert_eq(scene_ask(s, METHOD_PATCH, s->path, "", body), 200);
    snprintf(s->path, sizeof(s->path), "%s", path);
}

static const struct {
    enum method method;
    const char *query, *body;
} writes[] = {
    {METHOD_PATCH, "", "{\"name\":\"y\",\"entries\":[\"2\",\"3\"]}"},
    {METHOD_PATCH, "", "{\"name\":\"x\"}"}, /* no change */
    {METHOD_PATCH, "", "{\"operation\":\"regexp\",\"entries\":[\"(\"]}"},
    {METHOD_PATCH, "", "{"},
    {METHOD_PUT, "", "{\"name\":\"y\",\"entries\":[]," FIELDS "}"},
    {METHOD_DELETE, "", ""},
    {METHOD_DELETE, "force=true", ""},
};

Test(rules, P4_a_store_that_is_away_is_503_and_nothing_changes)
{
    struct scene s;

    scene_init(&s);
    make(&s, RULE);
    store_memory_set_down(s.bed.server.store, true);
    for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
        cr_assert_eq(scene_ask(&s, writes[i].method, s.path, writes[i].query, writes[i].body), 503);
    cr_assert_eq(scene_ask(&s, METHOD_GET, s.path, "", NULL), 503);
    cr_assert_eq(scene_ask(&s, METHOD_GET, LIST, "", NULL), 503);
    cr_assert_eq(scene_ask(&s, METHOD_POST, LIST, "", RULE), 503);
    store_memory_set_down(s.bed.server.store, false);
    scene_expect(&s, s.path, "include_fields=name,entries", "{\"entries\":[\"1\"],\"name\":\"x\"}");
    scene_end(&s);
    leaks_check();
}

/* P3: each call of the backend fails once; the answer is 503 and all is as before, or it is done.
 */
Test(rules, P3_any_one_fault_changes_nothing_or_all)
{
    for (size_t n = 1; n <= 8; n++) {
        struct scene s;

        scene_init(&s);
        make(&s, RULE);
        use(&s);
        store_memory_fail_after(s.bed.server.store, n);
        int status = scene_ask(&s, METHOD_DELETE, s.path, "force=true", "");
        store_memory_fail_after(s.bed.server.store, 0);
        cr_assert(status == 204 || status == 503, "%d", status);
        cr_assert_eq(scene_ask(&s, METHOD_GET, s.path, "", NULL), status == 204 ? 404 : 200);
        if (status == 503)
            cr_assert_eq(scene_ask(&s, METHOD_DELETE, s.path, "", ""), 409); /* still in use */
        scene_end(&s);
    }
    leaks_check();
}

/* What was compiled, and rows that nobody waits for any more, are let go. */
Test(rules, a_client_may_leave_at_any_wait)
{
    for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
        for (unsigned step = 0; step < ENDPOINT_STEPS_MAX; step++) {
            struct scene s;

            scene_init(&s);
            make(&s, RULE);
            use(&s);
            const struct question q =
                scene_question(&s, writes[i].method, s.path, writes[i].query, writes[i].body);
            scene_ask_and_leave(&s, &q, step);
            const struct question more[] = {
                scene_question(&s, METHOD_POST, LIST, "", RULE),
                scene_question(&s, METHOD_GET, LIST, "", NULL),
                scene_question(&s, METHOD_GET, s.path, "", NULL),
            };
            for (size_t m = 0; m < sizeof(more) / sizeof(more[0]); m++)
                scene_ask_and_leave(&s, &more[m], step);
            scene_end(&s);
        }
    leaks_check();
}

/* Each is decided on what the others left (SPEC 5): none is lost. */
Test(rules, changes_at_the_same_time_see_each_other)
{
    enum { RACERS = 4 };
    static const char *const bodies[] = {"{\"name\":\"y\"}", "{\"entries\":[\"2\"]}",
                                         "{\"field\":\"to\"}", "{\"quantifier\":\"none\"}"};
    struct answer answers[RACERS];
    struct scene s;

    scene_begin(&s, "accesscontrol.manage");
    cr_assert(result_ok(pool_new(1, RACERS, &s.bed.server.compiler)));
    make(&s, RULE);
    for (size_t i = 0; i < RACERS; i++) {
        const struct question q = scene_question(&s, METHOD_PATCH, s.path, "", bodies[i]);
        bed_ask(&s.bed, &q, &answers[i]);
    }
    for (size_t i = 0; i < RACERS; i++) {
        bed_wait(&s.bed, &answers[i]);
        cr_assert_eq(answer_status(&answers[i]), 200);
        answer_done(&answers[i]);
    }
    scene_expect(&s, s.path, "exclude_fields=rule_sid,operation",
                 "{\"entries\":[\"2\"],\"field\":\"to\",\"name\":\"y\",\"quantifier\":\"none\","
                 "\"read_only\":false}");
    scene_end(&s);
    leaks_check();
}

/* ---- what is compiled ---- */

static const struct acl_rule *compiled_of(const struct scene *s)
{
    const struct acl_table_rule *rule;
    struct sid sid;

    cr_assert(sid_parse(str_from(s->path + sizeof(LIST)), &sid));
    rule = acl_tables_rule(snapshot_now(&s->bed.server)->acls, &sid);
    cr_assert_not_null(rule);
    return rule->compiled;
}

/* A thousand patterns take a tenth of a second: not for a name. */
Test(rules, a_new_name_compiles_nothing_again)
{
    static const struct {
        const char *body;
        bool stays;
    } changes[] = {
        {"{\"name\":\"y\"}", true},
        {"{\"name\":\"z\",\"entries\":[\"1\"]," FIELDS "}", true},
        {"{\"entries\":[\"2\"]}", false},
        {"{\"name\":\"u\",\"operation\":\"prefix\"}", false},
        {"{\"quantifier\":\"none\"}", false},
        {"{\"field\":\"to\"}", false},
        {"{\"name\":\"v\"}", true},
    };
    struct scene s;

    scene_init(&s);
    make(&s, RULE);
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        const struct acl_rule *before = compiled_of(&s);
        acl_rule_ref(before); /* so that its place is not taken by another */
        cr_assert_eq(scene_ask(&s, METHOD_PATCH, s.path, "", changes[i].body), 200);
        cr_assert_eq(compiled_of(&s) == before, changes[i].stays, "case %zu", i);
        acl_rule_unref(&before);
    }
    scene_end(&s);
    leaks_check();
}

/* ---- a compiler that is busy ---- */

Test(rules, P4_one_too_many_is_503_and_nobody_else_waits)
{
    struct blocker blocker;
    struct answer waiting;
    struct scene s;

    scene_init(&s);
    make(&s, RULE);
    blocker_occupy(&blocker, s.bed.server.compiler, s.bed.worker.loop);
    const struct question q = scene_question(&s, METHOD_POST, LIST, "", RULE);
    bed_ask(&s.bed, &q, &waiting);
    cr_assert_eq(scene_ask(&s, METHOD_POST, LIST, "", RULE), 503);
    cr_assert_eq(scene_ask(&s, METHOD_PATCH, s.path, "", "{\"name\":\"y\"}"), 503);
    cr_assert_eq(scene_ask(&s, METHOD_GET, s.path, "", NULL), 200);
    blocker_let_go(&blocker);
    bed_wait(&s.bed, &waiting);
    cr_assert_eq(answer_status(&waiting), 200);
    answer_done(&waiting);
    scene_expect(&s, s.path, "include_fields=name", "{\"name\":\"x\"}");
    scene_end(&s);
    leaks_check();
}

/* ---- how many there may be ---- */

/* The body of a rule with that many entries of that length, each another. */
static char *large_rule(size_t count, size_t length)
{
    size_t room = 256 + count * (length + 3), at = 0;
    char *text = malloc(room);

    cr_assert(text != NULL);
    at += (size_t)snprintf(text, room, "{" FIELDS ",\"entries\":[");
    for (size_t i = 0; i < count; i++)
        at +=
            (size_t)snprintf(text + at, room - at, "%s\"%0*zu\"", i > 0 ? "," : "", (int)length, i);
    snprintf(text + at, room - at, "]}");
    return text;
}

static void fill_with(size_t count, size_t length, size_t fit)
{
    char *body = large_rule(count, length);
    struct scene s;

    scene_init(&s);
    for (size_t i = 0; i < fit; i++)
        make(&s, body);
    cr_assert_eq(scene_ask(&s, METHOD_POST, LIST, "", body), 409);
    cr_assert_eq(scene_ask(&s, METHOD_PATCH, s.path, "", "{\"entries\":[]}"), 200);
    cr_assert_eq(scene_ask(&s, METHOD_POST, LIST, "", body), 200);
    cr_assert_eq(scene_ask(&s, METHOD_DELETE, s.path, "", ""), 204);
    scene_end(&s);
    free(body);
}

Test(rules, entries_of_a_partner_are_bounded_by_number)
{
    fill_with(LIMIT_ACL_ENTRIES, 6, LIMIT_ACL_PARTNER_ENTRIES / LIMIT_ACL_ENTRIES);
    leaks_check();
}

Test(rules, entries_of_a_partner_are_bounded_by_size)
{
    enum { LENGTH = 4000, COUNT = 1000 };
    fill_with(COUNT, LENGTH, LIMIT_ACL_PARTNER_BYTES / (COUNT * (LENGTH + 3)));
    leaks_check();
}

/* THREATS-54: what patterns come to in memory shows neither in their number nor in their length. */
Test(rules, patterns_of_a_partner_are_bounded_by_memory)
{
    enum { COUNT = 58, TEXT = 4096 };
    static const char pattern[] = "\"(?:[^a-z]{3}){250}(?:[^0-9]{2}){240}\"";
    char body[TEXT];
    size_t fit = 0, at = (size_t)snprintf(body, TEXT,
                                          "{\"field\":\"calling\",\"operation\":\"regexp\","
                                          "\"quantifier\":\"any\",\"entries\":[");
    struct scene s;

    for (size_t i = 0; i < COUNT; i++)
        at += (size_t)snprintf(body + at, TEXT - at, "%s%s", i > 0 ? "," : "", pattern);
    snprintf(body + at, TEXT - at, "]}");
    scene_init(&s);
    while (scene_ask(&s, METHOD_POST, LIST, "include_fields=rule_sid", body) == 200)
        cr_assert_lt(++fit, (size_t)100, "each takes some 3 MiB");
    cr_assert_gt(fit, (size_t)LIMIT_ACL_PARTNER_MEMORY / LIMIT_ACL_PATTERNS_SIZE - 1);
    cr_assert_eq(scene_ask(&s, METHOD_POST, LIST, "", body), 409);
    make(&s, RULE); /* there is room for small ones */
    scene_end(&s);
    leaks_check();
}

Test(rules, are_bounded_by_number)
{
    struct scene s;

    scene_init(&s);
    for (size_t i = 0; i < LIMIT_ACL_PARTNER_RULES; i++)
        cr_assert_eq(scene_ask(&s, METHOD_POST, LIST, "include_fields=name", RULE), 200);
    cr_assert_eq(scene_ask(&s, METHOD_POST, LIST, "", RULE), 409);
    scene_end(&s);
    leaks_check();
}
