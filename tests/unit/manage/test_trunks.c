/* /core/v2/trunk_groups from below: the store's faults, changes at the same time, and clients that
 * leave. What is asked over the wire stands in tests/conformance/test_trunks.py. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "scene.h"
#include "store/memory.h"
#include "support/leaks.h"

#define GROUPS "/core/v2/trunk_groups"

enum { PATH_TEXT = 192 };

/* A group with two trunks. */
struct trunks {
    struct scene scene;
    char group[PATH_TEXT], list[PATH_TEXT], trunk[PATH_TEXT];
};

static void ask_json(struct scene *s, enum method method, const char *path, const char *body,
                     struct answer *out)
{
    const struct question q = scene_question(s, method, path, "", body);

    bed_answer(&s->bed, &q, out);
    cr_assert_eq(answer_status(out), 200, "%.*s", STR_ARG(answer_body(out)));
}

static void trunks_init(struct trunks *t)
{
    struct str group, trunk;
    struct answer answer;

    scene_begin(&t->scene, "trunk_groups.manage trunk_groups.trunks.manage");
    ask_json(&t->scene, METHOD_POST, GROUPS,
             "{\"name\":\"group\",\"trunks\":[{\"name\":\"first\"},{\"name\":\"second\"}]}",
             &answer);
    const struct json_value *json = answer_json(&answer);
    cr_assert(json_string(json_member(json, STR("trunk_group_sid")), &group));
    cr_assert(json_string(json_first(json_member(json, STR("trunks"))), &trunk));
    snprintf(t->group, PATH_TEXT, GROUPS "/%.*s", STR_ARG(group));
    snprintf(t->list, PATH_TEXT, GROUPS "/%.*s/trunks", STR_ARG(group));
    snprintf(t->trunk, PATH_TEXT, GROUPS "/%.*s/trunks/%.*s", STR_ARG(group), STR_ARG(trunk));
    answer_done(&answer);
}

static int64_t total_of(struct trunks *t, const char *path)
{
    struct answer answer;
    int64_t total = -1;

    ask_json(&t->scene, METHOD_GET, path, NULL, &answer);
    cr_assert(json_int(json_member(answer_json(&answer), STR("total")), &total));
    answer_done(&answer);
    return total;
}

enum place { PLACE_GROUPS, PLACE_GROUP, PLACE_LIST, PLACE_TRUNK };

static const struct {
    enum method method;
    enum place place;
    const char *query, *body;
} writes[] = {
    {METHOD_POST, PLACE_GROUPS, "", "{\"trunks\":[{},{}]}"},
    {METHOD_PATCH, PLACE_GROUP, "", "{\"name\":\"x\"}"},
    {METHOD_DELETE, PLACE_GROUP, "force=true", NULL},
    {METHOD_POST, PLACE_LIST, "", "{\"name\":\"third\"}"},
    {METHOD_PATCH, PLACE_TRUNK, "", "{\"name\":\"x\",\"acls\":[]}"},
    {METHOD_DELETE, PLACE_TRUNK, "", NULL},
};

enum { WRITES = sizeof(writes) / sizeof(writes[0]), FAULTS = 6 };

static const char *place_of(const struct trunks *t, enum place place)
{
    const char *const places[] = {
        [PLACE_GROUPS] = GROUPS,
        [PLACE_GROUP] = t->group,
        [PLACE_LIST] = t->list,
        [PLACE_TRUNK] = t->trunk,
    };
    return places[place];
}

static int write_of(struct trunks *t, size_t i)
{
    return scene_ask(&t->scene, writes[i].method, place_of(t, writes[i].place), writes[i].query,
                     writes[i].body);
}

static void expect_as_before(struct trunks *t, int64_t groups)
{
    scene_expect(&t->scene, t->group, "include_fields=name,acls",
                 "{\"name\":\"group\",\"acls\":[]}");
    scene_expect(&t->scene, t->trunk, "include_fields=name", "{\"name\":\"first\"}");
    cr_assert_eq(total_of(t, GROUPS), groups);
    cr_assert_eq(total_of(t, t->list), 2);
}

