/* Bodies of writes: what is accepted holds values of their fields' types and sizes alone, PUT holds
 * all of them, and no field that is read-only is ever written (THREATS-43). The first byte chooses
 * the verb. */
#include "core/clock.h"
#include "exchange/server.h"
#include "exchange/snapshot.h"
#include "fuzz.h"
#include "manage/body.h"

enum { NAME, SCOPES, END, NOTE, SIZE, GOOD, WHO, MORE, READ_ONLY, COUNT };

static const struct body_field fields[COUNT] = {
    [NAME] = {STR_INIT("name"), BODY_TEXT, BODY_AT_CREATE | BODY_AT_UPDATE | BODY_REQUIRED, 1, 8},
    [SCOPES] = {STR_INIT("scopes"), BODY_TEXTS, BODY_AT_CREATE | BODY_AT_UPDATE | BODY_NULL_KEEPS,
                0, 3},
    [END] = {STR_INIT("end"), BODY_TIME, BODY_AT_UPDATE},
    [NOTE] = {STR_INIT("note"), BODY_TIME, BODY_AT_UPDATE | BODY_NULL_VALUE},
    [SIZE] = {STR_INIT("size"), BODY_INT, BODY_AT_CREATE | BODY_AT_UPDATE, -3, 1000},
    [GOOD] = {STR_INIT("good"), BODY_BOOL, BODY_AT_CREATE | BODY_AT_UPDATE},
    [WHO] = {STR_INIT("who"), BODY_SID, BODY_AT_CREATE | BODY_AT_UPDATE},
    [MORE] = {STR_INIT("more"), BODY_OTHER, BODY_AT_CREATE | BODY_AT_UPDATE, 0, 2},
    [READ_ONLY] = {STR_INIT("token_sid"), BODY_SID},
};

static void check_value(const struct body_field *field, const struct body_value *value)
{
    if (value->is_null) {
        assert((field->flags & BODY_NULL_VALUE) != 0);
        return;
    }
    switch (field->type) {
    case BODY_TEXT:
        assert((int64_t)value->text.len >= field->min && (int64_t)value->text.len <= field->max);
        fuzz_touch(value->text);
        break;
    case BODY_INT:
        assert(value->number >= field->min && value->number <= field->max);
        break;
    case BODY_BOOL:
        assert(value->number == 0 || value->number == 1);
        break;
    case BODY_TIME:
        assert(value->number >= 0);
        break;
    case BODY_TEXTS:
        assert((int64_t)json_count(value->json) <= field->max);
        for (const struct json_value *v = json_first(value->json); v != NULL; v = json_next(v))
            assert(json_is(v, JSON_STRING));
        break;
    case BODY_OTHER:
        assert((int64_t)json_count(value->json) <= field->max);
        break;
    case BODY_SID:
        break;
    }
}

static void check(enum body_verb verb, const struct body *body)
{
    unsigned wanted = verb == BODY_CREATE ? BODY_AT_CREATE : BODY_AT_UPDATE;

    for (size_t i = 0; i < COUNT; i++) {
        const struct body_value *value = &body->values[i];
        bool writable = (fields[i].flags & wanted) != 0;
        assert(writable || !value->present);
        assert(!writable || verb != BODY_PUT || value->present);
        if (value->present)
            check_value(&fields[i], value);
    }
    assert(verb != BODY_CREATE || body->values[NAME].present);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum body_verb verbs[] = {BODY_CREATE, BODY_PATCH, BODY_PUT};
    static const struct endpoint endpoint = {.name = "fuzz"};
    static const struct route route = {.endpoint = &endpoint};
    struct snapshot snapshot = {.issuer = STR("https://as.example")};
    struct server server = {.clock = &clock_system};
    struct worker worker = {.server = &server};
    struct exchange x = {.worker = &worker, .snapshot = &snapshot, .route = &route};
    struct body body;

    if (size == 0)
        return 0;
    enum body_verb verb = verbs[data[0] % 3];
    arena_init(&x.arena, NULL, 0, FUZZ_ARENA);
    x.request.path = STR("/core/v2/things");
    x.request.content_type = STR("application/json");
    x.request.body = fuzz_text(data + 1, size - 1);
    if (body_read(&x, verb, fields, COUNT, &body) == STEP_NEXT)
        check(verb, &body);
    else
        assert(x.reply.status == 400 || x.reply.status == 422);
    arena_reset(&x.arena);
    return 0;
}
