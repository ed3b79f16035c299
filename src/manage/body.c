#include "manage/body.h"

#include <assert.h>

#include "core/date.h"
#include "core/sid.h"

enum { MESSAGE_MAX = 128 };

/* One body on its way through the table. */
struct reading {
    struct exchange *x;
    enum body_verb verb;
    struct field_errors *errors;
};

enum body_verb body_verb_of(const struct exchange *x)
{
    return x->request.method == METHOD_PUT ? BODY_PUT : BODY_PATCH;
}

bool body_is_json(struct str content_type)
{
    struct str type = str_slice(content_type, 0, str_find(content_type, ';'));

    return str_find(content_type, ',') == content_type.len && /* F-24: a list of types is no type */
           str_eq_nocase(str_trim(type, ' '), STR("application/json"));
}

static bool is_clean(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7F)
            return false;
    return true;
}

static struct str type_message(enum body_type type)
{
    static const struct str messages[] = {
        [BODY_TEXT] = STR_INIT("A string is taken"),
        [BODY_INT] = STR_INIT("An integer is taken"),
        [BODY_BOOL] = STR_INIT("true or false is taken"),
        [BODY_TIME] = STR_INIT("A string such as \"2026-11-21T08:15:30.123Z\" is taken"),
        [BODY_SID] = STR_INIT("A string with a SID in it is taken"),
        [BODY_TEXTS] = STR_INIT("An array of strings is taken"),
        [BODY_OTHER] = STR_INIT("An array or an object is taken"),
    };
    return messages[type];
}

/* "From 1 to 128 bytes without control characters are taken" */
static struct str bounds_message(struct reading *r, const struct body_field *field)
{
    static const char *const units[] = {
        [BODY_TEXT] = " bytes without control characters are taken",
        [BODY_INT] = " is taken",
        [BODY_TEXTS] = " strings without control characters are taken",
        [BODY_OTHER] = " elements are taken",
    };
    struct buf b;

    buf_init_arena(&b, &r->x->arena, MESSAGE_MAX, MESSAGE_MAX);
    buf_cstr(&b, "From ");
    buf_i64(&b, field->min);
    buf_cstr(&b, " to ");
    buf_i64(&b, field->max);
    buf_cstr(&b, units[field->type]);
    return b.failed ? STR_NONE : buf_view(&b);
}

static bool is_within(const struct body_field *field, int64_t n)
{
    return n >= field->min && n <= field->max;
}

/* ERR_NONE, ERR_WRONG_TYPE or ERR_INVALID_VALUE. */
static enum err read_array(const struct body_field *field, const struct json_value *value,
                           struct body_value *out)
{
    bool clean = true;

    if (!json_is(value, JSON_ARRAY) && (field->type == BODY_TEXTS || !json_is(value, JSON_OBJECT)))
        return ERR_WRONG_TYPE;
    for (const struct json_value *v = json_first(value); field->type == BODY_TEXTS && v != NULL;
         v = json_next(v)) {
        struct str text;
        if (!json_string(v, &text))
            return ERR_WRONG_TYPE;
        clean = clean && is_clean(text);
    }
    out->json = value;
    return clean && is_within(field, (int64_t)json_count(value)) ? ERR_NONE : ERR_INVALID_VALUE;
}

static enum err read_string(const struct body_field *field, const struct json_value *value,
                            struct body_value *out)
{
    bool good;

    if (!json_string(value, &out->text))
        return ERR_WRONG_TYPE;
    if (field->type == BODY_TIME)
        good = date_parse_ms(out->text, &out->number);
    else if (field->type == BODY_SID)
        good = sid_parse(out->text, &out->sid);
    else
        good = is_within(field, (int64_t)out->text.len) && is_clean(out->text);
    return good ? ERR_NONE : ERR_INVALID_VALUE;
}

static enum err read_value(const struct body_field *field, const struct json_value *value,
                           struct body_value *out)
{
    bool truth;

    switch (field->type) {
    case BODY_INT:
        if (!json_int(value, &out->number))
            return ERR_WRONG_TYPE;
        return is_within(field, out->number) ? ERR_NONE : ERR_INVALID_VALUE;
    case BODY_BOOL:
        if (!json_bool(value, &truth))
            return ERR_WRONG_TYPE;
        out->number = truth;
        return ERR_NONE;
    case BODY_TEXTS:
    case BODY_OTHER:
        return read_array(field, value, out);
    case BODY_TEXT:
    case BODY_TIME:
    case BODY_SID:
        break;
    }
    return read_string(field, value, out);
}

