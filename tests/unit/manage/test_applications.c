/* /core/v2/applications from below: the store's faults, changes at the same time, and clients that
 * leave. What is asked over the wire stands in tests/conformance/test_applications.py. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "manage/applications.h"
#include "manage/changes.h"
#include "scene.h"
#include "store/memory.h"
#include "support/leaks.h"

#define LIST "/core/v2/applications"

static void scene_init(struct scene *s)
{
    scene_begin(s, "app.manage calls.manage sms.manage");
    scene_point_at(s, LIST, &s->bed.clients.post); /* the shop's application */
}

/* How many of those that a list shows; the rest of the answer is not looked at. */
static int64_t total_of(struct scene *s, const char *path)
{
    const struct question q = scene_question(s, METHOD_GET, path, "limit=1", NULL);
    struct answer answer;
    int64_t total = -1;

    bed_answer(&s->bed, &q, &answer);
    cr_assert(json_int(json_member(answer_json(&answer), STR("total")), &total));
    answer_done(&answer);
    return total;
}

enum place { PLACE_LIST, PLACE_ONE, PLACE_SECRETS };

static const struct {
    enum method method;
    enum place place;
    const char *body;
} writes[] = {
    {METHOD_POST, PLACE_LIST, "{\"scopes\":[\"calls.read\"]}"},
    {METHOD_PATCH, PLACE_ONE, "{\"name\":\"x\",\"scopes\":[\"calls.read\"]}"},
    {METHOD_POST, PLACE_SECRETS, "{\"overlap_s\":0}"},
    {METHOD_DELETE, PLACE_ONE, NULL},
};

enum { WRITES = sizeof(writes) / sizeof(writes[0]) };

enum { PLACE_TEXT = 160 };

static const char *place_of(const struct scene *s, enum place place, char memory[PLACE_TEXT])
{
    snprintf(memory, PLACE_TEXT, "%s%s", place == PLACE_LIST ? LIST : s->path,
             place == PLACE_SECRETS ? "/secrets" : "");
    return memory;
}

static const char was[] = "{\"name\":\"app\",\"scopes\":[\"calls.read\",\"sms.manage\"]}";

Test(applications, P4_a_store_that_is_away_is_503_and_nothing_changes)
{
    struct scene s;
    char memory[PLACE_TEXT];

    scene_init(&s);
    int64_t all = total_of(&s, LIST), secrets = total_of(&s, place_of(&s, PLACE_SECRETS, memory));
    store_memory_set_down(s.bed.server.store, true);
    for (size_t i = 0; i < WRITES; i++)
        cr_assert_eq(scene_ask(&s, writes[i].method, place_of(&s, writes[i].place, memory), "",
                               writes[i].body),
                     503);
    cr_assert_eq(scene_ask(&s, METHOD_GET, s.path, "", NULL), 503);
    cr_assert_eq(scene_ask(&s, METHOD_GET, LIST, "", NULL), 503);
    cr_assert_eq(scene_ask(&s, METHOD_GET, place_of(&s, PLACE_SECRETS, memory), "", NULL), 503);
    store_memory_set_down(s.bed.server.store, false);
    scene_expect(&s, s.path, "include_fields=name,scopes", was);
    cr_assert_eq(total_of(&s, LIST), all);
    cr_assert_eq(total_of(&s, place_of(&s, PLACE_SECRETS, memory)), secrets);
    bed_done(&s.bed);
    leaks_check();
}

/* P3: each call of the backend fails once; the answer is 503 and all is as before, or it is done.
 */
Test(applications, P3_any_one_fault_changes_nothing_or_all)
{
    for (size_t i = 0; i < WRITES * 6; i++) {
        struct scene s;
        char memory[PLACE_TEXT];

        scene_init(&s);
        int64_t all = total_of(&s, LIST);
        store_memory_fail_after(s.bed.server.store, i / WRITES + 1);
        int status =
            scene_ask(&s, writes[i % WRITES].method, place_of(&s, writes[i % WRITES].place, memory),
                      "", writes[i % WRITES].body);
        store_memory_fail_after(s.bed.server.store, 0);
        cr_assert(status == 200 || status == 204 || status == 503, "%d", status);
        if (status == 503) {
            scene_expect(&s, s.path, "include_fields=name,scopes", was);
            cr_assert_eq(total_of(&s, LIST), all);
        }
        bed_done(&s.bed);
    }
    leaks_check();
}

