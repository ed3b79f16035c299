/* The leak desk from below: the store's faults, an index that cannot tell, clients that leave, and
 * more applications than are looked at in one go. What is asked over the wire stands in
 * tests/conformance/test_leaks.py. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "exchange/sequence.h"
#include "revocation/index.h"
#include "scene.h"
#include "store/memory.h"
#include "support/leaks.h"

#define LEAKS "/core/v2/admin/leaks"
#define APPS  "/core/v2/applications"

enum { TEXT = 20 * 1024 };

/* A token with a row, and an application with a secret: both have leaked. */
struct desk {
    struct scene scene;
    struct minted token;
    char secret[64];
    char look[TEXT], act[TEXT]; /* bodies with both, the token twice */
};

static void make_secret(struct desk *d)
{
    const struct question q = scene_question(&d->scene, METHOD_POST, APPS, "",
                                             "{\"name\":\"leaky\",\"scopes\":[\"calls.read\"]}");
    struct answer answer;

    bed_answer(&d->scene.bed, &q, &answer);
    cr_assert_eq(answer_status(&answer), 200, "%.*s", STR_ARG(answer_body(&answer)));
    snprintf(d->secret, sizeof(d->secret), "%.*s", STR_ARG(answer_text(&answer, "client_secret")));
    answer_done(&answer);
}

static void make_token(struct desk *d)
{
    const struct tree *tree = &d->scene.bed.clients.tree;

    bed_mint(&d->scene.bed, &tree->root_app, &tree->root, "calls.read", BED_ISSUER, &d->token);
    const struct token_row row = {
        .client_id = tree->root_app,
        .partner_sid = tree->root,
        .exp_s = d->token.claims.exp_s,
    };
    d->scene.row = bed_create_token(&d->scene.bed, &row); /* some row; the token has none yet */
}

static void desk_init(struct desk *d)
{
    scene_begin(&d->scene, "scopemint.revoke app.manage calls.read");
    make_token(d);
    make_secret(d);
    snprintf(d->look, sizeof(d->look), "{\"strings\":[\"%s\",\"%s\",\"%s\",\"hunter2\"]}",
             d->token.text, d->secret, d->token.text);
    snprintf(d->act, sizeof(d->act),
             "{\"act\":true,\"strings\":[\"%s\",\"%s\",\"%s\",\"hunter2\"]}", d->token.text,
             d->secret, d->token.text);
}

static bool is_revoked(const struct desk *d)
{
    struct entry_set set;
    return revocation_index_find(d->scene.bed.server.index, &d->token.claims.token_sid, &set) ==
           REVOCATION_REVOKED;
}

static void ask(struct desk *d, const char *body, struct answer *out)
{
    const struct question q = scene_question(&d->scene, METHOD_POST, LEAKS, "", body);
    bed_answer(&d->scene.bed, &q, out);
}

static const struct json_value *item_of(struct answer *answer, size_t n)
{
    const struct json_value *item = json_first(json_member(answer_json(answer), STR("items")));
    while (n-- > 0)
        item = json_next(item);
    cr_assert_not_null(item);
    return item;
}

static bool is_true(const struct json_value *item, const char *member)
{
    bool truth = false;
    cr_assert(json_bool(json_member(item, str_from(member)), &truth));
    return truth;
}

static bool says(const struct json_value *item, const char *member, const char *text)
{
    struct str said = STR_NONE;
    (void)json_find_string(item, str_from(member), &said);
    return str_eq(said, str_from(text));
}

static bool has_reason(const struct json_value *item)
{
    return json_is(json_member(item, STR("reason")), JSON_STRING);
}

