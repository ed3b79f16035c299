/* What a row of each table holds, so that rows are copied, kept, measured and updated by one
 * function each. Every row begins with its key. */
#ifndef STORE_ROW_TEXTS_H
#define STORE_ROW_TEXTS_H

#include "store/list.h"

struct row_shape {
    size_t size;
    const size_t *texts; /* where the row's struct str members are */
    size_t text_count;
    size_t parent, created_ms, revision; /* where these are; see row_kept */
};

extern const struct row_shape row_shapes[STORE_TABLES];

/* What an update leaves as it is, and the revision that it raises. */
struct row_kept {
    struct sid parent; /* its partner; of a trunk its group; none: the root's */
    int64_t created_ms;
    uint64_t revision; /* as stored */
};

struct row_kept row_kept_of(enum store_table table, const void *row);

/* Into the row that is to be stored in its place, with the next revision. */
void row_keep(enum store_table table, const struct row_kept *kept, void *row);

/* In bytes; with a group's trunks. */
size_t row_text_size(enum store_table table, const void *row);

/* Copies the row's text, and a group's trunks, into the arena; false: memory is short. */
bool row_text_keep(enum store_table table, struct arena *arena, void *row);

/* Whether a page's next row, with which its text takes so many bytes, has to wait: max_bytes. */
bool row_page_is_full(const struct store_list *list, size_t bytes, size_t rows_before);

/* No text of lists is "[]" (rows.h). */
void row_fill_lists(struct str *lists);

#endif
