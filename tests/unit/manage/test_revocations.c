/* Revocations by selector from below: the store's faults, clients that leave, and the walk that
 * goes on where it stopped. What is asked over the wire stands in
 * tests/conformance/test_revocations.py.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "manage/revocations.h"
#include "manage/revocations_walk.h"
#include "revocation/index.h"
#include "scene.h"
#include "store/memory.h"
#include "support/leaks.h"

#define REVOCATIONS "/core/v2/admin/revocations"

enum { TTL_S = 600 };

/* ---- faults, and clients that leave ---- */

#define EVERYTHING "scopemint.revoke oauth.manage_all_tokens scopemint.audit calls.manage"

enum { DRY, REAL, BODIES };

static struct token_row make_token(struct scene *s, const char *scopes)
{
    const struct tree *tree = &s->bed.clients.tree;
    const struct token_row row = {
        .client_id = tree->shop_app,
        .partner_sid = tree->shop,
        .scopes = str_from(scopes),
        .exp_s = clock_wall_s(s->bed.server.clock) + TTL_S,
        .newest.epoch = revocation_index_number(s->bed.server.index),
    };
    return bed_create_token(&s->bed, &row);
}

/* A count of the reseller's tree, or all of the shop. */
static const char *body_of(const struct scene *s, size_t i, char memory[256])
{
    const struct tree *tree = &s->bed.clients.tree;
    char sid[SID_TEXT];

    sid_format(i == DRY ? &tree->reseller : &tree->shop, sid);
    snprintf(memory, 256, "{\"partner_sid\":\"%.*s\"%s}", SID_TEXT, sid,
             i == DRY ? ",\"descendants\":true,\"dry_run\":true" : "");
    return memory;
}

static void scene_init(struct scene *s)
{
    scene_begin(s, EVERYTHING);
    s->row = make_token(s, "calls.read");
}

static bool is_ended(const struct scene *s, const struct token_row *row)
{
    const struct snapshot *snapshot = snapshot_now(&s->bed.server);
    const struct token_facts facts = {.catalogue = snapshot->catalogue,
                                      .party = snapshot->party,
                                      .index = s->bed.server.index,
                                      .now_s = clock_wall_s(s->bed.server.clock)};
    enum token_state state;

    cr_assert(result_ok(token_state_of(&facts, row, &state)));
    return state == TOKEN_REVOKED;
}

Test(revocations, P3_any_one_fault_ends_all_or_nothing)
{
    char memory[256];

    for (size_t n = 1; n <= 10; n++) {
        for (size_t i = 0; i < BODIES; i++) {
            struct scene s;

            scene_init(&s);
            store_memory_fail_after(s.bed.server.store, n);
            int status = scene_ask(&s, METHOD_POST, REVOCATIONS, "", body_of(&s, i, memory));
            store_memory_fail_after(s.bed.server.store, 0);
            cr_assert(status == 200 || status == 503, "%zu: %d", n, status);
            cr_assert_eq(is_ended(&s, &s.row), i == REAL && status == 200, "%zu %zu", n, i);
            cr_assert_eq(s.bed.server.counts, 0);
            bed_done(&s.bed);
        }
    }
    leaks_check();
}

Test(revocations, P4_a_store_that_is_away_is_503)
{
    char memory[256];
    struct scene s;

    scene_init(&s);
    store_memory_set_down(s.bed.server.store, true);
    for (size_t i = 0; i < BODIES; i++)
        cr_assert_eq(scene_ask(&s, METHOD_POST, REVOCATIONS, "", body_of(&s, i, memory)), 503);
    cr_assert_eq(scene_ask(&s, METHOD_GET, REVOCATIONS, "", NULL), 503);
    cr_assert_eq(scene_ask(&s, METHOD_POST, REVOCATIONS, "",
                           "{\"plan_id\":\"01995f2a-7c00-7aaa-8000-0123456789ab\"}"),
                 503);
    store_memory_set_down(s.bed.server.store, false);
    cr_assert(!is_ended(&s, &s.row));
    bed_done(&s.bed);
    leaks_check();
}

Test(revocations, a_client_may_leave_at_any_wait)
{
    char memory[256];

    for (size_t i = 0; i < BODIES; i++) {
        for (unsigned step = 0; step < ENDPOINT_STEPS_MAX; step++) {
            struct scene s;

            scene_init(&s);
            const struct question q =
                scene_question(&s, METHOD_POST, REVOCATIONS, "", body_of(&s, i, memory));
            scene_ask_and_leave(&s, &q, step);
            cr_assert_eq(s.bed.server.counts, 0, "%zu %u", i, step);
            bed_done(&s.bed);
        }
    }
    leaks_check();
}

static bool has_begun_to_count(void *context)
{
    const struct scene *s = context;
    return s->bed.server.counts > 0;
}

/* While the connection is still there, too: a count of many pages ends with the one that is read.
 */
Test(revocations, a_count_that_nobody_reads_stops)
{
    static const char body[] = "{\"scope\":\"calls.read\",\"dry_run\":true}";
    struct answer answer;
    struct scene s;

    scene_init(&s);
    for (size_t i = 0; i < STORE_PAGE + 5; i++)
        make_token(&s, "calls.read");
    const struct question q = scene_question(&s, METHOD_POST, REVOCATIONS, "", body);
    bed_ask(&s.bed, &q, &answer);
    cr_assert(loop_thread_until(s.bed.loop, has_begun_to_count, &s, 20000));
    exchange_forsake(&answer.exchange);
    bed_wait(&s.bed, &answer);
    cr_assert_eq(answer_status(&answer), 503);
    answer_done(&answer);
    cr_assert_eq(s.bed.server.counts, 0);
    bed_answer(&s.bed, &q, &answer);
    int64_t tokens = 0;
    cr_assert(json_int(json_member(answer_json(&answer), STR("tokens")), &tokens));
    cr_assert_eq(tokens, STORE_PAGE + 6);
    answer_done(&answer);
    bed_done(&s.bed);
    leaks_check();
}

