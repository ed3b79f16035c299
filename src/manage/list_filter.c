/* order= and filter=. A word is read up to the next blank; nothing of it is handed on but numbers
 * and the value, which is only ever compared. */
#include "manage/list_filter.h"

enum { INDEXED_MESSAGE_MAX = 1024 };

static const struct str order_name = STR_INIT("order");
static const struct str filter_name = STR_INIT("filter");

bool list_value_is_clean(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7F)
            return false;
    return text.len <= LIST_VALUE_MAX && str_is_utf8(text);
}

/* False: nothing but blanks is left. */
static bool next_word(struct str *rest, struct str *out)
{
    *rest = str_trim(*rest, ' ');
    size_t len = str_find(*rest, ' ');
    *out = str_slice(*rest, 0, len);
    *rest = str_slice(*rest, len, rest->len);
    return out->len > 0;
}

static enum err refuse(struct str parameter, struct str message, struct field_errors *errors)
{
    field_errors_add(errors, ERR_INVALID_VALUE, parameter, message);
    return ERR_NONE;
}

/* The attribute named must be indexed; else the answer names those that are (SPEC 5). */
static enum err refuse_attribute(const struct object_kind *kind, struct str parameter,
                                 struct arena *arena, struct field_errors *errors)
{
    const char *between = "The attributes that serve here are ";
    struct buf b;

    buf_init_arena(&b, arena, 256, INDEXED_MESSAGE_MAX);
    for (unsigned i = 0; i < kind->count; i++) {
        if (!kind->attributes[i].indexed)
            continue;
        buf_cstr(&b, between);
        buf_str(&b, kind->attributes[i].name);
        between = ", ";
    }
    return b.failed ? ERR_FAULT_MEMORY : refuse(parameter, buf_view(&b), errors);
}

static bool find_indexed(const struct object_kind *kind, struct str name, unsigned *out)
{
    unsigned attribute = object_attribute(kind, name);

    if (attribute >= kind->count || !kind->attributes[attribute].indexed)
        return false;
    *out = attribute;
    return true;
}

enum err list_order_read(struct str text, struct arena *arena, struct field_errors *errors,
                         struct list_query *out)
{
    struct str rest = text, name, direction, more;

    if (!next_word(&rest, &name) || !find_indexed(out->kind, name, &out->order))
        return refuse_attribute(out->kind, order_name, arena, errors);
    if (!next_word(&rest, &direction))
        return ERR_NONE;
    out->descending = str_eq(direction, STR("desc"));
    if ((!out->descending && !str_eq(direction, STR("asc"))) || next_word(&rest, &more))
        return refuse(order_name, STR("An attribute is taken, then asc, desc or nothing"), errors);
    return ERR_NONE;
}

/* One word without quotes in it, or all between two quotes of a kind. */
static bool next_value(struct str *rest, struct str *out)
{
    struct str text = str_trim(*rest, ' ');
    char quote = text.len > 0 ? text.ptr[0] : '\0';

    if (quote != '"' && quote != '\'') {
        *rest = text;
        return next_word(rest, out) && str_find(*out, '"') == out->len &&
               str_find(*out, '\'') == out->len;
    }
    text = str_slice(text, 1, text.len);
    size_t len = str_find(text, quote);
    if (len == text.len || (len + 1 < text.len && text.ptr[len + 1] != ' '))
        return false;
    *out = str_slice(text, 0, len);
    *rest = str_slice(text, len + 1, text.len);
    return true;
}

static bool find_operator(struct str name, enum list_operator *out)
{
    static const struct str names[] = {
        [LIST_EQ] = STR_INIT("eq"),     [LIST_NE] = STR_INIT("ne"), [LIST_GT] = STR_INIT("gt"),
        [LIST_GE] = STR_INIT("ge"),     [LIST_LT] = STR_INIT("lt"), [LIST_LE] = STR_INIT("le"),
        [LIST_LIKE] = STR_INIT("like"),
    };
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (str_eq(names[i], name)) {
            *out = (enum list_operator)i;
            return true;
        }
    return false;
}

static bool takes(enum attribute_type type, enum list_operator op)
{
    if (op == LIST_LIKE)
        return type == ATTRIBUTE_TEXT;
    return type != ATTRIBUTE_BOOL || op == LIST_EQ || op == LIST_NE;
}

static struct str value_message(enum attribute_type type)
{
    switch (type) {
    case ATTRIBUTE_INT:
        return STR("This attribute is compared with a whole number");
    case ATTRIBUTE_BOOL:
        return STR("This attribute is compared with true or false");
    case ATTRIBUTE_TIME:
        return STR("This attribute is compared with a time such as 2026-11-21T08:15:30.123Z");
    case ATTRIBUTE_SID:
        return STR("This attribute is compared with a SID");
    case ATTRIBUTE_TEXT:
    case ATTRIBUTE_OTHER:
        break;
    }
    return STR("This attribute is compared with text");
}

/* What follows an attribute: operator and value. False after refusing. */
static bool read_condition(struct str *rest, struct field_errors *errors, struct list_query *out)
{
    struct list_term *term = &out->terms[out->term_count];
    enum attribute_type type = out->kind->attributes[term->attribute].type;
    struct str name, value;

    if (!next_word(rest, &name) || !find_operator(name, &term->op)) {
        refuse(filter_name, STR("The operators are eq, ne, gt, ge, lt, le and like"), errors);
        return false;
    }
    if (!takes(type, term->op)) {
        refuse(filter_name, STR("This operator does not serve for this attribute"), errors);
        return false;
    }
    if (!next_value(rest, &value)) {
        refuse(filter_name, STR("A value is one word, or stands in quotes"), errors);
        return false;
    }
    if (!list_value_is_clean(value) || !attribute_parse(type, value, &term->value)) {
        refuse(filter_name, value_message(type), errors);
        return false;
    }
    return true;
}

enum err list_filter_read(struct str text, struct arena *arena, struct field_errors *errors,
                          struct list_query *out)
{
    struct str rest = text, word;

    for (;;) {
        if (out->term_count == LIST_TERMS_MAX)
            return refuse(filter_name, STR("At most 8 conditions are taken"), errors);
        if (!next_word(&rest, &word) ||
            !find_indexed(out->kind, word, &out->terms[out->term_count].attribute))
            return refuse_attribute(out->kind, filter_name, arena, errors);
        if (!read_condition(&rest, errors, out))
            return ERR_NONE;
        out->term_count++;
        if (!next_word(&rest, &word))
            return ERR_NONE;
        if (!str_eq(word, STR("and")))
            return refuse(filter_name, STR("Conditions are joined by and alone"), errors);
    }
}
