/* Bodies of writes against a table of fields: POST, PATCH and PUT (SPEC 5). */
#include <criterion/criterion.h>
#include <stdio.h>

#include "core/limits.h"
#include "manage/body.h"
#include "support/leaks.h"
#include "unit/oauth/bed.h"

#define SID  "0190a000-0000-7000-8000-000000000001"
#define JSON "application/json"

enum { NAME, SIZE, GOOD, DUE, OWNER, SCOPES, RULES, KIND, NOTE, MADE, FIELDS };

static const struct body_field table[FIELDS] = {
    [NAME] = {STR_INIT("name"), BODY_TEXT, BODY_AT_CREATE | BODY_AT_UPDATE | BODY_REQUIRED, 1, 8},
    [SIZE] = {STR_INIT("size"), BODY_INT, BODY_AT_CREATE | BODY_AT_UPDATE, 0, 10},
    [GOOD] = {STR_INIT("good"), BODY_BOOL, BODY_AT_CREATE | BODY_AT_UPDATE, 0, 0},
    [DUE] = {STR_INIT("due"), BODY_TIME, BODY_AT_CREATE | BODY_AT_UPDATE | BODY_NULL_VALUE, 0, 0},
    [OWNER] = {STR_INIT("owner"), BODY_SID, BODY_AT_CREATE | BODY_AT_UPDATE, 0, 0},
    [SCOPES] = {STR_INIT("scopes"), BODY_TEXTS, BODY_AT_CREATE | BODY_AT_UPDATE | BODY_NULL_KEEPS,
                0, 3},
    [RULES] = {STR_INIT("rules"), BODY_OTHER, BODY_AT_CREATE | BODY_AT_UPDATE, 0, 2},
    [KIND] = {STR_INIT("kind"), BODY_TEXT, BODY_AT_CREATE, 0, 8},
    [NOTE] = {STR_INIT("note"), BODY_TEXT, BODY_AT_UPDATE, 0, 8},
    [MADE] = {STR_INIT("made"), BODY_TIME, 0, 0, 0},
};

struct read_state {
    struct body body;
};

static enum step_result finish(struct exchange *x)
{
    return exchange_reply(x, 200, STR_NONE, STR_NONE);
}

static enum step_result read_create(struct exchange *x)
{
    struct read_state *state = x->state;
    return body_read(x, BODY_CREATE, table, FIELDS, &state->body);
}

static enum step_result read_patch(struct exchange *x)
{
    struct read_state *state = x->state;
    return body_read(x, BODY_PATCH, table, FIELDS, &state->body);
}

static enum step_result read_put(struct exchange *x)
{
    struct read_state *state = x->state;
    return body_read(x, BODY_PUT, table, FIELDS, &state->body);
}

static const struct endpoint endpoints[] = {
    [BODY_CREATE] = {"create", sizeof(struct read_state), {read_create, finish}},
    [BODY_PATCH] = {"patch", sizeof(struct read_state), {read_patch, finish}},
    [BODY_PUT] = {"put", sizeof(struct read_state), {read_put, finish}},
};

static const struct body_value *ask(struct bed *bed, enum body_verb verb, const char *type,
                                    const char *body, struct answer *out)
{
    const struct question question = {
        .endpoint = &endpoints[verb], .body = body, .content_type = type, .path = "/core/v2/x"};
    struct read_state *state;

    bed_ask(bed, &question, out);
    cr_assert_eq(out->delivered, 1u);
    state = out->exchange.state;
    return state->body.values;
}

#define WHOLE                                                               \
    "\"name\":\"n\",\"size\":1,\"good\":true,\"due\":null,\"owner\":\"" SID \
    "\",\"scopes\":[\"a\",\"b\"],\"rules\":{},\"note\":\"\""

