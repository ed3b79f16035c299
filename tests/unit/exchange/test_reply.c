/* Errors as callers see them: RFC6749-5.2 in JSON, challenges of RFC7235-4.1 and RFC6750-3. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/limits.h"
#include "support/leaks.h"
#include "unit/exchange/bed.h"
#include "json/read.h"

static const struct endpoint nothing = {.name = "nothing", .steps = {NULL}};

struct scene {
    struct bed bed;
    struct rider rider;
    struct exchange *x;
    struct arena arena; /* of what is parsed */
};

static void scene_init(struct scene *s)
{
    bed_init(&s->bed);
    rider_init(&s->rider, &s->bed, &nothing);
    s->x = &s->rider.exchange;
    arena_init(&s->arena, NULL, 0, 1 << 20);
    exchange_start(s->x);
}

static void scene_done(struct scene *s)
{
    arena_reset(&s->arena);
    rider_done(&s->rider);
    bed_done(&s->bed);
}

static void scene_again(struct scene *s)
{
    arena_reset(&s->arena);
    rider_done(&s->rider);
    rider_init(&s->rider, &s->bed, &nothing);
    exchange_start(s->x);
}

static const struct json_value *body(struct scene *s)
{
    const struct json_value *object;
    struct str text = s->x->reply.body;
    cr_assert_eq(json_parse(&s->arena, text, &json_limits_request, &object, NULL), ERR_NONE, "%.*s",
                 STR_ARG(text));
    cr_assert(json_is(object, JSON_OBJECT));
    return object;
}

static struct str member(struct scene *s, const char *name)
{
    struct str text = STR_NONE;
    cr_assert(json_string(json_member(body(s), str_from(name)), &text), "%s", name);
    return text;
}

/* %x20-21 / %x23-5B / %x5D-7E */
static bool is_description(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < 0x20 || text.ptr[i] > 0x7E || text.ptr[i] == '"' || text.ptr[i] == '\\')
            return false;
    return text.len > 0;
}

static bool has_header(const struct scene *s, const char *name)
{
    return rider_header(&s->rider, str_from(name), 0).len > 0;
}

Test(reply, every_error_is_json_as_the_standard_has_it) /* 6749-5.2-a */
{
    struct scene s;
    scene_init(&s);
    for (int code = ERR_NONE + 1; code < ERR_COUNT; code++) {
        const struct err_info *info = err_info((enum err)code);
        char uri[128];

        scene_again(&s);
        cr_assert_eq(exchange_refuse(s.x, (enum err)code, STR_NONE), STEP_DONE);
        snprintf(uri, sizeof(uri), BED_ISSUER "/errors/%s", info->wire);
        cr_assert_eq(s.x->reply.status, info->status, "%s", info->name);
        cr_assert(str_eq(s.x->reply.content_type, STR("application/json")));
        cr_assert(!s.x->reply.cacheable);
        cr_assert_eq(json_count(body(&s)), (size_t)4, "%s", info->name);
        cr_assert(str_eq(member(&s, "error"), str_from(info->wire)), "%s", info->name);
        cr_assert(str_eq(member(&s, "error_description"), str_from(info->text)), "%s", info->name);
        cr_assert(str_eq(member(&s, "error_uri"), str_from(uri)), "%s", info->name);
        cr_assert(str_eq(member(&s, "request_id"), STR("request-1")), "%s", info->name);
    }
    scene_done(&s);
    leaks_check();
}

Test(reply, descriptions_hold_the_characters_of_the_standard) /* 6749-5.2-g, RFC6749-5.2 */
{
    struct scene s;
    char detail[256], want[256];
    for (int i = 0; i < 256; i++) {
        detail[i] = (char)i;
        want[i] = i < 0x20 || i > 0x7E || i == '"' || i == '\\' ? '?' : (char)i;
    }
    scene_init(&s);
    for (int code = ERR_NONE + 1; code < ERR_COUNT; code++) {
        cr_assert(is_description(str_from(err_info((enum err)code)->text)));
        scene_again(&s);
        exchange_refuse(s.x, (enum err)code, str_make(detail, sizeof(detail)));
        cr_assert(str_eq(member(&s, "error_description"), str_make(want, sizeof(want))));
    }
    scene_done(&s);
}

Test(reply, a_long_description_is_cut)
{
    struct scene s;
    static char detail[4096];
    memset(detail, 'x', sizeof(detail));
    scene_init(&s);
    exchange_refuse(s.x, ERR_INVALID_SCOPE, str_make(detail, sizeof(detail)));
    cr_assert_eq(member(&s, "error_description").len, (size_t)512);
    cr_assert(str_eq(member(&s, "request_id"), STR("request-1")));
    scene_done(&s);
}