Test(leaks, THREATS_63_found_and_ended)
{
    struct desk d;
    struct answer answer;

    desk_init(&d);
    for (int round = 0; round < 2; round++) {
        ask(&d, d.look, &answer);
        cr_assert_eq(answer_status(&answer), 200);
        for (size_t i = 0; i < 3; i++)
            cr_assert(says(item_of(&answer, i), "state", "live"), "%zu", i);
        cr_assert(!is_true(item_of(&answer, 3), "known"));
        answer_done(&answer);
    }
    cr_assert(!is_revoked(&d));
    ask(&d, d.act, &answer);
    for (size_t i = 0; i < 3; i++)
        cr_assert(is_true(item_of(&answer, i), "acted"), "%zu", i);
    cr_assert(says(item_of(&answer, 0), "state", "revoked"));
    cr_assert(says(item_of(&answer, 1), "state", "disabled"));
    cr_assert(says(item_of(&answer, 2), "state", "revoked"));
    cr_assert(str_eq(answer_header(&answer, "scopemint-sequence", 0), STR("1")));
    answer_done(&answer);
    cr_assert(is_revoked(&d));
    ask(&d, d.act, &answer);
    cr_assert(says(item_of(&answer, 0), "state", "revoked"));
    cr_assert(!is_true(item_of(&answer, 0), "acted"));
    cr_assert(!is_true(item_of(&answer, 1), "known")); /* its digest is gone */
    answer_done(&answer);
    bed_done(&d.scene.bed);
    leaks_check();
}

/* P4: what could not be ended says so, and what could not be read keeps nobody from ending it. */
Test(leaks, P4_a_store_that_is_away_is_told_item_by_item)
{
    struct desk d;
    struct answer answer;

    desk_init(&d);
    store_memory_set_down(d.scene.bed.server.store, true);
    ask(&d, d.look, &answer);
    cr_assert_eq(answer_status(&answer), 200);
    for (size_t i = 0; i < 3; i++) {
        cr_assert(says(item_of(&answer, i), "state", "live"), "%zu", i);
        cr_assert(has_reason(item_of(&answer, i)), "%zu", i);
    }
    answer_done(&answer);
    ask(&d, d.act, &answer);
    cr_assert_eq(answer_status(&answer), 200);
    for (size_t i = 0; i < 3; i++) {
        cr_assert(says(item_of(&answer, i), "state", "live"), "%zu", i);
        cr_assert(!is_true(item_of(&answer, i), "acted") && has_reason(item_of(&answer, i)), "%zu",
                  i);
    }
    cr_assert(!has_reason(item_of(&answer, 3)));
    answer_done(&answer);
    store_memory_set_down(d.scene.bed.server.store, false);
    cr_assert(!is_revoked(&d));
    bed_done(&d.scene.bed);
    leaks_check();
}

Test(leaks, P3_after_any_one_fault_acted_is_true)
{
    for (size_t n = 1; n <= 16; n++) {
        struct desk d;
        struct answer answer;

        desk_init(&d);
        store_memory_fail_after(d.scene.bed.server.store, n);
        ask(&d, d.act, &answer);
        store_memory_fail_after(d.scene.bed.server.store, 0);
        cr_assert_eq(answer_status(&answer), 200, "%zu", n);
        bool token = is_true(item_of(&answer, 0), "acted");
        bool secret = is_true(item_of(&answer, 1), "acted");
        cr_assert_eq(token, is_true(item_of(&answer, 2), "acted"), "%zu", n);
        cr_assert(token || has_reason(item_of(&answer, 0)), "%zu", n);
        cr_assert(secret || has_reason(item_of(&answer, 1)), "%zu", n);
        cr_assert_eq(token, is_revoked(&d), "%zu", n);
        answer_done(&answer);
        ask(&d, d.look, &answer);
        cr_assert_eq(secret, !is_true(item_of(&answer, 1), "known"), "%zu", n);
        answer_done(&answer);
        bed_done(&d.scene.bed);
    }
    leaks_check();
}

Test(leaks, P4_an_index_that_cannot_tell_ends_nothing)
{
    struct desk d;

    desk_init(&d);
    revocation_index_rebuild(d.scene.bed.server.index);
    cr_assert_eq(scene_ask(&d.scene, METHOD_POST, LEAKS, "", d.act), 503);
    revocation_index_complete(d.scene.bed.server.index, 0);
    cr_assert(!is_revoked(&d));
    bed_done(&d.scene.bed);
    leaks_check();
}