Test(trunks, P4_a_store_that_is_away_is_503_and_nothing_changes)
{
    struct trunks t;

    trunks_init(&t);
    int64_t groups = total_of(&t, GROUPS);
    store_memory_set_down(t.scene.bed.server.store, true);
    for (size_t i = 0; i < WRITES; i++)
        cr_assert_eq(write_of(&t, i), 503);
    for (enum place place = PLACE_GROUPS; place <= PLACE_TRUNK; place++)
        cr_assert_eq(scene_ask(&t.scene, METHOD_GET, place_of(&t, place), "", NULL), 503);
    store_memory_set_down(t.scene.bed.server.store, false);
    expect_as_before(&t, groups);
    bed_done(&t.scene.bed);
    leaks_check();
}

/* P3: each call of the backend fails once; the answer is 503 and all is as before, trunks of a
 * group included, or it is done. */
Test(trunks, P3_any_one_fault_changes_nothing_or_all)
{
    for (size_t i = 0; i < WRITES * FAULTS; i++) {
        struct trunks t;

        trunks_init(&t);
        int64_t groups = total_of(&t, GROUPS);
        store_memory_fail_after(t.scene.bed.server.store, i / WRITES + 1);
        int status = write_of(&t, i % WRITES);
        store_memory_fail_after(t.scene.bed.server.store, 0);
        cr_assert(status == 200 || status == 204 || status == 503, "%d", status);
        if (status == 503)
            expect_as_before(&t, groups);
        bed_done(&t.scene.bed);
    }
    leaks_check();
}

/* Each is decided on what the others left (SPEC 5): none is lost, and a group that goes takes each
 * trunk that was made before it went. */
Test(trunks, changes_at_the_same_time_see_each_other)
{
    enum { RACERS = 6 };
    struct answer answers[RACERS], last;
    struct trunks t;

    trunks_init(&t);
    for (size_t i = 0; i < RACERS; i++) {
        const struct question q =
            scene_question(&t.scene, i % 2 == 0 ? METHOD_POST : METHOD_PATCH,
                           i % 2 == 0 ? t.list : t.group, "", "{\"name\":\"raced\"}");
        bed_ask(&t.scene.bed, &q, &answers[i]);
    }
    const struct question q = scene_question(&t.scene, METHOD_DELETE, t.group, "force=true", NULL);
    for (size_t i = 0; i < RACERS; i++) {
        bed_wait(&t.scene.bed, &answers[i]);
        cr_assert_eq(answer_status(&answers[i]), 200);
        answer_done(&answers[i]);
    }
    cr_assert_eq(total_of(&t, t.list), 2 + RACERS / 2);
    bed_answer(&t.scene.bed, &q, &last);
    cr_assert_eq(answer_status(&last), 204);
    answer_done(&last);
    cr_assert_eq(scene_ask(&t.scene, METHOD_GET, t.trunk, "", NULL), 404);
    cr_assert_eq(scene_ask(&t.scene, METHOD_GET, t.list, "", NULL), 404);
    bed_done(&t.scene.bed);
    leaks_check();
}

/* A trunk and its group, one after the other in the store's queue: whoever comes second finds the
 * other, or is refused. */
Test(trunks, a_group_that_goes_takes_a_trunk_that_comes)
{
    struct answer gone, made;
    struct trunks t;

    trunks_init(&t);
    const struct question end =
        scene_question(&t.scene, METHOD_DELETE, t.group, "force=true", NULL);
    const struct question come = scene_question(&t.scene, METHOD_POST, t.list, "", "{}");
    bed_ask(&t.scene.bed, &end, &gone);
    bed_ask(&t.scene.bed, &come, &made);
    bed_wait(&t.scene.bed, &gone);
    bed_wait(&t.scene.bed, &made);
    cr_assert_eq(answer_status(&gone), 204);
    cr_assert(answer_status(&made) == 200 || answer_status(&made) == 404);
    answer_done(&gone);
    answer_done(&made);
    cr_assert_eq(scene_ask(&t.scene, METHOD_GET, t.list, "", NULL), 404);
    bed_done(&t.scene.bed);
    leaks_check();
}

Test(trunks, a_client_may_leave_at_any_wait)
{
    for (size_t i = 0; i < WRITES; i++) {
        struct trunks t;

        trunks_init(&t);
        const struct question q =
            scene_question(&t.scene, writes[i].method, place_of(&t, writes[i].place),
                           writes[i].query, writes[i].body);
        for (unsigned step = 0; step < ENDPOINT_STEPS_MAX; step++)
            scene_ask_and_leave(&t.scene, &q, step);
        bed_done(&t.scene.bed);
    }
    leaks_check();
}
