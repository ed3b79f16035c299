/* Tokens that have been verified, so that a token costs one signature check and not one a question.
 * What is kept is what depends on the token's bytes alone (its claims); what it is worth is worked
 * out anew each time, so a change of tables costs nothing here and no verdict outlives anything
 * (P1, P2).
 *
 * One for all workers. A look-up loads a few pointers and takes no lock; an entry never changes, is
 * replaced as a whole and freed once no reader can hold it (core/quiesce.h). Keyed by SHA-256 of
 * the whole token; an entry counts only under the version of keys and policy it was verified with.
 * Bounded: sets of four, in which a token that was asked for again stays and one that never was
 * goes first. A token put in as it is minted is on probation: it takes no place from one that was
 * asked for. */
#ifndef TOKEN_CACHE_H
#define TOKEN_CACHE_H

#include "core/quiesce.h"
#include "crypto/digest.h"
#include "token/answer.h"
#include "token/verify.h"

struct token_cache;

/* entries is rounded up to a power of two, at least 16; they take at most 2 KB each on average. 0:
 * nothing is kept. */
RESULT token_cache_new(size_t entries, struct quiesce *quiesce, struct token_cache **out);
void token_cache_free(struct token_cache **cache); /* no reader is left; accepts NULL */

/* NULL: not there. Good until the calling reader's next quiescent point. Any reader thread. */
const struct verified_token *token_cache_find(struct token_cache *cache,
                                              const struct digest256 *digest, uint64_t version);

/* What introspection says of it, made at the first question and kept beside it; cached is what
 * token_cache_find gave in this turn. False without memory. Any reader thread. */
bool token_cache_answer(const struct verified_token *cached, struct token_answer *out);

/* Copies the token. Without memory, or without place, it is simply not kept. Any reader thread. */
void token_cache_put(struct token_cache *cache, const struct digest256 *digest, uint64_t version,
                     const struct verified_token *token, bool probation);

#endif
