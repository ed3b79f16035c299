#include "revocation/table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "revocation/hash.h"

/* From a page on, tables are mapped: a grown-out table then leaves the process at once instead of
 * leaving a hole in the heap that the next, larger one does not fit in. */
enum { PAGE = 4096 };

/* Zeroed, at a multiple of 64. */
static void *memory_take(size_t bytes, bool mapped)
{
    void *memory;

    if (!mapped) {
        memory = aligned_alloc(64, bytes);
        return memory == NULL ? NULL : memset(memory, 0, bytes);
    }
    memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static size_t tags_bytes(size_t groups)
{
    return (groups * sizeof(uint64_t) + 63) / 64 * 64;
}

static size_t bytes_for(size_t groups)
{
    return sizeof(struct table) + tags_bytes(groups) +
           groups * TABLE_GROUP * sizeof(struct table_entry);
}

/* Room for at least n entries; NULL when out of memory. */
static struct table *table_new(size_t n)
{
    size_t groups = n * 10 / 9 / TABLE_GROUP + 1;
    size_t bytes = bytes_for(groups);
    bool mapped = bytes >= PAGE;

    if (mapped) { /* whole pages, and all of them used */
        bytes = (bytes + PAGE - 1) / PAGE * PAGE;
        while (bytes_for(groups + 1) <= bytes)
            groups++;
    }
    assert(groups < UINT32_MAX / TABLE_GROUP);

    struct table *table = memory_take(bytes, mapped);
    if (table == NULL)
        return NULL;
    table->groups = (uint32_t)groups;
    table->room = (uint32_t)(groups * TABLE_GROUP * 9 / 10);
    table->mapped = mapped;
    table->bytes = bytes;
    table->entries = (struct table_entry *)((char *)table->tags + tags_bytes(groups));
    return table;
}

void table_free(void *memory)
{
    struct table *table = memory;
    if (table != NULL && table->mapped)
        munmap(table, table->bytes);
    else
        free(table);
}

void table_add(struct table *table, const struct table_key *key, uint64_t number, uint64_t detail)
{
    size_t group = table_home(table, key->hash);
    uint64_t word, empty;

    assert(table->used < table->room);
    for (;;) {
        word = atomic_load_explicit(&table->tags[group], memory_order_relaxed);
        empty = table_match(word, 0);
        if (empty != 0)
            break;
        group = group + 1 == table->groups ? 0 : group + 1;
    }

    size_t place = (size_t)__builtin_ctzll(empty) / 8;
    struct table_entry *entry = &table->entries[group * TABLE_GROUP + place];
    atomic_store_explicit(&entry->high, key->high, memory_order_relaxed);
    atomic_store_explicit(&entry->low, key->low, memory_order_relaxed);
    entry->number = number;
    atomic_store_explicit(&entry->detail, detail, memory_order_relaxed);
    word |= (uint64_t)table_tag(key->hash) << (place * 8);
    atomic_store(&table->tags[group],
                 word); /* a revocation is visible before its answer leaves: P2 */
    table->used++;
}

struct table_entry *table_slot(struct table *table, size_t i)
{
    uint64_t word = atomic_load_explicit(&table->tags[i / TABLE_GROUP], memory_order_relaxed);
    return (uint8_t)(word >> (i % TABLE_GROUP * 8)) == 0 ? NULL : &table->entries[i];
}

size_t table_count_live(struct table *table, int64_t now_s)
{
    size_t live = 0;
    for (size_t i = 0; i < table_slots(table); i++) {
        const struct table_entry *entry = table_slot(table, i);
        live += entry != NULL && table_end_s(table_detail(entry)) > now_s;
    }
    return live;
}

struct table *table_copy_live(struct table *old, uint64_t seed, int64_t now_s, size_t size)
{
    struct table *new = table_new(size);
    if (new == NULL)
        return NULL;

    for (size_t i = 0; old != NULL && i < table_slots(old); i++) {
        const struct table_entry *entry = table_slot(old, i);
        if (entry == NULL || table_end_s(table_detail(entry)) <= now_s)
            continue;
        struct table_key key = {.high = atomic_load_explicit(&entry->high, memory_order_relaxed),
                                .low = atomic_load_explicit(&entry->low, memory_order_relaxed)};
        key.hash = hash_words(seed, key.high, key.low);
        table_add(new, &key, entry->number, table_detail(entry));
    }
    return new;
}

struct table_set *table_set_new(const struct entry_set *set, int64_t end_s)
{
    struct table_set *new = calloc(1, sizeof(*new) + set->scopes.len);

    if (new == NULL)
        return NULL;
    new->end_s = end_s;
    new->exp_s = set->exp_s;
    new->scopes_len = set->scopes.len;
    if (set->scopes.len > 0)
        memcpy(new->scopes, set->scopes.ptr, set->scopes.len);
    return new;
}
