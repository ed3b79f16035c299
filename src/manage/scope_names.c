#include "manage/scope_names.h"

#include "exchange/snapshot.h"
#include "scope/parse.h"

enum {
    SHOWN_MAX = 16, /* unknown names in one message */
    MESSAGE_FIRST = 128,
    MESSAGE_MAX = (SHOWN_MAX + 1) * (LIMIT_SCOPE_NAME + 2) + MESSAGE_FIRST,
    TEXT_MAX = LIMIT_SCOPES * (LIMIT_SCOPE_NAME + 1),
};

struct result manage_scopes_read(struct exchange *x, const struct json_value *array,
                                 struct scope_set *out, struct str *out_wrong)
{
    struct scope_set set = SCOPE_SET_EMPTY;
    size_t unknown = 0, shown = 0;
    struct buf wrong;

    buf_init_arena(&wrong, &x->arena, 0, MESSAGE_MAX);
    for (const struct json_value *v = json_first(array); v != NULL; v = json_next(v)) {
        struct str name = STR_NONE;
        const struct scope_value *value =
            json_string(v, &name) ? catalogue_find(x->snapshot->catalogue, name) : NULL;
        if (value != NULL) {
            scope_set_add(&set, value->bit);
            continue;
        }
        if (unknown++ == 0)
            buf_cstr(&wrong, "Not all of these are scopes");
        if (shown == SHOWN_MAX || !scope_name_is_valid(name))
            continue;
        buf_cstr(&wrong, shown++ == 0 ? ": " : ", ");
        buf_str(&wrong, name);
    }
    if (unknown > shown && shown > 0) {
        buf_cstr(&wrong, " and ");
        buf_u64(&wrong, unknown - shown);
        buf_cstr(&wrong, " more");
    }
    if (wrong.failed)
        return FAULT(ERR_FAULT_MEMORY);
    *out = set;
    *out_wrong = buf_view(&wrong);
    return RESULT_OK;
}

struct result manage_scopes_text(struct exchange *x, const struct scope_set *set, struct str *out)
{
    struct buf text;

    buf_init_arena(&text, &x->arena, 64, TEXT_MAX);
    scope_format(x->snapshot->catalogue, set, &text);
    if (text.failed)
        return FAULT(ERR_FAULT_MEMORY);
    *out = buf_view(&text);
    return RESULT_OK;
}

void manage_scopes_write(const struct scope_catalogue *catalogue, const struct scope_set *set,
                         struct json_writer *w)
{
    uint16_t bits[LIMIT_SCOPES];
    size_t count = catalogue_order(catalogue, set, bits);

    json_write_array_begin(w);
    for (size_t i = 0; i < count; i++)
        json_write_string(w, catalogue_value(catalogue, bits[i])->name);
    json_write_array_end(w);
}
