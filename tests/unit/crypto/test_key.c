#include <criterion/criterion.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "crypto/key.h"
#include "crypto/sign.h"

/* PEM of any OpenSSL key, for those that this layer does not make. Takes pkey over. */
static struct str foreign_pem(EVP_PKEY *pkey, const char *passphrase, char *out, size_t size)
{
    BIO *bio = BIO_new(BIO_s_mem());
    cr_assert_not_null(pkey);
    cr_assert(PEM_write_bio_PKCS8PrivateKey(bio, pkey, passphrase ? EVP_aes_128_cbc() : NULL, NULL,
                                            0, NULL, (void *)passphrase));
    int len = BIO_read(bio, out, (int)size);
    cr_assert_gt(len, 0);
    BIO_free(bio);
    EVP_PKEY_free(pkey);
    return str_make(out, (size_t)len);
}

static void expect_refusal(enum key_alg alg, struct str pem, enum key_refusal expected)
{
    struct crypto_key *key = NULL;
    enum key_refusal got = crypto_key_load(alg, pem, &key);
    cr_assert_eq(got, expected, "%s: the key %s", key_alg_name(alg), key_refusal_text(got));
    if (expected != KEY_TAKEN)
        cr_assert_null(key);
    crypto_key_unref(&key);
}

Test(key, algorithm_names_are_exact) /* 8725-3.2-a, THREATS-1, RFC7518-3.1, RFC8037-3.1 */
{
    static const char *const good[] = {"ES256", "EdDSA", "RS256", "PS256"};
    static const char *const bad[] = {"",      "none",  "None",   "NONE",   "nOnE",  "HS256",
                                      "hs256", "HS512", "es256",  "ES256 ", "ES384", "ES256K",
                                      "EDDSA", "RS512", "ES2566", "Ed25519"};
    enum key_alg alg;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        cr_assert(key_alg_parse(str_from(good[i]), &alg));
        cr_assert_str_eq(key_alg_name(alg), good[i]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_not(key_alg_parse(str_from(bad[i]), &alg), "%s", bad[i]);
    cr_assert_not(key_alg_parse(str_make("ES256\0", 6), &alg));
    cr_assert_not(key_alg_parse(STR_NONE, &alg));
}

Test(key, every_refusal_has_a_text)
{
    for (int i = 0; i < KEY_REFUSAL_COUNT; i++)
        cr_assert_not_null(key_refusal_text((enum key_refusal)i));
}

Test(key, generated_keys_survive_pem)
{
    static const size_t signature_sizes[KEY_ALG_COUNT] = {64, 64, 256, 256};
    for (int alg = 0; alg < KEY_ALG_COUNT; alg++) {
        struct crypto_key *key, *again;
        struct key_public a, b;
        struct buf pem;
        buf_init_heap(&pem, KEY_PEM_MAX);
        cr_assert(result_ok(crypto_key_generate((enum key_alg)alg, &key)));
        cr_assert_eq(crypto_key_alg(key), (enum key_alg)alg);
        cr_assert_eq(crypto_key_signature_size(key), signature_sizes[alg]);
        cr_assert(result_ok(crypto_key_write_pem(key, &pem)));
        cr_assert(str_starts_with(buf_view(&pem), STR("-----BEGIN PRIVATE KEY-----\n")));
        cr_assert_eq(crypto_key_load((enum key_alg)alg, buf_view(&pem), &again), KEY_TAKEN);
        cr_assert(result_ok(crypto_key_public(key, &a)));
        cr_assert(result_ok(crypto_key_public(again, &b)));
        cr_assert_eq(a.x_or_n.len, b.x_or_n.len);
        cr_assert_eq(memcmp(a.x_or_n.bytes, b.x_or_n.bytes, a.x_or_n.len), 0);
        crypto_key_unref(&key);
        crypto_key_unref(&again);
        buf_free(&pem);
    }
}

Test(key, empty_and_broken_text_is_no_key) /* THREATS-7 */
{
    char big[KEY_PEM_MAX + 1];
    memset(big, 'A', sizeof(big));
    for (int alg = 0; alg < KEY_ALG_COUNT; alg++) {
        expect_refusal((enum key_alg)alg, STR(""), KEY_EMPTY);
        expect_refusal((enum key_alg)alg, STR_NONE, KEY_EMPTY);
        expect_refusal((enum key_alg)alg, STR("\n"), KEY_NOT_PEM);
        expect_refusal((enum key_alg)alg, STR("secret"), KEY_NOT_PEM);
        expect_refusal((enum key_alg)alg, str_make(big, sizeof(big)), KEY_NOT_PEM);
        expect_refusal((enum key_alg)alg,
                       STR("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
                       KEY_NOT_PEM);
    }
}

Test(key, every_truncation_of_a_pem_is_refused)
{
    struct crypto_key *key;
    struct buf pem;
    buf_init_heap(&pem, KEY_PEM_MAX);
    cr_assert(result_ok(crypto_key_generate(KEY_ES256, &key)));
    cr_assert(result_ok(crypto_key_write_pem(key, &pem)));
    for (size_t len = 1; len < pem.len - 1; len++) /* the last newline may be missing */
        expect_refusal(KEY_ES256, str_make(pem.ptr, len), KEY_NOT_PEM);
    expect_refusal(KEY_ES256, buf_view(&pem), KEY_TAKEN);
    crypto_key_unref(&key);
    buf_free(&pem);
}

Test(key, a_public_pem_is_no_private_key)
{
    struct crypto_key *key;
    struct buf pem;
    buf_init_heap(&pem, KEY_PEM_MAX);
    cr_assert(result_ok(crypto_key_generate(KEY_ES256, &key)));
    cr_assert(result_ok(crypto_key_write_public_pem(key, &pem)));
    cr_assert(str_starts_with(buf_view(&pem), STR("-----BEGIN PUBLIC KEY-----\n")));
    expect_refusal(KEY_ES256, buf_view(&pem), KEY_NOT_PEM);
    crypto_key_unref(&key);
    buf_free(&pem);
}

Test(key, foreign_types_and_sizes_are_refused) /* F-43, RFC7518-3.3 */
{
    char pem[KEY_PEM_MAX];
    struct str p384 = foreign_pem(EVP_EC_gen("P-384"), NULL, pem, sizeof(pem));
    expect_refusal(KEY_ES256, p384, KEY_WRONG_TYPE);
    struct str k256 = foreign_pem(EVP_EC_gen("secp256k1"), NULL, pem, sizeof(pem));
    expect_refusal(KEY_ES256, k256, KEY_WRONG_TYPE);
    struct str x25519 =
        foreign_pem(EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), NULL, pem, sizeof(pem));
    expect_refusal(KEY_EDDSA, x25519, KEY_WRONG_TYPE);
    struct str ed448 = foreign_pem(EVP_PKEY_Q_keygen(NULL, NULL, "ED448"), NULL, pem, sizeof(pem));
    expect_refusal(KEY_EDDSA, ed448, KEY_WRONG_TYPE);
    struct str rsa1024 = foreign_pem(EVP_RSA_gen(1024), NULL, pem, sizeof(pem));
    expect_refusal(KEY_RS256, rsa1024, KEY_RSA_TOO_SHORT);
    expect_refusal(KEY_PS256, rsa1024, KEY_RSA_TOO_SHORT);
    struct str rsa2047 = foreign_pem(EVP_RSA_gen(2047), NULL, pem, sizeof(pem));
    expect_refusal(KEY_RS256, rsa2047, KEY_RSA_TOO_SHORT);
}

Test(key, the_algorithm_binds_the_type) /* 8725-3.1-a, RFC8725-3.1, THREATS-5 */
{
    char pem[KEY_PEM_MAX];
    struct str ec = foreign_pem(EVP_EC_gen("P-256"), NULL, pem, sizeof(pem));
    expect_refusal(KEY_ES256, ec, KEY_TAKEN);
    expect_refusal(KEY_EDDSA, ec, KEY_WRONG_TYPE);
    expect_refusal(KEY_RS256, ec, KEY_WRONG_TYPE);
    expect_refusal(KEY_PS256, ec, KEY_WRONG_TYPE);
}

Test(key, an_encrypted_key_is_refused_without_a_question)
{
    char pem[KEY_PEM_MAX];
    struct str locked = foreign_pem(EVP_EC_gen("P-256"), "hunter2", pem, sizeof(pem));
    expect_refusal(KEY_ES256, locked, KEY_NOT_PEM);
}

/* A private number beside the public point of another key. */
Test(key, a_pair_that_does_not_belong_together_is_refused)
{
    unsigned char der[2][256], *at;
    char pem[KEY_PEM_MAX];
    int len = 0;
    for (int i = 0; i < 2; i++) {
        EVP_PKEY *pkey = EVP_EC_gen("P-256");
        at = der[i];
        len = i2d_PrivateKey(pkey, &at); /* ends with the 65 bytes of the point */
        EVP_PKEY_free(pkey);
    }
    cr_assert_gt(len, 65);
    memcpy(der[0] + len - 65, der[1] + len - 65, 65);
    const unsigned char *in = der[0];
    EVP_PKEY *mixed = d2i_PrivateKey(EVP_PKEY_EC, NULL, &in, len);
    struct str text = foreign_pem(mixed, NULL, pem, sizeof(pem));
    expect_refusal(KEY_ES256, text, KEY_BAD_PAIR);
}

Test(key, a_reference_keeps_the_key_alive)
{
    struct crypto_key *key, *second;
    struct key_public parts;
    cr_assert(result_ok(crypto_key_generate(KEY_ES256, &key)));
    second = key;
    crypto_key_ref(second);
    crypto_key_unref(&key);
    cr_assert_null(key);
    cr_assert(result_ok(crypto_key_public(second, &parts)));
    crypto_key_unref(&second);
    crypto_key_unref(&second); /* NULL by now */
}

Test(key, public_numbers_make_the_same_key) /* RFC7518-6.3.1 */
{
    for (int alg = 0; alg < KEY_ALG_COUNT; alg++) {
        struct crypto_key *key, *verifier;
        struct crypto_ctx *sign_ctx, *verify_ctx;
        struct key_public parts;
        uint8_t signature[SIGNATURE_MAX];
        bool holds = false;
        cr_assert(result_ok(crypto_key_generate((enum key_alg)alg, &key)));
        cr_assert(result_ok(crypto_key_public(key, &parts)));
        cr_assert_eq(crypto_key_from_public(&parts, &verifier), KEY_TAKEN);
        cr_assert(result_ok(crypto_ctx_new(key, &sign_ctx)));
        cr_assert(result_ok(crypto_ctx_new(verifier, &verify_ctx)));
        cr_assert(result_ok(crypto_sign(sign_ctx, STR("m"), signature)));
        struct str text = str_make((char *)signature, crypto_key_signature_size(verifier));
        cr_assert(result_ok(crypto_verify(verify_ctx, STR("m"), text, &holds)));
        cr_assert(holds);
        cr_assert_eq(crypto_sign(verify_ctx, STR("m"), signature).code, ERR_FAULT_CRYPTO);
        crypto_ctx_free(&sign_ctx);
        crypto_ctx_free(&verify_ctx);
        crypto_key_unref(&key);
        crypto_key_unref(&verifier);
    }
}

static void expect_bad_public(const struct key_public *parts, enum key_refusal expected)
{
    struct crypto_key *key = NULL;
    enum key_refusal got = crypto_key_from_public(parts, &key);
    cr_assert_eq(got, expected, "the key %s", key_refusal_text(got));
    crypto_key_unref(&key);
}

Test(key, points_off_the_curve_are_refused) /* 8725-3.4-a */
{
    struct crypto_key *key;
    struct key_public good, bad;
    cr_assert(result_ok(crypto_key_generate(KEY_ES256, &key)));
    cr_assert(result_ok(crypto_key_public(key, &good)));
    bad = good;
    bad.y_or_e.bytes[31] ^= 1;
    expect_bad_public(&bad, KEY_BAD_PUBLIC);
    bad = good;
    memset(bad.x_or_n.bytes, 0, 32);
    memset(bad.y_or_e.bytes, 0, 32);
    expect_bad_public(&bad, KEY_BAD_PUBLIC);
    memset(bad.x_or_n.bytes, 0xFF, 32); /* not below the field's prime */
    expect_bad_public(&bad, KEY_BAD_PUBLIC);
    static const size_t lengths[] = {0, 31, 33, KEY_PART_MAX, KEY_PART_MAX + 1, SIZE_MAX};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        bad = good;
        bad.x_or_n.len = lengths[i];
        expect_bad_public(&bad, KEY_BAD_PUBLIC);
        bad = good;
        bad.y_or_e.len = lengths[i];
        expect_bad_public(&bad, KEY_BAD_PUBLIC);
    }
    crypto_key_unref(&key);
}