static bool is_writable(const struct reading *r, const struct body_field *field)
{
    return (field->flags & (r->verb == BODY_CREATE ? BODY_AT_CREATE : BODY_AT_UPDATE)) != 0;
}

static bool is_wanted(const struct reading *r, const struct body_field *field)
{
    if (r->verb == BODY_PUT)
        return is_writable(r, field) && (field->flags & BODY_PUT_LEAVES) == 0;
    return r->verb == BODY_CREATE && (field->flags & BODY_REQUIRED) != 0;
}

static void read_field(struct reading *r, const struct body_field *field,
                       const struct json_value *value, struct body_value *out)
{
    *out = (struct body_value){.present = false};
    if (value == NULL) {
        if (is_wanted(r, field))
            field_errors_add(r->errors, ERR_MISSING_FIELD, field->name, STR_NONE);
        return;
    }
    if (!is_writable(r, field)) {
        if (r->verb != BODY_PUT)
            field_errors_add(r->errors, ERR_READ_ONLY_FIELD, field->name, STR_NONE);
        return;
    }
    if (json_is(value, JSON_NULL) && (field->flags & BODY_NULL_VALUE) != 0) {
        *out = (struct body_value){.present = true, .is_null = true};
        return;
    }
    if (json_is(value, JSON_NULL) && r->verb == BODY_PATCH && (field->flags & BODY_NULL_KEEPS) != 0)
        return;
    enum err err = read_value(field, value, out);
    out->present = err == ERR_NONE;
    if (err == ERR_NONE)
        return;
    bool of_bounds =
        err == ERR_INVALID_VALUE && field->type != BODY_TIME && field->type != BODY_SID;
    field_errors_add(r->errors, err, field->name,
                     of_bounds ? bounds_message(r, field) : type_message(field->type));
}

static bool is_known(struct str name, const struct body_field *fields, size_t field_count)
{
    for (size_t i = 0; i < field_count; i++)
        if (str_eq(fields[i].name, name))
            return true;
    return false;
}

enum step_result body_parse(struct exchange *x, const struct json_value **out)
{
    const struct json_value *object;
    struct json_error error;

    if (!body_is_json(x->request.content_type))
        return exchange_refuse(x, ERR_UNSUPPORTED_MEDIA_TYPE, STR_NONE);
    enum err err =
        json_parse_object(&x->arena, x->request.body, &json_limits_request, &object, &error);
    if (err == ERR_BAD_JSON)
        return exchange_refuse_json(x, &error);
    if (err != ERR_NONE)
        return exchange_fault(x, FAULT(err));
    *out = object;
    return STEP_NEXT;
}

void body_check(struct exchange *x, const struct json_value *object, enum body_verb verb,
                const struct body_field *fields, size_t field_count, struct field_errors *errors,
                struct body *out)
{
    struct reading r = {x, verb, errors};

    assert(field_count <= BODY_FIELDS_MAX);
    for (size_t i = 0; i < field_count; i++)
        read_field(&r, &fields[i], json_member(object, fields[i].name), &out->values[i]);
    for (const struct json_value *v = json_first(object); v != NULL; v = json_next(v))
        if (!is_known(json_key(v), fields, field_count))
            field_errors_add(errors, ERR_UNKNOWN_FIELD, json_key(v), STR_NONE);
}

enum step_result body_judge(struct exchange *x, const struct json_value *object,
                            enum body_verb verb, const struct body_field *fields,
                            size_t field_count, struct body *out)
{
    struct field_errors errors = {.count = 0};

    body_check(x, object, verb, fields, field_count, &errors, out);
    return errors.count == 0 ? STEP_NEXT : exchange_refuse_fields(x, &errors);
}

enum step_result body_read(struct exchange *x, enum body_verb verb, const struct body_field *fields,
                           size_t field_count, struct body *out)
{
    const struct json_value *object;

    if (body_parse(x, &object) == STEP_DONE)
        return STEP_DONE;
    return body_judge(x, object, verb, fields, field_count, out);
}
