/* Revocations by selector from below: what a selector becomes, which rows are marked, the store's
 * faults, clients that leave, and the walk that goes on where it stopped. What is asked over the
 * wire stands in tests/conformance/test_revocations.py. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "manage/revocations.h"
#include "manage/revocations_walk.h"
#include "revocation/index.h"
#include "scene.h"
#include "store/memory.h"
#include "support/leaks.h"

#define REVOCATIONS "/core/v2/admin/revocations"

enum { TTL_S = 600, DATE_S = 1700000000 };

/* ---- what a selector becomes ---- */

enum who { ROOT, RESELLER, SHOP, RESELLER_ALONE, ROOT_ALONE }; /* alone: manage_all_tokens only */

enum said {
    ROOT_APP = 1 << 0,
    SHOP_APP = 1 << 1,
    OF_ROOT = 1 << 2,
    OF_RESELLER = 1 << 3,
    OF_SHOP = 1 << 4,
    TREE = 1 << 5,
    USER = 1 << 6,
    KEY = 1 << 7,
    SCOPE = 1 << 8,
    DATE = 1 << 9,
    CEILING = 1 << 10,
    RESELLER_APP = 1 << 11,
};

static const struct {
    enum who who;
    int asked;
    enum entry_kind kind;
    int effective;
} becomes[] = {
    /* one dimension, of the root */
    {ROOT, SHOP_APP, ENTRY_EPOCH_APPLICATION, SHOP_APP},
    {ROOT, OF_SHOP, ENTRY_EPOCH_PARTNER, OF_SHOP},
    {ROOT, OF_SHOP | TREE, ENTRY_EPOCH_PARTNER_TREE, OF_SHOP | TREE},
    {ROOT, USER, ENTRY_EPOCH_USER, USER},
    {ROOT, KEY, ENTRY_EPOCH_KEY, KEY},
    {ROOT, SCOPE, ENTRY_SELECTOR, SCOPE},
    {ROOT, CEILING, ENTRY_SELECTOR, CEILING},
    {ROOT, DATE, ENTRY_EPOCH_PARTNER_TREE, OF_ROOT | TREE | DATE},
    /* dated */
    {ROOT, SHOP_APP | DATE, ENTRY_EPOCH_APPLICATION, SHOP_APP | DATE},
    {ROOT, OF_SHOP | DATE, ENTRY_EPOCH_PARTNER, OF_SHOP | DATE},
    {ROOT, OF_SHOP | TREE | DATE, ENTRY_EPOCH_PARTNER_TREE, OF_SHOP | TREE | DATE},
    {ROOT, USER | DATE, ENTRY_EPOCH_USER, USER | DATE},
    {ROOT, KEY | DATE, ENTRY_EPOCH_KEY, KEY | DATE},
    {ROOT, SCOPE | DATE, ENTRY_SELECTOR, SCOPE | DATE},
    {ROOT, CEILING | DATE, ENTRY_SELECTOR, CEILING | DATE},
    /* pairs */
    {ROOT, SHOP_APP | KEY, ENTRY_SELECTOR, SHOP_APP | KEY},
    {ROOT, SHOP_APP | SCOPE, ENTRY_SELECTOR, SHOP_APP | SCOPE},
    {ROOT, SHOP_APP | CEILING, ENTRY_SELECTOR, SHOP_APP | CEILING},
    {ROOT, SHOP_APP | OF_SHOP, ENTRY_SELECTOR, SHOP_APP | OF_SHOP},
    {ROOT, OF_SHOP | SCOPE, ENTRY_SELECTOR, OF_SHOP | SCOPE},
    {ROOT, OF_SHOP | TREE | KEY, ENTRY_SELECTOR, OF_SHOP | TREE | KEY},
    /* a tree that says nothing beside the others: that of the root, or above the application */
    {ROOT, OF_ROOT | TREE, ENTRY_EPOCH_PARTNER_TREE, OF_ROOT | TREE},
    {ROOT, OF_ROOT | TREE | KEY, ENTRY_EPOCH_KEY, KEY},
    {ROOT, OF_ROOT | TREE | SCOPE, ENTRY_SELECTOR, SCOPE},
    {ROOT, OF_ROOT | KEY, ENTRY_SELECTOR, OF_ROOT | KEY},
    {ROOT, OF_RESELLER | TREE | SHOP_APP, ENTRY_EPOCH_APPLICATION, SHOP_APP},
    {ROOT, OF_SHOP | TREE | SHOP_APP | DATE, ENTRY_EPOCH_APPLICATION, SHOP_APP | DATE},
    {ROOT, OF_SHOP | TREE | ROOT_APP, ENTRY_SELECTOR, OF_SHOP | TREE | ROOT_APP},
    {ROOT, OF_SHOP | TREE | RESELLER_APP, ENTRY_SELECTOR, OF_SHOP | TREE | RESELLER_APP},
    /* of a partner below: within its tree */
    {RESELLER, SHOP_APP, ENTRY_EPOCH_APPLICATION, SHOP_APP},
    {RESELLER, RESELLER_APP | DATE, ENTRY_EPOCH_APPLICATION, RESELLER_APP | DATE},
    {RESELLER, SCOPE, ENTRY_SELECTOR, OF_RESELLER | TREE | SCOPE},
    {RESELLER, CEILING, ENTRY_SELECTOR, OF_RESELLER | TREE | CEILING},
    {RESELLER, USER, ENTRY_SELECTOR, OF_RESELLER | TREE | USER},
    {RESELLER, OF_SHOP, ENTRY_EPOCH_PARTNER, OF_SHOP},
    {RESELLER, OF_RESELLER | TREE | DATE, ENTRY_EPOCH_PARTNER_TREE, OF_RESELLER | TREE | DATE},
    {SHOP, SHOP_APP | SCOPE, ENTRY_SELECTOR, SHOP_APP | SCOPE},
    /* with oauth.manage_all_tokens alone: its own partner */
    {RESELLER_ALONE, RESELLER_APP, ENTRY_SELECTOR, OF_RESELLER | RESELLER_APP},
    {RESELLER_ALONE, OF_RESELLER, ENTRY_EPOCH_PARTNER, OF_RESELLER},
    {RESELLER_ALONE, OF_RESELLER | DATE, ENTRY_EPOCH_PARTNER, OF_RESELLER | DATE},
    {RESELLER_ALONE, SCOPE, ENTRY_SELECTOR, OF_RESELLER | SCOPE},
    {RESELLER_ALONE, CEILING | DATE, ENTRY_SELECTOR, OF_RESELLER | CEILING | DATE},
    {ROOT_ALONE, SCOPE, ENTRY_SELECTOR, OF_ROOT | SCOPE},
    {ROOT_ALONE, ROOT_APP, ENTRY_SELECTOR, OF_ROOT | ROOT_APP},
};

