/* JWTs that others sign with keys of their own: clients' assertions (RFC7523). The only place with
 * libjwt, and one that gives it nothing to decide (THREATS-1, THREATS-2):
 *
 * - our reader takes the token apart and refuses what is not plain (jose/jws.h); here `typ` is
 *   pinned, and the key that the header names pins algorithm, type and length;
 * - libjwt then says of an ES256 or RS256 token whether the signature is that key's. What it lacks
 *   our own verifier checks: PS256, EdDSA, and whatever its `typ` is but JWT;
 * - the claims are read from the payload by our reader alone, by whoever called.
 *
 * libjwt parses the key on each call (0.4 ms), so verifying belongs on a pool (core/pool.h). Keys
 * are read from their text each time too: nothing of a client's stays in memory, and what may run
 * at once is bounded by the pool. */
#ifndef JOSE_INBOUND_H
#define JOSE_INBOUND_H

#include "jose/jws.h"

struct inbound {
    struct str token;
    struct jws jws; /* not to be believed until inbound_verify() said so */
};

/* ERR_INVALID_TOKEN for whatever jws_parse_of_others() does not take, and for a `typ` other than
 * none, JWT or client-authentication+jwt (8725-3.11-a); ERR_FAULT_MEMORY. The token must outlive
 * *out; the rest is in the arena. */
__attribute__((warn_unused_result)) enum err inbound_parse(struct arena *arena, struct str token,
                                                           struct inbound *out);

/* Whether the key of the set (JSON text, jose/key_set.h) that the header names signed it, under
 * that key's algorithm. A set without such a key, and text that is no set, did not. Any thread;
 * takes its own memory. Faults as crypto_verify(), and ERR_FAULT_MEMORY: nobody knows (P4). */
RESULT inbound_verify(const struct inbound *inbound, struct str key_set, bool *out_holds);

#endif
