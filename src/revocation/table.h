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

enum { TABLE_GROUP = 8 }; /* slots whose tags share a word */

struct table_key {
    uint64_t high, low; /* the sid, as it lies in memory */
    uint64_t hash;
};

/* What kind of statement an entry makes, in the low byte of its state; the rest is the entry's
 * number. */
enum table_kind {
    TABLE_REVOKED = 1, /* detail: end_s */
};

struct table_entry {
    _Atomic uint64_t high, low;
    _Atomic uint64_t state;  /* number << 8 | kind */
    _Atomic uint64_t detail; /* by kind; wide enough for a pointer to a larger statement */
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

/* Room for at least n entries; NULL when out of memory. */
struct table *table_new(size_t n);
void table_free(void *table); /* as quiesce_retire wants it */

static inline uint64_t table_state(uint64_t number, enum table_kind kind)
{
    return number << 8 | kind;
}

static inline enum table_kind table_state_kind(uint64_t state)
{
    return (enum table_kind)(state & 0xff);
}

/* The key must not be there yet and there must be room. The writer only. */
void table_add(struct table *table, const struct table_key *key, uint64_t state, uint64_t detail);

/* The i-th slot's entry, or NULL when it is empty. i < groups * TABLE_GROUP. */
struct table_entry *table_slot(struct table *table, size_t i);

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
