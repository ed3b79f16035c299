/* POST /oauth/introspect and its batch: who may see what, and that all else looks alike. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "oauth/endpoints.h"
#include "revocation/index.h"
#include "support/leaks.h"
#include "unit/oauth/bed.h"

#define SECRET   "correct+horse+battery+staple"
#define API      "https://api.example"
#define INACTIVE "{\"active\":false}"

static char body[BED_TEXT], header[BED_TEXT];

static void ask_as(struct bed *bed, const struct sid *who, const char *token, const char *more,
                   struct answer *out)
{
    char rest[BED_TEXT - 512];
    snprintf(rest, sizeof(rest), "token=%s%s", token, more);
    bed_answer(bed,
               &(struct question){.endpoint = &introspect_endpoint,
                                  .body = bed_form(who, SECRET, rest, body)},
               out);
}

static void ask_by(struct bed *bed, const char *bearer, const char *token, struct answer *out)
{
    snprintf(header, sizeof(header), "Bearer %s", bearer);
    snprintf(body, sizeof(body), "token=%s", token);
    bed_answer(
        bed,
        &(struct question){.endpoint = &introspect_endpoint, .body = body, .authorization = header},
        out);
}

static void check_claims(struct answer *answer, const struct token_claims *claims)
{
    char sid[SID_TEXT], jti[JTI_MAX];
    int64_t number;
    bool active = false;
    const struct json_value *object = answer_json(answer);

    cr_assert(json_bool(json_member(object, STR("active")), &active) && active, "%.*s",
              STR_ARG(answer_body(answer)));
    cr_assert(str_eq(answer_text(answer, "iss"), claims->issuer));
    cr_assert(str_eq(answer_text(answer, "sub"), claims->subject));
    cr_assert(str_eq(answer_text(answer, "aud"), claims->audiences[0]),
              "a string, as in the token");
    cr_assert(str_eq(answer_text(answer, "scope"), claims->scope));
    cr_assert(str_eq(answer_text(answer, "token_type"), STR("Bearer")));
    cr_assert(json_int(json_member(object, STR("exp")), &number) && number == claims->exp_s);
    cr_assert(json_int(json_member(object, STR("iat")), &number) && number == claims->iat_s);
    cr_assert(str_eq(answer_text(answer, "client_id"), clients_id(&claims->client_id, sid)));
    cr_assert(str_eq(answer_text(answer, "partner_sid"), clients_id(&claims->partner_sid, sid)));
    cr_assert(str_eq(answer_text(answer, "token_sid"), clients_id(&claims->token_sid, sid)));
    memcpy(jti, sid, SID_TEXT);
    memcpy(jti + SID_TEXT, ".1", 2);
    cr_assert(str_eq(answer_text(answer, "jti"), str_make(jti, SID_TEXT + 2)));
}

Test(introspect, a_live_token_is_shown_as_its_own_claims) /* 7662-2.2-j, RFC7519-4.1.3 */
{
    struct bed bed;
    struct answer answer;
    struct minted token;
    bed_init(&bed);
    bed_mint(&bed, &bed.clients.post, &bed.clients.tree.shop, "calls.read", API, &token);
    ask_as(&bed, &bed.clients.judge, token.text, "", &answer);
    cr_assert_eq(answer_status(&answer), 200);
    check_claims(&answer, &token.claims);
    answer_done(&answer);
    bed_done(&bed);
    leaks_check();
}

Test(introspect, says_whether_the_scope_suffices)
{
    static const struct {
        const char *required;
        int status;
        bool sufficient;
    } rows[] = {{"calls.read", 200, true},
                {"sms.read", 200, true},
                {"sms.read+calls.read", 200, true},
                {"calls.update", 200, false},
                {"sms.read+calls.update", 200, false},
                {"nosuch", 400, false}};
    struct bed bed;
    struct minted token;
    bed_init(&bed);
    bed_mint(&bed, &bed.clients.post, &bed.clients.tree.shop, "calls.read sms.manage", API, &token);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct answer answer;
        char more[128];
        bool sufficient = false;
        snprintf(more, sizeof(more), "&required_scope=%s", rows[i].required);
        ask_as(&bed, &bed.clients.judge, token.text, more, &answer);
        cr_assert_eq(answer_status(&answer), rows[i].status, "%s", rows[i].required);
        if (rows[i].status == 200) {
            cr_assert(json_bool(json_member(answer_json(&answer), STR("sufficient")), &sufficient));
            cr_assert_eq(sufficient, rows[i].sufficient, "%s", rows[i].required);
        }
        answer_done(&answer);
    }
    bed_done(&bed);
}

/* As the writer would after a PATCH of the token. */
static void narrow(struct bed *bed, const struct minted *token, uint64_t number, const char *scopes,
                   int64_t exp_s)
{
    struct store_entry entry = {.number = number,
                                .kind = ENTRY_TOKEN_SET,
                                .id = token->claims.token_sid,
                                .set = {str_from(scopes), exp_s},
                                .end_s = token->claims.exp_s};
    cr_assert(result_ok(revocation_index_apply(bed->server.index, &entry, 1)));
}

