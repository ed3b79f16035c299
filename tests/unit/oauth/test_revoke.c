/* POST /oauth/revoke (RFC7009-2.1): whose token it is decides, and the answer tells nobody. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "exchange/sequence.h"
#include "oauth/endpoints.h"
#include "revocation/index.h"
#include "support/leaks.h"
#include "unit/oauth/bed.h"

#define SECRET "correct+horse+battery+staple"
#define API    "https://api.example"

static char body[BED_TEXT], header[BED_TEXT];

static bool is_revoked(const struct bed *bed, const struct minted *token)
{
    struct entry_set set;

    return revocation_index_find(bed->server.index, &token->claims.token_sid, &set) ==
           REVOCATION_REVOKED;
}

static void revoke_as(struct bed *bed, const struct sid *who, const char *secret, const char *token,
                      struct answer *out)
{
    char rest[BED_TEXT - 512];
    snprintf(rest, sizeof(rest), "token=%s&token_type_hint=nosuch", token); /* 7009-2.2-d */
    bed_answer(
        bed,
        &(struct question){.endpoint = &revoke_endpoint, .body = bed_form(who, secret, rest, body)},
        out);
}

static uint64_t sequence_of(const struct answer *answer)
{
    uint64_t number;
    cr_assert(sequence_parse(answer_header(answer, "scopemint-sequence", 0), &number));
    return number;
}

/* The same whatever became of the token, the index's last number too (7009-2.2-e). */
static void expect_done(struct answer *answer, const char *what)
{
    cr_assert_eq(answer_status(answer), 200, "%s", what);
    cr_assert(str_eq(answer_body(answer), STR("{}")), "%s", what);
    cr_assert_eq(answer->exchange.reply.header_count, (size_t)1, "%s", what);
    cr_assert_eq(sequence_of(answer),
                 revocation_index_number(answer->exchange.worker->server->index), "%s", what);
    answer_done(answer);
}

Test(revoke, a_client_revokes_its_own_and_nothing_else) /* RFC7009-2.1, 7009-2.2-e */
{
    struct bed bed;
    struct answer answer;
    struct minted own, foreign, old, public;
    bed_init(&bed);
    const struct clients *c = &bed.clients;
    bed_mint(&bed, &c->post, &c->tree.shop, "calls.read", API, &old);
    /* Past the first hour, in which nothing is surely over. */
    fake_clock_pass(&bed.clients.tree.clock, 2 * 3600 * 1000);
    bed_mint(&bed, &c->post, &c->tree.shop, "calls.read", API, &own);
    bed_mint(&bed, &c->basic, &c->tree.shop, "calls.read", API, &foreign);
    bed_mint(&bed, &c->open, &c->tree.shop, "calls.read", API, &public);

    revoke_as(&bed, &c->post, SECRET, foreign.text, &answer);
    expect_done(&answer, "another's");
    revoke_as(&bed, &c->post, SECRET, old.text, &answer);
    expect_done(&answer, "expired");
    revoke_as(&bed, &c->post, SECRET, "garbage", &answer);
    expect_done(&answer, "no token");
    cr_assert(!is_revoked(&bed, &foreign) && !is_revoked(&bed, &old));
    cr_assert_eq(metrics_sum(&bed.server.metrics, METRIC_REVOKE_IGNORED), (uint64_t)3);

    revoke_as(&bed, &c->post, SECRET, own.text, &answer);
    cr_assert(is_revoked(&bed, &own), "P2: when the answer is there, the index knows");
    expect_done(&answer, "its own");
    revoke_as(&bed, &c->post, SECRET, own.text, &answer);
    expect_done(&answer, "once more");
    revoke_as(&bed, &c->open, NULL, own.text, &answer);
    expect_done(&answer, "another's, by a public client");
    revoke_as(&bed, &c->open, NULL, public.text, &answer);
    expect_done(&answer, "a public client's own");
    cr_assert(is_revoked(&bed, &public));
    bed_done(&bed);
    leaks_check();
}

/* P2: a token that only a wrong clock calls expired is revoked all the same. */
Test(revoke, a_wall_clock_that_leapt_ahead_loses_no_revocation)
{
    struct bed bed;
    struct answer answer;
    struct minted own;
    bed_init(&bed);
    const struct clients *c = &bed.clients;
    bed_mint(&bed, &c->post, &c->tree.shop, "calls.read", API, &own);
    fake_clock_leap(&bed.clients.tree.clock, 3600 * 1000);
    revoke_as(&bed, &c->post, SECRET, own.text, &answer);
    expect_done(&answer, "expired, says the clock");
    cr_assert(is_revoked(&bed, &own));
    fake_clock_leap(&bed.clients.tree.clock, -3600 * 1000);
    cr_assert(is_revoked(&bed, &own));
    bed_done(&bed);
    leaks_check();
}