/* errors: "code field;" for each, in any table's order. */
static const struct {
    enum body_verb verb;
    const char *body;
    int status;
    const char *errors;
} rows[] = {
    {BODY_CREATE, "{\"name\":\"n\"}", 200, ""},
    {BODY_CREATE, "{}", 422, "missing_field name;"},
    {BODY_CREATE, "{\"name\":\"n\",\"kind\":\"k\"}", 200, ""},
    {BODY_CREATE, "{\"name\":\"n\",\"note\":\"\"}", 422, "read_only_field note;"},
    {BODY_CREATE, "{\"name\":\"n\",\"made\":\"2026-11-21T00:00:00Z\"}", 422,
     "read_only_field made;"},
    {BODY_CREATE, "{\"name\":null}", 422, "wrong_type name;"},
    {BODY_CREATE, "{\"name\":\"n\",\"scopes\":null}", 422, "wrong_type scopes;"},
    {BODY_CREATE, "{\"name\":\"n\",\"due\":null}", 200, ""},
    {BODY_PATCH, "{}", 200, ""},
    {BODY_PATCH, " { \"size\" : 3 } ", 200, ""},
    {BODY_PATCH, "{\"kind\":\"k\"}", 422, "read_only_field kind;"},
    {BODY_PATCH, "{\"made\":null}", 422, "read_only_field made;"}, /* THREATS-43 */
    {BODY_PATCH, "{\"is_admin\":true}", 422, "unknown_field is_admin;"},
    {BODY_PATCH, "{\"Name\":\"n\"}", 422, "unknown_field Name;"},
    {BODY_PATCH, "{\"\":1}", 422, "unknown_field null;"},
    {BODY_PATCH, "{\"scopes\":null}", 200, ""}, /* M1: no change */
    {BODY_PATCH, "{\"scopes\":[]}", 200, ""},
    {BODY_PATCH, "{\"name\":null}", 422, "wrong_type name;"},
    {BODY_PATCH, "{\"name\":1}", 422, "wrong_type name;"},
    {BODY_PATCH, "{\"name\":[\"n\"]}", 422, "wrong_type name;"},
    {BODY_PATCH, "{\"name\":\"\"}", 422, "invalid_value name;"},
    {BODY_PATCH, "{\"name\":\"12345678\"}", 200, ""},
    {BODY_PATCH, "{\"name\":\"123456789\"}", 422, "invalid_value name;"},
    {BODY_PATCH, "{\"name\":\"a\\nb\"}", 422, "invalid_value name;"},
    {BODY_PATCH, "{\"name\":\"a\\u007f\"}", 422, "invalid_value name;"},
    {BODY_PATCH, "{\"size\":\"1\"}", 422, "wrong_type size;"},
    {BODY_PATCH, "{\"size\":1.0}", 422, "wrong_type size;"},
    {BODY_PATCH, "{\"size\":0}", 200, ""},
    {BODY_PATCH, "{\"size\":10}", 200, ""},
    {BODY_PATCH, "{\"size\":11}", 422, "invalid_value size;"},
    {BODY_PATCH, "{\"size\":-1}", 422, "invalid_value size;"},
    {BODY_PATCH, "{\"good\":1}", 422, "wrong_type good;"},
    {BODY_PATCH, "{\"good\":\"true\"}", 422, "wrong_type good;"},
    {BODY_PATCH, "{\"good\":null}", 422, "wrong_type good;"},
    {BODY_PATCH, "{\"due\":1}", 422, "wrong_type due;"},
    {BODY_PATCH, "{\"due\":\"soon\"}", 422, "invalid_value due;"},
    {BODY_PATCH, "{\"due\":null}", 200, ""},
    {BODY_PATCH, "{\"owner\":\"x\"}", 422, "invalid_value owner;"}, /* SPEC 5: 422 in a body */
    {BODY_PATCH, "{\"owner\":\"0190A000-0000-7000-8000-000000000001\"}", 422,
     "invalid_value owner;"},
    {BODY_PATCH, "{\"owner\":7}", 422, "wrong_type owner;"},
    {BODY_PATCH, "{\"scopes\":\"a b\"}", 422, "wrong_type scopes;"},
    {BODY_PATCH, "{\"scopes\":{}}", 422, "wrong_type scopes;"},
    {BODY_PATCH, "{\"scopes\":[1]}", 422, "wrong_type scopes;"},
    {BODY_PATCH, "{\"scopes\":[\"a\",null]}", 422, "wrong_type scopes;"},
    {BODY_PATCH, "{\"scopes\":[[\"a\"]]}", 422, "wrong_type scopes;"},
    {BODY_PATCH, "{\"scopes\":[\"a\",\"b\",\"c\",\"d\"]}", 422, "invalid_value scopes;"},
    {BODY_PATCH, "{\"scopes\":[\"a\\u0001\"]}", 422, "invalid_value scopes;"},
    {BODY_PATCH, "{\"rules\":[1,2]}", 200, ""},
    {BODY_PATCH, "{\"rules\":[1,2,3]}", 422, "invalid_value rules;"},
    {BODY_PATCH, "{\"rules\":\"\"}", 422, "wrong_type rules;"},
    {BODY_PATCH, "{\"size\":11,\"good\":1,\"made\":1,\"x\":1,\"y\":2}", 422,
     "invalid_value size;wrong_type good;read_only_field made;unknown_field x;unknown_field y;"},
    {BODY_PUT, "{" WHOLE "}", 200, ""},
    {BODY_PUT, "{" WHOLE ",\"kind\":7,\"made\":[]}", 200, ""}, /* what GET showed is passed over */
    {BODY_PUT, "{" WHOLE ",\"x\":1}", 422, "unknown_field x;"},
    {BODY_PUT,
     "{\"name\":\"n\",\"size\":1,\"good\":true,\"due\":null,\"owner\":\"" SID
     "\",\"scopes\":null,\"rules\":{},\"note\":\"\"}",
     422, "wrong_type scopes;"},
    {BODY_PUT,
     "{\"name\":\"n\",\"size\":1,\"good\":true,\"due\":null,\"owner\":\"" SID
     "\",\"rules\":{},\"note\":\"\"}",
     422, "missing_field scopes;"},
    {BODY_PUT, "{}", 422,
     "missing_field name;missing_field size;missing_field good;missing_field due;missing_field "
     "owner;missing_field scopes;missing_field rules;missing_field note;"},
    {BODY_PATCH, "", 400, "invalid_request null;"},
    {BODY_PATCH, "{", 400, "invalid_request null;"},
    {BODY_PATCH, "null", 400, "invalid_request null;"},
    {BODY_PATCH, "[]", 400, "invalid_request null;"},
    {BODY_PATCH, "\"x\"", 400, "invalid_request null;"},
    {BODY_PATCH, "{\"size\":1,}", 400, "invalid_request null;"},
    {BODY_PATCH, "{\"size\":1,\"size\":1}", 400, "invalid_request null;"},
    {BODY_PATCH, "{\"size\":1}{}", 400, "invalid_request null;"},
    {BODY_PATCH, "{\"name\":\"\xFF\"}", 400, "invalid_request null;"},
    {BODY_PATCH, "{\"name\":\"\\u0000\"}", 400, "invalid_request null;"},
    {BODY_PATCH, "size=1", 400, "invalid_request null;"},
};

