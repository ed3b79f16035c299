#include "exchange/form.h"

#include "core/percent.h"

enum { DIGITS_MAX = 18 };

bool form_is_media_type(struct str content_type)
{
    size_t semicolon = str_find(content_type, ';');
    struct str type = str_trim(str_slice(content_type, 0, semicolon), ' ');

    if (str_find(content_type, ',') != content_type.len)
        return false; /* F-24: a list of types is no type */
    return str_eq_nocase(type, STR("application/x-www-form-urlencoded"));
}

/* Text that needs no decoding is returned as it is. */
static enum err decode(struct str text, struct arena *arena, struct str *out)
{
    size_t plain = str_plain_run(text, '%', '+'), len;

    if (plain == text.len) {
        *out = text;
        return ERR_NONE;
    }
    /* a bare blank is sloppy but means one thing; curl -d sends it */
    if (!str_is_printable_ascii(str_slice(text, plain, text.len)))
        return ERR_BAD_FORM;
    char *decoded = arena_alloc(arena, text.len);
    if (decoded == NULL)
        return ERR_FAULT_MEMORY;
    if (!percent_decode(text, decoded, &len))
        return ERR_BAD_FORM;
    *out = str_make(decoded, len);
    return ERR_NONE;
}

static enum err parse_pair(struct str piece, struct arena *arena, struct form_pair *out)
{
    size_t equals = str_find(piece, '=');
    enum err err;

    if (equals == piece.len || equals == 0)
        return ERR_BAD_FORM;
    err = decode(str_slice(piece, 0, equals), arena, &out->name);
    if (err != ERR_NONE)
        return err;
    if (out->name.len > LIMIT_PARAMETER_NAME)
        return ERR_BAD_FORM;
    return decode(str_slice(piece, equals + 1, piece.len), arena, &out->value);
}

static size_t room_for(struct str body)
{
    size_t room = 1;
    struct str piece;

    while (room <= LIMIT_PARAMETERS && str_split(&body, '&', &piece))
        room++;
    return room - 1;
}

enum err form_parse(struct str body, struct arena *arena, struct form *out)
{
    struct str rest = body, piece;

    *out = (struct form){0, NULL};
    if (body.len == 0)
        return ERR_NONE;
    out->pairs = arena_array(arena, room_for(body), sizeof(*out->pairs));
    if (out->pairs == NULL)
        return ERR_FAULT_MEMORY;
    while (str_split(&rest, '&', &piece)) {
        if (piece.len == 0)
            continue; /* "a=1&" is common and means one thing only */
        if (out->count == LIMIT_PARAMETERS)
            return ERR_BAD_FORM;
        enum err err = parse_pair(piece, arena, &out->pairs[out->count]);
        if (err != ERR_NONE)
            return err;
        out->count++;
    }
    return ERR_NONE;
}

enum err form_get(const struct form *form, struct str name, struct str *out)
{
    struct str found = STR_NONE;
    bool seen = false;

    for (size_t i = 0; i < form->count; i++) {
        if (!str_eq(form->pairs[i].name, name))
            continue;
        if (seen)
            return ERR_DUPLICATE_PARAMETER;
        seen = true;
        if (form->pairs[i].value.len > 0)
            found = form->pairs[i].value;
    }
    *out = found;
    return ERR_NONE;
}

bool form_positive(struct str text, uint64_t *out)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    if (text.len == 0 || text.ptr[0] == '0')
        return false;
    if (text.len > DIGITS_MAX)
        text.len = DIGITS_MAX;
    return str_to_u64(text, UINT64_MAX, out);
}
