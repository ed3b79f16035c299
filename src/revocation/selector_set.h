/* The selectors in force: STORE_SELECTORS of them, as the store sees to, each looked at for every
 * token whose epoch is below it. A set is immutable and owns its text; a change builds another.
 *
 * Names of scopes are the dear part, so a token's names are looked up once for all selectors: a
 * table says by a name's hash which of the first 64 have it. It only spares comparisons; what
 * matches is what revocation_selector_matches says. */
#ifndef REVOCATION_SELECTOR_SET_H
#define REVOCATION_SELECTOR_SET_H

#include "revocation/index.h"

struct selector_item {
    struct sid id; /* of the revocation */
    uint64_t number;
    uint64_t below;       /* 0: taken back, and kept for a while lest the one before returns */
    int64_t end_s, at_ms; /* when it was carried out */
    struct revocation_selector selector; /* its text is the set's */
};

struct selector_name {
    uint64_t hash;
    uint64_t who; /* bit 1 << place of the item; 0: the slot is empty */
};

struct selector_set {
    uint64_t seed;
    uint64_t highest;    /* below, of all, */
    uint64_t ceiling;    /* and of those that ask for over_ceiling */
    int64_t first_end_s; /* before it there is nothing to forget */
    size_t live, count;
    size_t bytes;
    size_t mask; /* of names */
    struct selector_name *names;
    char *text; /* where the next one goes */
    struct selector_item items[];
};

/* A new set of old (may be NULL), less what ended by now_s, plus the selectors among the entries.
 * NULL when out of memory. */
struct selector_set *selector_set_new(const struct selector_set *old, int64_t now_s, uint64_t seed,
                                      const struct store_entry *entries, size_t n);
void selector_set_free(void *set); /* as quiesce_retire wants it */

bool selector_set_cut(const struct selector_set *set, const struct epoch_subject *subject);
bool selector_set_lets_go(const struct selector_set *set, const struct epoch_subject *before,
                          const struct epoch_subject *after, int64_t created_ms);

#endif
