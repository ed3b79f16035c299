/* From SID to record: open addressing over pointers, grown by doubling, one writer and then readers
 * only. */
#ifndef PARTY_TABLE_H
#define PARTY_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/sid.h"

/* A record begins with its struct sid and stays where it is. */
struct sid_table {
    const struct sid **slots;
    size_t mask; /* slots - 1, a power of two */
    size_t count;
};

/* Zeroed is empty. False when out of memory; the table is then as before. */
bool sid_table_add(struct sid_table *table, const struct sid *record);
void *sid_table_find(const struct sid_table *table, const struct sid *sid); /* NULL: none */
void sid_table_done(struct sid_table *table);

#endif
