/* Tokens under /core/v2 from below: the store's faults, changes at the same time, clients that
 * leave, users behind tokens, and lists that look at more than they show. What is asked over the
 * wire stands in tests/conformance/test_m1_m2.py and test_tokens.py. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "revocation/index.h"
#include "scene.h"
#include "store/list.h"
#include "store/memory.h"
#include "support/leaks.h"

#define LIST   "/core/v2/oauth/tokens"
#define CREATE "/core/v2/oauth/token"
#define REVOKE "/core/v2/oauth/revoke"

enum { TTL_S = 600 };

/* Of the root's application; one of its audiences is that application's no more. */
static struct token_row make_row(struct scene *s, struct sid user_sid, int64_t exp_s)
{
    const struct tree *tree = &s->bed.clients.tree;
    const struct token_row row = {
        .client_id = tree->root_app,
        .partner_sid = tree->root,
        .user_sid = user_sid,
        .name = STR("before"),
        .scopes = STR("calls.manage sms.read"),
        .audiences = STR("https://api.example https://gone.example"),
        .exp_s = exp_s,
    };
    return bed_create_token(&s->bed, &row);
}

static void scene_init(struct scene *s, struct sid user_sid)
{
    scene_begin(s, "oauth.manage_all_tokens oauth.allow_token_scope_update calls.manage "
                   "sms.manage");
    s->row = make_row(s, user_sid, clock_wall_s(s->bed.server.clock) + TTL_S);
    scene_point_at(s, LIST, &s->row.token_sid);
}

#define SHOWN        "include_fields=name,scopes"
#define BEFORE       "{\"name\":\"before\",\"scopes\":[\"calls.manage\",\"sms.read\"]}"
#define NARROW       "{\"name\":\"after\",\"scopes\":[\"calls.read\"]}"
#define AFTER_NARROW NARROW
#define WIDE         "{\"name\":\"after\",\"scopes\":[\"calls.manage\",\"sms.manage\"]}"

static const struct {
    enum method method;
    const char *path; /* NULL: the row's */
    const char *body;
} writes[] = {
    {METHOD_PATCH, NULL, NARROW}, {METHOD_PATCH, NULL, WIDE},
    {METHOD_DELETE, NULL, ""},    {METHOD_POST, CREATE, "{\"scopes\":[\"calls.read\"]}"},
    {METHOD_POST, REVOKE, ""},
};
enum { WRITES = sizeof(writes) / sizeof(writes[0]) };

static const char *path_of(const struct scene *s, size_t write)
{
    return writes[write].path != NULL ? writes[write].path : s->path;
}

static bool is_revoked(const struct scene *s, const struct sid *token_sid)
{
    struct entry_set set;
    return revocation_index_find(s->bed.server.index, token_sid, &set) == REVOCATION_REVOKED;
}

Test(tokens, P4_a_store_that_is_away_is_503_and_nothing_changes)
{
    struct scene s;

    scene_init(&s, (struct sid){{0}});
    store_memory_set_down(s.bed.server.store, true);
    for (size_t i = 0; i < WRITES; i++)
        cr_assert_eq(scene_ask(&s, writes[i].method, path_of(&s, i), "", writes[i].body), 503,
                     "%zu", i);
    cr_assert_eq(scene_ask(&s, METHOD_GET, s.path, "", NULL), 503);
    cr_assert_eq(scene_ask(&s, METHOD_GET, LIST, "", NULL), 503);
    store_memory_set_down(s.bed.server.store, false);
    scene_expect(&s, s.path, SHOWN, BEFORE);
    cr_assert(!is_revoked(&s, &s.row.token_sid) && !is_revoked(&s, &s.token.claims.token_sid));
    bed_done(&s.bed);
    leaks_check();
}

Test(tokens, P3_any_one_fault_changes_nothing_or_all)
{
    for (size_t n = 1; n <= 12; n++) {
        for (size_t i = 0; i < 3; i++) {
            struct scene s;

            scene_init(&s, (struct sid){{0}});
            store_memory_fail_after(s.bed.server.store, n);
            int status = scene_ask(&s, writes[i].method, s.path, "", writes[i].body);
            store_memory_fail_after(s.bed.server.store, 0);
            cr_assert(status == 200 || status == 204 || status == 503, "%zu: %d", n, status);
            if (i < 2)
                scene_expect(&s, s.path, SHOWN, status == 503 ? BEFORE : writes[i].body);
            bool known = is_revoked(&s, &s.row.token_sid);
            cr_assert(known == (i == 2 && status == 204), "%zu %zu", n, i);
            bed_done(&s.bed);
        }
    }
    leaks_check();
}

