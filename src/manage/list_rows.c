#include "manage/list_rows.h"

#include <stdlib.h>

/* Never more than text times pattern steps: only the last '%' is tried again. */
bool list_text_is_like(struct str text, struct str pattern)
{
    size_t t = 0, p = 0, retry_text = 0, retry_pattern = SIZE_MAX;

    while (t < text.len) {
        if (p < pattern.len && pattern.ptr[p] == '%') {
            retry_pattern = ++p;
            retry_text = t;
        } else if (p < pattern.len && pattern.ptr[p] == text.ptr[t]) {
            p++;
            t++;
        } else if (retry_pattern != SIZE_MAX) {
            p = retry_pattern;
            t = ++retry_text;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '%')
        p++;
    return p == pattern.len;
}

static bool holds(const struct list_term *term, enum attribute_type type,
                  const struct attribute_value *value)
{
    if (value->absent)
        return false;
    if (term->op == LIST_LIKE)
        return list_text_is_like(value->text, term->value.text);
    int order = attribute_compare(type, value, &term->value);
    switch (term->op) {
    case LIST_EQ:
        return order == 0;
    case LIST_NE:
        return order != 0;
    case LIST_GT:
        return order > 0;
    case LIST_GE:
        return order >= 0;
    case LIST_LT:
        return order < 0;
    case LIST_LE:
        return order <= 0;
    case LIST_LIKE:
        break;
    }
    return false;
}

bool list_rows_wants(const struct list_query *query, const struct list_rows *rows, size_t row)
{
    for (size_t i = 0; i < query->term_count; i++) {
        const struct list_term *term = &query->terms[i];
        struct attribute_value value = {.absent = false};

        rows->value(rows->context, row, term->attribute, &value);
        if (!holds(term, query->kind->attributes[term->attribute].type, &value))
            return false;
    }
    return true;
}

/* What the pieces of a selection look at. */
struct work {
    const struct list_query *query;
    const struct list_rows *rows;
};

static int compare_by(const struct work *work, unsigned attribute, uint32_t a, uint32_t b)
{
    struct attribute_value left = {.absent = false}, right = {.absent = false};

    work->rows->value(work->rows->context, a, attribute, &left);
    work->rows->value(work->rows->context, b, attribute, &right);
    return attribute_compare(work->query->kind->attributes[attribute].type, &left, &right);
}

static int in_order(const void *a, const void *b, void *context)
{
    const struct work *work = context;
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    int order = compare_by(work, work->query->order, left, right);

    if (order != 0)
        return work->query->descending ? -order : order;
    return compare_by(work, work->query->kind->key, left, right);
}

/* How many of the rows, which stand in the order of their keys, come before the cursor, with or
 * without the one that it names. */
static size_t rank_of_cursor(const struct work *work, const uint32_t *rows, size_t count,
                             bool with_itself)
{
    const struct list_query *query = work->query;
    enum attribute_type type = query->kind->attributes[query->kind->key].type;
    size_t rank = 0;

    while (rank < count) {
        struct attribute_value key = {.absent = false};

        work->rows->value(work->rows->context, rows[rank], query->kind->key, &key);
        int order = attribute_compare(type, &key, &query->cursor);
        if (order > 0 || (order == 0 && !with_itself))
            break;
        rank++;
    }
    return rank;
}

static void cut_page(const struct work *work, const uint32_t *rows, size_t total,
                     struct list_selection *out)
{
    const struct list_query *query = work->query;
    size_t first = query->offset < total ? (size_t)query->offset : total, last = total;

    if (query->from == LIST_AFTER)
        first = rank_of_cursor(work, rows, total, true);
    if (query->from == LIST_BEFORE) {
        last = rank_of_cursor(work, rows, total, false);
        first = last > query->limit ? last - query->limit : 0;
        out->has_more = first > 0;
    } else {
        out->has_more = last - first > query->limit;
        last = out->has_more ? first + query->limit : last;
    }
    out->rows = rows + first;
    out->count = last - first;
    out->total = total;
}

struct result list_rows_select(const struct list_query *query, const struct list_rows *rows,
                               struct arena *arena, struct list_selection *out)
{
    struct work work = {query, rows};
    uint32_t *wanted = arena_array(arena, rows->count, sizeof(*wanted));
    size_t total = 0;

    if (wanted == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    for (size_t row = 0; row < rows->count; row++)
        if (list_rows_wants(query, rows, row))
            wanted[total++] = (uint32_t)row;
    qsort_r(wanted, total, sizeof(*wanted), in_order, &work);
    cut_page(&work, wanted, total, out);
    return RESULT_OK;
}
