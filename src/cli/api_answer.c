/* Printing what the server answered; see api.h. JSON is written anew from what was understood, so
 * that a script never reads what this program could not. */
#include "cli/api.h"

enum { BRIEF_NAMES = 3, NAMES_MAX = 4096 };

const struct json_value *api_parse(struct arena *arena, struct str body)
{
    static const struct json_limits limits = {.depth = 16, .keys = 1 << 16, .values = 1 << 22};
    const struct json_value *value;

    return json_parse(arena, body, &limits, &value, NULL) == ERR_NONE ? value : NULL;
}

static void copy_json(struct json_writer *w, const struct json_value *value)
{
    bool is_object = json_is(value, JSON_OBJECT), truth = false;
    struct str text = STR_NONE;

    switch (json_type(value)) {
    case JSON_NULL:
        return json_write_null(w);
    case JSON_BOOL:
        (void)json_bool(value, &truth);
        return json_write_bool(w, truth);
    case JSON_NUMBER:
        (void)json_number(value, &text);
        return json_write_raw(w, text);
    case JSON_STRING:
        (void)json_string(value, &text);
        return json_write_string(w, text);
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    if (is_object)
        json_write_object_begin(w);
    else
        json_write_array_begin(w);
    for (const struct json_value *v = json_first(value); v != NULL; v = json_next(v)) {
        if (is_object)
            json_write_key(w, json_key(v));
        copy_json(w, v);
    }
    if (is_object)
        json_write_object_end(w);
    else
        json_write_array_end(w);
}

static bool all_strings(const struct json_value *array)
{
    for (const struct json_value *v = json_first(array); v != NULL; v = json_next(v))
        if (!json_is(v, JSON_STRING))
            return false;
    return json_count(array) <= NAMES_MAX;
}

/* In a table a few names and how many more there are; else all of them. */
static void put_names(struct output *o, const char *key, const struct json_value *array, bool brief)
{
    struct str names[BRIEF_NAMES + 1], *all;
    size_t count = json_count(array), n = 0;
    char more[32];

    if (brief && count > BRIEF_NAMES + 1) {
        for (const struct json_value *v = json_first(array); n < BRIEF_NAMES; v = json_next(v))
            (void)json_string(v, &names[n++]);
        snprintf(more, sizeof(more), "+%zu", count - BRIEF_NAMES);
        names[n++] = str_from(more);
        output_names(o, key, names, n);
        return;
    }
    all = arena_array(&o->arena, count + 1, sizeof(*all));
    if (all == NULL) {
        o->text.failed = true;
        return;
    }
    for (const struct json_value *v = json_first(array); v != NULL; v = json_next(v))
        (void)json_string(v, &all[n++]);
    output_names(o, key, all, n);
}

/* Text alone: members by name, elements by number. */
static void put_nested(struct output *o, const char *key, const struct json_value *value)
{
    size_t number = 0;

    output_begin_member(o, key);
    for (const struct json_value *v = json_first(value); v != NULL; v = json_next(v)) {
        char name[128];
        number++;
        if (json_is(value, JSON_OBJECT))
            snprintf(name, sizeof(name), "%.*s", STR_ARG(json_key(v)));
        else
            snprintf(name, sizeof(name), "%zu", number);
        api_put_member(o, name, v, false);
    }
    output_end(o);
}

/* Text alone. */
static void put_text(struct output *o, const char *key, const struct json_value *value, bool brief)
{
    struct str text = STR_NONE;
    bool truth = false;

    switch (json_type(value)) {
    case JSON_NULL:
        return output_null(o, key);
    case JSON_BOOL:
        (void)json_bool(value, &truth);
        return output_bool(o, key, truth);
    case JSON_NUMBER:
        (void)json_number(value, &text);
        return output_str(o, key, text);
    case JSON_STRING:
        (void)json_string(value, &text);
        return output_str(o, key, text);
    case JSON_ARRAY:
        if (all_strings(value))
            return put_names(o, key, value, brief);
        break;
    case JSON_OBJECT:
        break;
    }
    if (brief) {
        char memory[32];
        snprintf(memory, sizeof(memory), "(%zu)", json_count(value));
        return output_str(o, key, str_from(memory));
    }
    put_nested(o, key, value);
}

void api_put_member(struct output *o, const char *key, const struct json_value *value, bool brief)
{
    if (!o->json) {
        put_text(o, key, value, brief);
        return;
    }
    json_write_key(&o->writer, str_from(key));
    copy_json(&o->writer, value);
}

void api_put_object(struct output *o, const struct json_value *object)
{
    output_begin(o);
    for (const struct json_value *v = json_first(object); v != NULL; v = json_next(v)) {
        char name[256];
        snprintf(name, sizeof(name), "%.*s", STR_ARG(json_key(v)));
        api_put_member(o, name, v, false);
    }
    output_end(o);
}
