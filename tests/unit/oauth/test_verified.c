/* Tokens that were verified before: one signature check each, and a verdict anew for each question.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "oauth/endpoints.h"
#include "revocation/index.h"
#include "support/leaks.h"
#include "unit/oauth/bed.h"

#define SECRET   "correct+horse+battery+staple"
#define API      "https://api.example"
#define INACTIVE "{\"active\":false}"

static char body[BED_TEXT];

static void ask_as(struct bed *bed, const struct sid *who, const char *token, struct answer *out)
{
    char rest[BED_TEXT - 512];
    snprintf(rest, sizeof(rest), "token=%s", token);
    bed_answer(bed,
               &(struct question){.endpoint = &introspect_endpoint,
                                  .body = bed_form(who, SECRET, rest, body)},
               out);
}

static uint64_t checks(const struct bed *bed)
{
    return metrics_sum(&bed->server.metrics, METRIC_SIGNATURES_VERIFIED);
}

static bool is_active(struct bed *bed, const struct sid *who, const char *token)
{
    struct answer answer;
    ask_as(bed, who, token, &answer);
    cr_assert_eq(answer_status(&answer), 200);
    bool active = !str_eq(answer_body(&answer), STR(INACTIVE));
    answer_done(&answer);
    return active;
}

Test(verified, a_token_costs_one_check_and_is_judged_each_time) /* P1, P2 */
{
    struct bed bed;
    struct answer answer;
    struct minted token;
    bed_init(&bed);
    const struct clients *c = &bed.clients;
    bed_mint(&bed, &c->post, &c->tree.shop, "calls.read", API, &token);
    for (int i = 0; i < 5; i++)
        cr_assert(is_active(&bed, &c->judge, token.text));
    cr_assert(!is_active(&bed, &c->outsider, token.text),
              "what one may see says nothing of others");
    cr_assert_eq(checks(&bed), (uint64_t)1);
    ask_as(&bed, &c->judge, token.text, &answer);
    cr_assert(str_eq(answer_text(&answer, "scope"), STR("calls.read")));
    cr_assert(str_eq(answer_text(&answer, "aud"), STR(API)));
    answer_done(&answer);

    char rest[BED_TEXT - 512];
    snprintf(rest, sizeof(rest), "token=%s", token.text);
    bed_answer(&bed,
               &(struct question){.endpoint = &revoke_endpoint,
                                  .body = bed_form(&c->post, SECRET, rest, body)},
               &answer);
    cr_assert_eq(answer_status(&answer), 200);
    answer_done(&answer);
    cr_assert(!is_active(&bed, &c->judge, token.text), "revoked, though it is in the cache");
    cr_assert_eq(checks(&bed), (uint64_t)1);
    bed_done(&bed);
    leaks_check();
}

Test(verified, a_cached_token_expires_like_any_other) /* 7662-4-a */
{
    struct bed bed;
    struct minted token;
    bed_init(&bed);
    bed_mint(&bed, &bed.clients.post, &bed.clients.tree.shop, "calls.read", API, &token);
    cr_assert(is_active(&bed, &bed.clients.judge, token.text));
    fake_clock_pass(&bed.clients.tree.clock, 899 * 1000);
    cr_assert(is_active(&bed, &bed.clients.judge, token.text));
    fake_clock_pass(&bed.clients.tree.clock, 1000);
    cr_assert(!is_active(&bed, &bed.clients.judge, token.text));
    bed_done(&bed);
}

Test(verified, a_flood_of_unknown_tokens_does_not_hide_the_known)
{
    struct bed bed;
    struct answer answer;
    struct minted token;
    bed_init(&bed);
    const struct sid *judge = &bed.clients.judge;
    bed_mint(&bed, &bed.clients.post, &bed.clients.tree.shop, "calls.read", API, &token);
    cr_assert(is_active(&bed, judge, token.text));
    for (int i = 0; i < 1000; i++)
        cr_assert(!is_active(&bed, judge, "x.y.z"));
    ask_as(&bed, judge, "x.y.z", &answer);
    cr_assert_eq(answer_status(&answer), 429);
    answer_done(&answer);
    cr_assert(is_active(&bed, judge, token.text));
    fake_clock_pass(&bed.clients.tree.clock, 1000);
    cr_assert(!is_active(&bed, judge, "x.y.z"), "the next second begins anew");
    bed_done(&bed);
}

