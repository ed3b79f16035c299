#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <pthread.h>

#include "crypto/digest.h"
#include "crypto/sign.h"

static const struct str message = STR_INIT("eyJhbGciOiJFUzI1NiJ9.e30");

struct pair {
    struct crypto_key *key;
    struct crypto_ctx *ctx;
    uint8_t signature[SIGNATURE_MAX + 8];
    size_t size;
};

static void pair_init(struct pair *p, int alg)
{
    memset(p, 0, sizeof(*p));
    cr_assert(result_ok(crypto_key_generate((enum key_alg)alg, &p->key)));
    cr_assert(result_ok(crypto_ctx_new(p->key, &p->ctx)));
    cr_assert_eq(crypto_ctx_key(p->ctx), p->key);
    cr_assert(result_ok(crypto_sign(p->ctx, message, p->signature)));
    p->size = crypto_key_signature_size(p->key);
}

static void pair_done(struct pair *p)
{
    crypto_ctx_free(&p->ctx);
    crypto_key_unref(&p->key);
}

static bool holds(struct crypto_ctx *ctx, struct str text, const void *signature, size_t size)
{
    bool out = false;
    cr_assert(result_ok(crypto_verify(ctx, text, str_make(signature, size), &out)));
    return out;
}

Test(sign, a_context_signs_and_verifies_many_times) /* RFC7515-5, RFC7518-3 */
{
    for (int alg = 0; alg < KEY_ALG_COUNT; alg++) {
        struct pair p;
        pair_init(&p, alg);
        for (int i = 0; i < 20; i++) {
            char text[700];
            memset(text, i, sizeof(text));
            struct str m = str_make(text, (size_t)i * 36);
            cr_assert(result_ok(crypto_sign(p.ctx, m, p.signature)));
            cr_assert(holds(p.ctx, m, p.signature, p.size), "alg %d, %d", alg, i);
            cr_assert_not(holds(p.ctx, STR("other"), p.signature, p.size));
        }
        pair_done(&p);
    }
}

Test(sign, every_flipped_byte_is_seen) /* 7662-2.2-f */
{
    for (int alg = 0; alg < KEY_ALG_COUNT; alg++) {
        struct pair p;
        pair_init(&p, alg);
        for (size_t i = 0; i < p.size; i++) {
            p.signature[i] ^= (uint8_t)(1 << (i % 8));
            cr_assert_not(holds(p.ctx, message, p.signature, p.size), "alg %d byte %zu", alg, i);
            p.signature[i] ^= (uint8_t)(1 << (i % 8));
        }
        cr_assert(holds(p.ctx, message, p.signature, p.size));
        pair_done(&p);
    }
}

Test(sign, a_signature_has_one_length) /* 8725-3.4-a */
{
    for (int alg = 0; alg < KEY_ALG_COUNT; alg++) {
        struct pair p;
        pair_init(&p, alg);
        for (size_t size = 0; size < p.size + 4; size++)
            cr_assert_eq(holds(p.ctx, message, p.signature, size), size == p.size);
        cr_assert_not(holds(p.ctx, message, NULL, 0));
        pair_done(&p);
    }
}

Test(sign, zeros_and_ones_are_no_signature) /* 8725-3.4-a, THREATS-14 */
{
    for (int alg = 0; alg < KEY_ALG_COUNT; alg++) {
        struct pair p;
        pair_init(&p, alg);
        memset(p.signature, 0, sizeof(p.signature));
        cr_assert_not(holds(p.ctx, message, p.signature, p.size));
        memset(p.signature, 0xFF, sizeof(p.signature));
        cr_assert_not(holds(p.ctx, message, p.signature, p.size));
        memset(p.signature, 0, sizeof(p.signature));
        p.signature[p.size / 2 - 1] = p.signature[p.size - 1] = 1; /* r = s = 1 */
        cr_assert_not(holds(p.ctx, message, p.signature, p.size));
        pair_done(&p);
    }
}

/* s and n - s both verify in plain ECDSA; what must not pass is s + n, r + n and zeros. */
Test(sign, es256_numbers_at_the_edges) /* 8725-3.4-a */
{
    static const uint8_t order[32] = {0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00,
                                      0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                      0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84,
                                      0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51};
    struct pair p;
    pair_init(&p, KEY_ES256);
    for (size_t half = 0; half < 64; half += 32) {
        uint8_t forged[64];
        memcpy(forged, p.signature, 64);
        memset(forged + half, 0, 32);
        cr_assert_not(holds(p.ctx, message, forged, 64), "zero at %zu", half);
        memcpy(forged + half, order, 32);
        cr_assert_not(holds(p.ctx, message, forged, 64), "n at %zu", half);
        forged[half + 31]++;
        cr_assert_not(holds(p.ctx, message, forged, 64), "n + 1 at %zu", half);
        forged[half + 31] -= 2;
        cr_assert_not(holds(p.ctx, message, forged, 64), "n - 1 at %zu", half);
    }
    pair_done(&p);
}

Test(sign, der_is_not_a_jose_signature) /* 8725-3.4-a */
{
    struct pair p;
    pair_init(&p, KEY_ES256);
    for (uint8_t total = 62; total <= 70; total++) { /* 30 len 02 a r 02 b s */
        uint8_t der[72] = {0x30, total, 0x02, 0x20};
        memcpy(der + 4, p.signature, 32);
        der[36] = 0x02;
        der[37] = 0x20;
        memcpy(der + 38, p.signature + 32, 32);
        cr_assert_not(holds(p.ctx, message, der, total + 2u));
    }
    pair_done(&p);
}

