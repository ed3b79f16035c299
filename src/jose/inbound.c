#include "jose/inbound.h"

#include <errno.h>
#include <jwt.h>

#include "jose/key_set.h"

enum { VERIFY_ARENA = KEY_SET_ARENA + 4 * LIMIT_TOKEN }; /* the set, the token, a PEM */

static bool is_plain_jwt(struct str typ)
{
    return typ.ptr == NULL || str_eq_nocase(typ, STR("JWT"));
}

enum err inbound_parse(struct arena *arena, struct str token, struct inbound *out)
{
    struct inbound inbound = {.token = token};
    enum err err = jws_parse_of_others(arena, token, &inbound.jws);

    if (err != ERR_NONE)
        return err;
    if (!is_plain_jwt(inbound.jws.typ) &&
        !str_eq_nocase(inbound.jws.typ, STR("client-authentication+jwt")))
        return ERR_INVALID_TOKEN;
    *out = inbound;
    return ERR_NONE;
}

/* It knows neither the other algorithms nor another typ (DESIGN 10). */
static bool libjwt_takes(const struct inbound *inbound, jwt_alg_t *out)
{
    if (inbound->jws.alg != KEY_ES256 && inbound->jws.alg != KEY_RS256)
        return false;
    *out = inbound->jws.alg == KEY_ES256 ? JWT_ALG_ES256 : JWT_ALG_RS256;
    return is_plain_jwt(inbound->jws.typ);
}

/* What it decoded must say the algorithm that we pinned, for it follows the token. */
static RESULT decode(const char *token, struct str pem, jwt_alg_t alg, bool *out)
{
    jwt_t *jwt = NULL;
    int code = jwt_decode(&jwt, token, (const unsigned char *)pem.ptr, (int)pem.len);
    bool holds = code == 0 && jwt_get_alg(jwt) == alg;

    if (code == 0)
        jwt_free(jwt);
    if (code == ENOMEM || (!holds && crypto_ran_out_of_memory()))
        return FAULT(ERR_FAULT_MEMORY);
    *out = holds;
    return RESULT_OK;
}

/* The key is never empty, which libjwt would take for "do not check". Whatever goes wrong within
 * OpenSSL it calls invalid, and not every want of memory leaves a trace there: its "no" counts when
 * it was said twice (P4). */
static struct result verify_with_libjwt(struct arena *arena, const struct inbound *inbound,
                                        const struct crypto_key *key, jwt_alg_t alg, bool *out)
{
    struct buf token, pem;

    buf_init_arena(&token, arena, inbound->token.len + 1, LIMIT_TOKEN + 1);
    buf_str(&token, inbound->token);
    buf_char(&token, '\0');
    buf_init_arena(&pem, arena, 1024, KEY_PEM_MAX);
    TRY(crypto_key_write_public_pem(key, &pem));
    if (token.failed || pem.failed)
        return FAULT(ERR_FAULT_MEMORY);
    if (pem.len == 0)
        return FAULT(ERR_FAULT_CRYPTO);
    TRY(decode(token.ptr, buf_view(&pem), alg, out));
    return *out ? RESULT_OK : decode(token.ptr, buf_view(&pem), alg, out);
}

static struct result verify_ourselves(const struct inbound *inbound, struct crypto_key *key,
                                      bool *out)
{
    struct crypto_ctx *ctx = NULL;

    TRY(crypto_ctx_new(key, &ctx));
    struct result verified = jws_verify(&inbound->jws, ctx, out);
    crypto_ctx_free(&ctx);
    return verified;
}

static struct result verify_by(struct arena *arena, const struct inbound *inbound,
                               const struct key_public *parts, bool *out)
{
    struct crypto_key *key = NULL;
    struct result verified = RESULT_OK;
    jwt_alg_t alg;
    bool holds = false;

    enum key_refusal refusal = crypto_key_from_public(parts, &key);
    if (refusal != KEY_TAKEN)
        return FAULT(refusal == KEY_NO_MEMORY ? ERR_FAULT_MEMORY : ERR_FAULT_CRYPTO);
    if (inbound->jws.signature.len == crypto_key_signature_size(key))
        verified = libjwt_takes(inbound, &alg)
                       ? verify_with_libjwt(arena, inbound, key, alg, &holds)
                       : verify_ourselves(inbound, key, &holds);
    crypto_key_unref(&key);
    if (result_ok(verified))
        *out = holds;
    return verified;
}

struct result inbound_verify(const struct inbound *inbound, struct str key_set, bool *out_holds)
{
    struct arena arena;
    const struct key_set *set = NULL;
    struct str wrong;
    bool holds = false;

    arena_init(&arena, NULL, 0, VERIFY_ARENA);
    enum err err = key_set_parse(&arena, key_set, &set, &wrong);
    struct result verified = err == ERR_FAULT_MEMORY ? FAULT(err) : RESULT_OK;
    const struct key_set_key *named = set != NULL ? key_set_find(set, inbound->jws.kid) : NULL;
    if (named != NULL && named->key.alg == inbound->jws.alg) /* 8725-3.1-a */
        verified = verify_by(&arena, inbound, &named->key, &holds);
    arena_reset(&arena);
    if (result_ok(verified))
        *out_holds = holds;
    return verified;
}
