/* Typed fields of a seed entry; see seed_reader.h. */
#include <stdarg.h>
#include <stdio.h>

#include "cli/seed_reader.h"
#include "config/near.h"
#include "config/report.h"
#include "scope/parse.h"

static void put_place(const struct seed_entry *entry, const struct json_value *at)
{
    const struct seed_source *source = entry->reader->source;
    struct buf *errors = entry->reader->errors;

    if (source->path == NULL)
        return;
    buf_cstr(errors, source->path);
    if (at != NULL) {
        buf_char(errors, ':');
        buf_u64(errors, json_line(source->text, at));
    }
    buf_cstr(errors, ": ");
}

void seed_refuse(const struct seed_entry *entry, const struct json_value *at, const char *field,
                 const char *format, ...)
{
    struct buf *errors = entry->reader->errors;
    char text[512];
    va_list arguments;

    if (++entry->reader->error_count > SEED_ERRORS_MAX)
        return;
    put_place(entry, at != NULL ? at : entry->object);
    if (entry->list != NULL)
        buf_cstr(errors, entry->list);
    if (entry->index != SIZE_MAX) {
        buf_char(errors, '[');
        buf_u64(errors, entry->index);
        buf_char(errors, ']');
    }
    if (field != NULL) {
        if (entry->list != NULL)
            buf_char(errors, '.');
        buf_cstr(errors, field);
    }
    if (entry->list != NULL || field != NULL)
        buf_cstr(errors, ": ");
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    buf_cstr(errors, text);
    buf_char(errors, '\n');
}

void seed_check_names(const struct seed_entry *entry, const struct str *known, size_t n)
{
    for (const struct json_value *member = json_first(entry->object); member != NULL;
         member = json_next(member)) {
        char quoted[REPORT_QUOTE];
        struct near near;
        bool found = false;

        near_init(&near, json_key(member));
        for (size_t i = 0; i < n && !found; i++) {
            found = str_eq(known[i], json_key(member));
            near_offer_str(&near, known[i]);
        }
        if (found)
            continue;
        report_quote(json_key(member), quoted);
        if (near.best.ptr != NULL)
            seed_refuse(entry, member, NULL, "there is no field %s; did you mean `%.*s`?", quoted,
                        STR_ARG(near.best));
        else
            seed_refuse(entry, member, NULL, "there is no field %s here", quoted);
    }
}

static const struct json_value *member(const struct seed_entry *entry, const char *field)
{
    return json_member(entry->object, str_from(field));
}

struct str seed_text(const struct seed_entry *entry, const char *field, seed_check_fn *check,
                     struct str fallback)
{
    const struct json_value *value = member(entry, field);
    struct str text;

    if (value == NULL)
        return fallback;
    const char *wrong = json_string(value, &text) ? check(text) : "must be a text";
    if (wrong == NULL)
        return text;
    seed_refuse(entry, value, field, "%s", wrong);
    return fallback;
}

size_t seed_choice(const struct seed_entry *entry, const char *field, const struct str *names,
                   size_t n, size_t fallback)
{
    const struct json_value *value = member(entry, field);
    char choices[256];
    struct buf list;
    struct str text;

    if (value == NULL)
        return fallback;
    bool is_text = json_string(value, &text);
    buf_init_fixed(&list, choices, sizeof(choices));
    for (size_t i = 0; i < n; i++) {
        if (is_text && str_eq(text, names[i]))
            return i;
        buf_cstr(&list, i == 0 ? "" : i + 1 == n ? " or " : ", ");
        buf_str(&list, names[i]);
    }
    seed_refuse(entry, value, field, "must be %.*s", STR_ARG(buf_view(&list)));
    return fallback;
}

bool seed_flag(const struct seed_entry *entry, const char *field, bool fallback)
{
    const struct json_value *value = member(entry, field);
    bool flag = fallback;

    if (value != NULL && !json_bool(value, &flag))
        seed_refuse(entry, value, field, "must be true or false");
    return flag;
}