Test(sign, a_signature_holds_under_its_own_key_and_algorithm_alone) /* 8725-3.1-a, THREATS-1 */
{
    struct pair pairs[KEY_ALG_COUNT + 2];
    for (int i = 0; i < KEY_ALG_COUNT; i++)
        pair_init(&pairs[i], i);
    pair_init(&pairs[KEY_ALG_COUNT], KEY_ES256);
    /* the numbers of the RS256 key, meant for PS256 */
    struct pair *same = &pairs[KEY_ALG_COUNT + 1];
    struct key_public parts;
    memset(same, 0, sizeof(*same));
    cr_assert(result_ok(crypto_key_public(pairs[KEY_RS256].key, &parts)));
    parts.alg = KEY_PS256;
    cr_assert_eq(crypto_key_from_public(&parts, &same->key), KEY_TAKEN);
    cr_assert(result_ok(crypto_ctx_new(same->key, &same->ctx)));

    for (int a = 0; a <= KEY_ALG_COUNT; a++) {
        for (int b = 0; b <= KEY_ALG_COUNT + 1; b++) {
            bool verdict = holds(pairs[b].ctx, message, pairs[a].signature, pairs[a].size);
            cr_assert_eq(verdict, a == b, "%d %d", a, b);
        }
    }
    for (int i = 0; i < KEY_ALG_COUNT + 2; i++)
        pair_done(&pairs[i]);
}

/* The classic confusion: an HMAC keyed with what everybody knows of the key. */
Test(sign, an_hmac_under_the_public_key_is_no_signature) /* 8725-3.1-b, THREATS-2 */
{
    for (int alg = 0; alg < KEY_ALG_COUNT; alg++) {
        struct pair p;
        struct buf pem;
        struct key_public parts;
        struct digest256 mac;
        pair_init(&p, alg);
        buf_init_heap(&pem, KEY_PEM_MAX);
        cr_assert(result_ok(crypto_key_write_public_pem(p.key, &pem)));
        cr_assert(result_ok(crypto_key_public(p.key, &parts)));
        const struct str secrets[] = {buf_view(&pem), str_make(pem.ptr, pem.len - 1),
                                      str_make((char *)parts.x_or_n.bytes, parts.x_or_n.len),
                                      STR_NONE};
        for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
            cr_assert(result_ok(hmac_sha256(secrets[i], message, &mac)));
            cr_assert_not(holds(p.ctx, message, mac.bytes, sizeof(mac.bytes)));
            for (size_t at = 0; at + 32 <= p.size; at += 32)
                memcpy(p.signature + at, mac.bytes, 32);
            cr_assert_not(holds(p.ctx, message, p.signature, p.size));
        }
        buf_free(&pem);
        pair_done(&p);
    }
}

/* RFC7518-3.5: the salt is as long as the hash; OpenSSL alone would take any. */
Test(sign, ps256_takes_one_salt_length)
{
    struct pair p;
    struct buf pem;
    uint8_t signature[SIGNATURE_MAX];
    pair_init(&p, KEY_PS256);
    buf_init_heap(&pem, KEY_PEM_MAX);
    cr_assert(result_ok(crypto_key_write_pem(p.key, &pem)));
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    static const int salts[] = {0, 20, 32, 64};
    for (size_t i = 0; i < sizeof(salts) / sizeof(salts[0]); i++) {
        EVP_MD_CTX *md = EVP_MD_CTX_new();
        EVP_PKEY_CTX *ctx;
        size_t len = sizeof(signature);
        cr_assert(EVP_DigestSignInit(md, &ctx, EVP_sha256(), NULL, pkey));
        cr_assert(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING));
        cr_assert(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, salts[i]));
        cr_assert(EVP_DigestSign(md, signature, &len, (const uint8_t *)message.ptr, message.len));
        cr_assert_eq(holds(p.ctx, message, signature, len), salts[i] == 32, "%d", salts[i]);
        EVP_MD_CTX_free(md);
    }
    EVP_PKEY_free(pkey);
    BIO_free(bio);
    buf_free(&pem);
    pair_done(&p);
}

/* One key, a context a thread: what workers do. */
static void *sign_and_verify(void *argument)
{
    struct crypto_ctx *ctx = NULL;
    uint8_t signature[SIGNATURE_MAX];
    bool ok = result_ok(crypto_ctx_new(argument, &ctx));
    for (int i = 0; ok && i < 50; i++) {
        bool verdict = false;
        size_t size = crypto_key_signature_size(argument);
        ok = result_ok(crypto_sign(ctx, message, signature)) &&
             result_ok(crypto_verify(ctx, message, str_make((char *)signature, size), &verdict)) &&
             verdict;
    }
    crypto_ctx_free(&ctx);
    return ok ? argument : NULL;
}

Test(sign, threads_share_a_key)
{
    for (int alg = 0; alg < KEY_ALG_COUNT; alg++) {
        struct crypto_key *key;
        pthread_t threads[4];
        void *done;
        cr_assert(result_ok(crypto_key_generate((enum key_alg)alg, &key)));
        for (int i = 0; i < 4; i++)
            cr_assert_eq(pthread_create(&threads[i], NULL, sign_and_verify, key), 0);
        for (int i = 0; i < 4; i++) {
            pthread_join(threads[i], &done);
            cr_assert_not_null(done);
        }
        crypto_key_unref(&key);
    }
}
