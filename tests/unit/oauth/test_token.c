/* POST /oauth/token (RFC6749-3.2, RFC6749-5.1), up to the committed row. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "core/base64.h"
#include "oauth/endpoints.h"
#include "revocation/index.h"
#include "support/leaks.h"
#include "unit/oauth/bed.h"

#define SECRET "correct+horse+battery+staple"

static void ask(struct bed *bed, const struct sid *who, const char *secret, const char *rest,
                struct answer *out)
{
    static char body[BED_TEXT]; /* outlives the answer */
    bed_answer(
        bed,
        &(struct question){.endpoint = &token_endpoint, .body = bed_form(who, secret, rest, body)},
        out);
}

/* The n-th part of a JWT. */
static struct str decode(struct str jwt, int n, char memory[8192])
{
    struct str part = STR_NONE;
    size_t len;
    for (int i = 0; i <= n; i++)
        cr_assert(str_split(&jwt, '.', &part));
    cr_assert(base64url_decode(part, memory, &len));
    return str_make(memory, len);
}

Test(token, is_issued_as_the_standards_say) /* RFC6749-5.1, RFC9068-2 */
{
    struct bed bed;
    struct answer answer;
    struct token_claims claims;
    const struct json_value *header;
    struct str text;
    int64_t number;
    char memory[8192];
    bed_init(&bed);
    ask(&bed, &bed.clients.post, SECRET, "grant_type=client_credentials&scope=calls.read", &answer);

    cr_assert_eq(answer_status(&answer), 200, "%.*s", STR_ARG(answer_body(&answer)));
    cr_assert_eq(json_count(answer_json(&answer)), (size_t)4);
    cr_assert(str_eq(answer_text(&answer, "token_type"), STR("Bearer")));
    cr_assert(str_eq(answer_text(&answer, "scope"), STR("calls.read")));
    cr_assert(json_int(json_member(answer_json(&answer), STR("expires_in")), &number));
    cr_assert_eq(number, 900);
    cr_assert(!answer.exchange.reply.cacheable);

    struct str jwt = answer_text(&answer, "access_token");
    struct str head = decode(jwt, 0, memory);
    cr_assert_eq(json_parse(&answer.parsed, head, &json_limits_request, &header, NULL), ERR_NONE);
    cr_assert(json_string(json_member(header, STR("typ")), &text));
    cr_assert(str_eq(text, STR("at+jwt")));
    cr_assert(json_string(json_member(header, STR("alg")), &text));
    cr_assert(str_eq(text, STR("ES256")));
    struct str payload = decode(jwt, 1, memory);
    cr_assert_eq(token_claims_read(payload, &answer.parsed, &claims), ERR_NONE);
    cr_assert(str_eq(claims.issuer, STR(BED_ISSUER)));
    cr_assert(sid_eq(&claims.client_id, &bed.clients.post));
    cr_assert(sid_is_none(&claims.user_sid), "the subject is the client");
    cr_assert(sid_eq(&claims.partner_sid, &bed.clients.tree.shop));
    cr_assert(str_eq(claims.scope, STR("calls.read")));
    cr_assert_eq(claims.exp_s - claims.iat_s, 900);
    cr_assert_eq(claims.iat_s, clock_wall_s(bed.server.clock));
    cr_assert_eq(claims.audience_count, (size_t)2, "all its own, where none is asked for");
    answer_done(&answer);
    bed_done(&bed);
    leaks_check();
}

static const struct {
    const char *rest, *audiences, *scope;
    int64_t ttl_s;
} granted[] = {
    {"", "https://api.example https://other.example", "calls.read sms.manage", 900},
    {"&scope=", "https://api.example https://other.example", "calls.read sms.manage", 900},
    {"&scope=sms.read", "https://api.example https://other.example", "sms.read", 900},
    {"&resource=https%3A%2F%2Fother.example", "https://other.example", "calls.read sms.manage",
     900}, /* 8707-2.2-b */
    {"&resource=https://other.example&resource=https://api.example",
     "https://other.example https://api.example", "calls.read sms.manage", 900},
    {"&access_token_ttl=1", "https://api.example https://other.example", "calls.read sms.manage",
     60},
    {"&access_token_ttl=300&foo=bar", "https://api.example https://other.example",
     "calls.read sms.manage", 300},
    {"&access_token_expires_in=99999999999999999999", "https://api.example https://other.example",
     "calls.read sms.manage", 3600},
};