Test(introspect, answers_what_is_left_of_a_changed_token) /* P1, SPEC 3 */
{
    static const struct {
        const char *scopes;
        int64_t less_s;
        const char *left;
        bool sufficient;
    } rows[] = {{"calls.read", 0, "calls.read", false},
                {"sms.read calls.read", 10, "calls.read sms.read", true},
                {"", 20, "", false},
                {"calls.read sms.manage", 0, "calls.read sms.manage", true},
                {"calls.read sms.manage", -100, "calls.read sms.manage", true}};
    struct bed bed;
    struct minted token;
    bed_init(&bed);
    bed_mint(&bed, &bed.clients.post, &bed.clients.tree.shop, "calls.read sms.manage", API, &token);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct answer answer;
        int64_t want_s = token.claims.exp_s - (rows[i].less_s > 0 ? rows[i].less_s : 0), exp_s;
        bool sufficient = !rows[i].sufficient;
        narrow(&bed, &token, i + 1, rows[i].scopes, token.claims.exp_s - rows[i].less_s);
        ask_as(&bed, &bed.clients.judge, token.text, "&required_scope=sms.read", &answer);
        cr_assert(str_eq(answer_text(&answer, "scope"), str_from(rows[i].left)), "row %zu", i);
        cr_assert(json_int(json_member(answer_json(&answer), STR("exp")), &exp_s));
        cr_assert_eq(exp_s, want_s, "row %zu", i);
        cr_assert(json_bool(json_member(answer_json(&answer), STR("sufficient")), &sufficient));
        cr_assert_eq(sufficient, rows[i].sufficient, "row %zu", i);
        answer_done(&answer);
    }
    bed_done(&bed);
    leaks_check();
}

static void expect_inactive(struct bed *bed, const struct sid *who, const char *token,
                            const char *why)
{
    struct answer answer;
    ask_as(bed, who, token, "", &answer);
    cr_assert_eq(answer_status(&answer), 200, "%s", why);
    cr_assert(str_eq(answer_body(&answer), STR(INACTIVE)), "%s: %.*s", why,
              STR_ARG(answer_body(&answer)));
    cr_assert_eq(answer.exchange.reply.header_count, (size_t)0, "%s", why);
    answer_done(&answer);
}

Test(introspect,
     what_a_caller_may_not_see_looks_like_what_is_dead) /* THREATS-31, 7662-2.2-h, F-07 */
{
    struct bed bed;
    struct minted token, above, elsewhere, broken;
    bed_init(&bed);
    const struct clients *c = &bed.clients;
    bed_mint(&bed, &c->post, &c->tree.shop, "calls.read", API, &token);
    bed_mint(&bed, &c->tree.root_app, &c->tree.root, "calls.read", API, &above);
    bed_mint(&bed, &c->post, &c->tree.shop, "calls.read", "https://elsewhere.example", &elsewhere);
    broken = token;
    char *last = broken.text + strlen(broken.text) - 5;
    *last = *last == 'A' ? 'B' : 'A';

    expect_inactive(&bed, &c->outsider, token.text, "of another audience");
    expect_inactive(&bed, &c->judge, elsewhere.text, "of another audience");
    expect_inactive(&bed, &c->judge, above.text, "of a partner above");
    expect_inactive(&bed, &c->judge, broken.text, "with a broken signature");
    expect_inactive(&bed, &c->judge, "garbage", "no JWT at all");
    expect_inactive(&bed, &c->judge, "a.b.c", "no JWT");
    fake_clock_pass(&bed.clients.tree.clock, 900 * 1000);
    expect_inactive(&bed, &c->judge, token.text, "expired");
    bed_done(&bed);
    leaks_check();
}

Test(introspect, only_those_registered_for_it_may_ask) /* 7662-2.1-e */
{
    struct bed bed;
    struct answer answer;
    struct minted token;
    bed_init(&bed);
    bed_mint(&bed, &bed.clients.post, &bed.clients.tree.shop, "calls.read", API, &token);
    ask_as(&bed, &bed.clients.post, token.text, "", &answer);
    cr_assert_eq(answer_status(&answer), 403, "its own token, but no right to introspect");
    cr_assert(str_eq(answer_error(&answer), STR("insufficient_scope")));
    answer_done(&answer);
    bed_done(&bed);
}

/* Bearers of the root's application, at the root unless said otherwise. */
enum { OWN, SIBLING, CHILD, FAR, KINDS };

static const struct {
    const char *scope;
    int status;
    bool sees[KINDS]; /* itself; of its partner; of a partner below; of another audience there */
} bearers[] = {
    {"scopemint.introspect", 200, {false, true, true, false}},
    {"oauth.manage_all_tokens", 200, {true, true, false, false}}, /* M2 */
    {"oauth.read", 200, {true, false, false, false}},
    {"oauth.manage scopemint.introspect", 200, {true, true, true, false}},
    {"calls.read", 403, {false}},
    {"scopemint.revoke", 403, {false}},
};