/* Few at a time: one that finds no place says so, and none is lost. */
Test(revocations, counts_that_are_too_many_are_503)
{
    char memory[256];
    struct scene s;

    scene_init(&s);
    s.bed.server.counts = 4;
    cr_assert_eq(scene_ask(&s, METHOD_POST, REVOCATIONS, "", body_of(&s, DRY, memory)), 503);
    cr_assert_eq(s.bed.server.counts, 4);
    s.bed.server.counts = 3;
    cr_assert_eq(scene_ask(&s, METHOD_POST, REVOCATIONS, "", body_of(&s, DRY, memory)), 200);
    cr_assert_eq(s.bed.server.counts, 3);
    bed_done(&s.bed);
    leaks_check();
}

/* ---- the walk ---- */

enum { MANY = 3 * STORE_REVOCATION_ROWS + 7 };

/* Of the newest revocation, by the answer of the list. */
static struct str newest(struct scene *s, const char *member, struct answer *answer)
{
    const struct question q =
        scene_question(s, METHOD_GET, REVOCATIONS, "order=revocation_sid+desc&limit=1", NULL);
    struct str text = STR_NONE;
    int64_t number;

    bed_answer(&s->bed, &q, answer);
    const struct json_value *item = json_first(json_member(answer_json(answer), STR("items")));
    cr_assert(item != NULL);
    const struct json_value *value = json_member(item, str_from(member));
    if (!json_string(value, &text)) {
        cr_assert(json_int(value, &number) && json_number(value, &text));
    }
    return text;
}

static void expect_newest(struct scene *s, const char *member, const char *wanted)
{
    struct answer answer;
    struct str found = newest(s, member, &answer);

    cr_assert(str_eq(found, str_from(wanted)), "%s: %.*s", member, STR_ARG(found));
    answer_done(&answer);
}

static void wait_done(struct scene *s)
{
    int64_t until_ns = clock_mono_ns() + INT64_C(20000000000);
    bool done = false;

    while (!done) { /* the walk has a thread of its own */
        struct answer answer;
        cr_assert(clock_mono_ns() < until_ns);
        done = str_eq(newest(s, "state", &answer), STR("done"));
        answer_done(&answer);
    }
}

Test(revocations, the_rows_follow_after_faults_and_a_restart)
{
    struct revocation_walk *walk;
    char memory[256], wanted[16];
    struct scene s;

    scene_init(&s);
    for (size_t i = 1; i < MANY; i++)
        make_token(&s, "calls.read");
    cr_assert_eq(scene_ask(&s, METHOD_POST, REVOCATIONS, "", body_of(&s, REAL, memory)), 200);
    cr_assert(is_ended(&s, &s.row)); /* at once */
    expect_newest(&s, "state", "following");
    const struct token_row young = make_token(&s, "calls.read");
    for (size_t fault = 1; fault < 10; fault += 2) { /* the store's, and the walk's end, wherever */
        store_memory_fail_after(s.bed.server.store, fault);
        cr_assert(result_ok(revocation_walk_new(&s.bed.server, &walk)));
        revocation_walk_wake(walk);
        revocation_walk_free(&walk);
        store_memory_fail_after(s.bed.server.store, 0);
    }
    cr_assert(result_ok(revocation_walk_new(&s.bed.server, &walk)));
    wait_done(&s);
    snprintf(wanted, sizeof(wanted), "%d", MANY);
    expect_newest(&s, "tokens", wanted);
    cr_assert(!is_ended(&s, &young));
    revocation_walk_free(&walk);
    cr_assert(walk == NULL);
    bed_done(&s.bed);
    leaks_check();
}

/* F-33: what the tables decided is revoked one by one, and then the entry goes; it goes before
 * others, for it holds up changes of scopes. */
Test(revocations, over_ceiling_revokes_each_and_goes)
{
    struct revocation_walk *walk;
    struct entry_set set;
    struct scene s;

    scene_init(&s);
    const struct token_row over = make_token(&s, "calls.manage");
    cr_assert_eq(scene_ask(&s, METHOD_POST, REVOCATIONS, "", "{\"over_ceiling\":true}"), 200);
    cr_assert(is_ended(&s, &over) && !is_ended(&s, &s.row));
    cr_assert_eq(revocation_index_find(s.bed.server.index, &over.token_sid, &set), REVOCATION_NONE);
    cr_assert_eq(revocation_index_stats(s.bed.server.index).selectors, 1);
    cr_assert(result_ok(revocation_walk_new(&s.bed.server, &walk)));
    wait_done(&s);
    expect_newest(&s, "tokens", "1");
    cr_assert_eq(revocation_index_find(s.bed.server.index, &over.token_sid, &set),
                 REVOCATION_REVOKED);
    cr_assert(!is_ended(&s, &s.row));
    cr_assert_eq(revocation_index_stats(s.bed.server.index).selectors, 0);
    revocation_walk_free(&walk);
    bed_done(&s.bed);
    leaks_check();
}