/* RFC7519-4.1.3: one audience is a string, several an array; reading takes both. */
Test(token, holds_what_was_asked_for)
{
    struct bed bed;
    bed_init(&bed);
    for (size_t i = 0; i < sizeof(granted) / sizeof(granted[0]); i++) {
        struct answer answer;
        struct token_claims claims;
        char rest[512], memory[8192], audiences[512] = "";
        snprintf(rest, sizeof(rest), "grant_type=client_credentials%s", granted[i].rest);
        ask(&bed, &bed.clients.post, SECRET, rest, &answer);
        cr_assert_eq(answer_status(&answer), 200, "%s", rest);
        struct str payload = decode(answer_text(&answer, "access_token"), 1, memory);
        cr_assert_eq(token_claims_read(payload, &answer.parsed, &claims), ERR_NONE);
        for (size_t a = 0; a < claims.audience_count; a++)
            snprintf(audiences + strlen(audiences), sizeof(audiences) - strlen(audiences), "%s%.*s",
                     a > 0 ? " " : "", STR_ARG(claims.audiences[a]));
        cr_assert_str_eq(audiences, granted[i].audiences, "%s", rest);
        bool one = claims.audience_count == 1;
        cr_assert_eq(memmem(payload.ptr, payload.len, "\"aud\":\"", 7) != NULL, one, "%s", rest);
        cr_assert(str_eq(claims.scope, str_from(granted[i].scope)), "%s", rest);
        cr_assert_eq(claims.exp_s - claims.iat_s, granted[i].ttl_s, "%s", rest);
        answer_done(&answer);
    }
    bed_done(&bed);
}

#define WHO(member) offsetof(struct clients, member)
#define GRANT       "grant_type=client_credentials"

static const struct {
    size_t who;
    const char *secret, *rest;
    int status;
    const char *error;
} refused[] = {
    {WHO(post), SECRET, "", 400, "invalid_request"}, /* 6749-5.2-a */
    {WHO(post), SECRET, "grant_type=", 400, "invalid_request"},
    {WHO(post), SECRET, "grant_type=foo", 400, "unsupported_grant_type"}, /* 6749-5.2-c */
    {WHO(post), SECRET, "grant_type=Client_Credentials", 400, "unsupported_grant_type"},
    {WHO(post), SECRET, "grant_type=authorization_code&code=x", 400, "unsupported_grant_type"},
    {WHO(open), NULL, GRANT, 400, "unauthorized_client"},             /* 6749-4.4-a */
    {WHO(post), SECRET, GRANT "&scope=nosuch", 400, "invalid_scope"}, /* 6749-5.2-f */
    {WHO(post), SECRET, GRANT "&scope=calls.manage", 400, "invalid_scope"},
    {WHO(post), SECRET, GRANT "&resource=https://nosuch.example", 400,
     "invalid_target"}, /* 8707-2-b */
    {WHO(post), SECRET, GRANT "&resource=https://api.example/", 400,
     "invalid_target"}, /* 8707-2-d */
    {WHO(post), SECRET, GRANT "&resource=https://api.example&resource=https://b.example", 400,
     "invalid_target"},
    {WHO(post), SECRET, GRANT "&resource=api", 400, "invalid_target"}, /* 8707-2-a */
    {WHO(post), "wrong", GRANT, 401, "invalid_client"},
    {WHO(stranger), SECRET, GRANT, 401, "invalid_client"},
    {WHO(suspended), SECRET, GRANT, 401, "invalid_client"},
    {WHO(basic), SECRET, GRANT, 401, "invalid_client"}, /* 6749-2.3.1-e */
    {WHO(post), NULL, GRANT, 401, "invalid_client"},    /* 6749-3.2.1-a */
    {WHO(post), "wrong", "", 401, "invalid_client"},    /* who asks comes before what */
};

