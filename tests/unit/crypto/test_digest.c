#include <criterion/criterion.h>

#include "core/buf.h"
#include "crypto/digest.h"
#include "crypto/wipe.h"

static void expect_hex(const struct digest256 *digest, const char *hex)
{
    char text[2 * DIGEST256];
    struct buf b;
    buf_init_fixed(&b, text, sizeof(text));
    buf_hex(&b, digest->bytes, sizeof(digest->bytes));
    cr_assert_eq(memcmp(text, hex, sizeof(text)), 0, "%.64s is not %s", text, hex);
}

Test(digest, sha256_vectors_of_fips_180)
{
    static const struct {
        const char *message, *hex;
    } table[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct digest256 digest = digest_sha256(str_from(table[i].message));
        expect_hex(&digest, table[i].hex);
    }
}

Test(digest, sha256_of_nothing_at_all)
{
    struct digest256 none = digest_sha256(STR_NONE);
    expect_hex(&none, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

Test(digest, hmac_vectors_of_rfc4231)
{
    char key_20[20], key_131[131];
    memset(key_20, 0x0b, sizeof(key_20));
    memset(key_131, 0xaa, sizeof(key_131));
    const struct {
        struct str key, message;
        const char *hex;
    } table[] = {
        {str_make(key_20, 20), STR("Hi There"),
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {STR("Jefe"), STR("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {str_make(key_131, 131), STR("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {STR_NONE, STR(""), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct digest256 mac;
        cr_assert(result_ok(hmac_sha256(table[i].key, table[i].message, &mac)));
        expect_hex(&mac, table[i].hex);
    }
}

Test(wipe, leaves_nothing_behind)
{
    char secret[] = "sm_cs_secret";
    wipe(secret, sizeof(secret));
    for (size_t i = 0; i < sizeof(secret); i++)
        cr_assert_eq(secret[i], 0);
    wipe(secret, 0);
}

Test(wipe, ct_equal_sees_every_byte) /* THREATS-12 */
{
    uint8_t a[33], b[33];
    memset(a, 7, sizeof(a));
    memset(b, 7, sizeof(b));
    cr_assert(ct_equal(a, b, sizeof(a)));
    cr_assert(ct_equal(NULL, NULL, 0));
    for (size_t i = 0; i < sizeof(a); i++) {
        b[i] ^= 0x80;
        cr_assert_not(ct_equal(a, b, sizeof(a)), "byte %zu", i);
        b[i] ^= 0x80;
    }
}
