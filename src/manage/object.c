#include "manage/object.h"

#include "core/date.h"
#include "core/limits.h"
#include "manage/etag.h"

enum { BODY_FIRST = 2048 };

unsigned object_attribute(const struct object_kind *kind, struct str name)
{
    for (unsigned i = 0; i < kind->count; i++)
        if (str_eq(kind->attributes[i].name, name))
            return i;
    return ATTRIBUTES_MAX;
}

/* The names in a list, as bits. */
static uint64_t read_names(const struct object_kind *kind, struct str parameter, struct str list,
                           struct field_errors *errors)
{
    uint64_t named = 0;
    struct str name;

    while (str_split(&list, ',', &name)) {
        unsigned attribute = object_attribute(kind, name);
        if (attribute < ATTRIBUTES_MAX) {
            named |= (uint64_t)1 << attribute;
            continue;
        }
        field_errors_add(errors, ERR_INVALID_VALUE, parameter,
                         STR("Names of fields with a comma between are taken, and one of these is "
                             "unknown"));
        break;
    }
    return named;
}

static bool read_with_related(struct str text, struct field_errors *errors)
{
    if (str_eq(text, STR("true")))
        return true;
    if (text.ptr != NULL && !str_eq(text, STR("false")))
        field_errors_add(errors, ERR_INVALID_VALUE, STR("with_related"),
                         STR("true or false is taken"));
    return false;
}

void object_fields_read(const struct object_kind *kind, struct str include, struct str exclude,
                        struct str with_related, struct field_errors *errors,
                        struct object_fields *out)
{
    bool show_related = read_with_related(with_related, errors);
    uint64_t shown = 0;

    for (unsigned i = 0; i < kind->count; i++)
        if (show_related || !kind->attributes[i].related)
            shown |= (uint64_t)1 << i;
    if (include.ptr != NULL)
        shown &= read_names(kind, STR("include_fields"), include, errors);
    shown &= ~read_names(kind, STR("exclude_fields"), exclude, errors);
    out->shown = shown;
}

void object_write(struct json_writer *w, const struct object_kind *kind,
                  const struct object_fields *fields, object_write_fn *write, const void *object)
{
    json_write_object_begin(w);
    for (unsigned i = 0; i < kind->count; i++) {
        if ((fields->shown >> i & 1) == 0)
            continue;
        json_write_key(w, kind->attributes[i].name);
        write(object, i, w);
    }
    json_write_object_end(w);
}

enum step_result object_reply(struct exchange *x, const struct object_kind *kind,
                              const struct object_fields *fields, object_write_fn *write,
                              const void *object, uint64_t revision)
{
    return object_reply_large(x, kind, fields, write, object, revision, 0);
}

enum step_result object_reply_large(struct exchange *x, const struct object_kind *kind,
                                    const struct object_fields *fields, object_write_fn *write,
                                    const void *object, uint64_t revision, size_t bytes)
{
    struct json_writer w;
    struct buf body;

    exchange_widen_arena(x); /* what is committed is answered */
    buf_init_arena(&body, &x->arena, BODY_FIRST + bytes, LIMIT_REPLY + bytes);
    json_writer_init(&w, &body);
    object_write(&w, kind, fields, write, object);
    if (body.failed)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    struct result tagged = revision != 0 ? etag_add(x, revision) : RESULT_OK;
    if (!result_ok(tagged))
        return exchange_fault(x, tagged);
    return exchange_reply_json(x, 200, buf_view(&body));
}

struct result object_name_new(struct exchange *x, const struct sid *sid, struct str *name)
{
    if (name->len > 0)
        return RESULT_OK;
    char *text = arena_alloc(&x->arena, SID_TEXT);
    if (text == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    sid_format(sid, text);
    *name = str_make(text, SID_TEXT);
    return RESULT_OK;
}

static bool parse_int(struct str text, int64_t *out)
{
    bool negative = text.len > 1 && text.ptr[0] == '-';
    uint64_t value;

    if (!str_to_u64(negative ? str_slice(text, 1, text.len) : text, INT64_MAX, &value))
        return false;
    *out = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

static bool parse_bool(struct str text, int64_t *out)
{
    *out = str_eq(text, STR("true"));
    return *out != 0 || str_eq(text, STR("false"));
}

bool attribute_parse(enum attribute_type type, struct str text, struct attribute_value *out)
{
    *out = (struct attribute_value){.absent = false};
    switch (type) {
    case ATTRIBUTE_TEXT:
        out->text = text;
        return true;
    case ATTRIBUTE_INT:
        return parse_int(text, &out->number);
    case ATTRIBUTE_BOOL:
        return parse_bool(text, &out->number);
    case ATTRIBUTE_TIME:
        return date_parse_ms(text, &out->number);
    case ATTRIBUTE_SID:
        return sid_parse(text, &out->sid);
    case ATTRIBUTE_OTHER:
        break;
    }
    return false;
}

int attribute_compare(enum attribute_type type, const struct attribute_value *a,
                      const struct attribute_value *b)
{
    if (a->absent || b->absent)
        return (int)b->absent - (int)a->absent;
    switch (type) {
    case ATTRIBUTE_TEXT:
        return str_compare(a->text, b->text);
    case ATTRIBUTE_SID:
        return memcmp(a->sid.bytes, b->sid.bytes, sizeof(a->sid.bytes));
    case ATTRIBUTE_INT:
    case ATTRIBUTE_BOOL:
    case ATTRIBUTE_TIME:
    case ATTRIBUTE_OTHER:
        break;
    }
    return a->number < b->number ? -1 : a->number > b->number;
}