/* Each is decided on what the others left (SPEC 5): none is lost. */
Test(applications, changes_at_the_same_time_see_each_other)
{
    enum { RACERS = 8 };
    static const char *const bodies[] = {
        "{\"name\":\"x\"}", "{\"redirect_uris\":[\"https://x.example/\"]}",
        "{\"scopes\":[\"calls.read\"]}", "{\"status\":\"suspended\"}"};
    struct answer answers[RACERS];
    struct scene s;

    scene_init(&s);
    for (size_t i = 0; i < RACERS; i++) {
        const struct question q = scene_question(&s, METHOD_PATCH, s.path, "", bodies[i % 4]);
        bed_ask(&s.bed, &q, &answers[i]);
    }
    for (size_t i = 0; i < RACERS; i++) {
        bed_wait(&s.bed, &answers[i]);
        cr_assert_eq(answer_status(&answers[i]), 200);
        answer_done(&answers[i]);
    }
    scene_expect(
        &s, s.path, "include_fields=name,status,redirect_uris,scopes",
        "{\"name\":\"x\",\"status\":\"suspended\",\"redirect_uris\":[\"https://x.example/\"],"
        "\"scopes\":[\"calls.read\"]}");
    bed_done(&s.bed);
    leaks_check();
}

Test(applications, a_client_may_leave_at_any_wait)
{
    for (size_t i = 0; i < WRITES; i++) {
        struct scene s;
        char memory[PLACE_TEXT];

        scene_init(&s);
        const struct question q = scene_question(
            &s, writes[i].method, place_of(&s, writes[i].place, memory), "", writes[i].body);
        for (unsigned step = 0; step < ENDPOINT_STEPS_MAX; step++)
            scene_ask_and_leave(&s, &q, step);
        bed_done(&s.bed);
    }
    leaks_check();
}

/* ---- what the audit log is told ---- */

Test(applications, a_record_tells_what_changed)
{
    struct scene s;
    struct application_row before = {.name = STR("a"),
                                     .grant_types = STR(""),
                                     .redirect_uris = STR("https://x.example/"),
                                     .scopes = STR("calls.read nonsense"),
                                     .approved_restricted = STR(""),
                                     .audiences = STR("x"),
                                     .jwks = STR("")};
    struct application_row after = before;
    struct arena arena;
    bool any;

    scene_init(&s);
    arena_init(&arena, NULL, 0, 65536);
    const struct application_view old = {.row = &before, .snapshot = bed_snapshot(&s.bed)};
    const struct application_view now = {.row = &after, .snapshot = old.snapshot};
    struct str detail =
        changes_detail(&arena, &application_kind, application_write, &old, &now, 0, &any);
    cr_assert(!any && str_eq(detail, STR("{\"before\":{},\"after\":{}}")));
    after.redirect_uris = STR("");
    after.scopes = STR("calls.read");
    after.access_token_ttl_s = 60;
    detail = changes_detail(&arena, &application_kind, application_write, &old, &now, 0, &any);
    cr_assert(any);
    cr_assert(str_eq(detail, STR("{\"before\":{\"redirect_uris\":[\"https://x.example/\"],"
                                 "\"access_token_ttl\":null},\"after\":{\"redirect_uris\":[],"
                                 "\"access_token_ttl\":60}}")),
              "%.*s", STR_ARG(detail));
    detail = changes_detail(&arena, &application_kind, application_write, &old, &now,
                            ~((uint64_t)1 << APPLICATION_ACCESS_TTL), &any);
    cr_assert(str_eq(detail, STR("{\"before\":{\"access_token_ttl\":null},"
                                 "\"after\":{\"access_token_ttl\":60}}")));
    arena_reset(&arena);
    bed_done(&s.bed);
    leaks_check();
}
