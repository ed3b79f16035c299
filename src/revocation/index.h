/* The revocation index: which tokens are revoked, what is left of those that were narrowed or
 * shortened, the epochs and the selectors in force, in memory. It answers every introspection by
 * itself: no store, no Redis, no lock (P2, SPEC 6).
 *
 * One writer (the store's writer thread; before it starts, the thread that builds the index), any
 * number of readers that are quiesce readers. What a reader looks up during one turn of its loop is
 * stable memory. */
#ifndef REVOCATION_INDEX_H
#define REVOCATION_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/quiesce.h"
#include "core/result.h"
#include "store/rows.h"

struct revocation_index;

RESULT revocation_index_new(struct quiesce *quiesce, struct revocation_index **out);
void revocation_index_free(struct revocation_index **index); /* no readers left; accepts NULL */

/* ---- the writer ---- */

/* In any order and repeatedly: a lower number never overwrites, nothing overwrites revoked. Text of
 * sets and selectors is copied. A selector's entry that was over when it was made takes back the
 * selector of that id; a plan's does nothing. A fault (memory) marks the index incomplete, after
 * which readers answer 503 until it was rebuilt. */
RESULT revocation_index_apply(struct revocation_index *index, const struct store_entry *entries,
                              size_t n);

/* Declares that everything up to number has been applied; complete from the first call on. */
void revocation_index_complete(struct revocation_index *index, uint64_t number);

/* Begins again after a fault: apply everything from number 0 on, then complete. What is there stays
 * there meanwhile, and complete() has no effect between the fault and this call. */
void revocation_index_rebuild(struct revocation_index *index);

/* Forgets entries with end_s <= now_s, a bounded amount of work each call. */
void revocation_index_sweep(struct revocation_index *index, int64_t now_s);

/* ---- readers ---- */

bool revocation_index_is_complete(const struct revocation_index *index);

/* The last number applied: what a token minted now carries as its `epoch` claim. */
uint64_t revocation_index_number(const struct revocation_index *index);

enum revocation_found { REVOCATION_NONE, REVOCATION_SET, REVOCATION_REVOKED };

/* *out is written for REVOCATION_SET alone: what every JWT of the token is bound by (P1). Its names
 * are as stored, for the catalogue of the reader's moment; they live as long as the turn. */
enum revocation_found revocation_index_find(const struct revocation_index *index,
                                            const struct sid *token_sid, struct entry_set *out);

struct epoch_subject {
    uint64_t epoch; /* the token's claim */
    int64_t iat_s;  /* or the latest it can be */
    struct sid client_id;
    struct sid user_sid; /* none: no user */
    struct str kid;
    struct str scopes;          /* names the token holds: its claim's, or what it was narrowed to */
    bool over_ceiling;          /* asked for where revocation_index_asks_ceiling */
    const struct sid *partners; /* the token's partner first, then its ancestors up to the root */
    size_t partner_count;
};

/* True when an epoch's or a selector's entry matches whose `below` is above subject->epoch. */
bool revocation_index_is_cut(const struct revocation_index *index,
                             const struct epoch_subject *subject);

/* True when a selector that was carried out since created_ms is about the token as it is before a
 * change of its scopes and not after: JWTs of it that are over would come back (P2). Epoch and kid
 * are not looked at. */
bool revocation_index_lets_go(const struct revocation_index *index,
                              const struct epoch_subject *before, const struct epoch_subject *after,
                              int64_t created_ms);

/* True while a selector is live that needs epoch_subject.over_ceiling, for tokens with that epoch.
 */
bool revocation_index_asks_ceiling(const struct revocation_index *index, uint64_t epoch);

struct revocation_index_stats {
    size_t tokens; /* revoked and narrowed */
    size_t epochs, selectors, bytes;
};
/* Any thread. */
struct revocation_index_stats revocation_index_stats(const struct revocation_index *index);

#endif
