/* Is this one of our access tokens? Only its bytes are judged: form, key, type, signature, claims,
 * issuer. Whether it holds now is token/standing.h. */
#ifndef TOKEN_VERIFY_H
#define TOKEN_VERIFY_H

#include "core/arena.h"
#include "core/result.h"
#include "keyring/keyring.h"
#include "token/claims.h"
#include "token/policy.h"

struct verified_token {
    struct token_claims claims;
    struct str kid;
};

/* *out_good false: not a token of ours, for whatever reason (the reasons look alike, 7662-2.2-h). A
 * fault: nobody knows, which must not be answered as no (P4). Costs a signature check (60 us),
 * unless the form alone or an unknown kid already says no. Text of *out lives as long as arena and
 * token. */
RESULT token_verify(const struct token_policy *policy, const struct keyring *keyring,
                    struct keyring_thread *keys, struct str token, struct arena *arena,
                    struct verified_token *out, bool *out_good);

#endif
