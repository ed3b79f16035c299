/* The token endpoint's request as values, or a refusal that names what is wrong. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "oauth/token_request.h"
#include "support/leaks.h"
#include "unit/oauth/bed.h"

struct seen {
    enum step_result step;
    struct token_request request;
};

static struct seen seen;

static enum step_result read_only(struct exchange *x)
{
    memset(&seen, 0, sizeof(seen));
    seen.step = token_request_read(x, &seen.request);
    return STEP_DONE;
}

static const struct endpoint reading = {.name = "reading", .steps = {read_only}};

static void read_body(struct bed *bed, const char *body, struct answer *answer)
{
    bed_answer(bed, &(struct question){.endpoint = &reading, .body = body}, answer);
}

Test(token_request, all_parameters_come_out_as_values)
{
    struct bed bed;
    struct answer answer;
    bed_init(&bed);
    bed_answer(&bed,
               &(struct question){
                   .endpoint = &reading,
                   .authorization = "Basic x",
                   .body = "grant_type=client_credentials&scope=a+b&name=M%C3%A4rz&client_id=c&"
                           "client_secret=s&client_assertion=j&client_assertion_type=t&foo=bar&"
                           "foo=baz&access_token_ttl=300&resource=https%3A%2F%2Fapi.example"},
               &answer);
    const struct token_request *r = &seen.request;
    cr_assert_eq(seen.step, STEP_NEXT, "6749-3.2-d: what is unknown is passed over");
    cr_assert(str_eq(r->grant_type, STR("client_credentials")));
    cr_assert(str_eq(r->scope, STR("a b")));
    cr_assert(str_eq(r->name, STR("M\xC3\xA4rz")));
    cr_assert(str_eq(r->presented.authorization, STR("Basic x")));
    cr_assert(str_eq(r->presented.client_id, STR("c")));
    cr_assert(str_eq(r->presented.client_secret, STR("s")));
    cr_assert(str_eq(r->presented.client_assertion, STR("j")));
    cr_assert(str_eq(r->presented.client_assertion_type, STR("t")));
    cr_assert_eq(r->ttl_s, (uint64_t)300);
    cr_assert_eq(r->resource_count, (size_t)1);
    cr_assert(str_eq(r->resources[0], STR("https://api.example")));
    answer_done(&answer);

    read_body(&bed, "", &answer);
    cr_assert_eq(seen.step, STEP_NEXT);
    cr_assert_null(seen.request.grant_type.ptr);
    cr_assert_null(seen.request.scope.ptr);
    cr_assert_null(seen.request.presented.authorization.ptr);
    cr_assert_eq(seen.request.ttl_s, (uint64_t)0);
    answer_done(&answer);
    bed_done(&bed);
    leaks_check();
}

static const char *const known[] = {
    "grant_type",
    "scope",
    "name",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "access_token_ttl",
    "access_token_expires_in",
};

Test(token_request, a_known_parameter_stands_once) /* 6749-3.2-e */
{
    struct bed bed;
    bed_init(&bed);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        struct answer answer;
        char body[128];
        snprintf(body, sizeof(body), "%s=60&%s=60", known[i], known[i]);
        read_body(&bed, body, &answer);
        cr_assert_eq(seen.step, STEP_DONE, "%s", known[i]);
        cr_assert_eq(answer_status(&answer), 400, "%s", known[i]);
        cr_assert(str_eq(answer_error(&answer), STR("invalid_request")), "%s", known[i]);
        answer_done(&answer);
    }
    bed_done(&bed);
}

static const struct {
    const char *body;
    bool good;
    uint64_t ttl_s;
} lifetimes[] = {
    {"access_token_ttl=1", true, 1},
    {"access_token_expires_in=300", true, 300},
    {"access_token_ttl=", true, 0},
    {"access_token_ttl=&access_token_expires_in=5", true, 5},
    {"access_token_ttl=999999999999999999", true, 999999999999999999},
    {"access_token_ttl=123456789012345678901234567890", true,
     123456789012345678}, /* clamped later */
    {"access_token_ttl=5&access_token_expires_in=5", false, 0},
    {"access_token_ttl=0", false, 0},
    {"access_token_ttl=00", false, 0},
    {"access_token_ttl=060", false, 0},
    {"access_token_ttl=-1", false, 0},
    {"access_token_ttl=%2B1", false, 0},
    {"access_token_ttl=+1", false, 0},
    {"access_token_ttl=1.5", false, 0},
    {"access_token_ttl=1e3", false, 0},
    {"access_token_ttl=0x10", false, 0},
    {"access_token_ttl=60s", false, 0},
    {"access_token_expires_in=never", false, 0},
};

Test(token_request, a_lifetime_is_a_positive_whole_number)
{
    struct bed bed;
    bed_init(&bed);
    for (size_t i = 0; i < sizeof(lifetimes) / sizeof(lifetimes[0]); i++) {
        struct answer answer;
        read_body(&bed, lifetimes[i].body, &answer);
        cr_assert_eq(seen.step, lifetimes[i].good ? STEP_NEXT : STEP_DONE, "%s", lifetimes[i].body);
        if (lifetimes[i].good)
            cr_assert_eq(seen.request.ttl_s, lifetimes[i].ttl_s, "%s", lifetimes[i].body);
        else
            cr_assert(str_eq(answer_error(&answer), STR("invalid_request")), "%s",
                      lifetimes[i].body);
        answer_done(&answer);
    }
    bed_done(&bed);
}

