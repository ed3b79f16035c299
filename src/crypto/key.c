#include "crypto/key.h"

#include <assert.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#include "crypto/key_inside.h"
#include "crypto/sign.h"

static const struct {
    const char *name;
    const char *type; /* OpenSSL's */
} algs[KEY_ALG_COUNT] = {
    [KEY_ES256] = {"ES256", "EC"},
    [KEY_EDDSA] = {"EdDSA", "ED25519"},
    [KEY_RS256] = {"RS256", "RSA"},
    [KEY_PS256] = {"PS256", "RSA"},
};

static const char *const refusals[KEY_REFUSAL_COUNT] = {
    [KEY_TAKEN] = "is good",
    [KEY_EMPTY] = "is empty",
    [KEY_NOT_PEM] = "is not an unencrypted private key in PEM",
    [KEY_WRONG_TYPE] = "is not of the type that its algorithm needs",
    [KEY_RSA_TOO_SHORT] = "is an RSA key under 2048 bits",
    [KEY_RSA_TOO_LONG] = "is an RSA key over 4096 bits",
    [KEY_BAD_PUBLIC] = "has public numbers that make no key",
    [KEY_BAD_PAIR] = "is damaged: its private and public part do not belong together",
    [KEY_NO_MEMORY] = "could not be held for want of memory",
};

static_assert(KEY_RSA_BITS_MIN == 2048 && KEY_RSA_BITS_MAX == 4096, "the texts above say so");

const char *key_alg_name(enum key_alg alg)
{
    return algs[alg].name;
}

bool key_alg_parse(struct str name, enum key_alg *out)
{
    for (int i = 0; i < KEY_ALG_COUNT; i++) {
        if (str_eq(name, str_from(algs[i].name))) {
            *out = (enum key_alg)i;
            return true;
        }
    }
    return false;
}

const char *key_refusal_text(enum key_refusal refusal)
{
    return refusals[refusal];
}

static enum key_refusal check(enum key_alg alg, const EVP_PKEY *pkey)
{
    char curve[32];
    size_t curve_len;

    /* RSASSA-PSS keys are a type of their own ("RSA-PSS"), which JWK cannot name: refused. */
    if (!EVP_PKEY_is_a(pkey, algs[alg].type))
        return KEY_WRONG_TYPE;
    switch (alg) {
    case KEY_ES256:
        if (!EVP_PKEY_get_group_name(pkey, curve, sizeof(curve), &curve_len) ||
            !str_eq(str_make(curve, curve_len), STR(SN_X9_62_prime256v1)))
            return KEY_WRONG_TYPE;
        return KEY_TAKEN;
    case KEY_RS256:
    case KEY_PS256:
        if (EVP_PKEY_get_bits(pkey) < KEY_RSA_BITS_MIN)
            return KEY_RSA_TOO_SHORT;
        return EVP_PKEY_get_bits(pkey) > KEY_RSA_BITS_MAX ? KEY_RSA_TOO_LONG : KEY_TAKEN;
    default:
        return KEY_TAKEN;
    }
}

enum key_refusal crypto_key_adopt(enum key_alg alg, EVP_PKEY *pkey, struct crypto_key **out)
{
    enum key_refusal refusal = check(alg, pkey);
    struct crypto_key *key = refusal == KEY_TAKEN ? malloc(sizeof(*key)) : NULL;

    ERR_clear_error();
    if (key == NULL) {
        EVP_PKEY_free(pkey);
        return refusal == KEY_TAKEN ? KEY_NO_MEMORY : refusal;
    }
    key->pkey = pkey;
    key->alg = alg;
    bool is_rsa = alg == KEY_RS256 || alg == KEY_PS256;
    key->signature_size = is_rsa ? (size_t)EVP_PKEY_get_size(pkey) : 64;
    atomic_init(&key->references, 1);
    *out = key;
    return KEY_TAKEN;
}