Test(introspect, a_bearer_addresses_what_its_scopes_let_it) /* M2 */
{
    struct bed bed;
    struct minted tokens[KINDS];
    bed_init(&bed);
    const struct tree *t = &bed.clients.tree;
    bed_mint(&bed, &t->root_app, &t->root, "calls.read", API, &tokens[SIBLING]);
    bed_mint(&bed, &bed.clients.post, &t->shop, "calls.read", API, &tokens[CHILD]);
    bed_mint(&bed, &bed.clients.post, &t->shop, "calls.read", "urn:far", &tokens[FAR]);
    for (size_t i = 0; i < sizeof(bearers) / sizeof(bearers[0]); i++) {
        bed_mint(&bed, &t->root_app, &t->root, bearers[i].scope, BED_ISSUER, &tokens[OWN]);
        for (int kind = 0; kind < KINDS; kind++) {
            struct answer answer;
            ask_by(&bed, tokens[OWN].text, tokens[kind].text, &answer);
            cr_assert_eq(answer_status(&answer), bearers[i].status, "%s", bearers[i].scope);
            if (bearers[i].status == 200)
                cr_assert_eq(!str_eq(answer_body(&answer), STR(INACTIVE)), bearers[i].sees[kind],
                             "%s, %d", bearers[i].scope, kind);
            answer_done(&answer);
        }
    }
    bed_done(&bed);
    leaks_check();
}

/* ---- batch ---- */

static void ask_batch(struct bed *bed, const char *bearer, const char *json, struct answer *out)
{
    snprintf(header, sizeof(header), "Bearer %s", bearer);
    bed_answer(bed,
               &(struct question){.endpoint = &introspect_batch_endpoint,
                                  .body = json,
                                  .content_type = "application/json",
                                  .authorization = header},
               out);
}

Test(introspect, a_batch_answers_each_in_its_place)
{
    struct bed bed;
    struct minted bearer, token;
    struct answer answer;
    char *json = malloc(64 * 1024);
    bool active;
    bed_init(&bed);
    const struct tree *t = &bed.clients.tree;
    bed_mint(&bed, &t->root_app, &t->root, "scopemint.introspect", BED_ISSUER, &bearer);
    bed_mint(&bed, &bed.clients.post, &t->shop, "calls.read", API, &token);

    int len = snprintf(json, 64 * 1024, "{\"tokens\":[\"%s\",\"\",\"garbage\",\"%s\"", token.text,
                       token.text);
    for (int i = 4; i < 100; i++)
        len += snprintf(json + len, 64 * 1024 - (size_t)len, ",\"x.y.z\"");
    strcpy(json + len, "]}");
    ask_batch(&bed, bearer.text, json, &answer);
    cr_assert_eq(answer_status(&answer), 200);
    const struct json_value *items = json_member(answer_json(&answer), STR("items"));
    cr_assert_eq(json_count(items), (size_t)100);
    size_t place = 0;
    for (const struct json_value *v = json_first(items); v != NULL; v = json_next(v), place++) {
        cr_assert(json_bool(json_member(v, STR("active")), &active));
        cr_assert_eq(active, place == 0 || place == 3, "%zu", place);
    }
    answer_done(&answer);
    strcpy(json + len, ",\"\"]}");
    ask_batch(&bed, bearer.text, json, &answer);
    cr_assert_eq(answer_status(&answer), 400, "101 are too many");
    answer_done(&answer);
    free(json);
    bed_done(&bed);
    leaks_check();
}

static const struct {
    const char *json;
    int status;
    const char *body; /* NULL: an error */
} batches[] = {
    {"{\"tokens\":[]}", 200, "{\"items\":[]}"},
    {"{\"tokens\":[\"a\"],\"required_scope\":\"calls.read\"}", 200, "{\"items\":[" INACTIVE "]}"},
    {"{\"tokens\":[\"a\",\"b\"]}", 200, "{\"items\":[" INACTIVE "," INACTIVE "]}"},
    {"{\"tokens\":[\"a\",1]}", 400, NULL},
    {"{\"tokens\":[null]}", 400, NULL},
    {"{\"tokens\":\"a\"}", 400, NULL},
    {"{}", 400, NULL},
    {"[]", 400, NULL},
    {"", 400, NULL},
    {"{\"tokens\":[],\"more\":1}", 400, NULL},
    {"{\"tokens\":[],\"tokens\":[]}", 400, NULL},
    {"{\"tokens\":[],\"required_scope\":1}", 400, NULL},
    {"{\"tokens\":[],\"required_scope\":\"nosuch\"}", 400, NULL},
};

Test(introspect, a_batch_is_read_whole_or_not_at_all)
{
    struct bed bed;
    struct minted bearer;
    bed_init(&bed);
    bed_mint(&bed, &bed.clients.tree.root_app, &bed.clients.tree.root, "scopemint.introspect",
             BED_ISSUER, &bearer);
    for (size_t i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
        struct answer answer;
        ask_batch(&bed, bearer.text, batches[i].json, &answer);
        cr_assert_eq(answer_status(&answer), batches[i].status, "%s", batches[i].json);
        if (batches[i].body != NULL)
            cr_assert(str_eq(answer_body(&answer), str_from(batches[i].body)), "%s",
                      batches[i].json);
        answer_done(&answer);
    }
    bed_done(&bed);
}
