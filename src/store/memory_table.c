#include "store/memory_table.h"

#include <stdlib.h>
#include <string.h>

size_t memory_table_place(const struct memory_table *table, const void *key)
{
    size_t low = 0;
    size_t high = table->count;

    /* Keys mostly rise with time: look at the end first. */
    if (high > 0 && table->compare(table->rows[high - 1], key) < 0)
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (table->compare(table->rows[middle], key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct memory_table *table, size_t place, const void *key)
{
    return place < table->count && table->compare(table->rows[place], key) == 0;
}

void *memory_table_find(const struct memory_table *table, const void *key)
{
    size_t place = memory_table_place(table, key);
    return is_at(table, place, key) ? table->rows[place] : NULL;
}

static bool make_room(void **items, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return true;
    size_t bigger = *cap == 0 ? 64 : *cap * 2;
    void *moved = reallocarray(*items, bigger, size);
    if (moved == NULL)
        return false;
    *items = moved;
    *cap = bigger;
    return true;
}

static bool make_table_room(struct memory_table *table)
{
    void *rows = table->rows;
    bool made = make_room(&rows, table->count, &table->cap, sizeof(void *));

    table->rows = rows;
    return made;
}

/* The room for it has been made before. */
static void insert(struct memory_table *table, size_t place, void *row)
{
    memmove(table->rows + place + 1, table->rows + place, (table->count - place) * sizeof(void *));
    table->rows[place] = row;
    table->count++;
}

static void *take_out(struct memory_table *table, size_t place)
{
    void *row = table->rows[place];

    table->count--;
    memmove(table->rows + place, table->rows + place + 1, (table->count - place) * sizeof(void *));
    return row;
}

static bool note(struct memory_journal *journal, struct memory_change change)
{
    void *changes = journal->changes;
    bool made = make_room(&changes, journal->count, &journal->cap, sizeof(change));

    journal->changes = changes;
    if (made)
        journal->changes[journal->count++] = change;
    return made;
}

bool memory_table_put(struct memory_table *table, struct memory_journal *journal, void *row)
{
    size_t place = memory_table_place(table, row);
    void *earlier = is_at(table, place, row) ? table->rows[place] : NULL;

    if (!make_table_room(table) ||
        !note(journal, (struct memory_change){table, .removed = earlier, .added = row})) {
        free(row);
        return false;
    }
    if (earlier != NULL)
        table->rows[place] = row;
    else
        insert(table, place, row);
    return true;
}

bool memory_table_remove(struct memory_table *table, struct memory_journal *journal, size_t place)
{
    if (!note(journal, (struct memory_change){table, .removed = table->rows[place]}))
        return false;
    take_out(table, place);
    return true;
}

void memory_table_done(struct memory_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        free(table->rows[i]);
    free(table->rows);
    table->rows = NULL;
    table->count = table->cap = 0;
}

void memory_journal_undo(struct memory_journal *journal, size_t down_to)
{
    while (journal->count > down_to) {
        struct memory_change *change = &journal->changes[--journal->count];
        const void *key = change->added != NULL ? change->added : change->removed;
        size_t place = memory_table_place(change->table, key);
        if (change->added != NULL)
            free(take_out(change->table, place));
        if (change->removed != NULL)
            insert(change->table, place, change->removed); /* it stood here: there is room */
    }
}

void memory_journal_commit(struct memory_journal *journal)
{
    for (size_t i = 0; i < journal->count; i++)
        free(journal->changes[i].removed);
    journal->count = 0;
}
