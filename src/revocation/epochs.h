/* The epochs: "every token of this application (partner, subtree, user, key) minted before number n
 * is dead", one entry each. A set is immutable; a change builds another (few entries, rare
 * changes), so readers need no more than the pointer. One entry stands for all those of the same
 * kind and id: its number is the highest of theirs and its end the latest, which kills exactly the
 * same tokens. */
#ifndef REVOCATION_EPOCHS_H
#define REVOCATION_EPOCHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "revocation/index.h"

struct epochs_item {
    uint64_t number;
    int64_t end_s;
    struct sid id;
    uint8_t kind; /* enum entry_kind */
    uint8_t kid_len;
    char kid[LIMIT_KID];
};

struct epochs {
    uint64_t seed;
    uint64_t highest;    /* number: a token from this one on needs no look-up */
    int64_t first_end_s; /* before it there is nothing to forget */
    unsigned kinds;      /* bit 1 << kind where the set has one */
    uint32_t mask;       /* of slots */
    size_t count;
    size_t bytes;
    struct epochs_item *items;
    uint64_t slots[]; /* hash's upper half | place in items + 1; 0: empty */
};

/* A new set of old (may be NULL), less what ended by now_s, plus the epochs among the entries. NULL
 * when out of memory. */
struct epochs *epochs_new(const struct epochs *old, int64_t now_s, uint64_t seed,
                          const struct store_entry *entries, size_t n);
void epochs_free(void *set); /* as quiesce_retire wants it */

bool epochs_cut(const struct epochs *set, const struct epoch_subject *subject);

#endif
