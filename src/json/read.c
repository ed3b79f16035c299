#include "json/read.h"

#include "json/value.h"

enum json_type json_type(const struct json_value *value)
{
    return value == NULL ? JSON_NULL : value->type;
}

bool json_is(const struct json_value *value, enum json_type type)
{
    return value != NULL && value->type == type;
}

static bool is_container(const struct json_value *value)
{
    return json_is(value, JSON_OBJECT) || json_is(value, JSON_ARRAY);
}

const struct json_value *json_member(const struct json_value *object, struct str key)
{
    if (!json_is(object, JSON_OBJECT))
        return NULL;
    for (const struct json_value *v = object->first; v != NULL; v = v->next)
        if (str_eq(v->key, key))
            return v;
    return NULL;
}

const struct json_value *json_first(const struct json_value *container)
{
    return is_container(container) ? container->first : NULL;
}

const struct json_value *json_next(const struct json_value *value)
{
    return value == NULL ? NULL : value->next;
}

size_t json_count(const struct json_value *container)
{
    return is_container(container) ? container->count : 0;
}

struct str json_key(const struct json_value *member)
{
    return member == NULL ? STR_NONE : member->key;
}

bool json_string(const struct json_value *value, struct str *out)
{
    if (!json_is(value, JSON_STRING))
        return false;
    *out = value->text;
    return true;
}

bool json_string_before(const struct json_value *array, const struct json_value *element,
                        struct str text)
{
    for (const struct json_value *v = json_first(array); v != element; v = json_next(v))
        if (json_is(v, JSON_STRING) && str_eq(v->text, text))
            return true;
    return false;
}

bool json_bool(const struct json_value *value, bool *out)
{
    if (!json_is(value, JSON_BOOL))
        return false;
    *out = value->truth;
    return true;
}

bool json_int(const struct json_value *value, int64_t *out)
{
    uint64_t magnitude;
    if (!json_is(value, JSON_NUMBER))
        return false;
    bool negative = value->text.ptr[0] == '-';
    struct str digits = str_slice(value->text, negative, value->text.len);
    uint64_t max = (uint64_t)INT64_MAX + negative;
    if (!str_to_u64(digits, max, &magnitude))
        return false;
    *out = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return true;
}

enum json_found json_find_string(const struct json_value *object, struct str key, struct str *out)
{
    const struct json_value *value = json_member(object, key);
    if (value == NULL)
        return JSON_ABSENT;
    return json_string(value, out) ? JSON_FOUND : JSON_WRONG;
}

enum json_found json_find_int(const struct json_value *object, struct str key, int64_t *out)
{
    const struct json_value *value = json_member(object, key);
    if (value == NULL)
        return JSON_ABSENT;
    return json_int(value, out) ? JSON_FOUND : JSON_WRONG;
}

bool json_number(const struct json_value *value, struct str *out)
{
    if (!json_is(value, JSON_NUMBER))
        return false;
    *out = value->text;
    return true;
}

enum json_found json_find_bool(const struct json_value *object, struct str key, bool *out)
{
    const struct json_value *value = json_member(object, key);
    if (value == NULL)
        return JSON_ABSENT;
    return json_bool(value, out) ? JSON_FOUND : JSON_WRONG;
}

const struct json_value *json_find_unknown(const struct json_value *object, const struct str *known,
                                           size_t known_count)
{
    for (const struct json_value *v = json_first(object); v != NULL; v = v->next) {
        size_t i = 0;
        while (i < known_count && !str_eq(v->key, known[i]))
            i++;
        if (i == known_count)
            return v;
    }
    return NULL;
}

size_t json_line(struct str text, const struct json_value *value)
{
    size_t line = 1;
    for (size_t i = 0; value != NULL && i < value->offset && i < text.len; i++)
        line += text.ptr[i] == '\n';
    return line;
}

/* The text is known to be well formed, so its brackets match. */
struct str json_source(struct str text, const struct json_value *container)
{
    size_t first = container->offset - 1, at = first, depth = 0;
    bool in_string = false;

    assert(container->type == JSON_ARRAY || container->type == JSON_OBJECT);
    do {
        char c = text.ptr[at++];
        if (in_string && c == '\\')
            at++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '{' || c == '['))
            depth++;
        else if (!in_string && (c == '}' || c == ']'))
            depth--;
    } while (depth > 0 && at < text.len);
    return str_slice(text, first, at);
}
