#include "token/mint.h"

#include "jose/jws.h"

enum err token_mint(const struct token_policy *policy, const struct keyring *keyring,
                    struct keyring_thread *keys, const struct token_claims *claims, struct buf *out)
{
    bool plain = token_policy_is_plain(policy, claims->audiences, claims->audience_count);
    const struct keyring_key *key = keyring_active(keyring);
    const struct jws_prefix *prefix = keyring_key_prefix(key, plain ? JWS_JWT : JWS_AT_JWT);
    char payload[LIMIT_TOKEN];
    struct crypto_ctx *ctx;
    struct buf b;

    buf_init_fixed(&b, payload, sizeof(payload));
    token_claims_write(claims, &b);
    if (b.failed)
        return ERR_TOKEN_TOO_LARGE;
    struct result ready = keyring_thread_ctx(keys, key, &ctx);
    if (!result_ok(ready))
        return ready.code;
    if (jws_size(prefix, b.len, ctx) > LIMIT_TOKEN)
        return ERR_TOKEN_TOO_LARGE;
    return jws_write(out, prefix, buf_view(&b), ctx).code;
}
