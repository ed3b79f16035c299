/* Lists of what the store keeps: a list's query (manage/list.h) as the store carries it out
 * (store/list.h). */
#ifndef MANAGE_STORED_LIST_H
#define MANAGE_STORED_LIST_H

#include "manage/list.h"
#include "store/list.h"

/* Which column an indexed attribute is, by the attribute's number; STORE_COLUMNS: none. */
struct stored_columns {
    const enum store_column *columns;
};

/* Fills all of *out but whose rows it lists (partner_sid, descendants, client_id). The store counts
 * seconds where the API shows milliseconds: filters on such a column are rounded so that they hold
 * for the same rows. Texts live in the arena. ERR_FAULT_MEMORY. */
RESULT stored_list(const struct list_query *query, const struct stored_columns *columns,
                   struct arena *arena, struct store_list *out);

#endif
