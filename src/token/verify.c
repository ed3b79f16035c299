#include "token/verify.h"

#include "jose/jws.h"

/* typ is exactly the one we would have written for these audiences (8725-3.11-a, 9068-4-a). Media
 * types are compared without case (RFC7515-4.1.9). */
static bool has_our_type(const struct token_policy *policy, struct str typ,
                         const struct token_claims *claims)
{
    bool plain = token_policy_is_plain(policy, claims->audiences, claims->audience_count);
    return str_eq_nocase(typ, str_from(jws_type_name(plain ? JWS_JWT : JWS_AT_JWT)));
}

struct result token_verify(const struct token_policy *policy, const struct keyring *keyring,
                           struct keyring_thread *keys, struct str token, struct arena *arena,
                           struct verified_token *out, bool *out_good)
{
    const struct keyring_key *key;
    struct crypto_ctx *ctx;
    struct jws jws;
    bool holds;

    *out_good = false;
    enum err err = keyring_parse(keyring, arena, token, &jws, &key);
    if (err == ERR_FAULT_MEMORY)
        return FAULT(err);
    if (err != ERR_NONE || key == NULL || jws.typ.ptr == NULL || keyring_key_alg(key) != jws.alg)
        return RESULT_OK;
    TRY(keyring_thread_ctx(keys, key, &ctx));
    TRY(jws_verify(&jws, ctx, &holds));
    if (!holds)
        return RESULT_OK;
    err = token_claims_read(jws.payload, arena, &out->claims);
    if (err == ERR_FAULT_MEMORY)
        return FAULT(err);
    out->kid = arena_str(arena, jws.kid); /* which may be the keyring's */
    if (out->kid.ptr == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    *out_good = err == ERR_NONE && str_eq(out->claims.issuer, policy->issuer) && /* THREATS-11 */
                has_our_type(policy, jws.typ, &out->claims);
    return RESULT_OK;
}