static void write_errors(struct answer *answer, char *out, size_t size)
{
    const struct json_value *errors = json_member(answer_json(answer), STR("errors"));

    out[0] = '\0';
    for (const struct json_value *e = json_first(errors); e != NULL; e = json_next(e)) {
        struct str code = STR_NONE, field = STR("null");
        cr_assert(json_string(json_member(e, STR("code")), &code));
        json_string(json_member(e, STR("field")), &field);
        snprintf(out + strlen(out), size - strlen(out), "%.*s %.*s;", STR_ARG(code),
                 STR_ARG(field));
    }
}

Test(body, is_judged_as_a_whole) /* THREATS-43 */
{
    struct bed bed;
    char errors[1024];

    bed_init(&bed);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct answer answer;
        ask(&bed, rows[i].verb, JSON, rows[i].body, &answer);
        cr_assert_eq(answer_status(&answer), rows[i].status, "row %zu: %s", i, rows[i].body);
        if (rows[i].status != 200) {
            write_errors(&answer, errors, sizeof(errors));
            cr_assert_str_eq(errors, rows[i].errors, "row %zu: %s", i, errors);
        }
        answer_done(&answer);
    }
    bed_done(&bed);
    leaks_check();
}

Test(body, values_have_their_types)
{
    struct answer answer;
    struct bed bed;

    bed_init(&bed);
    const struct body_value *v =
        ask(&bed, BODY_PUT, JSON, "{" WHOLE ",\"made\":\"2026-11-21T00:00:00Z\"}", &answer);
    cr_assert(v[NAME].present && str_eq(v[NAME].text, STR("n")));
    cr_assert(v[SIZE].present && v[SIZE].number == 1);
    cr_assert(v[GOOD].present && v[GOOD].number == 1);
    cr_assert(v[DUE].present && v[DUE].is_null);
    cr_assert(v[OWNER].present && v[OWNER].sid.bytes[15] == 1);
    cr_assert(v[SCOPES].present && json_count(v[SCOPES].json) == 2);
    cr_assert(v[RULES].present && json_is(v[RULES].json, JSON_OBJECT));
    cr_assert(!v[KIND].present);
    cr_assert(v[NOTE].present && v[NOTE].text.len == 0);
    cr_assert(!v[MADE].present, "is read-only");
    answer_done(&answer);

    v = ask(&bed, BODY_PATCH, JSON, "{\"due\":\"1970-01-01T00:00:01Z\",\"scopes\":null}", &answer);
    cr_assert(v[DUE].present && !v[DUE].is_null && v[DUE].number == 1000);
    cr_assert(!v[SCOPES].present, "null keeps them (M1)");
    cr_assert(!v[NAME].present);
    answer_done(&answer);
    bed_done(&bed);
}