static struct revocation_selector selector_of(const struct tree *t, int said)
{
    struct revocation_selector selector = {.kid = STR(""), .scopes = STR("")};

    if ((said & (ROOT_APP | SHOP_APP | RESELLER_APP)) != 0)
        selector.client_id = (said & ROOT_APP) != 0   ? t->root_app
                             : (said & SHOP_APP) != 0 ? t->shop_app
                                                      : t->reseller_app;
    if ((said & (OF_ROOT | OF_RESELLER | OF_SHOP)) != 0)
        selector.partner_sid = (said & OF_ROOT) != 0       ? t->root
                               : (said & OF_RESELLER) != 0 ? t->reseller
                                                           : t->shop;
    if ((said & USER) != 0)
        selector.user_sid = (struct sid){{7}};
    if ((said & KEY) != 0)
        selector.kid = STR("key-1");
    if ((said & SCOPE) != 0)
        selector.scopes = STR("calls.read calls.manage");
    selector.before_s = (said & DATE) != 0 ? DATE_S : 0;
    selector.descendants = (said & TREE) != 0;
    selector.over_ceiling = (said & CEILING) != 0;
    return selector;
}

static struct revocation_reach reach_of(const struct tree *t, enum who who)
{
    const struct sid *sids[] = {[ROOT] = &t->root,
                                [RESELLER] = &t->reseller,
                                [SHOP] = &t->shop,
                                [RESELLER_ALONE] = &t->reseller,
                                [ROOT_ALONE] = &t->root};
    return (struct revocation_reach){.top = party_find_partner(t->party, sids[who]),
                                     .is_tree = who < RESELLER_ALONE};
}

static bool are_same(const struct revocation_selector *a, const struct revocation_selector *b)
{
    return sid_eq(&a->client_id, &b->client_id) && sid_eq(&a->partner_sid, &b->partner_sid) &&
           sid_eq(&a->user_sid, &b->user_sid) && str_eq(a->kid, b->kid) &&
           str_eq(a->scopes, b->scopes) && a->before_s == b->before_s &&
           a->descendants == b->descendants && a->over_ceiling == b->over_ceiling;
}

Test(revocations, a_selector_becomes_one_entry_within_the_reach)
{
    struct tree t;

    tree_init(&t);
    for (size_t i = 0; i < sizeof(becomes) / sizeof(becomes[0]); i++) {
        const struct revocation_reach reach = reach_of(&t, becomes[i].who);
        const struct revocation_selector asked = selector_of(&t, becomes[i].asked);
        const struct revocation_selector wanted = selector_of(&t, becomes[i].effective);
        struct revocation_selector effective;

        enum entry_kind kind = revocation_effective(t.party, &reach, &asked, &effective);
        cr_assert_eq(kind, becomes[i].kind, "%zu: %d", i, kind);
        cr_assert(are_same(&effective, &wanted), "%zu", i);
        cr_assert((becomes[i].asked & KEY) != 0 ||
                      revocation_is_within(t.party, &reach, &effective),
                  "%zu", i);
    }
    tree_done(&t);
}

