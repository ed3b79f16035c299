/* A set of scope values as one cache line of bits: the currency of every check (P1). A bit means
 * what the catalogue says; bits never leave the process, rows and tokens carry names. Plain value:
 * copy it, compare it, keep it anywhere. It asks for no more alignment than its words, so that it
 * may live in arenas. */
#ifndef SCOPE_SET_H
#define SCOPE_SET_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/limits.h"

enum { SCOPE_SET_WORDS = LIMIT_SCOPES / 64 };

struct scope_set {
    uint64_t words[SCOPE_SET_WORDS];
};

static_assert(sizeof(struct scope_set) == 64, "one cache line");

#define SCOPE_SET_EMPTY ((struct scope_set){{0}})

static inline bool scope_set_has(const struct scope_set *set, unsigned bit)
{
    return (set->words[bit / 64] >> (bit % 64) & 1) != 0;
}

static inline void scope_set_add(struct scope_set *set, unsigned bit)
{
    set->words[bit / 64] |= (uint64_t)1 << (bit % 64);
}

static inline void scope_set_remove(struct scope_set *set, unsigned bit)
{
    set->words[bit / 64] &= ~((uint64_t)1 << (bit % 64));
}

static inline struct scope_set scope_set_union(const struct scope_set *a, const struct scope_set *b)
{
    struct scope_set out;
    for (int i = 0; i < SCOPE_SET_WORDS; i++)
        out.words[i] = a->words[i] | b->words[i];
    return out;
}

static inline struct scope_set scope_set_intersection(const struct scope_set *a,
                                                      const struct scope_set *b)
{
    struct scope_set out;
    for (int i = 0; i < SCOPE_SET_WORDS; i++)
        out.words[i] = a->words[i] & b->words[i];
    return out;
}

/* What a has and b has not. */
static inline struct scope_set scope_set_difference(const struct scope_set *a,
                                                    const struct scope_set *b)
{
    struct scope_set out;
    for (int i = 0; i < SCOPE_SET_WORDS; i++)
        out.words[i] = a->words[i] & ~b->words[i];
    return out;
}

/* The three below look at all words without a branch between: shorter than leaving early. */

static inline bool scope_set_is_subset(const struct scope_set *part, const struct scope_set *whole)
{
    uint64_t outside = 0;
    for (int i = 0; i < SCOPE_SET_WORDS; i++)
        outside |= part->words[i] & ~whole->words[i];
    return outside == 0;
}

static inline bool scope_set_eq(const struct scope_set *a, const struct scope_set *b)
{
    uint64_t differs = 0;
    for (int i = 0; i < SCOPE_SET_WORDS; i++)
        differs |= a->words[i] ^ b->words[i];
    return differs == 0;
}

static inline bool scope_set_is_empty(const struct scope_set *set)
{
    uint64_t any = 0;
    for (int i = 0; i < SCOPE_SET_WORDS; i++)
        any |= set->words[i];
    return any == 0;
}

static inline unsigned scope_set_count(const struct scope_set *set)
{
    unsigned count = 0;
    for (int i = 0; i < SCOPE_SET_WORDS; i++)
        count += (unsigned)__builtin_popcountll(set->words[i]);
    return count;
}

/* The first bit at or after `from`, or LIMIT_SCOPES. A walk over all:
 *   for (unsigned bit = scope_set_next(&s, 0); bit < LIMIT_SCOPES; bit = scope_set_next(&s, bit +
 * 1)) */
static inline unsigned scope_set_next(const struct scope_set *set, unsigned from)
{
    if (from >= LIMIT_SCOPES)
        return LIMIT_SCOPES;
    uint64_t word = set->words[from / 64] & ~(uint64_t)0 << (from % 64);
    for (unsigned i = from / 64;;) {
        if (word != 0)
            return i * 64 + (unsigned)__builtin_ctzll(word);
        if (++i == SCOPE_SET_WORDS)
            return LIMIT_SCOPES;
        word = set->words[i];
    }
}

#endif