static const struct {
    const char *type;
    int status;
} types[] = {
    {"application/json", 200},
    {"Application/JSON", 200},
    {"application/json; charset=utf-8", 200},
    {"application/json;charset=utf-8", 200},
    {"", 415},
    {"application/x-www-form-urlencoded", 415},
    {"text/json", 415},
    {"application/jsonx", 415},
    {"application/merge-patch+json", 415},
    {"text/plain, application/json", 415}, /* F-24 */
    {"application/json, text/plain", 415},
    {"application/json; charset=utf-8, text/plain", 415},
};

Test(body, the_media_type_is_json) /* F-24 */
{
    struct bed bed;

    bed_init(&bed);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct answer answer;
        ask(&bed, BODY_PATCH, types[i].type, "{}", &answer);
        cr_assert_eq(answer_status(&answer), types[i].status, "%s", types[i].type);
        answer_done(&answer);
    }
    bed_done(&bed);
}

Test(body, of_any_size_is_answered)
{
    static char body[LIMIT_BODY + 1];
    struct answer answer;
    struct bed bed;
    size_t len = 0;

    bed_init(&bed);
    len += (size_t)snprintf(body, sizeof(body), "{\"scopes\":[\"a\"");
    while (len < sizeof(body) - 16)
        len += (size_t)snprintf(body + len, sizeof(body) - len, ",\"a\"");
    snprintf(body + len, sizeof(body) - len, "]}");
    ask(&bed, BODY_PATCH, JSON, body, &answer);
    cr_assert_eq(answer_status(&answer), 400, "more values than a body may have");
    answer_done(&answer);

    len = (size_t)snprintf(body, sizeof(body), "{\"x0\":1");
    for (int i = 1; i < LIMIT_JSON_KEYS; i++)
        len += (size_t)snprintf(body + len, sizeof(body) - len, ",\"x%d\":1", i);
    snprintf(body + len, sizeof(body) - len, "}");
    ask(&bed, BODY_PATCH, JSON, body, &answer);
    cr_assert_eq(answer_status(&answer), 422);
    cr_assert_eq(json_count(json_member(answer_json(&answer), STR("errors"))),
                 (size_t)LIMIT_JSON_KEYS);
    answer_done(&answer);
    bed_done(&bed);
}
