/* Public keys as numbers: what a JWK carries. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include "crypto/key_inside.h"
#include "crypto/sign.h"

enum { COORDINATE = 32, POINT = 1 + 2 * COORDINATE };

/* width 0: as many bytes as the number has. */
static bool read_number(const EVP_PKEY *pkey, const char *name, size_t width, struct key_part *out)
{
    BIGNUM *number = NULL;
    bool ok = EVP_PKEY_get_bn_param(pkey, name, &number) == 1;

    if (ok) {
        size_t len = width > 0 ? width : (size_t)BN_num_bytes(number);
        ok = len <= sizeof(out->bytes) && BN_bn2binpad(number, out->bytes, (int)len) == (int)len;
        out->len = len;
    }
    BN_free(number);
    return ok;
}

struct result crypto_key_public(const struct crypto_key *key, struct key_public *out)
{
    struct key_public parts = {.alg = key->alg};
    bool ok;

    if (key->alg == KEY_ES256) {
        ok = read_number(key->pkey, OSSL_PKEY_PARAM_EC_PUB_X, COORDINATE, &parts.x_or_n) &&
             read_number(key->pkey, OSSL_PKEY_PARAM_EC_PUB_Y, COORDINATE, &parts.y_or_e);
    } else if (key->alg == KEY_EDDSA) {
        parts.x_or_n.len = sizeof(parts.x_or_n.bytes);
        ok = EVP_PKEY_get_raw_public_key(key->pkey, parts.x_or_n.bytes, &parts.x_or_n.len) == 1;
    } else {
        ok = read_number(key->pkey, OSSL_PKEY_PARAM_RSA_N, 0, &parts.x_or_n) &&
             read_number(key->pkey, OSSL_PKEY_PARAM_RSA_E, 0, &parts.y_or_e);
    }
    ERR_clear_error();
    if (!ok)
        return FAULT(ERR_FAULT_CRYPTO);
    *out = parts;
    return RESULT_OK;
}

static EVP_PKEY *from_params(const char *type, OSSL_PARAM_BLD *builder)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY *pkey = NULL;

    if (ctx == NULL || params == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
        pkey = NULL;
    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

/* OpenSSL refuses points off the curve (8725-3.4-a). */
static EVP_PKEY *ec_key(const struct key_public *parts)
{
    uint8_t point[POINT] = {4}; /* uncompressed, SEC 1 section 2.3.3 */
    if (parts->x_or_n.len != COORDINATE || parts->y_or_e.len != COORDINATE)
        return NULL;
    memcpy(point + 1, parts->x_or_n.bytes, COORDINATE);
    memcpy(point + 1 + COORDINATE, parts->y_or_e.bytes, COORDINATE);

    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY *pkey = NULL;
    if (builder != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)))
        pkey = from_params("EC", builder);
    OSSL_PARAM_BLD_free(builder);
    return pkey;
}

/* An exponent of 1 would make every signature its own message; an even one, or one of more than 64
 * bits, nobody makes. */
static bool is_exponent(const struct key_part *e)
{
    if (e->len == 0 || e->len > 8 || e->bytes[0] == 0 || e->bytes[e->len - 1] % 2 == 0)
        return false;
    return e->len > 1 || e->bytes[0] > 1;
}

static EVP_PKEY *rsa_key(const struct key_public *parts)
{
    const struct key_part *modulus = &parts->x_or_n, *exponent = &parts->y_or_e;
    if (modulus->len == 0 || modulus->bytes[0] == 0 || modulus->bytes[modulus->len - 1] % 2 == 0 ||
        !is_exponent(exponent))
        return NULL;

    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_bin2bn(modulus->bytes, (int)modulus->len, NULL);
    BIGNUM *e = BN_bin2bn(exponent->bytes, (int)exponent->len, NULL);
    EVP_PKEY *pkey = NULL;
    if (builder != NULL && n != NULL && e != NULL &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e))
        pkey = from_params("RSA", builder);
    OSSL_PARAM_BLD_free(builder);
    BN_free(n);
    BN_free(e);
    return pkey;
}

static EVP_PKEY *build(const struct key_public *parts)
{
    if (parts->alg == KEY_ES256)
        return ec_key(parts);
    if (parts->alg != KEY_EDDSA)
        return rsa_key(parts);
    return parts->y_or_e.len == 0
               ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, parts->x_or_n.bytes,
                                             parts->x_or_n.len)
               : NULL;
}

static enum key_refusal try_public(const struct key_public *parts, struct crypto_key **out)
{
    EVP_PKEY *pkey = build(parts);
    enum key_refusal refusal =
        pkey != NULL ? crypto_key_adopt(parts->alg, pkey, out) : KEY_BAD_PUBLIC;

    return refusal != KEY_TAKEN && crypto_ran_out_of_memory() ? KEY_NO_MEMORY : refusal;
}

enum key_refusal crypto_key_from_public(const struct key_public *parts, struct crypto_key **out)
{
    if (parts->x_or_n.len > KEY_PART_MAX || parts->y_or_e.len > KEY_PART_MAX)
        return KEY_BAD_PUBLIC;
    /* Not every want of memory leaves a trace in OpenSSL: a key is bad when it is so twice. */
    enum key_refusal refusal = try_public(parts, out);
    return refusal == KEY_TAKEN || refusal == KEY_NO_MEMORY ? refusal : try_public(parts, out);
}