Test(token, is_refused_with_the_code_of_the_standard) /* RFC6749-3.2 */
{
    struct bed bed;
    bed_init(&bed);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        const struct sid *who = (const struct sid *)((char *)&bed.clients + refused[i].who);
        struct answer answer;
        ask(&bed, who, refused[i].secret, refused[i].rest, &answer);
        cr_assert_eq(answer_status(&answer), refused[i].status, "row %zu", i);
        cr_assert(str_eq(answer_error(&answer), str_from(refused[i].error)), "row %zu", i);
        bool challenged = answer_header(&answer, "www-authenticate", 0).len > 0;
        cr_assert_eq(challenged, refused[i].status == 401, "row %zu", i);
        answer_done(&answer);
    }
    bed_done(&bed);
}

Test(token, an_unknown_client_and_a_wrong_secret_get_the_same_bytes) /* 6749-5.2-h */
{
    enum { ATTEMPTS = 12 };
    struct bed bed;
    bed_init(&bed);
    for (int i = 0; i < ATTEMPTS; i++) {
        struct answer wrong, unknown;
        ask(&bed, &bed.clients.post, "wrong", GRANT, &wrong);
        ask(&bed, &bed.clients.stranger, "wrong", GRANT, &unknown);
        cr_assert_eq(answer_status(&wrong), i < 10 ? 401 : 429, "attempt %d", i);
        cr_assert_eq(answer_status(&unknown), answer_status(&wrong), "attempt %d", i);
        cr_assert(str_eq(answer_body(&unknown), answer_body(&wrong)), "attempt %d", i);
        size_t n = wrong.exchange.reply.header_count;
        cr_assert_eq(unknown.exchange.reply.header_count, n, "attempt %d", i);
        for (size_t h = 0; h < n; h++) {
            cr_assert(str_eq(unknown.exchange.reply.headers[h].name,
                             wrong.exchange.reply.headers[h].name));
            cr_assert(str_eq(unknown.exchange.reply.headers[h].value,
                             wrong.exchange.reply.headers[h].value));
        }
        answer_done(&wrong);
        answer_done(&unknown);
    }
    cr_assert_eq(metrics_sum(&bed.server.metrics, METRIC_CLIENT_AUTH_FAILED), (uint64_t)20);
    cr_assert_eq(metrics_sum(&bed.server.metrics, METRIC_GUESSES_THROTTLED), (uint64_t)4);
    bed_done(&bed);
}

Test(token, what_this_side_cannot_do_is_503) /* P4 */
{
    struct bed bed;
    struct answer answer;
    bed_init(&bed);
    atomic_store(&bed.clients.tree.entropy.fail_after, 0);
    ask(&bed, &bed.clients.post, SECRET, GRANT, &answer);
    cr_assert_eq(answer_status(&answer), 503);
    cr_assert(str_eq(answer_error(&answer), STR("temporarily_unavailable")));
    cr_assert(str_eq(answer_header(&answer, "retry-after", 0), STR("1")));
    answer_done(&answer);
    atomic_store(&bed.clients.tree.entropy.fail_after, -1);

    struct revocation_index *whole = bed.server.index;
    cr_assert(result_ok(revocation_index_new(&bed.server.quiesce, &bed.server.index)));
    ask(&bed, &bed.clients.post, SECRET, GRANT, &answer);
    cr_assert_eq(answer_status(&answer), 503, "there is no true epoch to put in");
    answer_done(&answer);
    revocation_index_free(&bed.server.index);
    bed.server.index = whole;
    cr_assert_eq(metrics_sum(&bed.server.metrics, METRIC_TOKENS_ISSUED), (uint64_t)0);
    bed_done(&bed);
}

Test(token, a_client_that_leaves_before_the_commit_costs_no_more_than_its_row)
{
    struct bed bed;
    struct answer answer;
    static char body[BED_TEXT];
    bed_init(&bed);
    bed_form(&bed.clients.post, SECRET, GRANT, body);
    bed_ask(&bed, &(struct question){.endpoint = &token_endpoint, .body = body}, &answer);
    cr_assert(!exchange_abandon(&answer.exchange));
    bed_wait(&bed, &answer);
    cr_assert(answer.exchange.gone);
    cr_assert_eq(answer_status(&answer), 0, "no reply was made");
    answer_done(&answer);
    bed_done(&bed);
    leaks_check();
}
