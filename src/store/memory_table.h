/* What the memory backend is made of: rows sorted by key, and a journal that takes changes back.
 *
 * A row is one malloced block that is never changed once it is in a table: to change it is to
 * replace it. So undoing is putting the earlier pointer back, and rows are freed either when the
 * transaction that removed them commits, or when the one that brought them is undone. */
#ifndef STORE_MEMORY_TABLE_H
#define STORE_MEMORY_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct memory_table {
    void **rows;
    size_t count, cap;
    int (*compare)(const void *a, const void *b); /* by key */
};

struct memory_change {
    struct memory_table *table;
    void *removed, *added; /* either may be NULL */
};

struct memory_journal {
    struct memory_change *changes;
    size_t count, cap;
};

/* Where key (a row with its key set) stands, or would. */
size_t memory_table_place(const struct memory_table *table, const void *key);
void *memory_table_find(const struct memory_table *table, const void *key);

/* Takes row (malloced) over, in place of the row with its key where there is one; the journal can
 * take that back. False when out of memory: then row is freed and nothing has changed. */
bool memory_table_put(struct memory_table *table, struct memory_journal *journal, void *row);
bool memory_table_remove(struct memory_table *table, struct memory_journal *journal, size_t place);

/* Frees the rows, and the table's own memory. */
void memory_table_done(struct memory_table *table);

void memory_journal_undo(struct memory_journal *journal, size_t down_to);
void memory_journal_commit(struct memory_journal *journal);

#endif