Test(reply, what_a_request_id_holds_cannot_leave_its_string)
{
    struct scene s;
    scene_init(&s);
    s.x->request.request_id = STR("a\",\"error\":\"b\\\n\x80");
    exchange_refuse(s.x, ERR_NOT_FOUND, STR_NONE);
    cr_assert(str_eq(member(&s, "error"), STR("not_found")));
    cr_assert(str_eq(member(&s, "request_id"), STR("a\",\"error\":\"b\\\n\xEF\xBF\xBD")));
    scene_done(&s);
}

Test(reply, an_error_begins_anew)
{
    struct scene s;
    scene_init(&s);
    exchange_add_header(s.x, STR("etag"), STR("\"a\""));
    s.x->reply.cacheable = true;
    exchange_refuse(s.x, ERR_NOT_FOUND, STR_NONE);
    cr_assert_eq(s.x->reply.header_count, (size_t)0);
    cr_assert(!s.x->reply.cacheable);
    scene_done(&s);
}

#define BASIC  "Basic realm=\"scopemint\", charset=\"UTF-8\""
#define BEARER "Bearer realm=\"scopemint\""

static const struct {
    enum err code;
    bool takes_bearer;
    const char *scope, *detail, *first, *second;
} challenges[] = {
    {ERR_INVALID_CLIENT, false, "", "", BASIC, ""}, /* 6749-5.2-b */
    {ERR_INVALID_CLIENT, true, "", "", BASIC, ""},
    {ERR_NO_CREDENTIALS, false, "", "", BASIC, ""},
    {ERR_NO_CREDENTIALS, true, "", "", BASIC, BEARER}, /* 6750-3-a */
    {ERR_NO_BEARER, true, "", "", BEARER, ""},         /* 6750-3-a: no error attribute */
    {ERR_INVALID_TOKEN, true, "", "",
     BEARER ", error=\"invalid_token\", error_description=\"The bearer token is not valid here\"",
     ""}, /* 6750-3.1-a */
    {ERR_INVALID_TOKEN, true, "", "a\r\nset-cookie: \"b\\",
     BEARER ", error=\"invalid_token\", error_description=\"a??set-cookie: ?b?\"",
     ""}, /* 6749-5.2-g: no header is split */
    {ERR_INSUFFICIENT_SCOPE, true, "scopemint.revoke", "no",
     BEARER ", error=\"insufficient_scope\", error_description=\"no\", scope=\"scopemint.revoke\"",
     ""}, /* 6750-3.1-b */
    {ERR_INSUFFICIENT_SCOPE, true, "", "no",
     BEARER ", error=\"insufficient_scope\", error_description=\"no\"", ""},
};

Test(reply, challenges_name_the_schemes_to_try) /* RFC7235-4.1, RFC6750-3 */
{
    struct scene s;
    scene_init(&s);
    for (size_t i = 0; i < sizeof(challenges) / sizeof(challenges[0]); i++) {
        scene_again(&s);
        s.x->takes_bearer = challenges[i].takes_bearer;
        s.x->scope_needed = str_from(challenges[i].scope);
        exchange_refuse(s.x, challenges[i].code, str_from(challenges[i].detail));
        struct str first = rider_header(&s.rider, STR("www-authenticate"), 0);
        struct str second = rider_header(&s.rider, STR("www-authenticate"), 1);
        cr_assert(str_eq(first, str_from(challenges[i].first)), "row %zu: %.*s", i, STR_ARG(first));
        cr_assert(str_eq(second, str_from(challenges[i].second)), "row %zu", i);
        cr_assert_eq(rider_header(&s.rider, STR("www-authenticate"), 2).len, (size_t)0);
    }
    scene_done(&s);
}

Test(reply, a_401_always_challenges_and_only_who_must_wait_is_told_how_long) /* RFC7235-4.1 */
{
    struct scene s;
    scene_init(&s);
    for (int code = ERR_NONE + 1; code < ERR_COUNT; code++) {
        const struct err_info *info = err_info((enum err)code);
        bool waits = info->status == 429 || info->status == 503;

        scene_again(&s);
        exchange_refuse(s.x, (enum err)code, STR_NONE);
        cr_assert_eq(has_header(&s, "www-authenticate"),
                     info->status == 401 || code == ERR_INSUFFICIENT_SCOPE, "%s", info->name);
        cr_assert(str_eq(rider_header(&s.rider, STR("retry-after"), 0), waits ? STR("1") : STR("")),
                  "%s", info->name);
    }
    scene_again(&s);
    s.x->retry_after_s = 43;
    exchange_refuse(s.x, ERR_TOO_MANY_GUESSES, STR_NONE);
    cr_assert(str_eq(rider_header(&s.rider, STR("retry-after"), 0), STR("43")));
    scene_again(&s);
    s.x->retry_after_s = UINT32_MAX;
    exchange_refuse(s.x, ERR_TOO_MANY_GUESSES, STR_NONE);
    cr_assert(str_eq(rider_header(&s.rider, STR("retry-after"), 0), STR("4294967295")));
    scene_done(&s);
}

