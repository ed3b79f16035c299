/* P4: when OpenSSL runs out of memory, the answer is "nobody knows", never "the signature is bad".
 */
#include <criterion/criterion.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "crypto/digest.h"
#include "crypto/sign.h"

static _Thread_local long allocations_left = -1; /* below 0: no end */

static bool take_one(void)
{
    if (allocations_left == 0)
        return false;
    allocations_left -= allocations_left > 0;
    return true;
}

static void *scarce_malloc(size_t n, const char *file, int line)
{
    (void)file, (void)line;
    return take_one() ? malloc(n) : NULL;
}

static void *scarce_realloc(void *old, size_t n, const char *file, int line)
{
    (void)file, (void)line;
    return take_one() ? realloc(old, n) : NULL;
}

static void plain_free(void *old, const char *file, int line)
{
    (void)file, (void)line;
    free(old);
}

/* OpenSSL takes these only before its first allocation. */
__attribute__((constructor)) static void make_memory_scarce(void)
{
    if (!CRYPTO_set_mem_functions(scarce_malloc, scarce_realloc, plain_free))
        abort();
}

enum { MOST_ALLOCATIONS = 3000 };

Test(memory_faults, a_good_signature_is_never_called_bad)
{
    static const struct str message = STR_INIT("header.payload");
    for (int alg = 0; alg < KEY_ALG_COUNT; alg++) {
        struct crypto_key *key;
        struct crypto_ctx *ctx;
        uint8_t signature[SIGNATURE_MAX];
        cr_assert(result_ok(crypto_key_generate((enum key_alg)alg, &key)));
        cr_assert(result_ok(crypto_ctx_new(key, &ctx)));
        cr_assert(result_ok(crypto_sign(ctx, message, signature)));
        struct str text = str_make((char *)signature, crypto_key_signature_size(key));
        bool done = false;
        for (long n = 0; !done && n < MOST_ALLOCATIONS; n++) {
            bool holds = true;
            allocations_left = n;
            struct result r = crypto_verify(ctx, message, text, &holds);
            done = allocations_left != 0;
            allocations_left = -1;
            cr_assert(holds, "%s: \"no\" after %ld allocations", key_alg_name(alg), n);
            cr_assert(result_ok(r) || r.code == ERR_FAULT_CRYPTO);
        }
        cr_assert(done);
        crypto_ctx_free(&ctx);
        crypto_key_unref(&key);
    }
}

Test(memory_faults, signing_fails_whole_or_not_at_all)
{
    static const struct str message = STR_INIT("header.payload");
    for (int alg = 0; alg < KEY_ALG_COUNT; alg++) {
        struct crypto_key *key;
        bool done = false;
        cr_assert(result_ok(crypto_key_generate((enum key_alg)alg, &key)));
        for (long n = 0; !done && n < MOST_ALLOCATIONS; n++) {
            struct crypto_ctx *ctx = NULL;
            uint8_t signature[SIGNATURE_MAX];
            allocations_left = n;
            struct result made = crypto_ctx_new(key, &ctx);
            struct result r = result_ok(made) ? crypto_sign(ctx, message, signature) : made;
            done = allocations_left != 0;
            allocations_left = -1;
            if (result_ok(r)) {
                bool holds = false;
                struct str text = str_make((char *)signature, crypto_key_signature_size(key));
                cr_assert(result_ok(crypto_verify(ctx, message, text, &holds)));
                cr_assert(holds);
            }
            crypto_ctx_free(&ctx);
        }
        cr_assert(done);
        crypto_key_unref(&key);
    }
}

Test(memory_faults, loading_a_key_never_gives_half_of_one)
{
    struct crypto_key *key, *again;
    struct buf pem;
    bool done = false;
    buf_init_heap(&pem, KEY_PEM_MAX);
    cr_assert(result_ok(crypto_key_generate(KEY_ES256, &key)));
    cr_assert(result_ok(crypto_key_write_pem(key, &pem)));
    for (long n = 0; !done && n < MOST_ALLOCATIONS; n++) {
        again = NULL;
        allocations_left = n;
        enum key_refusal refusal = crypto_key_load(KEY_ES256, buf_view(&pem), &again);
        done = allocations_left != 0;
        allocations_left = -1;
        cr_assert_eq(refusal == KEY_TAKEN, again != NULL);
        crypto_key_unref(&again);
    }
    cr_assert(done);
    crypto_key_unref(&key);
    buf_free(&pem);
}

Test(memory_faults, hmac_without_memory_is_a_fault)
{
    struct digest256 mac;
    allocations_left = 0;
    struct result r = hmac_sha256(STR("key"), STR("message"), &mac);
    allocations_left = -1;
    cr_assert_eq(r.code, ERR_FAULT_CRYPTO);
}