int64_t seed_number(const struct seed_entry *entry, const char *field, int64_t min, int64_t max,
                    int64_t fallback)
{
    const struct json_value *value = member(entry, field);
    int64_t number;

    if (value == NULL)
        return fallback;
    if (json_int(value, &number) && number >= min && number <= max)
        return number;
    seed_refuse(entry, value, field, "must be a whole number from %lld to %lld", (long long)min,
                (long long)max);
    return fallback;
}

struct str seed_texts(const struct seed_entry *entry, const char *field, seed_check_fn *check,
                      size_t max, struct str fallback)
{
    const struct json_value *list = member(entry, field);
    struct buf joined;

    if (list == NULL)
        return fallback;
    if (!json_is(list, JSON_ARRAY)) {
        seed_refuse(entry, list, field, "must be a list of texts");
        return fallback;
    }
    if (json_count(list) > max) {
        seed_refuse(entry, list, field, "holds %zu values; %zu are allowed", json_count(list), max);
        return fallback;
    }
    buf_init_arena(&joined, entry->reader->arena, 64, SEED_SCOPES_TEXT);
    for (const struct json_value *v = json_first(list); v != NULL; v = json_next(v)) {
        char quoted[REPORT_QUOTE];
        struct str text = STR_NONE;
        const char *wrong = json_string(v, &text) ? check(text) : "must be a text";
        if (wrong == NULL && json_string_before(list, v, text))
            wrong = "stands in the list twice";
        if (wrong != NULL)
            seed_refuse(entry, v, field, "%s: %s", report_quote(text, quoted), wrong);
        if (joined.len > 0)
            buf_char(&joined, ' ');
        buf_str(&joined, text);
    }
    if (joined.failed)
        seed_refuse(entry, list, field, "is too long");
    return buf_view(&joined);
}

static void add_scope(const struct seed_entry *entry, const char *field,
                      const struct json_value *value, struct scope_set *set)
{
    const struct scope_catalogue *catalogue = entry->reader->source->catalogue;
    char quoted[REPORT_QUOTE];
    struct str name;

    if (!json_string(value, &name)) {
        seed_refuse(entry, value, field, "must hold names of scopes");
        return;
    }
    const struct scope_value *scope = catalogue_find(catalogue, name);
    if (scope != NULL) {
        scope_set_add(set, scope->bit);
        return;
    }
    struct near near;
    near_init(&near, name);
    for (size_t i = 0; i < catalogue_count(catalogue); i++)
        near_offer_str(&near, catalogue_at(catalogue, i)->name);
    report_quote(name, quoted);
    if (near.best.ptr != NULL)
        seed_refuse(entry, value, field, "there is no scope %s; did you mean `%.*s`?", quoted,
                    STR_ARG(near.best));
    else
        seed_refuse(entry, value, field, "there is no scope %s; `scopemint scope list` shows them",
                    quoted);
}

enum seed_scopes_kind seed_scopes(const struct seed_entry *entry, const char *field,
                                  struct scope_set *out)
{
    const struct json_value *value = member(entry, field);
    struct str word;

    *out = SCOPE_SET_EMPTY;
    if (value == NULL)
        return SEED_SCOPES_ABSENT;
    if (json_string(value, &word) && str_eq(word, STR("all")))
        return SEED_SCOPES_ALL;
    if (json_string(value, &word) && str_eq(word, STR("default")))
        return SEED_SCOPES_DEFAULT;
    if (!json_is(value, JSON_ARRAY)) {
        seed_refuse(entry, value, field, "must be a list of scopes, or one of the words for it");
        return SEED_SCOPES_NAMES;
    }
    for (const struct json_value *v = json_first(value); v != NULL; v = json_next(v))
        add_scope(entry, field, v, out);
    return SEED_SCOPES_NAMES;
}

struct str seed_scopes_text(struct seed_reader *reader, const struct scope_set *set)
{
    struct buf text;
    buf_init_arena(&text, reader->arena, 256, SEED_SCOPES_TEXT);
    scope_format(reader->source->catalogue, set, &text);
    if (text.failed)
        reader->failed = true;
    return buf_view(&text);
}
