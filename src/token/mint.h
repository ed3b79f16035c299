/* From claims to a signed JWT (RFC9068-2). */
#ifndef TOKEN_MINT_H
#define TOKEN_MINT_H

#include "core/buf.h"
#include "core/result.h"
#include "keyring/keyring.h"
#include "token/claims.h"
#include "token/policy.h"

/* Appends the compact form, signed with the key that is active now. One signature (20 us for
 * ES256), no allocation but the buffer's. ERR_TOKEN_TOO_LARGE past LIMIT_TOKEN; ERR_FAULT_CRYPTO;
 * ERR_FAULT_MEMORY when out is full. */
__attribute__((warn_unused_result)) enum err
token_mint(const struct token_policy *policy, const struct keyring *keyring,
           struct keyring_thread *keys, const struct token_claims *claims, struct buf *out);

#endif
