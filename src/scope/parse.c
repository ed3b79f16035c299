#include "scope/parse.h"

/* NQCHAR of RFC 6749 appendix A, without the space. */
static bool is_token_character(char c)
{
    return c >= 0x21 && c <= 0x7E && c != '"' && c != '\\';
}

static bool is_token(struct str name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!is_token_character(name.ptr[i]))
            return false;
    return name.len > 0;
}

bool scope_name_is_valid(struct str name)
{
    return name.len <= LIMIT_SCOPE_NAME && is_token(name);
}

enum scope_parsed scope_parse(const struct scope_catalogue *catalogue, struct str text,
                              struct scope_set *out, struct str *out_unknown)
{
    struct scope_set set = SCOPE_SET_EMPTY;
    struct str name, unknown = STR_NONE;

    if (text.len == 0)
        return SCOPE_PARSED_EMPTY;
    while (str_split(&text, ' ', &name)) {
        if (!is_token(name)) /* also the empty piece beside a space too many */
            return SCOPE_PARSED_MALFORMED;
        const struct scope_value *value = catalogue_find(catalogue, name);
        if (value != NULL)
            scope_set_add(&set, value->bit);
        else if (unknown.ptr == NULL)
            unknown = name;
    }
    if (unknown.ptr != NULL) {
        *out_unknown = unknown;
        return SCOPE_PARSED_UNKNOWN;
    }
    *out = set;
    return SCOPE_PARSED_OK;
}

struct scope_set scope_read(const struct scope_catalogue *catalogue, struct str text)
{
    struct scope_set set = SCOPE_SET_EMPTY;
    struct str name;

    while (str_split(&text, ' ', &name)) {
        const struct scope_value *value = catalogue_find(catalogue, name);
        if (value != NULL)
            scope_set_add(&set, value->bit);
    }
    return set;
}

void scope_format(const struct scope_catalogue *catalogue, const struct scope_set *set,
                  struct buf *out)
{
    uint16_t bits[LIMIT_SCOPES];
    size_t count = catalogue_order(catalogue, set, bits);

    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_char(out, ' ');
        buf_str(out, catalogue_value(catalogue, bits[i])->name);
    }
}