static const struct {
    enum who who;
    int effective;
    bool within;
} reached[] = {
    {ROOT, KEY, true},
    {ROOT, SCOPE, true},
    {ROOT_ALONE, KEY, false},
    {ROOT_ALONE, SCOPE, false},
    {ROOT_ALONE, OF_ROOT | SCOPE, true},
    {ROOT_ALONE, OF_ROOT | TREE, false},
    {ROOT_ALONE, ROOT_APP, false}, /* its tokens may stand below */
    {RESELLER, KEY, false},
    {RESELLER, OF_RESELLER | TREE | KEY, false},
    {RESELLER, SCOPE, false},
    {RESELLER, ROOT_APP, false},
    {RESELLER, SHOP_APP, true},
    {RESELLER, RESELLER_APP, true},
    {RESELLER, OF_ROOT, false},
    {RESELLER, OF_RESELLER | TREE | CEILING, true},
    {RESELLER_ALONE, OF_RESELLER | CEILING, true},
    {RESELLER_ALONE, OF_RESELLER | TREE, false},
    {RESELLER_ALONE, OF_SHOP, false},
    {RESELLER_ALONE, RESELLER_APP, false},
    {SHOP, OF_RESELLER, false},
    {SHOP, RESELLER_APP, false},
    {SHOP, SHOP_APP, true},
};

/* A plan is carried out by the rights of then, whoever made it. */
Test(revocations, M2_what_the_reach_is_too_short_for)
{
    struct tree t;

    tree_init(&t);
    for (size_t i = 0; i < sizeof(reached) / sizeof(reached[0]); i++) {
        const struct revocation_reach reach = reach_of(&t, reached[i].who);
        const struct revocation_selector effective = selector_of(&t, reached[i].effective);
        cr_assert_eq(revocation_is_within(t.party, &reach, &effective), reached[i].within, "%zu",
                     i);
    }
    tree_done(&t);
}

/* ---- which rows are marked ---- */

enum { BELOW = 10, NUMBER = 20 };

static const struct {
    int said;
    uint32_t generation;
    uint64_t epoch;
    const char *scopes, *kid;
    bool takes;
} marked[] = {
    {SHOP_APP, 1, 9, "calls.read", "key-1", true},
    {SHOP_APP, 1, 10, "calls.read", "key-1", false}, /* younger than the count */
    {SHOP_APP, 2, 9, "calls.read", "key-1", true},
    {ROOT_APP, 1, 9, "calls.read", "key-1", false},
    {OF_SHOP, 1, 9, "calls.read", "key-1", true},
    {OF_RESELLER, 1, 9, "calls.read", "key-1", false},
    {OF_RESELLER | TREE, 1, 9, "calls.read", "key-1", true},
    {KEY, 1, 9, "calls.read", "key-1", true},
    {KEY, 1, 9, "calls.read", "key-2", false},
    {KEY, 2, 9, "calls.read", "key-1", false}, /* another JWT of it may be of another key */
    {SCOPE, 1, 9, "sms.read calls.manage", "key-1", true},
    {SCOPE, 1, 9, "sms.read", "key-1", false},
    {SCOPE, 2, 9, "sms.read calls.manage", "key-1", false}, /* one may have had less */
    {SHOP_APP | DATE, 1, 9, "calls.read", "key-1", true},
    {SHOP_APP | DATE, 2, 9, "calls.read", "key-1", false}, /* when it was signed is not known */
    /* each one is revoked whole, for the entry does not stay */
    {CEILING, 1, 9, "calls.manage", "key-1", true},
    {CEILING, 1, 9, "calls.read", "key-1", false},
    {CEILING, 1, 9, "name.of.yesterday", "key-1", true},
    {CEILING, 1, 10, "calls.manage", "key-1", false},
    {CEILING, 2, 15, "calls.manage", "key-1", true}, /* an earlier JWT was there at the count */
    {CEILING | DATE, 2, 9, "calls.manage", "key-1", true},
    {CEILING | KEY, 2, 9, "calls.manage", "key-2", true},
    {CEILING | KEY, 1, 9, "calls.manage", "key-2", false},
};

Test(revocations, P2_a_row_is_marked_when_all_of_its_token_was_ended)
{
    struct tree t;

    tree_init(&t);
    for (size_t i = 0; i < sizeof(marked) / sizeof(marked[0]); i++) {
        const struct token_facts facts = {.catalogue = t.catalogue, .party = t.party};
        const struct revocation_row revocation = {
            .selector = selector_of(&t, marked[i].said), .below = BELOW, .number = NUMBER};
        const struct token_row row = {
            .client_id = t.shop_app,
            .partner_sid = t.shop,
            .scopes = str_from(marked[i].scopes),
            .created_ms = (DATE_S - 100) * INT64_C(1000),
            .exp_s = DATE_S + 1000,
            .generation = marked[i].generation,
            .newest = {DATE_S + 1000, marked[i].epoch, str_from(marked[i].kid)},
        };
        cr_assert_eq(revocation_walk_takes(&revocation, &facts, &row), marked[i].takes, "%zu", i);
    }
    tree_done(&t);
}

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
