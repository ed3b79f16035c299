/* "The rows follow" (SPEC 7): what a revocation by selector ended was over at once, by its entry;
 * here the rows of those tokens are marked behind it, so that lists, changes and counts need not
 * ask the index. One revocation after the other, in small steps with pauses between, on a thread of
 * its own that takes a small share of the store's writer.
 *
 * Each step keeps how far it came, so a restart goes on where the last one ended. What the tables
 * decided (over_ceiling) is revoked token by token; until that is through, the store changes
 * nobody's scopes. */
#ifndef MANAGE_REVOCATIONS_WALK_H
#define MANAGE_REVOCATIONS_WALK_H

#include "exchange/server.h"
#include "revocation/selector.h"
#include "token/standing.h"

struct revocation_walk;

/* Begins with what was left when the store was last closed. The store's writer runs, the snapshot
 * is published; both outlive the walk. ERR_FAULT_MEMORY, also when a thread cannot be had. */
RESULT revocation_walk_new(struct server *server, struct revocation_walk **out);

/* Ends between two steps. Accepts NULL. */
void revocation_walk_free(struct revocation_walk **walk);

/* There is something new to follow. Any thread; accepts NULL. */
void revocation_walk_wake(struct revocation_walk *walk);

/* Whether the row is to be marked: every JWT of its token was ended, not only the newest, of which
 * the row tells. A token that a revocation by over_ceiling may have ended one JWT of is revoked
 * whole, for its entry does not stay. */
bool revocation_walk_takes(const struct revocation_row *revocation, const struct token_facts *facts,
                           const struct token_row *row);

#endif
