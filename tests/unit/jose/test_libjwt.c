/* A second opinion: what we mint, an independent library verifies, and what it mints, we verify. It
 * insists on `typ: JWT` and knows neither PS256 nor EdDSA. */
#include <jwt.h>
#include <stdlib.h>

#include "signing.h"

static const struct str payload = STR_INIT("{\"iss\":\"http://127.0.0.1:8420\",\"sub\":\"a\"}");
static const enum key_alg common[] = {KEY_ES256, KEY_RS256};

Test(libjwt, verifies_what_we_mint)
{
    for (size_t i = 0; i < 2; i++) {
        struct signer s;
        struct jws_prefix prefix;
        struct buf token, pem;
        jwt_t *jwt = NULL;
        signer_init(&s, common[i]);
        buf_init_heap(&token, LIMIT_TOKEN);
        buf_init_heap(&pem, KEY_PEM_MAX);
        jws_prefix_init(&prefix, common[i], JWS_JWT, STR("kid"));
        cr_assert(result_ok(jws_write(&token, &prefix, payload, s.ctx)));
        buf_char(&token, '\0');
        cr_assert(result_ok(crypto_key_write_public_pem(s.key, &pem)));
        cr_assert_eq(jwt_decode(&jwt, token.ptr, (const unsigned char *)pem.ptr, (int)pem.len), 0);
        cr_assert_str_eq(jwt_get_grant(jwt, "sub"), "a");
        cr_assert_str_eq(jwt_get_header(jwt, "kid"), "kid");
        jwt_free(jwt);
        token.ptr[token.len - 10] ^= 1;
        cr_assert_neq(jwt_decode(&jwt, token.ptr, (const unsigned char *)pem.ptr, (int)pem.len), 0);
        buf_free(&token);
        buf_free(&pem);
        signer_done(&s);
    }
}

Test(libjwt, mints_what_we_verify)
{
    static const jwt_alg_t theirs[] = {JWT_ALG_ES256, JWT_ALG_RS256};
    for (size_t i = 0; i < 2; i++) {
        struct signer s;
        struct arena arena;
        struct buf pem;
        jwt_t *jwt;
        arena_init(&arena, NULL, 0, LIMIT_ARENA);
        signer_init(&s, common[i]);
        buf_init_heap(&pem, KEY_PEM_MAX);
        cr_assert(result_ok(crypto_key_write_pem(s.key, &pem)));
        cr_assert_eq(jwt_new(&jwt), 0);
        cr_assert_eq(jwt_add_grants_json(jwt, payload.ptr), 0);
        cr_assert_eq(jwt_set_alg(jwt, theirs[i], (const unsigned char *)pem.ptr, (int)pem.len), 0);
        char *text = jwt_encode_str(jwt);
        cr_assert_not_null(text);
        cr_assert(accepts(&arena, &s, str_from(text)));
        free(text);
        jwt_free(jwt);
        buf_free(&pem);
        signer_done(&s);
        arena_reset(&arena);
    }
}