#define PARTNER(member) offsetof(struct clients, member)

static const struct {
    const char *scope;
    size_t at, of; /* the bearer's partner; that of the token, which is another application's */
    int status;
    bool revokes;
} bearers[] = {
    {"scopemint.revoke", PARTNER(tree.root), PARTNER(tree.shop), 200, true},
    {"scopemint.revoke", PARTNER(tree.root), PARTNER(branch), 200, true},
    {"scopemint.revoke", PARTNER(branch), PARTNER(branch), 200, true},
    {"scopemint.revoke", PARTNER(branch), PARTNER(tree.shop), 200, false},
    {"scopemint.revoke", PARTNER(branch), PARTNER(tree.root), 200, false},
    {"calls.read", PARTNER(tree.root), PARTNER(tree.shop), 403, false},
    {"oauth.manage_all_tokens", PARTNER(tree.root), PARTNER(tree.shop), 403, false},
    {"scopemint.introspect", PARTNER(tree.root), PARTNER(tree.shop), 403, false},
};

Test(revoke, a_bearer_revokes_in_its_partners_subtree)
{
    struct bed bed;
    bed_init(&bed);
    const struct clients *c = &bed.clients;
    for (size_t i = 0; i < sizeof(bearers) / sizeof(bearers[0]); i++) {
        struct minted bearer, token;
        struct answer answer;
        const struct sid *at = (const struct sid *)((const char *)c + bearers[i].at);
        const struct sid *of = (const struct sid *)((const char *)c + bearers[i].of);
        bed_mint(&bed, &c->tree.root_app, at, bearers[i].scope, BED_ISSUER, &bearer);
        bed_mint(&bed, &c->post, of, "calls.read", API, &token);
        snprintf(header, sizeof(header), "Bearer %s", bearer.text);
        snprintf(body, sizeof(body), "token=%s", token.text);
        bed_answer(
            &bed,
            &(struct question){.endpoint = &revoke_endpoint, .body = body, .authorization = header},
            &answer);
        cr_assert_eq(answer_status(&answer), bearers[i].status, "row %zu", i);
        cr_assert_eq(is_revoked(&bed, &token), bearers[i].revokes, "row %zu", i);
        answer_done(&answer);
    }
    bed_done(&bed);
}

Test(revoke, needs_a_token_and_a_caller)
{
    struct bed bed;
    struct answer answer;
    bed_init(&bed);
    bed_answer(&bed,
               &(struct question){.endpoint = &revoke_endpoint,
                                  .body = bed_form(&bed.clients.post, SECRET, "token=", body)},
               &answer);
    cr_assert_eq(answer_status(&answer), 400);
    cr_assert(str_eq(answer_error(&answer), STR("invalid_request")));
    answer_done(&answer);
    revoke_as(&bed, &bed.clients.post, "wrong", "x", &answer);
    cr_assert_eq(answer_status(&answer), 401);
    answer_done(&answer);
    bed_answer(&bed,
               &(struct question){.endpoint = &revoke_endpoint,
                                  .body = "token=x",
                                  .content_type = "application/json"},
               &answer);
    cr_assert_eq(answer_status(&answer), 400);
    answer_done(&answer);
    bed_done(&bed);
}

Test(revoke, a_client_that_leaves_before_its_turn_has_asked_for_nothing)
{
    struct bed bed;
    struct answer answer;
    struct minted own;
    char rest[BED_TEXT - 512];
    bed_init(&bed);
    bed_mint(&bed, &bed.clients.post, &bed.clients.tree.shop, "calls.read", API, &own);
    snprintf(rest, sizeof(rest), "token=%s", own.text);
    bed_ask(&bed,
            &(struct question){.endpoint = &revoke_endpoint,
                               .body = bed_form(&bed.clients.post, SECRET, rest, body)},
            &answer);
    cr_assert(!exchange_abandon(&answer.exchange), "its verification is in the queue");
    bed_wait(&bed, &answer);
    cr_assert(!is_revoked(&bed, &own));
    answer_done(&answer);
    bed_done(&bed);
    leaks_check();
}
