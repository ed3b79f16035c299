/* Errors as the management API has them: a list, whoever refuses. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "core/limits.h"
#include "exchange/field_errors.h"
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

static void again(struct scene *s)
{
    rider_init(&s->rider, &s->bed, &nothing);
    s->x = &s->rider.exchange;
    s->x->request.path = STR("/core/v2/scopes");
    exchange_start(s->x);
}

static void scene_init(struct scene *s)
{
    bed_init(&s->bed);
    arena_init(&s->arena, NULL, 0, 1 << 20);
    again(s);
}

static void scene_done(struct scene *s)
{
    arena_reset(&s->arena);
    rider_done(&s->rider);
    bed_done(&s->bed);
}

static const struct json_value *errors_of(struct scene *s)
{
    const struct json_value *object;
    struct str text = s->x->reply.body;

    cr_assert_eq(json_parse(&s->arena, text, &json_limits_request, &object, NULL), ERR_NONE, "%.*s",
                 STR_ARG(text));
    cr_assert_eq(json_count(object), (size_t)1);
    return json_member(object, STR("errors"));
}

static void expect_body(const struct scene *s, const char *body)
{
    cr_assert(str_eq(s->x->reply.body, str_from(body)), "%.*s", STR_ARG(s->x->reply.body));
}

Test(field_errors, every_refusal_below_the_path_has_that_shape)
{
    struct scene s;
    char want[512];

    scene_init(&s);
    for (int code = ERR_NONE + 1; code < ERR_COUNT; code++) {
        const struct err_info *info = err_info((enum err)code);

        rider_done(&s.rider);
        again(&s);
        cr_assert_eq(exchange_refuse(s.x, (enum err)code, STR_NONE), STEP_DONE);
        snprintf(want, sizeof(want),
                 "{\"errors\":[{\"code\":\"%s\",\"field\":null,\"message\":\"%s\"}]}", info->wire,
                 info->text);
        expect_body(&s, want);
        cr_assert_eq(s.x->reply.status, info->status);
        cr_assert(str_eq(s.x->reply.content_type, STR("application/json")));
        cr_assert(!s.x->reply.cacheable);
    }
    scene_done(&s);
    leaks_check();
}

Test(field_errors, a_fault_has_that_shape_too) /* P4 */
{
    struct scene s;

    scene_init(&s);
    cr_assert_eq(exchange_fault(s.x, FAULT(ERR_FAULT_INDEX)), STEP_DONE);
    cr_assert_eq(s.x->reply.status, 503);
    cr_assert(str_eq(rider_header(&s.rider, STR("retry-after"), 0), STR("1")));
    expect_body(&s, "{\"errors\":[{\"code\":\"temporarily_unavailable\",\"field\":null,"
                    "\"message\":\"The revocation index is not complete yet\"}]}");
    scene_done(&s);
}

Test(field_errors, other_paths_keep_the_shape_of_oauth)
{
    static const char *const paths[] = {"/core/v2", "/core/v3/x", "/oauth/core/v2/", "/Core/v2/x"};
    struct scene s;

    scene_init(&s);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        s.x->request.path = str_from(paths[i]);
        exchange_refuse(s.x, ERR_NOT_FOUND, STR_NONE);
        cr_assert(str_starts_with(s.x->reply.body, STR("{\"error\":\"not_found\"")), "%s",
                  paths[i]);
    }
    s.x->request.path = STR_NONE;
    exchange_refuse(s.x, ERR_AMBIGUOUS, STR_NONE);
    cr_assert(str_starts_with(s.x->reply.body, STR("{\"error\":")));
    scene_done(&s);
}

Test(field_errors, all_of_them_in_one_answer)
{
    struct field_errors errors = {.count = 0};
    struct scene s;

    scene_init(&s);
    field_errors_add(&errors, ERR_UNKNOWN_FIELD, STR("a"), STR_NONE);
    field_errors_add(&errors, ERR_WRONG_TYPE, STR("b"), STR("An array is taken"));
    cr_assert_eq(exchange_refuse_fields(s.x, &errors), STEP_DONE);
    cr_assert_eq(s.x->reply.status, 422);
    expect_body(&s, "{\"errors\":[{\"code\":\"unknown_field\",\"field\":\"a\",\"message\":\"There "
                    "is no such field\"},{\"code\":\"wrong_type\",\"field\":\"b\",\"message\":\"An "
                    "array is taken\"}]}");
    scene_done(&s);
}

Test(field_errors, what_cannot_be_read_comes_before_what_is_wrong)
{
    struct field_errors errors = {.count = 0};
    struct scene s;

    scene_init(&s);
    field_errors_add(&errors, ERR_INVALID_VALUE, STR("limit"), STR_NONE);
    field_errors_add(&errors, ERR_DUPLICATE_PARAMETER, STR("order"), STR_NONE);
    exchange_refuse_fields(s.x, &errors);
    cr_assert_eq(s.x->reply.status, 400);
    cr_assert_eq(json_count(errors_of(&s)), (size_t)2);
    scene_done(&s);
}

Test(field_errors, are_bounded_whatever_was_sent)
{
    static char field[4096], message[4096];
    struct field_errors errors = {.count = 0};
    struct scene s;

    memset(field, '\x01', sizeof(field)); /* six characters each when escaped */
    memset(message, '"', sizeof(message));
    scene_init(&s);
    for (int i = 0; i < FIELD_ERRORS_MAX + 10; i++)
        field_errors_add(&errors, ERR_UNKNOWN_FIELD, str_make(field, sizeof(field)),
                         str_make(message, sizeof(message)));
    cr_assert_eq(errors.count, (size_t)FIELD_ERRORS_MAX);
    exchange_refuse_fields(s.x, &errors);
    const struct json_value *list = errors_of(&s);
    struct str text;
    cr_assert_eq(json_count(list), (size_t)FIELD_ERRORS_MAX);
    cr_assert(json_string(json_member(json_first(list), STR("field")), &text));
    cr_assert_eq(text.len, (size_t)64);
    cr_assert(json_string(json_member(json_first(list), STR("message")), &text));
    cr_assert_eq(text.len, (size_t)512);
    scene_done(&s);
}

Test(field_errors, a_lack_of_scope_is_challenged) /* 6750-3.1-b */
{
    struct scene s;

    scene_init(&s);
    s.x->scope_needed = STR("oauth.manage oauth.read");
    exchange_refuse(s.x, ERR_INSUFFICIENT_SCOPE, STR("No"));
    cr_assert(str_eq(rider_header(&s.rider, STR("www-authenticate"), 0),
                     STR("Bearer realm=\"scopemint\", error=\"insufficient_scope\", "
                         "error_description=\"No\", scope=\"oauth.manage oauth.read\"")));
    expect_body(&s, "{\"errors\":[{\"code\":\"insufficient_scope\",\"field\":null,"
                    "\"message\":\"No\"}]}");
    scene_done(&s);
}

Test(field_errors, without_memory_the_status_stands) /* P4 */
{
    struct scene s;

    scene_init(&s);
    s.x->arena.cap = 0;
    exchange_refuse(s.x, ERR_NOT_FOUND, STR_NONE);
    cr_assert_eq(s.x->reply.status, 404);
    expect_body(&s, "{\"errors\":[{\"code\":\"server_error\",\"field\":null,\"message\":\"\"}]}");
    scene_done(&s);
}
