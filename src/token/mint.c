#include "token/mint.h"

#include "jose/jws.h"

struct result token_mint(const struct token_policy *policy, const struct keyring *keyring,
                         struct keyring_thread *keys, const struct token_claims *claims,
                         struct buf *out)
{
    bool plain = token_policy_is_plain(policy, claims->audiences, claims->audience_count);
    const struct keyring_key *key = keyring_active(keyring);
    char payload[LIMIT_TOKEN];
    struct crypto_ctx *ctx;
    struct buf b;

    buf_init_fixed(&b, payload, sizeof(payload));
    token_claims_write(claims, &b);
    if (b.failed)
        return FAULT(ERR_FAULT_MEMORY);
    TRY(keyring_thread_ctx(keys, key, &ctx));
    return jws_write(out, keyring_key_prefix(key, plain ? JWS_JWT : JWS_AT_JWT), buf_view(&b), ctx);
}