Test(verified, what_was_just_issued_is_known_without_a_check)
{
    struct bed bed;
    struct answer answer;
    char token[BED_TEXT / 2];
    bed_init(&bed);
    bed_answer(&bed,
               &(struct question){.endpoint = &token_endpoint,
                                  .body = bed_form(&bed.clients.post, SECRET,
                                                   "grant_type=client_credentials", body)},
               &answer);
    struct str text = answer_text(&answer, "access_token");
    snprintf(token, sizeof(token), "%.*s", STR_ARG(text));
    answer_done(&answer);
    cr_assert(is_active(&bed, &bed.clients.judge, token));
    cr_assert_eq(checks(&bed), (uint64_t)0);
    token[strlen(token) - 3] ^= 1;
    cr_assert(!is_active(&bed, &bed.clients.judge, token));
    cr_assert_eq(checks(&bed), (uint64_t)1);
    bed_done(&bed);
    leaks_check();
}

static void nothing(struct store *store, void *context)
{
    (void)store;
    (void)context;
}

/* Carried out by the writer like any other write. */
static void carry_out(struct bed *bed, struct store_request *request)
{
    store_submit(bed->server.store, request);
    store_run_on_writer(bed->server.store, nothing, NULL);
    cr_assert(result_ok(request->result));
    cr_assert_eq(request->outcome, STORE_OUTCOME_DONE);
}

static void set_scopes_of_reseller(struct bed *bed, const char *scopes)
{
    const struct tree *tree = &bed->clients.tree;
    struct store_request request = {.verb = STORE_PARTNER_UPDATE,
                                    .in.partner = {.partner_sid = tree->reseller,
                                                   .name = STR("reseller"),
                                                   .login = STR("reseller"),
                                                   .status = PARTNER_ACTIVE,
                                                   .available_scopes = str_from(scopes)}};
    carry_out(bed, &request);
}

static void expect_scope(struct bed *bed, const char *token, const char *scope)
{
    struct answer answer;
    ask_as(bed, &bed->clients.judge, token, &answer);
    cr_assert_eq(answer_status(&answer), 200);
    cr_assert(str_eq(answer_text(&answer, "scope"), str_from(scope)));
    answer_done(&answer);
}

Test(verified, a_change_of_tables_counts_at_once_and_costs_no_signature) /* P1 */
{
    struct bed bed;
    struct minted token;
    bed_init(&bed);
    bed_mint(&bed, &bed.clients.post, &bed.clients.tree.shop, "calls.read sms.read", API, &token);
    expect_scope(&bed, token.text, "calls.read sms.read");
    set_scopes_of_reseller(&bed, "sms.manage oauth.manage");
    expect_scope(&bed, token.text, "sms.read");
    set_scopes_of_reseller(&bed, "calls.manage sms.manage oauth.manage");
    expect_scope(&bed, token.text, "calls.read sms.read");
    cr_assert_eq(checks(&bed), (uint64_t)1);
    cr_assert_eq(bed_snapshot(&bed)->tables_version, store_tables_version(bed.server.store));
    bed_done(&bed);
    leaks_check();
}

Test(verified, outdated_tables_decide_about_nothing) /* P1, P4, 7662-4-g */
{
    struct bed bed;
    struct answer answer;
    struct minted token;
    bed_init(&bed);
    bed_mint(&bed, &bed.clients.post, &bed.clients.tree.shop, "calls.read", API, &token);
    party_outdate(bed_snapshot(&bed)->party);
    for (int i = 0; i < 2; i++) {
        ask_as(&bed, &bed.clients.judge, i == 1 ? "garbage" : token.text, &answer);
        cr_assert_eq(answer_status(&answer), 503, "%d", i);
        cr_assert(str_eq(answer_error(&answer), STR("temporarily_unavailable")));
        answer_done(&answer);
    }
    bed_done(&bed);
}

Test(verified, an_incomplete_index_decides_about_nothing) /* P4, 7662-4-g */
{
    struct bed bed;
    struct answer answer;
    struct minted token;
    bed_init(&bed);
    bed_mint(&bed, &bed.clients.post, &bed.clients.tree.shop, "calls.read", API, &token);
    struct revocation_index *whole = bed.server.index;
    cr_assert(result_ok(revocation_index_new(&bed.server.quiesce, &bed.server.index)));
    for (int i = 0; i < 3; i++) { /* the last time from the cache */
        ask_as(&bed, &bed.clients.judge, i == 1 ? "garbage" : token.text, &answer);
        cr_assert_eq(answer_status(&answer), 503, "%d", i);
        cr_assert(str_eq(answer_error(&answer), STR("temporarily_unavailable")));
        cr_assert_gt(answer_header(&answer, "retry-after", 0).len, (size_t)0);
        answer_done(&answer);
    }
    revocation_index_free(&bed.server.index);
    bed.server.index = whole;
    cr_assert(is_active(&bed, &bed.clients.judge, token.text));
    bed_done(&bed);
}
