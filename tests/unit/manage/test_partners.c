/* /core/v2/partners from below: the store's faults, changes at the same time, and clients that
 * leave. What is asked over the wire stands in tests/conformance/test_partners.py. */
#include <criterion/criterion.h>

#include "manage/partners.h"
#include "scene.h"
#include "store/memory.h"
#include "support/leaks.h"

#define LIST "/core/v2/partners"

static void scene_init(struct scene *s)
{
    scene_begin(s, "partners.manage partners.skip_email_verifications "
                   "partners.skip_partner_review calls.read oauth.manage");
    scene_point_at(s, LIST, &s->bed.clients.tree.shop);
}

static const struct {
    enum method method;
    const char *query, *body;
} writes[] = {
    {METHOD_PATCH, "", "{\"name\":\"x\",\"available_scopes\":[\"calls.read\"]}"},
    {METHOD_PATCH, "dry_run=true", "{\"available_scopes\":[]}"},
    {METHOD_PATCH, "", "{\"status\":\"suspended\"}"},
    {METHOD_DELETE, "", ""},
};

Test(partners, P4_a_store_that_is_away_is_503_and_nothing_changes)
{
    struct scene s;

    scene_init(&s);
    store_memory_set_down(s.bed.server.store, true);
    for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
        cr_assert_eq(scene_ask(&s, writes[i].method, s.path, writes[i].query, writes[i].body), 503);
    cr_assert_eq(scene_ask(&s, METHOD_GET, s.path, "", NULL), 503);
    cr_assert_eq(scene_ask(&s, METHOD_GET, LIST, "", NULL), 503);
    cr_assert_eq(scene_ask(&s, METHOD_POST, LIST, "", "{\"name\":\"x\"}"), 503);
    store_memory_set_down(s.bed.server.store, false);
    scene_expect(&s, s.path, "include_fields=name,status",
                 "{\"name\":\"shop\",\"status\":\"active\"}");
    scene_expect(&s, LIST, "include_fields=name&limit=1&filter=name+eq+x",
                 "{\"count\":0,\"has_more\":false,\"items\":[],\"limit\":1,\"offset\":0,"
                 "\"pagination\":{},\"total\":0}");
    bed_done(&s.bed);
    leaks_check();
}

/* P3: each call of the backend fails once; the answer is 503 and all is as before, or it is done.
 */
Test(partners, P3_any_one_fault_changes_nothing_or_all)
{
    for (size_t n = 1; n <= 6; n++) {
        struct scene s;

        scene_init(&s);
        store_memory_fail_after(s.bed.server.store, n);
        int status = scene_ask(&s, METHOD_PATCH, s.path, "",
                               "{\"name\":\"x\",\"available_scopes\":[\"calls.read\"]}");
        store_memory_fail_after(s.bed.server.store, 0);
        cr_assert(status == 200 || status == 503, "%d", status);
        scene_expect(&s, s.path, "include_fields=name,available_scopes",
                     status == 200
                         ? "{\"name\":\"x\",\"available_scopes\":[\"calls.read\"]}"
                         : "{\"name\":\"shop\",\"available_scopes\":[\"calls.read\",\"rating."
                           "manage\",\"sms.manage\"]}");
        bed_done(&s.bed);
    }
    leaks_check();
}

/* Each is decided on what the others left (SPEC 5): none is lost. */
Test(partners, changes_at_the_same_time_see_each_other)
{
    enum { RACERS = 8 };
    static const char *const bodies[] = {"{\"name\":\"x\"}", "{\"login\":\"y\"}",
                                         "{\"available_scopes\":[\"calls.read\"]}",
                                         "{\"status\":\"suspended\"}"};
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
    scene_expect(&s, s.path, "include_fields=name,login,status,available_scopes",
                 "{\"name\":\"x\",\"login\":\"y\",\"status\":\"suspended\",\"available_scopes\":"
                 "[\"calls.read\"]}");
    bed_done(&s.bed);
    leaks_check();
}

/* Of those that make or cancel the same, one does. */
Test(partners, one_login_is_given_once)
{
    enum { RACERS = 6 };
    struct answer answers[RACERS];
    unsigned made = 0;
    struct scene s;

    scene_init(&s);
    for (size_t i = 0; i < RACERS; i++) {
        const struct question q =
            scene_question(&s, METHOD_POST, LIST, "", "{\"name\":\"x\",\"login\":\"taken\"}");
        bed_ask(&s.bed, &q, &answers[i]);
    }
    for (size_t i = 0; i < RACERS; i++) {
        bed_wait(&s.bed, &answers[i]);
        made += answer_status(&answers[i]) == 200;
        cr_assert(answer_status(&answers[i]) == 200 || answer_status(&answers[i]) == 409);
        answer_done(&answers[i]);
    }
    cr_assert_eq(made, 1);
    bed_done(&s.bed);
    leaks_check();
}

/* Rows of the page that nobody waits for any more are let go. */
Test(partners, a_client_may_leave_at_any_wait)
{
    for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
        struct scene s;

        scene_init(&s);
        const struct question q =
            scene_question(&s, writes[i].method, s.path, writes[i].query, writes[i].body);
        for (unsigned step = 0; step < ENDPOINT_STEPS_MAX; step++)
            scene_ask_and_leave(&s, &q, step);
        bed_done(&s.bed);
    }
    leaks_check();
}

/* ---- what a dry run looks at ---- */

static void create_token(struct scene *s, const struct sid *client, const struct sid *partner,
                         int64_t exp_s)
{
    const struct token_row row = {.client_id = *client, .partner_sid = *partner, .exp_s = exp_s};
    bed_create_token(&s->bed, &row);
}

/* Pages of the store, expired tokens, and those of others. */
Test(partners, a_dry_run_goes_through_all_pages)
{
    enum { TOKENS = 2 * DRY_RUN_ROWS + 3 };
    struct scene s;
    struct answer answer;

    scene_init(&s);
    const struct tree *tree = &s.bed.clients.tree;
    int64_t now_s = clock_wall_s(s.bed.server.clock);
    for (size_t i = 0; i < TOKENS; i++)
        create_token(&s, &tree->shop_app, &tree->shop, now_s + 600);
    create_token(&s, &tree->shop_app, &tree->shop, now_s);
    create_token(&s, &tree->reseller_app, &tree->reseller, now_s + 600);
    const struct question q = scene_question(&s, METHOD_PATCH, s.path, "dry_run=true&limit=2",
                                             "{\"status\":\"suspended\"}");
    bed_answer(&s.bed, &q, &answer);
    cr_assert_eq(answer_status(&answer), 200);
    const struct json_value *body = answer_json(&answer);
    int64_t total, examined, count;
    cr_assert(json_int(json_member(body, STR("total")), &total));
    cr_assert(json_int(json_member(body, STR("examined")), &examined));
    cr_assert(json_int(json_member(body, STR("count")), &count));
    cr_assert_eq(total, TOKENS);
    cr_assert_eq(examined, TOKENS + 1);
    cr_assert_eq(count, 2);
    answer_done(&answer);
    bed_done(&s.bed);
    leaks_check();
}
