#include "party/table.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS_MIN = 16 };

/* SIDs are made here and end in 62 random bits, so those are hash enough. */
static size_t place(const struct sid *sid, size_t mask)
{
    uint64_t random;
    memcpy(&random, sid->bytes + 8, sizeof(random));
    return (size_t)(random ^ random >> 32) & mask;
}

static void put(const struct sid **slots, size_t mask, const struct sid *record)
{
    size_t at = place(record, mask);
    while (slots[at] != NULL)
        at = (at + 1) & mask;
    slots[at] = record;
}

static bool grow(struct sid_table *table)
{
    size_t old = table->slots == NULL ? 0 : table->mask + 1;
    size_t slots = old == 0 ? SLOTS_MIN : old * 2;
    const struct sid **bigger = calloc(slots, sizeof(*bigger));

    if (bigger == NULL)
        return false;
    for (size_t i = 0; i < old; i++)
        if (table->slots[i] != NULL)
            put(bigger, slots - 1, table->slots[i]);
    free(table->slots);
    table->slots = bigger;
    table->mask = slots - 1;
    return true;
}

bool sid_table_add(struct sid_table *table, const struct sid *record)
{
    if ((table->slots == NULL || table->count * 2 > table->mask) && !grow(table))
        return false;
    put(table->slots, table->mask, record);
    table->count++;
    return true;
}

void *sid_table_find(const struct sid_table *table, const struct sid *sid)
{
    if (table->slots == NULL)
        return NULL;
    for (size_t at = place(sid, table->mask); table->slots[at] != NULL; at = (at + 1) & table->mask)
        if (sid_eq(table->slots[at], sid))
            return (void *)table->slots[at];
    return NULL;
}

void sid_table_done(struct sid_table *table)
{
    free(table->slots);
    *table = (struct sid_table){NULL, 0, 0};
}
