#include "manage/stored_list.h"

static_assert((int)LIST_TERMS_MAX <= (int)STORE_FILTERS, "all terms go into one query");
static_assert((int)LIST_LIMIT_MAX <= (int)STORE_PAGE, "a page of the API is a page of the store");

/* The API's like knows '%' alone; the store's also '_' and '\\', which are taken literally here. */
static bool write_pattern(struct str text, struct arena *arena, struct str *out)
{
    struct buf b;

    buf_init_arena(&b, arena, 2 * text.len + 1, 2 * text.len + 1);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '_' || text.ptr[i] == '\\')
            buf_char(&b, '\\');
        buf_char(&b, text.ptr[i]);
    }
    *out = buf_view(&b);
    return !b.failed;
}

static enum store_operator store_operator_of(enum list_operator op)
{
    static const enum store_operator operators[] = {
        [LIST_EQ] = STORE_IS_EQ,     [LIST_NE] = STORE_IS_NE, [LIST_GT] = STORE_IS_GT,
        [LIST_GE] = STORE_IS_GE,     [LIST_LT] = STORE_IS_LT, [LIST_LE] = STORE_IS_LE,
        [LIST_LIKE] = STORE_IS_LIKE,
    };
    return operators[op];
}

/* seconds OP milliseconds / 1000, where the division may leave a rest: then no whole number of
 * seconds is equal to it, and those above it begin at the next one. */
static void in_seconds(struct store_filter *filter)
{
    int64_t floor = filter->number / 1000 - (filter->number % 1000 < 0);
    bool rest = filter->number % 1000 != 0;

    filter->number = floor;
    if (!rest)
        return;
    if (filter->operator== STORE_IS_EQ) {
        filter->operator= STORE_IS_LT;
        filter->number = INT64_MIN; /* nothing is */
    } else if (filter->operator== STORE_IS_NE) {
        filter->operator= STORE_IS_GE;
        filter->number = INT64_MIN; /* all that is set is */
    } else if (filter->operator== STORE_IS_GE) {
        filter->operator= STORE_IS_GT;
    } else if (filter->operator== STORE_IS_LT) {
        filter->operator= STORE_IS_LE;
    }
}

static bool counts_seconds(enum store_column column)
{
    return column == STORE_TOKEN_EXP;
}

static struct result fill_filter(const struct list_term *term, enum store_column column,
                                 struct arena *arena, struct store_filter *out)
{
    *out = (struct store_filter){
        .column = column,
        .operator= store_operator_of(term->op),
        .sid = term->value.sid,
        .text = term->value.text,
        .number = term->value.number,
    };
    if (term->op == LIST_LIKE && !write_pattern(term->value.text, arena, &out->text))
        return FAULT(ERR_FAULT_MEMORY);
    if (counts_seconds(column))
        in_seconds(out);
    return RESULT_OK;
}

struct result stored_list(const struct list_query *query, const struct stored_columns *columns,
                          struct arena *arena, struct store_list *out)
{
    struct store_filter *filters = arena_array(arena, query->term_count + 1, sizeof(*filters));

    if (filters == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    for (size_t i = 0; i < query->term_count; i++)
        TRY(fill_filter(&query->terms[i], columns->columns[query->terms[i].attribute], arena,
                        &filters[i]));
    *out = (struct store_list){
        .filters = filters,
        .filter_count = query->term_count,
        .order = columns->columns[query->order],
        .descending = query->descending,
        .limit = query->limit,
        .offset = query->offset,
    };
    if (query->from == LIST_AFTER)
        out->after = query->cursor.sid;
    if (query->from == LIST_BEFORE)
        out->before = query->cursor.sid;
    return RESULT_OK;
}
