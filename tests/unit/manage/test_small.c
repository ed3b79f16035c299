/* The small parts: ETags, segments of paths, what a token must hold. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "manage/etag.h"
#include "manage/path.h"
#include "manage/require.h"
#include "support/leaks.h"
#include "unit/oauth/bed.h"

/* ---- etag ---- */

static const struct {
    const char *if_match;
    bool matches;
} tags[] = {
    {NULL, true},
    {"*", true},
    {" * ", true},
    {"\"7\"", true},
    {" \"7\" ", true},
    {"\"6\", \"7\"", true},
    {"\"6\",\"7\",\"8\"", true},
    {"\"6\"", false},
    {"\"77\"", false},
    {"\"07\"", false},
    {"7", false},
    {"W/\"7\"", false}, /* RFC9110-13.1.1: strong comparison */
    {"\"7", false},
    {"", false},
    {",", false},
    {"\"*\"", false},
    {"*, \"6\"", false},
};

Test(etag, if_match_names_the_revision) /* RFC9110-13.1.1 */
{
    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
        cr_assert_eq(etag_if_match(str_from(tags[i].if_match), 7), tags[i].matches, "%s",
                     tags[i].if_match);
    cr_assert(etag_if_match(STR("\"18446744073709551615\""), UINT64_MAX));
}

Test(etag, is_the_revision_in_quotes)
{
    struct exchange x = {.worker = NULL};

    arena_init(&x.arena, NULL, 0, 4096);
    cr_assert(result_ok(etag_add(&x, UINT64_MAX)));
    cr_assert(str_eq(x.reply.headers[0].name, STR("etag")));
    cr_assert(str_eq(x.reply.headers[0].value, STR("\"18446744073709551615\"")));
    arena_reset(&x.arena);
    arena_init(&x.arena, NULL, 0, 0);
    cr_assert_eq(etag_add(&x, 1).code, ERR_FAULT_MEMORY);
    cr_assert_eq(x.reply.header_count, (size_t)1);
}

/* ---- path ---- */

#define SID "0190a000-0000-7000-8000-000000000001"

static const struct {
    const char *sent, *text; /* NULL: malformed */
    bool is_sid;
} segments[] = {
    {"calls.read", "calls.read", false},
    {"a+b", "a+b", false},
    {"%63alls", "calls", false},
    {"a%2Fb", "a/b", false},
    {"%00", "", false}, /* one NUL: see below */
    {"%", NULL, false},
    {"%6", NULL, false},
    {"%6g", NULL, false},
    {SID, SID, true},
    {"%30190a000-0000-7000-8000-000000000001", SID, true},
    {"0190A000-0000-7000-8000-000000000001", "0190A000-0000-7000-8000-000000000001", false},
    {SID "x", SID "x", false},
    {"current", "current", false},
};

Test(path, a_segment_is_decoded_strictly) /* F-22 */
{
    for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
        struct exchange x = {.worker = NULL};
        struct str text = STR_NONE, want = str_from(segments[i].text);
        struct sid sid;

        if (strcmp(segments[i].sent, "%00") == 0)
            want.len = 1;
        arena_init(&x.arena, NULL, 0, 4096);
        x.request.path_parameters[1] = str_from(segments[i].sent);
        cr_assert_eq(path_text(&x, 1, &text), want.ptr != NULL ? PATH_FOUND : PATH_MALFORMED, "%s",
                     segments[i].sent);
        cr_assert(str_eq(text, want), "%s", segments[i].sent);
        cr_assert_eq(path_sid(&x, 1, &sid), segments[i].is_sid ? PATH_FOUND : PATH_MALFORMED, "%s",
                     segments[i].sent);
        arena_reset(&x.arena);
    }
}

Test(path, without_memory_it_is_a_fault) /* P4 */
{
    struct exchange x = {.worker = NULL};
    struct str text;
    struct sid sid;

    x.request.path_parameters[0] = STR("%41");
    cr_assert_eq(path_text(&x, 0, &text), PATH_FAULT);
    cr_assert_eq(path_sid(&x, 0, &sid), PATH_FAULT);
}

/* ---- require ---- */

static struct requirement wanted;

static enum step_result check(struct exchange *x)
{
    struct caller_state *state = x->state;
    return manage_require(x, &state->caller, &wanted);
}

