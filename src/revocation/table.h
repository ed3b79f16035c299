/* One shard of the token index: an open-addressing table of one size, filled by one writer while
 * any number of readers look things up. It never grows and never loses an entry; whoever owns it
 * builds a new one (revocation/index.c) and retires this one.
 *
 * A slot has a tag, eight bits of the hash, and eight tags are one atomic word: nearly every
 * look-up is for a token that was never revoked and is over after that word. The invariant readers
 * rely on: a tag is written (release) after its entry, and the key under a tag never changes. */
#ifndef REVOCATION_TABLE_H
#define REVOCATION_TABLE_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/rows.h"

enum { TABLE_GROUP = 8 }; /* slots whose tags share a word */

struct table_key {
    uint64_t high, low; /* the sid, as it lies in memory */
    uint64_t hash;
};

/* What an entry says is one word, so that a reader never sees half of a change: an odd one is the
 * end of a revocation, an even one the address of a set. */
struct table_entry {
    _Atomic uint64_t high, low;
    _Atomic uint64_t detail;
    uint64_t number; /* the writer's */
};
static_assert(sizeof(struct table_entry) == 32, "half a cache line, see the memory bar of SPEC 11");

struct table {
    uint32_t groups;
    uint32_t used; /* slots; the writer's */
    uint32_t room; /* slots that may be used: the rest keeps searches short, and finite */
    bool mapped;
    size_t bytes;
    struct table_entry *entries;
    _Alignas(64) _Atomic uint64_t tags[];
};

void table_free(void *table); /* as quiesce_retire wants it */

/* What is left of a token that was narrowed or shortened. Whoever owns the table owns it; it never
 * changes. */
struct table_set {
    int64_t end_s; /* of the entry */
    int64_t exp_s;
    size_t scopes_len;
    char scopes[]; /* names */
};

/* A copy, for free(); NULL when out of memory. */
struct table_set *table_set_new(const struct entry_set *set, int64_t end_s);

static inline size_t table_set_bytes(const struct table_set *set)
{
    return sizeof(*set) + set->scopes_len;
}

/* The writer's view of an entry's detail. */
static inline uint64_t table_detail(const struct table_entry *entry)
{
    return atomic_load_explicit(&entry->detail, memory_order_relaxed);
}

static inline uint64_t table_revoked(int64_t end_s)
{
    int64_t far = INT64_MAX >> 1;
    int64_t kept_s = end_s > far ? far : end_s < -far ? -far : end_s;
    return (uint64_t)kept_s << 1 | 1;
}

static inline bool table_is_revoked(uint64_t detail)
{
    return (detail & 1) != 0;
}

/* NULL: it is revoked. */
static inline struct table_set *table_set_of(uint64_t detail)
{
    return table_is_revoked(detail) ? NULL : (struct table_set *)(uintptr_t)detail;
}

static inline int64_t table_end_s(uint64_t detail)
{
    return table_is_revoked(detail) ? (int64_t)detail >> 1 : table_set_of(detail)->end_s;
}

/* The key must not be there yet and there must be room. The writer only. */
void table_add(struct table *table, const struct table_key *key, uint64_t number, uint64_t detail);

static inline size_t table_slots(const struct table *table)
{
    return (size_t)table->groups * TABLE_GROUP;
}

/* The i-th slot's entry, or NULL when it is empty. i < table_slots(). */
struct table_entry *table_slot(struct table *table, size_t i);

/* How many entries have not ended at now_s; and a table of them alone with room for size, which
 * shares their sets. NULL when out of memory. old may be NULL. The writer only. */
size_t table_count_live(struct table *table, int64_t now_s);
struct table *table_copy_live(struct table *old, uint64_t seed, int64_t now_s, size_t size);

static inline uint8_t table_tag(uint64_t hash)
{
    uint8_t tag = (uint8_t)hash;
    return tag == 0 ? 1 : tag; /* 0 is an empty slot */
}

static inline size_t table_home(const struct table *table, uint64_t hash)
{
    return (size_t)((uint64_t)(uint32_t)(hash >> 16) * table->groups >> 32);
}

/* 0x80 in each byte of word that equals tag, exactly. */
static inline uint64_t table_match(uint64_t word, uint8_t tag)
{
    const uint64_t low7 = 0x7f7f7f7f7f7f7f7fu;
    uint64_t x = word ^ 0x0101010101010101u * tag;
    return ~(((x & low7) + low7) | x | low7);
}

/* NULL: not there. */
static inline struct table_entry *table_find(const struct table *table, const struct table_key *key)
{
    uint8_t tag = table_tag(key->hash);

    for (size_t group = table_home(table, key->hash);;) {
        uint64_t word = atomic_load_explicit(&table->tags[group], memory_order_acquire);
        for (uint64_t hits = table_match(word, tag); hits != 0; hits &= hits - 1) {
            struct table_entry *entry =
                &table->entries[group * TABLE_GROUP + (size_t)__builtin_ctzll(hits) / 8];
            if (atomic_load_explicit(&entry->low, memory_order_relaxed) == key->low &&
                atomic_load_explicit(&entry->high, memory_order_relaxed) == key->high)
                return entry;
        }
        if (table_match(word, 0) != 0)
            return NULL;
        if (++group == table->groups)
            group = 0;
    }
}

#endif