struct result crypto_key_generate(enum key_alg alg, struct crypto_key **out)
{
    EVP_PKEY *pkey = NULL;

    switch (alg) {
    case KEY_ES256:
        pkey = EVP_EC_gen("P-256");
        break;
    case KEY_EDDSA:
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        break;
    case KEY_RS256:
    case KEY_PS256:
        pkey = EVP_RSA_gen(KEY_RSA_BITS_NEW);
        break;
    case KEY_ALG_COUNT:
        break;
    }
    if (pkey == NULL || crypto_key_adopt(alg, pkey, out) != KEY_TAKEN) {
        ERR_clear_error();
        return FAULT(ERR_FAULT_CRYPTO);
    }
    return RESULT_OK;
}

/* Signs and verifies once. */
static bool pair_holds(struct crypto_key *key)
{
    static const struct str probe = STR_INIT("scopemint key check");
    uint8_t signature[SIGNATURE_MAX];
    struct crypto_ctx *ctx = NULL;
    bool holds = false;

    bool ran =
        result_ok(crypto_ctx_new(key, &ctx)) && result_ok(crypto_sign(ctx, probe, signature)) &&
        result_ok(crypto_verify(ctx, probe, str_make((const char *)signature, key->signature_size),
                                &holds));
    crypto_ctx_free(&ctx);
    return ran && holds;
}

/* Never asks anybody for a passphrase. */
static int no_passphrase(char *out, int size, int writing, void *context)
{
    (void)out, (void)size, (void)writing, (void)context;
    return -1;
}

enum key_refusal crypto_key_load(enum key_alg alg, struct str pem, struct crypto_key **out)
{
    struct crypto_key *key = NULL;

    if (pem.len == 0)
        return KEY_EMPTY; /* THREATS-7 */
    if (pem.len > KEY_PEM_MAX)
        return KEY_NOT_PEM;
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    EVP_PKEY *pkey = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    if (pkey == NULL)
        return KEY_NOT_PEM;
    enum key_refusal refusal = crypto_key_adopt(alg, pkey, &key);
    if (refusal != KEY_TAKEN)
        return refusal;
    if (!pair_holds(key)) {
        crypto_key_unref(&key);
        return KEY_BAD_PAIR;
    }
    *out = key;
    return KEY_TAKEN;
}

void crypto_key_ref(struct crypto_key *key)
{
    unsigned before = atomic_fetch_add_explicit(&key->references, 1, memory_order_relaxed);
    assert(before > 0);
}

void crypto_key_unref(struct crypto_key **key)
{
    struct crypto_key *mine = *key;

    *key = NULL;
    if (mine == NULL || atomic_fetch_sub_explicit(&mine->references, 1, memory_order_acq_rel) > 1)
        return;
    EVP_PKEY_free(mine->pkey);
    free(mine);
}

enum key_alg crypto_key_alg(const struct crypto_key *key)
{
    return key->alg;
}

size_t crypto_key_signature_size(const struct crypto_key *key)
{
    return key->signature_size;
}

static struct result write_bio(const struct crypto_key *key, bool is_private, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_secmem()); /* wipes itself */
    char *text;
    bool ok = bio != NULL;

    if (ok && is_private)
        ok = PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) == 1;
    else if (ok)
        ok = PEM_write_bio_PUBKEY(bio, key->pkey) == 1;
    if (ok) {
        long len = BIO_get_mem_data(bio, &text);
        buf_put(out, text, len > 0 ? (size_t)len : 0);
    }
    BIO_free(bio);
    ERR_clear_error();
    return ok ? RESULT_OK : FAULT(ERR_FAULT_CRYPTO);
}

struct result crypto_key_write_pem(const struct crypto_key *key, struct buf *out)
{
    return write_bio(key, true, out);
}

struct result crypto_key_write_public_pem(const struct crypto_key *key, struct buf *out)
{
    return write_bio(key, false, out);
}