static enum step_result finish(struct exchange *x)
{
    return exchange_reply(x, 200, STR_NONE, STR_NONE);
}

static const struct endpoint guarded = {
    "guarded",
    sizeof(struct caller_state),
    {caller_step_read_bearer, caller_step_identify, caller_step_judge, check, finish},
};

static const struct {
    const char *held;
    const char *first[REQUIRE_CLAUSE_MAX], *second[REQUIRE_CLAUSE_MAX];
    const char *missing; /* NULL: let in */
} rights[] = {
    {"calls.read", {NULL}, {NULL}, NULL},
    {"calls.read", {"calls.read"}, {NULL}, NULL},
    {"calls.manage", {"calls.read"}, {NULL}, NULL}, /* by closure */
    {"calls.read", {"calls.manage"}, {NULL}, "calls.manage"},
    {"calls.read", {"calls.manage", "calls.read"}, {NULL}, NULL},
    {"sms.read", {"calls.manage", "calls.read"}, {NULL}, "calls.manage calls.read"},
    {"calls.read sms.read", {"calls.read"}, {"sms.manage", "sms.read"}, NULL},
    {"calls.read", {"calls.read"}, {"sms.manage", "sms.read"}, "sms.manage sms.read"},
    {"app.read", {"calls.read"}, {"sms.manage", "sms.read"}, "calls.read sms.manage sms.read"},
    {"oauth.manage oauth.manage_all_tokens",
     {"oauth.allow_token_scope_update"},
     {NULL},
     "oauth.allow_token_scope_update"}, /* M1: nothing implies it */
    {"calls.read", {"no.such.scope"}, {NULL}, "no.such.scope"},
};

Test(require, every_clause_needs_one_of_its_scopes) /* 6750-3.1-b, M1 */
{
    struct bed bed;

    bed_init(&bed);
    for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
        struct answer answer;
        struct minted token;
        char header[BED_TEXT], scope[256];

        wanted = (struct requirement){.clauses = {{.one_of = {STR_NONE}}}};
        for (size_t n = 0; n < REQUIRE_CLAUSE_MAX; n++) {
            wanted.clauses[0].one_of[n] = str_from(rights[i].first[n]);
            wanted.clauses[1].one_of[n] = str_from(rights[i].second[n]);
        }
        bed_mint(&bed, &bed.clients.tree.root_app, &bed.clients.tree.root, rights[i].held,
                 BED_ISSUER, &token);
        snprintf(header, sizeof(header), "Bearer %s", token.text);
        bed_answer(
            &bed,
            &(struct question){.endpoint = &guarded, .path = "/core/v2/x", .authorization = header},
            &answer);
        cr_assert_eq(answer_status(&answer), rights[i].missing == NULL ? 200 : 403, "row %zu", i);
        if (rights[i].missing != NULL) {
            snprintf(scope, sizeof(scope), "scope=\"%s\"", rights[i].missing);
            cr_assert(str_ends_with(answer_header(&answer, "www-authenticate", 0), str_from(scope)),
                      "row %zu: %.*s", i, STR_ARG(answer_header(&answer, "www-authenticate", 0)));
        }
        answer_done(&answer);
    }
    bed_done(&bed);
    leaks_check();
}

Test(require, the_message_reads_well)
{
    struct answer answer;
    struct minted token;
    struct bed bed;
    char header[BED_TEXT];

    bed_init(&bed);
    wanted = (struct requirement){
        .clauses = {{.one_of = {STR_INIT("calls.manage"), STR_INIT("calls.create")}},
                    {.one_of = {STR_INIT("sms.read")}}}};
    bed_mint(&bed, &bed.clients.tree.root_app, &bed.clients.tree.root, "app.read", BED_ISSUER,
             &token);
    snprintf(header, sizeof(header), "Bearer %s", token.text);
    bed_answer(
        &bed,
        &(struct question){.endpoint = &guarded, .path = "/core/v2/x", .authorization = header},
        &answer);
    cr_assert(str_eq(answer_body(&answer),
                     STR("{\"errors\":[{\"code\":\"insufficient_scope\",\"field\":null,\"message\":"
                         "\"The token needs one of calls.manage, calls.create, and one of "
                         "sms.read\"}]}")),
              "%.*s", STR_ARG(answer_body(&answer)));
    answer_done(&answer);
    bed_done(&bed);
}
