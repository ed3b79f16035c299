/* The epochs: "every token of this application (partner, subtree, user, key) whose epoch is below n
 * is dead", or only those of them that were issued before a moment. A set is immutable; a change
 * builds another, so readers need no more than the pointer. The index holds two, a small one that
 * changes often and a large one that seldom does; what either says counts.
 *
 * One item stands for all those of the same subject that say no more than it does: a lower or equal
 * `below` and an earlier or equal `before_s`. Its end is the latest of theirs, which kills exactly
 * the same tokens: what outlives its own end speaks of nothing that is alive. So a subject has one
 * item without a date, and the dated ones that reach above it: STORE_DATED, as the store sees to.
 */
#ifndef REVOCATION_EPOCHS_H
#define REVOCATION_EPOCHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "revocation/index.h"

struct epochs_item {
    uint64_t below;
    int64_t before_s; /* INT64_MAX: whenever it was issued */
    int64_t end_s;
    struct sid id;
    uint32_t next; /* place + 1 of another of the subject; 0: none */
    uint8_t kind;  /* enum entry_kind; 0: another says all that this one said */
    uint8_t kid_len;
    char kid[LIMIT_KID];
};

struct epochs {
    uint64_t seed;
    uint64_t highest;    /* below: a token from this one on needs no look-up */
    int64_t first_end_s; /* before it there is nothing to forget */
    unsigned kinds;      /* bit 1 << kind where the set has one */
    uint32_t mask;       /* of slots */
    size_t live;         /* items that say something */
    size_t count;
    size_t bytes;
    struct epochs_item *items;
    uint64_t slots[]; /* a subject each: hash's upper half | place of its first + 1; 0: empty */
};

static inline bool epochs_is_epoch(const struct store_entry *entry)
{
    return entry->kind >= ENTRY_EPOCH_APPLICATION && entry->kind <= ENTRY_EPOCH_KEY;
}

/* A new set of two others (each may be NULL), less what ended by now_s, plus the epochs among the
 * entries. NULL when out of memory. */
struct epochs *epochs_new(const struct epochs *old, const struct epochs *other, int64_t now_s,
                          uint64_t seed, const struct store_entry *entries, size_t n);
void epochs_free(void *set); /* as quiesce_retire wants it */

bool epochs_cut(const struct epochs *set, const struct epoch_subject *subject);

#endif