/* An index that cannot tell answers 503, and so does no change of a token. */
Test(tokens, P4_nothing_is_decided_without_the_index)
{
    struct scene s;

    scene_init(&s, (struct sid){{0}});
    revocation_index_rebuild(s.bed.server.index);
    for (size_t i = 0; i < WRITES; i++)
        cr_assert_eq(scene_ask(&s, writes[i].method, path_of(&s, i), "", writes[i].body), 503,
                     "%zu", i);
    revocation_index_complete(s.bed.server.index, 0);
    scene_expect(&s, s.path, SHOWN, BEFORE);
    bed_done(&s.bed);
}

/* Decided on what the others left: none is lost, and a revocation between them is final. */
Test(tokens, M1_changes_at_the_same_time_see_each_other)
{
    enum { RACERS = 12 };
    static const char *const bodies[] = {"{\"name\":\"after\"}", "{\"scopes\":[\"calls.manage\"]}",
                                         "{\"scopes\":[\"calls.manage\",\"sms.manage\"]}"};
    for (int revoked = 0; revoked < 2; revoked++) {
        struct answer answers[RACERS];
        struct scene s;

        scene_init(&s, (struct sid){{0}});
        for (size_t i = 0; i < RACERS; i++) {
            bool ends = revoked && i == RACERS / 2;
            const struct question q = scene_question(&s, ends ? METHOD_DELETE : METHOD_PATCH,
                                                     s.path, "", ends ? "" : bodies[i % 3]);
            bed_ask(&s.bed, &q, &answers[i]);
        }
        for (size_t i = 0; i < RACERS; i++) {
            bed_wait(&s.bed, &answers[i]);
            int status = answer_status(&answers[i]);
            cr_assert(status == 200 || (revoked && (status == 409 || status == 204)), "%d", status);
            answer_done(&answers[i]);
        }
        cr_assert_eq(is_revoked(&s, &s.row.token_sid), revoked != 0);
        if (!revoked)
            scene_expect(&s, s.path, "include_fields=name", "{\"name\":\"after\"}");
        else
            cr_assert_eq(scene_ask(&s, METHOD_PATCH, s.path, "", "{}"), 409);
        bed_done(&s.bed);
    }
    leaks_check();
}

/* If-Match is held against the row that is revoked, not only against the one that was read. */
Test(tokens, a_revocation_of_one_version_leaves_another_alone) /* RFC9110-13.1.1 */
{
    struct answer changed, revoked;
    struct scene s;

    scene_init(&s, (struct sid){{0}});
    const struct question change =
        scene_question(&s, METHOD_PATCH, s.path, "", "{\"name\":\"after\"}");
    struct question revoke = scene_question(&s, METHOD_DELETE, s.path, "", "");
    revoke.if_match = "\"1\"";
    bed_ask(&s.bed, &change, &changed);
    bed_ask(&s.bed, &revoke, &revoked);
    bed_wait(&s.bed, &changed);
    bed_wait(&s.bed, &revoked);
    bool first = answer_status(&changed) == 200;
    cr_assert_eq(answer_status(&changed), first ? 200 : 409);
    cr_assert_eq(answer_status(&revoked), first ? 412 : 204);
    cr_assert_eq(is_revoked(&s, &s.row.token_sid), !first);
    answer_done(&changed);
    answer_done(&revoked);
    bed_done(&s.bed);
    leaks_check();
}

Test(tokens, M1_a_token_with_a_user_behind_it_is_narrowed_never_widened)
{
    struct scene s;

    scene_init(&s, (struct sid){{7}});
    cr_assert_eq(scene_ask(&s, METHOD_PATCH, s.path, "", WIDE), 403);
    cr_assert_eq(scene_ask(&s, METHOD_PATCH, s.path, "", "{\"scopes\":[\"nosuch\"]}"), 403);
    scene_expect(&s, s.path, SHOWN, BEFORE);
    cr_assert_eq(scene_ask(&s, METHOD_PATCH, s.path, "", NARROW), 200);
    scene_expect(&s, s.path, SHOWN, AFTER_NARROW);
    bed_done(&s.bed);
    leaks_check();
}

