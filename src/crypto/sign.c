#include "crypto/sign.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#include "crypto/digest.h"
#include "crypto/ecdsa_form.h"
#include "crypto/key_inside.h"

struct crypto_ctx {
    struct crypto_key *key;
    EVP_PKEY_CTX *sign, *verify; /* all but EdDSA, which digests the message itself */
    EVP_MD_CTX *eddsa;
};

static bool set_rsa(EVP_PKEY_CTX *ctx, enum key_alg alg)
{
    int padding = alg == KEY_PS256 ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
    if (EVP_PKEY_CTX_set_rsa_padding(ctx, padding) != 1 ||
        EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) != 1)
        return false;
    /* RFC7518-3.5: MGF1 with the same hash, a salt of the hash's length and no other. */
    return alg != KEY_PS256 || (EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) == 1 &&
                                EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1);
}

static EVP_PKEY_CTX *pkey_ctx(const struct crypto_key *key, int (*init)(EVP_PKEY_CTX *ctx))
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key->pkey, NULL);
    if (ctx == NULL || init(ctx) != 1 || (key->alg != KEY_ES256 && !set_rsa(ctx, key->alg))) {
        EVP_PKEY_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

struct result crypto_ctx_new(struct crypto_key *key, struct crypto_ctx **out)
{
    struct crypto_ctx *ctx = calloc(1, sizeof(*ctx));
    bool ok;

    if (ctx == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    if (key->alg == KEY_EDDSA) {
        ctx->eddsa = EVP_MD_CTX_new();
        ok = ctx->eddsa != NULL;
    } else {
        ctx->sign = pkey_ctx(key, EVP_PKEY_sign_init);
        ctx->verify = pkey_ctx(key, EVP_PKEY_verify_init);
        ok = ctx->sign != NULL && ctx->verify != NULL;
    }
    crypto_key_ref(key);
    ctx->key = key;
    ERR_clear_error();
    if (!ok) {
        crypto_ctx_free(&ctx);
        return FAULT(ERR_FAULT_CRYPTO);
    }
    *out = ctx;
    return RESULT_OK;
}

void crypto_ctx_free(struct crypto_ctx **ctx)
{
    struct crypto_ctx *mine = *ctx;

    *ctx = NULL;
    if (mine == NULL)
        return;
    EVP_PKEY_CTX_free(mine->sign);
    EVP_PKEY_CTX_free(mine->verify);
    EVP_MD_CTX_free(mine->eddsa);
    crypto_key_unref(&mine->key);
    free(mine);
}

const struct crypto_key *crypto_ctx_key(const struct crypto_ctx *ctx)
{
    return ctx->key;
}

/* Set up anew each time (1.6 us of 25), since later OpenSSL refuses to sign twice with one. */
static bool eddsa_begin(struct crypto_ctx *ctx,
                        int (*init)(EVP_MD_CTX *ctx, EVP_PKEY_CTX **pctx, const EVP_MD *type,
                                    ENGINE *engine, EVP_PKEY *pkey))
{
    return EVP_MD_CTX_reset(ctx->eddsa) == 1 &&
           init(ctx->eddsa, NULL, NULL, NULL, ctx->key->pkey) == 1;
}

static bool eddsa_sign(struct crypto_ctx *ctx, struct str message, uint8_t *out, size_t *len)
{
    return eddsa_begin(ctx, EVP_DigestSignInit) &&
           EVP_DigestSign(ctx->eddsa, out, len, (const uint8_t *)message.ptr, message.len) == 1;
}

static bool ecdsa_sign(struct crypto_ctx *ctx, const struct digest256 *digest, uint8_t *out)
{
    uint8_t der[ECDSA_DER_MAX];
    size_t len = sizeof(der);
    return EVP_PKEY_sign(ctx->sign, der, &len, digest->bytes, sizeof(digest->bytes)) == 1 &&
           ecdsa_der_to_raw(der, len, out);
}

struct result crypto_sign(struct crypto_ctx *ctx, struct str message, uint8_t *out)
{
    size_t len = ctx->key->signature_size;
    bool ok;

    if (ctx->key->alg == KEY_EDDSA) {
        ok = eddsa_sign(ctx, message, out, &len);
    } else {
        struct digest256 digest = digest_sha256(message);
        if (ctx->key->alg == KEY_ES256)
            ok = ecdsa_sign(ctx, &digest, out);
        else
            ok = EVP_PKEY_sign(ctx->sign, out, &len, digest.bytes, sizeof(digest.bytes)) == 1;
    }
    if (!ok || len != ctx->key->signature_size) {
        ERR_clear_error();
        return FAULT(ERR_FAULT_CRYPTO);
    }
    return RESULT_OK;
}

enum { PROBE = 4096 }; /* more than any single allocation of a verification */

/* Mostly the error queue tells, but neither Ed25519 nor the decoding of a key always leaves a trace
 * there, so it is also asked whether OpenSSL gets memory now. */
bool crypto_ran_out_of_memory(void)
{
    unsigned long code;
    BIGNUM *probe = BN_new();
    bool found = probe == NULL || BN_set_bit(probe, PROBE * 8) != 1;

    BN_free(probe);
    while ((code = ERR_get_error()) != 0)
        found = found || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
    return found;
}

/* 1 for yes; else no, or a fault that left its trace in the error queue. */
static int eddsa_verify(struct crypto_ctx *ctx, struct str message, const uint8_t *signature)
{
    return EVP_DigestVerify(ctx->eddsa, signature, ctx->key->signature_size,
                            (const uint8_t *)message.ptr, message.len);
}

static int digest_verify(struct crypto_ctx *ctx, struct str message, const uint8_t *signature)
{
    struct digest256 digest = digest_sha256(message);
    uint8_t der[ECDSA_DER_MAX];
    size_t len = ctx->key->signature_size;

    if (ctx->key->alg == KEY_ES256) {
        if (!ecdsa_raw_is_valid(signature))
            return 0;
        len = ecdsa_raw_to_der(signature, der);
        signature = der;
    }
    return EVP_PKEY_verify(ctx->verify, signature, len, digest.bytes, sizeof(digest.bytes));
}

struct result crypto_verify(struct crypto_ctx *ctx, struct str message, struct str signature,
                            bool *out)
{
    const uint8_t *bytes = (const uint8_t *)signature.ptr;
    bool is_eddsa = ctx->key->alg == KEY_EDDSA;

    if (signature.len != ctx->key->signature_size) {
        *out = false;
        return RESULT_OK;
    }
    if (is_eddsa && !eddsa_begin(ctx, EVP_DigestVerifyInit)) {
        ERR_clear_error();
        return FAULT(ERR_FAULT_CRYPTO);
    }
    int verdict = is_eddsa ? eddsa_verify(ctx, message, bytes) : digest_verify(ctx, message, bytes);
    if (verdict != 1 && crypto_ran_out_of_memory())
        return FAULT(ERR_FAULT_CRYPTO);
    *out = verdict == 1;
    return RESULT_OK;
}
