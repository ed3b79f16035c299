/* A query of the reader's, put together from constant pieces by enums alone; every value of a
 * caller is bound. For the sqlite_list files alone. */
#ifndef STORE_SQLITE_QUERY_H
#define STORE_SQLITE_QUERY_H

#include "store/sqlite_reader.h"

enum { QUERY_BYTES = 4096, QUERY_VALUES = 4 * STORE_FILTERS + STORE_LIST_PARTNERS + 16 };

extern const char *const query_table_names[STORE_TABLES];
extern const char *const query_key_names[STORE_TABLES];

struct query_value {
    enum store_value_kind kind;
    struct sid sid;
    struct str text;
    int64_t number;
};

struct query {
    struct buf sql;
    char text[QUERY_BYTES];
    struct query_value values[QUERY_VALUES];
    size_t value_count;
    char prefixes[STORE_FILTERS][LIMIT_NAME + 1]; /* of LIKE, and the byte above all others */
};

void query_begin(struct query *q);

/* A parameter, and its value: bound without a copy, so what it points to outlives the query. */
void query_put_sid(struct query *q, struct sid sid);
void query_put_number(struct query *q, int64_t number);

/* " AND ..." for each condition of the list. */
void query_put_conditions(struct query *q, const struct store_list *list, enum store_table table);
void query_put_client(struct query *q, const struct store_list *list);
void query_put_end(struct query *q, const struct store_list *list); /* of its status */
void query_put_filter(struct query *q, const struct store_list *list, size_t i);

/* of: a table's alias and a dot, or nothing. */
void query_put_order(struct query *q, const struct store_list *list, const char *of);
/* One row more than asked for tells whether there are more. */
void query_put_limit(struct query *q, const struct store_list *list);

bool query_has_client(const struct store_list *list);
bool query_has_end(const struct store_list *list); /* its status is a range of ends */

/* NULL: a fault. The caller finalizes it. */
sqlite3_stmt *query_prepare(struct sqlite *s, struct query *q);

/* The one number that it gives; *out stays as it was where it gives none. */
RESULT query_ask_number(struct sqlite *s, struct query *q, int64_t *out);

/* STORE_TOKEN_LIST, but for a page that was read backwards: it is not turned around yet. */
RESULT sqlite_list_tokens(struct sqlite *s, struct store_read *read);

#endif
