#include "manage/scope_names.h"

#include "exchange/snapshot.h"
#include "scope/parse.h"

enum { TEXT_MAX = LIMIT_SCOPES * (LIMIT_SCOPE_NAME + 1) };

struct result manage_names_read(struct exchange *x, const struct json_value *array,
                                struct asked_names *out)
{
    struct str *names = arena_array(&x->arena, json_count(array) + 1, sizeof(*names));
    size_t count = 0;

    if (names == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    for (const struct json_value *v = json_first(array); v != NULL; v = json_next(v))
        count += json_string(v, &names[count]);
    *out = (struct asked_names){names, count};
    return RESULT_OK;
}

struct result manage_scopes_read(struct exchange *x, const struct json_value *array,
                                 struct scope_set *out, struct str *out_wrong)
{
    const struct scope_catalogue *catalogue = x->snapshot->catalogue;
    struct asked_names asked;
    struct buf wrong;

    TRY(manage_names_read(x, array, &asked));
    buf_init_arena(&wrong, &x->arena, 0, ASKED_UNKNOWN_MAX);
    asked_put_unknown(catalogue, &asked, STR(""), &wrong);
    if (wrong.failed)
        return FAULT(ERR_FAULT_MEMORY);
    *out = asked_known(catalogue, &asked);
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

void manage_names_write(struct str joined, struct json_writer *w)
{
    struct str name;

    json_write_array_begin(w);
    while (str_split(&joined, ' ', &name))
        if (name.len > 0) /* no text at all has one piece, without a name */
            json_write_string(w, name);
    json_write_array_end(w);
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