static const struct {
    const char *uri; /* encoded */
    bool good;
} resources[] = {
    {"https://api.example", true},
    {"https://api.example/", true},
    {"https://api.example/a/b?c=d", true},
    {"https://api.example:8443/%25C3", true},
    {"http://[::1]:80/", true},
    {"urn:example:api", true},
    {"urn:x", true},
    {"a%2Bb-c.d1:x", true},            /* a scheme's characters */
    {"https://api.example%23", false}, /* a fragment, even an empty one */
    {"https://api.example/%23top", false},
    {"//api.example", false},
    {"/api", false},
    {"api", false},
    {"api.example", false},
    {":", false},
    {":x", false},
    {"https:", false},
    {"1http://api.example", false},
    {"+http://api.example", false},
    {"ht_tp://api.example", false},
    {"ht%20tp://api.example", false},
    {"https://api.example/a b", false},
    {"https://api.example/%0D%0A", false},
    {"https://api.example/%00", false},
    {"https://api.example/%7F", false},
    {"https://%C3%A4pi.example", false},
};

Test(token_request,
     a_resource_is_an_absolute_uri_without_fragment) /* 8707-2-a, RFC8707-2, RFC3986-4.3 */
{
    struct bed bed;
    bed_init(&bed);
    for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
        struct answer answer;
        char body[256];
        snprintf(body, sizeof(body), "resource=%s", resources[i].uri);
        read_body(&bed, body, &answer);
        cr_assert_eq(seen.step, resources[i].good ? STEP_NEXT : STEP_DONE, "%s", body);
        cr_assert_eq(seen.request.resource_count, resources[i].good ? (size_t)1 : (size_t)0, "%s",
                     body);
        if (!resources[i].good)
            cr_assert(str_eq(answer_error(&answer), STR("invalid_target")), "%s", body);
        answer_done(&answer);
    }
    bed_done(&bed);
}

Test(token_request, resources_may_repeat_up_to_a_bound) /* 8707-2-c */
{
    struct bed bed;
    struct answer answer;
    char body[4096] = "resource=&";
    bed_init(&bed);
    for (int i = 0; i < LIMIT_AUDIENCES; i++)
        snprintf(body + strlen(body), sizeof(body) - strlen(body), "resource=urn:%d&", i);
    strcat(body, "resource=urn:3");
    read_body(&bed, body, &answer);
    cr_assert_eq(seen.step, STEP_NEXT);
    cr_assert_eq(seen.request.resource_count, (size_t)LIMIT_AUDIENCES, "each once, none empty");
    cr_assert(str_eq(seen.request.resources[15], STR("urn:15")));
    answer_done(&answer);
    strcat(body, "&resource=urn:16");
    read_body(&bed, body, &answer);
    cr_assert_eq(seen.step, STEP_DONE);
    cr_assert(str_eq(answer_error(&answer), STR("invalid_target")));
    answer_done(&answer);

    char uri[LIMIT_AUDIENCE + 2];
    memset(uri, 'x', sizeof(uri));
    memcpy(uri, "urn:", 4);
    for (int over = 0; over < 2; over++) {
        snprintf(body, sizeof(body), "resource=%.*s", LIMIT_AUDIENCE + over, uri);
        read_body(&bed, body, &answer);
        cr_assert_eq(seen.step, over == 0 ? STEP_NEXT : STEP_DONE);
        answer_done(&answer);
    }
    bed_done(&bed);
}

static const struct {
    const char *name;
    bool good;
} names[] = {
    {"Frankfurt+gateway", true},
    {"%E2%82%AC", true},
    {"%22%5C", true},
    {"", true},
    {"a%0Ab", false},
    {"a%00b", false},
    {"%7F", false},
    {"%C3", false},
    {"%ED%A0%80", false},
    {"%FF", false},
};

Test(token_request, a_name_is_text)
{
    struct bed bed;
    char body[512];
    bed_init(&bed);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct answer answer;
        snprintf(body, sizeof(body), "name=%s", names[i].name);
        read_body(&bed, body, &answer);
        cr_assert_eq(seen.step, names[i].good ? STEP_NEXT : STEP_DONE, "%s", body);
        answer_done(&answer);
    }
    for (int over = 0; over < 2; over++) {
        struct answer answer;
        snprintf(body, sizeof(body), "name=%0*d", LIMIT_NAME + over, 0);
        read_body(&bed, body, &answer);
        cr_assert_eq(seen.step, over == 0 ? STEP_NEXT : STEP_DONE);
        answer_done(&answer);
    }
    bed_done(&bed);
}

Test(token_request, other_bodies_are_refused) /* 6749-4.x-a, F-24 */
{
    static const char *const types[] = {"application/json", "multipart/form-data; boundary=x", "",
                                        "application/json, application/x-www-form-urlencoded"};
    struct bed bed;
    struct answer answer;
    bed_init(&bed);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        bed_answer(&bed,
                   &(struct question){
                       .endpoint = &reading, .body = "grant_type=x", .content_type = types[i]},
                   &answer);
        cr_assert_eq(answer_status(&answer), 400, "%s", types[i]);
        cr_assert(str_eq(answer_error(&answer), STR("invalid_request")), "%s", types[i]);
        answer_done(&answer);
    }
    read_body(&bed, "grant_type", &answer);
    cr_assert(str_eq(answer_error(&answer), STR("invalid_request")));
    answer_done(&answer);
    bed_done(&bed);
}