/* What was signed for audiences that the application has lost is not signed again. */
Test(tokens, a_token_none_of_whose_audiences_is_left_is_not_widened)
{
    struct scene s;

    scene_init(&s, (struct sid){{0}});
    s.row.audiences = STR("https://gone.example");
    s.row = bed_create_token(&s.bed, &s.row);
    scene_point_at(&s, LIST, &s.row.token_sid);
    cr_assert_eq(scene_ask(&s, METHOD_PATCH, s.path, "", WIDE), 409);
    scene_expect(&s, s.path, SHOWN, BEFORE);
    bed_done(&s.bed);
}

Test(tokens, a_client_may_leave_at_any_wait)
{
    for (size_t i = 0; i < WRITES; i++) {
        for (unsigned step = 0; step < ENDPOINT_STEPS_MAX; step++) {
            struct scene s;

            scene_init(&s, (struct sid){{0}});
            const struct question q =
                scene_question(&s, writes[i].method, path_of(&s, i), "", writes[i].body);
            scene_ask_and_leave(&s, &q, step);
            bed_done(&s.bed);
        }
    }
    leaks_check();
}

/* SPEC 5: judged row by row. What an epoch ended shows in no row, and is listed as revoked. */
Test(tokens, lists_judge_rows_by_epochs_too)
{
    struct scene s;
    struct store_entry cut = {.number = 9, .kind = ENTRY_EPOCH_KEY, .end_s = INT64_MAX};

    scene_init(&s, (struct sid){{0}});
    scene_expect(&s, LIST, "include_fields=name&status=revoked",
                 "{\"count\":0,\"has_more\":false,\"items\":[],\"limit\":10,\"offset\":0,"
                 "\"pagination\":{},\"total\":null}");
    cut.kid[0] = 'k';
    cut.kid_len = 1;
    cr_assert(result_ok(revocation_index_apply(s.bed.server.index, &cut, 1)));
    scene_expect(&s, LIST, "include_fields=name",
                 "{\"count\":0,\"has_more\":false,\"items\":[],\"limit\":10,\"offset\":0,"
                 "\"pagination\":{},\"total\":null}");
    scene_expect(&s, LIST, "include_fields=name&status=revoked",
                 "{\"count\":1,\"has_more\":false,\"items\":[{\"name\":\"before\"}],\"limit\":10,"
                 "\"offset\":0,\"pagination\":{},\"total\":null}");
    cr_assert_eq(scene_ask(&s, METHOD_PATCH, s.path, "", "{}"), 409);
    cr_assert_eq(scene_ask(&s, METHOD_DELETE, s.path, "", NULL), 204);
    bed_done(&s.bed);
    leaks_check();
}

/* A page looks at STORE_PAGE rows, shows what it found and says where it goes on. */
Test(tokens, a_list_looks_at_a_bounded_number_of_rows)
{
    enum { BETWEEN = STORE_PAGE + 5 };
    struct scene s;
    struct answer answer;
    struct str next = STR_NONE;
    int64_t count;

    scene_init(&s, (struct sid){{0}});
    for (size_t i = 0; i < BETWEEN; i++)
        make_row(&s, (struct sid){{0}}, s.row.exp_s);
    fake_clock_pass(&s.bed.clients.tree.clock, 1000); /* SIDs rise with time */
    const struct token_row last = make_row(&s, (struct sid){{0}}, s.row.exp_s);
    scene_point_at(&s, LIST, &last.token_sid);
    cr_assert_eq(scene_ask(&s, METHOD_DELETE, s.path, "", NULL), 204);
    struct question q = scene_question(&s, METHOD_GET, LIST, "status=revoked&limit=1", NULL);
    bed_answer(&s.bed, &q, &answer);
    cr_assert(json_int(json_member(answer_json(&answer), STR("count")), &count) && count == 0);
    cr_assert(json_string(
        json_member(json_member(answer_json(&answer), STR("pagination")), STR("next")), &next));
    char query[256];
    struct str rest = str_slice(next, str_find(next, '?') + 1, next.len);
    snprintf(query, sizeof(query), "%.*s", STR_ARG(rest));
    answer_done(&answer);
    q.query = query;
    bed_answer(&s.bed, &q, &answer);
    cr_assert(json_int(json_member(answer_json(&answer), STR("count")), &count) && count == 1);
    answer_done(&answer);
    bed_done(&s.bed);
    leaks_check();
}
