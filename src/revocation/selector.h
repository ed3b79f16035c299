/* Which tokens a revocation by selector is about (SPEC 7): one rule for the index, which asks it of
 * every token presented, and for who walks the rows. And what is read off an entry alone. */
#ifndef REVOCATION_SELECTOR_H
#define REVOCATION_SELECTOR_H

#include "revocation/index.h"
#include "json/write.h"

/* Whether all that the selector says holds for the token, whenever it was made: epoch is not
 * looked at. One that says nothing matches every token. */
bool revocation_selector_matches(const struct revocation_selector *selector,
                                 const struct epoch_subject *subject);

/* The `epoch` below which an entry of an epoch or a selector ends tokens. One that carries none is
 * from before there were plans. */
static inline uint64_t revocation_entry_below(const struct store_entry *entry)
{
    return entry->below != 0 ? entry->below : entry->number;
}

/* A selector's entry without an end takes back the one before: its walk is done. Not one that was
 * over when it was committed: there the clock leapt in between, and may leap back (P2). */
static inline bool revocation_entry_is_end(const struct store_entry *entry)
{
    return entry->end_s <= 0;
}

/* Whom it is about, as members of an object that is begun: client_id, partner_sid, descendants
 * (true, or not there), user_sid and kid, each where it is said. Names, times and over_ceiling each
 * reader is told in its own way. */
void revocation_selector_write_whom(const struct revocation_selector *selector,
                                    struct json_writer *w);

/* "revoked", "narrowed", "application" and so on: what an entry of this kind is called outside, in
 * Redis (link.h) and on the feed for resource servers. */
struct str revocation_entry_name(enum entry_kind kind);

#endif
