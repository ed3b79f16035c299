#include "signing.h"
#include "json/read.h"

static void set_part(struct key_part *part, const char *text)
{
    cr_assert(base64url_decode(str_from(text), part->bytes, &part->len));
}

static void expect_thumbprint(const struct key_public *key, const char *expected)
{
    char kid[JWK_THUMBPRINT];
    jwk_thumbprint(key, kid);
    cr_assert_eq(memcmp(kid, expected, sizeof(kid)), 0, "%.43s", kid);
}

Test(jwk, thumbprint_of_rfc7638_section_3_1) /* RFC7638-3 */
{
    struct key_public key = {.alg = KEY_RS256};
    set_part(
        &key.x_or_n,
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
        "BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
        "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI"
        "4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw");
    set_part(&key.y_or_e, "AQAB");
    expect_thumbprint(&key, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    key.alg = KEY_PS256; /* a name of the key, whatever it is used for */
    expect_thumbprint(&key, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

Test(jwk, thumbprint_of_rfc8037_appendix_a_3)
{
    struct key_public key = {.alg = KEY_EDDSA};
    set_part(&key.x_or_n, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    expect_thumbprint(&key, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

static void expect_member(const struct json_value *jwk, const char *name, const char *expected)
{
    struct str value;
    cr_assert_eq(json_find_string(jwk, str_from(name), &value), JSON_FOUND, "%s", name);
    if (expected != NULL)
        cr_assert(str_eq(value, str_from(expected)), "%s", name);
}

Test(jwk, holds_public_members_only) /* 8414-2-f, RFC7517-4, RFC7518-6, RFC8037-2 */
{
    static const struct {
        const char *kty, *crv, *numbers[3];
    } table[KEY_ALG_COUNT] = {
        [KEY_ES256] = {"EC", "P-256", {"x", "y"}},
        [KEY_EDDSA] = {"OKP", "Ed25519", {"x"}},
        [KEY_RS256] = {"RSA", NULL, {"n", "e"}},
        [KEY_PS256] = {"RSA", NULL, {"n", "e"}},
    };
    for (int alg = 0; alg < KEY_ALG_COUNT; alg++) {
        struct signer s;
        struct arena arena;
        struct buf text;
        const struct json_value *jwk;
        arena_init(&arena, NULL, 0, LIMIT_ARENA);
        signer_init(&s, (enum key_alg)alg);
        buf_init_arena(&text, &arena, 0, 4096);
        jwk_write(&text, &s.parts, STR("some-kid"));
        cr_assert_eq(json_parse(&arena, buf_view(&text), &json_limits_request, &jwk, NULL),
                     ERR_NONE);
        size_t members = 4;
        expect_member(jwk, "kty", table[alg].kty);
        expect_member(jwk, "use", "sig");
        expect_member(jwk, "alg", key_alg_name((enum key_alg)alg));
        expect_member(jwk, "kid", "some-kid");
        if (table[alg].crv != NULL) {
            expect_member(jwk, "crv", table[alg].crv);
            members++;
        }
        for (int i = 0; table[alg].numbers[i] != NULL; i++, members++)
            expect_member(jwk, table[alg].numbers[i], NULL);
        cr_assert_eq(json_count(jwk), members, "and nothing else");
        signer_done(&s);
        arena_reset(&arena);
    }
}

/* RFC7518-6.2.1.2: coordinates keep their leading zeros. One key in 256 begins with one. */
Test(jwk, coordinates_have_full_width)
{
    for (int i = 0; i < 600; i++) {
        struct crypto_key *key;
        struct key_public parts;
        cr_assert(result_ok(crypto_key_generate(KEY_ES256, &key)));
        cr_assert(result_ok(crypto_key_public(key, &parts)));
        cr_assert_eq(parts.x_or_n.len, 32);
        cr_assert_eq(parts.y_or_e.len, 32);
        crypto_key_unref(&key);
    }
}

Test(jwk, the_largest_key_fits)
{
    struct key_public key = {.alg = KEY_RS256, .x_or_n.len = KEY_PART_MAX, .y_or_e.len = 8};
    char kid[JWK_THUMBPRINT];
    memset(key.x_or_n.bytes, 0xFF, KEY_PART_MAX);
    memset(key.y_or_e.bytes, 0xFF, 8);
    jwk_thumbprint(&key, kid);
}
