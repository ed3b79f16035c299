/* /core/v2/applications from below: the store's faults, changes at the same time, and clients that
 * leave. What is asked over the wire stands in tests/conformance/test_applications.py. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "manage/applications.h"
#include "manage/changes.h"
#include "manage/routes.h"
#include "store/memory.h"
#include "support/leaks.h"
#include "unit/oauth/bed.h"

#define LIST "/core/v2/applications"

struct scene {
    struct bed bed;
    struct minted token;
    char header[BED_TEXT];
    char path[128], secrets[160]; /* of the shop's application */
};

static void scene_init(struct scene *s)
{
    const struct tree *tree = &s->bed.clients.tree;
    char sid[SID_TEXT];

    bed_init(&s->bed);
    bed_mint(&s->bed, &tree->root_app, &tree->root, "app.manage calls.manage sms.manage",
             BED_ISSUER, &s->token);
    snprintf(s->header, sizeof(s->header), "Bearer %s", s->token.text);
    sid_format(&s->bed.clients.post, sid);
    snprintf(s->path, sizeof(s->path), LIST "/%.*s", SID_TEXT, sid);
    snprintf(s->secrets, sizeof(s->secrets), "%s/secrets", s->path);
}

static const struct route *route_of(enum method method, const char *path)
{
    struct str parameters[ROUTE_PARAMETERS_MAX];

    for (size_t i = 0; i < manage_routes.count; i++)
        if (manage_routes.routes[i].method == method &&
            route_match(manage_routes.routes[i].path, str_from(path), parameters))
            return &manage_routes.routes[i];
    return NULL;
}

static struct question question(const struct scene *s, enum method method, const char *path,
                                const char *query, const char *body)
{
    return (struct question){.route = route_of(method, path),
                             .path = path,
                             .query = query,
                             .body = body,
                             .content_type = "application/json",
                             .authorization = s->header};
}

static int ask(struct scene *s, enum method method, const char *path, const char *body)
{
    const struct question q = question(s, method, path, "", body);
    struct answer answer;

    bed_answer(&s->bed, &q, &answer);
    int status = answer_status(&answer);
    answer_done(&answer);
    return status;
}

static void expect(struct scene *s, const char *path, const char *query, const char *shown)
{
    const struct question q = question(s, METHOD_GET, path, query, NULL);
    struct answer answer;

    bed_answer(&s->bed, &q, &answer);
    cr_assert(str_eq(answer_body(&answer), str_from(shown)), "%.*s", STR_ARG(answer_body(&answer)));
    answer_done(&answer);
}

/* How many of those that a list shows; the rest of the answer is not looked at. */
static int64_t total_of(struct scene *s, const char *path)
{
    const struct question q = question(s, METHOD_GET, path, "limit=1", NULL);
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

static const char *place_of(const struct scene *s, enum place place)
{
    return place == PLACE_LIST ? LIST : place == PLACE_ONE ? s->path : s->secrets;
}

static const char was[] = "{\"name\":\"app\",\"scopes\":[\"calls.read\",\"sms.manage\"]}";

Test(applications, P4_a_store_that_is_away_is_503_and_nothing_changes)
{
    struct scene s;

    scene_init(&s);
    int64_t all = total_of(&s, LIST), secrets = total_of(&s, s.secrets);
    store_memory_set_down(s.bed.server.store, true);
    for (size_t i = 0; i < WRITES; i++)
        cr_assert_eq(ask(&s, writes[i].method, place_of(&s, writes[i].place), writes[i].body), 503);
    cr_assert_eq(ask(&s, METHOD_GET, s.path, NULL), 503);
    cr_assert_eq(ask(&s, METHOD_GET, LIST, NULL), 503);
    cr_assert_eq(ask(&s, METHOD_GET, s.secrets, NULL), 503);
    store_memory_set_down(s.bed.server.store, false);
    expect(&s, s.path, "include_fields=name,scopes", was);
    cr_assert_eq(total_of(&s, LIST), all);
    cr_assert_eq(total_of(&s, s.secrets), secrets);
    bed_done(&s.bed);
    leaks_check();
}

/* P3: each call of the backend fails once; the answer is 503 and all is as before, or it is done.
 */
Test(applications, P3_any_one_fault_changes_nothing_or_all)
{
    for (size_t i = 0; i < WRITES * 6; i++) {
        struct scene s;

        scene_init(&s);
        int64_t all = total_of(&s, LIST);
        store_memory_fail_after(s.bed.server.store, i / WRITES + 1);
        int status = ask(&s, writes[i % WRITES].method, place_of(&s, writes[i % WRITES].place),
                         writes[i % WRITES].body);
        store_memory_fail_after(s.bed.server.store, 0);
        cr_assert(status == 200 || status == 204 || status == 503, "%d", status);
        if (status == 503) {
            expect(&s, s.path, "include_fields=name,scopes", was);
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
        const struct question q = question(&s, METHOD_PATCH, s.path, "", bodies[i % 4]);
        bed_ask(&s.bed, &q, &answers[i]);
    }
    for (size_t i = 0; i < RACERS; i++) {
        bed_wait(&s.bed, &answers[i]);
        cr_assert_eq(answer_status(&answers[i]), 200);
        answer_done(&answers[i]);
    }
    expect(&s, s.path, "include_fields=name,status,redirect_uris,scopes",
           "{\"name\":\"x\",\"status\":\"suspended\",\"redirect_uris\":[\"https://x.example/\"],"
           "\"scopes\":[\"calls.read\"]}");
    bed_done(&s.bed);
    leaks_check();
}

struct progress {
    const struct answer *answer;
    unsigned step;
};

static bool has_reached(void *context)
{
    const struct progress *progress = context;
    return progress->answer->delivered > 0 || progress->answer->exchange.next_step > progress->step;
}

Test(applications, a_client_may_leave_at_any_wait)
{
    for (size_t i = 0; i < WRITES; i++) {
        struct scene s;

        scene_init(&s);
        const struct question q =
            question(&s, writes[i].method, place_of(&s, writes[i].place), "", writes[i].body);
        for (unsigned step = 0; step < ENDPOINT_STEPS_MAX; step++) {
            struct answer answer;
            struct progress progress = {&answer, step};
            bed_ask(&s.bed, &q, &answer);
            cr_assert(loop_thread_until(s.bed.loop, has_reached, &progress, 20000));
            if (!exchange_abandon(&answer.exchange))
                bed_wait(&s.bed, &answer);
            answer_done(&answer);
        }
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