Test(key, rsa_numbers_that_nobody_makes_are_refused)
{
    struct key_public rsa = {.alg = KEY_RS256, .x_or_n.len = 256, .y_or_e = {3, {1, 0, 1}}};
    memset(rsa.x_or_n.bytes, 0xC3, 256);
    expect_bad_public(&rsa, KEY_TAKEN);

    static const struct key_part exponents[] = {
        {0, {0}},       {1, {1}},          {1, {0}},          {1, {2}},
        {3, {1, 0, 0}}, {4, {0, 1, 0, 1}}, {9, {1, [8] = 1}},
    };
    for (size_t i = 0; i < sizeof(exponents) / sizeof(exponents[0]); i++) {
        struct key_public bad = rsa;
        bad.y_or_e = exponents[i];
        expect_bad_public(&bad, KEY_BAD_PUBLIC);
    }
    static const struct {
        size_t len;
        enum key_refusal refusal;
    } lengths[] = {
        {0, KEY_BAD_PUBLIC}, {255, KEY_RSA_TOO_SHORT}, {512, KEY_TAKEN}, {513, KEY_BAD_PUBLIC}};
    memset(rsa.x_or_n.bytes, 0xC3, sizeof(rsa.x_or_n.bytes));
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        rsa.x_or_n.len = lengths[i].len;
        expect_bad_public(&rsa, lengths[i].refusal);
    }
    rsa.x_or_n.len = 256;
    rsa.x_or_n.bytes[255] = 2;
    expect_bad_public(&rsa, KEY_BAD_PUBLIC);
    rsa.x_or_n.bytes[255] = 3;
    rsa.x_or_n.bytes[0] = 0;
    expect_bad_public(&rsa, KEY_BAD_PUBLIC);
}

Test(key, ed25519_parts_have_one_shape)
{
    struct key_public parts = {.alg = KEY_EDDSA, .x_or_n.len = 31};
    expect_bad_public(&parts, KEY_BAD_PUBLIC);
    parts.x_or_n.len = 32;
    parts.y_or_e.len = 1;
    expect_bad_public(&parts, KEY_BAD_PUBLIC);
}
