/* Verifying one presented token in an exchange: from the cache at once, or by a signature
 * check in the deferred queue, once per token and caller's right to ask (SPEC 4, floods). */
#ifndef EXCHANGE_VERIFICATION_H
#define EXCHANGE_VERIFICATION_H

#include "crypto/digest.h"
#include "exchange/exchange.h"
#include "token/verify.h"

struct verification {
    struct str text;
    struct digest256 digest;
    struct result result;
    bool good;
    const struct verified_token *token; /* when good: for this turn of the loop alone */
    bool is_cached;                     /* token stands in the cache */
};

/* True: it is known already how it stands (seen before, or of a form that no token of ours has).
 * False: verification_run is to be deferred. */
bool verification_begin(struct exchange *x, struct str text, struct verification *out);

/* The expensive part. */
void verification_run(struct exchange *x, struct verification *verification);

/* Whether caller_key may have another unknown token verified this second, and the count of those
 * that failed. */
bool verification_is_allowed(const struct exchange *x, struct str caller_key);
void verification_count(const struct exchange *x, const struct verification *verification,
                        struct str caller_key);

#endif