Test(leaks, P4_outdated_tables_end_nothing)
{
    struct desk d;

    desk_init(&d);
    party_outdate(bed_snapshot(&d.scene.bed)->party);
    cr_assert_eq(scene_ask(&d.scene, METHOD_POST, LEAKS, "", d.act), 503);
    cr_assert(!is_revoked(&d));
    bed_done(&d.scene.bed);
    leaks_check();
}

Test(leaks, a_client_may_leave_at_any_wait)
{
    for (unsigned step = 0; step < ENDPOINT_STEPS_MAX; step++) {
        struct desk d;

        desk_init(&d);
        const struct question q = scene_question(&d.scene, METHOD_POST, LEAKS, "", d.act);
        scene_ask_and_leave(&d.scene, &q, step);
        bed_done(&d.scene.bed);
    }
    leaks_check();
}

/* The two that were made for it are found among those that fill several portions. */
Test(leaks, a_secret_is_found_wherever_its_application_stands)
{
    enum { APPLICATIONS = 70 };
    static char secrets[APPLICATIONS][64];
    struct desk d;
    struct answer answer;

    desk_init(&d);
    for (size_t i = 0; i < APPLICATIONS; i++) {
        make_secret(&d);
        snprintf(secrets[i], sizeof(secrets[i]), "%s", d.secret);
    }
    for (size_t i = 0; i < APPLICATIONS; i++) {
        char body[8 * 1024];
        snprintf(body, sizeof(body), "{\"strings\":[\"%s\"]}", secrets[i]);
        ask(&d, body, &answer);
        cr_assert(says(item_of(&answer, 0), "state", "live"), "%zu", i);
        answer_done(&answer);
    }
    bed_done(&d.scene.bed);
    leaks_check();
}

/* ---- the consistency token (P2, P4) ---- */

Test(sequence, it_is_read_as_digits_alone)
{
    static const struct {
        const char *text;
        bool good;
        uint64_t number;
    } cases[] = {
        {"0", true, 0},
        {"1", true, 1},
        {"18446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 0},
        {"", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"01", false, 0},
        {"1.0", false, 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t number = 0;
        cr_assert_eq(sequence_parse(str_from(cases[i].text), &number), cases[i].good, "%zu", i);
        cr_assert_eq(number, cases[i].number, "%zu", i);
    }
}

Test(sequence, P2_a_change_says_its_own_number_and_what_is_none_the_last)
{
    static const struct {
        const char *body, *number;
    } steps[] = {
        {"{\"name\":\"x\"}", "7"},              /* takes none: the last there is */
        {"{\"scopes\":[\"calls.read\"]}", "1"}, /* the store's first */
        {"{\"scopes\":[\"calls.read\"]}", "7"}, /* no change */
    };
    struct scene s;

    scene_begin(&s, "oauth.manage_all_tokens oauth.allow_token_scope_update calls.manage");
    const struct tree *tree = &s.bed.clients.tree;
    const struct token_row row = {
        .client_id = tree->root_app,
        .partner_sid = tree->root,
        .scopes = STR("calls.manage"),
        .exp_s = clock_wall_s(s.bed.server.clock) + 600,
    };
    s.row = bed_create_token(&s.bed, &row);
    scene_point_at(&s, "/core/v2/oauth/tokens", &s.row.token_sid);
    revocation_index_complete(s.bed.server.index, 7); /* from elsewhere */
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        const struct question q = scene_question(&s, METHOD_PATCH, s.path, "", steps[i].body);
        struct answer answer;
        bed_answer(&s.bed, &q, &answer);
        cr_assert_eq(answer_status(&answer), 200);
        struct str said = answer_header(&answer, "scopemint-sequence", 0);
        cr_assert(str_eq(said, str_from(steps[i].number)), "%zu: %.*s", i, STR_ARG(said));
        answer_done(&answer);
    }
    bed_done(&s.bed);
    leaks_check();
}
