/* Who asks at introspection and revocation: one method, one bearer token of one form. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "oauth/endpoints.h"
#include "support/leaks.h"
#include "unit/oauth/bed.h"

#define SECRET "correct+horse+battery+staple"

static void ask(struct bed *bed, const char *authorization, const char *body, struct answer *out)
{
    bed_answer(bed,
               &(struct question){
                   .endpoint = &introspect_endpoint, .body = body, .authorization = authorization},
               out);
}

static const struct {
    const char *authorization;
    bool is_token68;
} headers[] = {
    {"Bearer abcXYZ019", true}, {"bearer abc", true}, /* 6750-2.1-a */
    {"BEARER abc", true},       {"Bearer -._~+/", true},    {"Bearer a=", true},
    {"Bearer a==", true},       {"Bearer  abc ", true},     {"Bearer", false}, /* 6750-3.1-c */
    {"Bearer ", false},         {"Bearer =", false},        {"Bearer a=b", false},
    {"Bearer a b", false},      {"Bearer a,b", false},      {"Bearer a, Bearer b", false},
    {"Bearer \"a\"", false},    {"Bearer a;b", false},      {"Bearer a%20b", false},
    {"Bearer a\tb", false},     {"Bearer \xC3\xA9", false},
};

Test(caller, a_bearer_token_is_one_token68) /* RFC6750-2.1, 6750-2.1-a, 6750-3.1-c */
{
    struct bed bed;
    bed_init(&bed);
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        struct answer answer;
        bool good = headers[i].is_token68;
        ask(&bed, headers[i].authorization, "token=x", &answer);
        cr_assert_eq(answer_status(&answer), good ? 401 : 400, "%s", headers[i].authorization);
        cr_assert(
            str_eq(answer_error(&answer), good ? STR("invalid_token") : STR("invalid_request")));
        answer_done(&answer);
    }
    bed_done(&bed);
    leaks_check();
}

static const struct {
    const char *authorization, *body;
    int status;
    const char *error;
} mixtures[] = {
    {"Bearer a", "token=x&access_token=a", 400, "invalid_request"}, /* 6750-2-a */
    {"Bearer a", "token=x&client_secret=s", 400, "invalid_request"},
    {"Bearer a", "token=x&client_assertion=j", 400, "invalid_request"},
    {"Basic aWQ6cw==", "token=x&client_secret=s", 400, "invalid_request"}, /* 6749-2.3-a */
    {"Basic aWQ6cw==", "token=x&client_assertion=j", 400, "invalid_request"},
    {NULL, "token=x&client_id=a&client_secret=s&client_assertion=j", 400, "invalid_request"},
    {NULL, "token=x&client_id=a&client_id=b", 400, "invalid_request"},
    {NULL, "token=x&token=y", 400, "invalid_request"},
    {NULL, "token=x&access_token=a&access_token=b", 400, "invalid_request"},
    {NULL, "token=x&access_token=a", 401, "invalid_client"}, /* 6750-2.3-a: not honoured there */
    {NULL, "token=x", 401, "invalid_client"},
    {"Digest a", "token=x", 401, "invalid_client"},
    {"Basic aWQ6cw==", "token=x", 401, "invalid_client"},
};

Test(caller, there_is_one_method_or_none) /* 6749-2.3-a, 6750-2-a */
{
    struct bed bed;
    bed_init(&bed);
    for (size_t i = 0; i < sizeof(mixtures) / sizeof(mixtures[0]); i++) {
        struct answer answer;
        ask(&bed, mixtures[i].authorization, mixtures[i].body, &answer);
        cr_assert_eq(answer_status(&answer), mixtures[i].status, "row %zu", i);
        cr_assert(str_eq(answer_error(&answer), str_from(mixtures[i].error)), "row %zu", i);
        answer_done(&answer);
    }
    bed_done(&bed);
}

Test(caller, nobody_is_told_both_ways_to_be_somebody) /* 6750-3-a */
{
    struct bed bed;
    struct answer answer;
    bed_init(&bed);
    ask(&bed, NULL, "token=x", &answer);
    cr_assert(str_starts_with(answer_header(&answer, "www-authenticate", 0), STR("Basic ")));
    cr_assert(
        str_eq(answer_header(&answer, "www-authenticate", 1), STR("Bearer realm=\"scopemint\"")));
    answer_done(&answer);
    bed_done(&bed);
}

static const char *const states[] = {"of nobody here", "for another audience", "of a dead partner",
                                     "expired", "good"};
enum { NOBODY, FOR_OTHERS, DEAD, EXPIRED, GOOD };

Test(caller, a_bearer_must_be_alive_and_meant_for_us) /* 6750-3.1-a */
{
    struct bed bed;
    struct minted tokens[5];
    bed_init(&bed);
    const struct clients *c = &bed.clients;
    const char *scope = "scopemint.introspect";
    bed_mint(&bed, &c->tree.root_app, &c->tree.root, scope, BED_ISSUER, &tokens[EXPIRED]);
    fake_clock_pass(&bed.clients.tree.clock, 900 * 1000);
    bed_mint(&bed, &c->stranger, &c->tree.root, scope, BED_ISSUER, &tokens[NOBODY]);
    bed_mint(&bed, &c->tree.root_app, &c->tree.root, scope, "https://api.example",
             &tokens[FOR_OTHERS]);
    bed_mint(&bed, &c->tree.root_app, &c->tree.closed, scope, BED_ISSUER, &tokens[DEAD]);
    bed_mint(&bed, &c->tree.root_app, &c->tree.root, scope, "urn:a " BED_ISSUER, &tokens[GOOD]);
    for (int i = 0; i < 5; i++) {
        struct answer answer;
        static char header[BED_TEXT];
        snprintf(header, sizeof(header), "Bearer %s", tokens[i].text);
        ask(&bed, header, "token=x", &answer);
        cr_assert_eq(answer_status(&answer), i == GOOD ? 200 : 401, "%s", states[i]);
        if (i != GOOD)
            cr_assert(str_eq(answer_error(&answer), STR("invalid_token")), "%s", states[i]);
        answer_done(&answer);
    }
    bed_done(&bed);
    leaks_check();
}

Test(caller, unknown_tokens_are_limited_by_caller)
{
    struct bed bed;
    struct answer answer;
    char body[BED_TEXT];
    bed_init(&bed);
    bed_form(&bed.clients.judge, SECRET, "token=garbage", body);
    for (int i = 0; i < 1000; i++) {
        ask(&bed, NULL, body, &answer);
        cr_assert_eq(answer_status(&answer), 200, "%d", i);
        answer_done(&answer);
    }
    ask(&bed, NULL, body, &answer);
    cr_assert_eq(answer_status(&answer), 429);
    cr_assert(str_eq(answer_error(&answer), STR("too_many_requests")));
    answer_done(&answer);
    bed_form(&bed.clients.outsider, SECRET, "token=garbage", body);
    ask(&bed, NULL, body, &answer);
    cr_assert_eq(answer_status(&answer), 200, "another caller is not affected");
    answer_done(&answer);
    bed_done(&bed);
}