Test(reply, without_memory_an_error_is_still_an_error)
{
    struct scene s;
    scene_init(&s);
    for (int code = ERR_NONE + 1; code < ERR_COUNT; code++) {
        const struct err_info *info = err_info((enum err)code);

        scene_again(&s);
        arena_init(&s.x->arena, NULL, 0, 0);
        exchange_refuse(s.x, (enum err)code, STR_NONE);
        cr_assert_eq(s.x->reply.status, info->status, "%s", info->name);
        cr_assert(str_eq(member(&s, "error"), STR("server_error")), "%s", info->name);
        cr_assert_eq(has_header(&s, "www-authenticate"),
                     info->status == 401 || code == ERR_INSUFFICIENT_SCOPE, "%s", info->name);
        cr_assert_eq(has_header(&s, "retry-after"), info->status == 429 || info->status == 503,
                     "%s", info->name);
    }
    scene_done(&s);
}

Test(reply, a_reply_is_what_the_step_said)
{
    struct scene s;
    scene_init(&s);
    cr_assert_eq(exchange_reply(s.x, 200, STR("text/plain"), STR("hello")), STEP_DONE);
    cr_assert_eq(s.x->reply.status, 200);
    cr_assert(str_eq(s.x->reply.content_type, STR("text/plain")));
    cr_assert(str_eq(s.x->reply.body, STR("hello")));
    cr_assert_eq(exchange_reply_json(s.x, 202, STR("{}")), STEP_DONE);
    cr_assert(str_eq(s.x->reply.content_type, STR("application/json")));
    cr_assert_eq(s.x->reply.header_count, (size_t)0);
    scene_done(&s);
}

/* What is logged while fault runs, a line at most. */
static size_t logged_by_fault(struct scene *s, struct result fault, char *line, size_t size)
{
    int ends[2], kept = dup(STDERR_FILENO);
    cr_assert_eq(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    exchange_fault(s->x, fault);
    dup2(kept, STDERR_FILENO);
    close(ends[1]);
    ssize_t got = read(ends[0], line, size - 1);
    cr_assert_geq(got, 0);
    line[got] = '\0';
    close(ends[0]);
    close(kept);
    return (size_t)got;
}

static size_t count_of(const char *text, const char *what)
{
    size_t count = 0;
    for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what))
        count++;
    return count;
}

Test(reply, a_fault_is_logged_once_and_shown_by_its_wire_name)
{
    struct scene s;
    char line[4096];
    uint64_t faults = 0;
    scene_init(&s);
    for (int code = ERR_NONE + 1; code < ERR_COUNT; code++) {
        const struct err_info *info = err_info((enum err)code);
        const struct err_info *shown =
            info->kind == ERR_KIND_FAULT ? info : err_info(ERR_FAULT_INTERNAL);

        scene_again(&s);
        logged_by_fault(&s, FAULT((enum err)code), line, sizeof(line));
        cr_assert_eq(s.x->reply.status, shown->status, "%s", info->name);
        cr_assert(str_eq(member(&s, "error"), str_from(shown->wire)), "%s", info->name);
        cr_assert_eq(count_of(line, "\n"), (size_t)1, "%s", line);
        cr_assert_eq(count_of(line, info->name), (size_t)1, "%s", line);
        cr_assert_eq(count_of(line, "\"request-1\""), (size_t)1, "%s", line);
        cr_assert_eq(count_of(line, "\"nothing\""), (size_t)1, "%s", line);
        cr_assert_eq(metrics_sum(&s.bed.server.metrics, METRIC_HTTP_FAULTS), ++faults);
    }
    scene_done(&s);
}

Test(reply, to_fail_with_success_is_a_bug, .signal = SIGABRT)
{
    struct scene s;
    scene_init(&s);
    exchange_fault(s.x, RESULT_OK);
}

Test(reply, to_refuse_with_success_is_a_bug, .signal = SIGABRT)
{
    struct scene s;
    scene_init(&s);
    exchange_refuse(s.x, ERR_NONE, STR_NONE);
}

Test(reply, more_headers_than_there_is_room_for_is_a_bug, .signal = SIGABRT)
{
    struct scene s;
    scene_init(&s);
    for (int i = 0; i <= REPLY_HEADERS_MAX; i++)
        exchange_add_header(s.x, STR("x"), STR("y"));
}
