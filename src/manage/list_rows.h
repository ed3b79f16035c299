/* Lists of what lives in memory: filter, order and paging over rows that an accessor shows. For
 * hundreds of rows, not for millions: it looks at each. */
#ifndef MANAGE_LIST_ROWS_H
#define MANAGE_LIST_ROWS_H

#include "core/result.h"
#include "manage/list.h"

struct list_rows {
    size_t count; /* at most UINT32_MAX */
    const void *context;
    /* The value of an indexed attribute; texts live as long as the list is worked on. */
    void (*value)(const void *context, size_t row, unsigned attribute, struct attribute_value *out);
};

struct list_selection {
    size_t count;
    const uint32_t *rows; /* their numbers, in order; in the arena */
    bool has_more;        /* beyond these, in the direction of paging */
    size_t total;         /* that the filter lets through, on whatever page */
};

/* The page that query asks for. ERR_FAULT_MEMORY. */
RESULT list_rows_select(const struct list_query *query, const struct list_rows *rows,
                        struct arena *arena, struct list_selection *out);

/* Whether the filter lets the row through. */
bool list_rows_wants(const struct list_query *query, const struct list_rows *rows, size_t row);

/* Whether text is what the pattern says; % stands for any run of characters. */
bool list_text_is_like(struct str text, struct str pattern);

#endif
