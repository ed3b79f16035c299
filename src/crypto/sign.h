/* Signing and verifying as JOSE writes it (RFC7515-5, RFC7518-3, RFC8037-3.1). The algorithm is the
 * key's; nothing a token says reaches this file (RFC8725-3.1).
 *
 * A crypto_ctx is one thread's working state for one key: set up once, used many times (a fifth
 * faster than setting up each time). It may not be used by two threads at once; the key behind it
 * may. It holds a reference to the key. */
#ifndef CRYPTO_SIGN_H
#define CRYPTO_SIGN_H

#include "crypto/key.h"

struct crypto_ctx;

/* ERR_FAULT_MEMORY, ERR_FAULT_CRYPTO. */
RESULT crypto_ctx_new(struct crypto_key *key, struct crypto_ctx **out);
void crypto_ctx_free(struct crypto_ctx **ctx); /* accepts NULL */

const struct crypto_key *crypto_ctx_key(const struct crypto_ctx *ctx);

/* Writes crypto_key_signature_size() bytes. ERR_FAULT_CRYPTO, also for a key without private
 * part. */
RESULT crypto_sign(struct crypto_ctx *ctx, struct str message, uint8_t *out);

/* Whether signature is the key's over message. A signature of any other length or form is simply
 * not. A fault says that nobody knows: it must not be answered as "no" (P4). */
RESULT crypto_verify(struct crypto_ctx *ctx, struct str message, struct str signature, bool *out);

/* OpenSSL says "no" also when it ran out of memory: whether the last one, in this thread and
 * perhaps of another library that uses it, may have been that. Empties the thread's error queue. */
bool crypto_ran_out_of_memory(void);

#endif
