#include "signing.h"

static struct arena arena;

static void setup(void)
{
    arena_init(&arena, NULL, 0, LIMIT_ARENA);
}

static void teardown(void)
{
    arena_reset(&arena);
}

TestSuite(jws, .init = setup, .fini = teardown);

static struct str header_of(const struct jws_prefix *prefix)
{
    char *out = arena_alloc(&arena, prefix->len);
    size_t len;
    cr_assert_eq(prefix->text[prefix->len - 1], '.');
    cr_assert(base64url_decode(str_make(prefix->text, prefix->len - 1), out, &len));
    return str_make(out, len);
}

Test(jws, prefix_is_the_header) /* 9068-2.1-a, RFC9068-2.1 */
{
    struct jws_prefix prefix;
    jws_prefix_init(&prefix, KEY_ES256, JWS_AT_JWT, STR("k-1"));
    cr_assert(
        str_eq(header_of(&prefix), STR("{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"k-1\"}")));
    jws_prefix_init(&prefix, KEY_EDDSA, JWS_JWT, STR("k_2"));
    cr_assert(
        str_eq(header_of(&prefix), STR("{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"k_2\"}")));
    char longest[LIMIT_KID];
    memset(longest, 'k', sizeof(longest));
    jws_prefix_init(&prefix, KEY_ES256, JWS_AT_JWT, str_make(longest, sizeof(longest)));
}

Test(jws, what_is_written_reads_back_and_verifies) /* RFC7515-5.2, RFC7519-7.2 */
{
    static const size_t payload_sizes[] = {0 + 2, 3, 4, 700, 5000};
    char payload[5000];
    memset(payload, 'p', sizeof(payload));
    for (int alg = 0; alg < KEY_ALG_COUNT; alg++) {
        struct signer s;
        signer_init(&s, (enum key_alg)alg);
        for (int type = 0; type < JWS_TYPE_COUNT; type++) {
            for (size_t i = 0; i < sizeof(payload_sizes) / sizeof(payload_sizes[0]); i++) {
                struct str body = str_make(payload, payload_sizes[i]);
                struct jws_prefix prefix;
                struct buf token;
                struct jws jws;
                bool holds = false;
                jws_prefix_init(&prefix, (enum key_alg)alg, (enum jws_type)type, STR("kid"));
                buf_init_arena(&token, &arena, 64, LIMIT_TOKEN);
                cr_assert(result_ok(jws_write(&token, &prefix, body, s.ctx)));
                cr_assert_eq(token.len, jws_size(&prefix, body.len, s.ctx));
                cr_assert_eq(jws_parse(&arena, buf_view(&token), &jws), ERR_NONE);
                cr_assert_eq(jws.alg, (enum key_alg)alg);
                cr_assert(str_eq(jws.kid, STR("kid")));
                cr_assert(str_eq(jws.typ, str_from(jws_type_name((enum jws_type)type))));
                cr_assert(str_eq(jws.payload, body));
                cr_assert(result_ok(jws_verify(&jws, s.ctx, &holds)));
                cr_assert(holds);
            }
        }
        signer_done(&s);
    }
}

/* Whatever becomes of the token: where its header is the known one, reading it makes no difference.
 */
Test(jws, a_known_header_is_read_alike)
{
    static const char bytes[] = ".=A_-\0 9";
    struct signer s;
    struct jws_prefix prefix;
    struct arena scratch;
    struct buf out;
    size_t known = 0;
    signer_init(&s, KEY_ES256);
    arena_init(&scratch, NULL, 0, LIMIT_ARENA);
    jws_prefix_init(&prefix, KEY_ES256, JWS_AT_JWT, STR("kid"));
    buf_init_arena(&out, &arena, 64, LIMIT_TOKEN);
    cr_assert(result_ok(jws_write(&out, &prefix, STR("{\"a\":1}"), s.ctx)));

    for (size_t at = 0; at < out.len; at++) {
        for (size_t i = 0; i < sizeof(bytes); i++) { /* the last: the end */
            struct jws general, quick;
            enum err err;
            char text[512];
            arena_reset(&scratch);
            memcpy(text, out.ptr, out.len);
            text[at] = i < sizeof(bytes) - 1 ? bytes[i] : text[at];
            struct str token = str_make(text, i < sizeof(bytes) - 1 ? out.len : at);
            enum err expected = jws_parse(&scratch, token, &general);
            if (!jws_parse_known(&scratch, token, &prefix, &quick, &err))
                continue;
            known++;
            cr_assert_eq(err, expected, "%zu %zu", at, i);
            if (err != ERR_NONE)
                continue;
            cr_assert_eq(quick.alg, general.alg);
            cr_assert(str_eq(quick.typ, general.typ) && str_eq(quick.kid, general.kid));
            cr_assert(str_eq(quick.payload, general.payload));
            cr_assert(str_eq(quick.signature, general.signature));
            cr_assert_eq(quick.signing_input.ptr, general.signing_input.ptr);
            cr_assert_eq(quick.signing_input.len, general.signing_input.len);
        }
    }
    cr_assert_gt(known, out.len);
    arena_reset(&scratch);
    signer_done(&s);
}

Test(jws, appends_to_what_is_there)
{
    struct signer s;
    struct jws_prefix prefix;
    struct buf out;
    signer_init(&s, KEY_ES256);
    jws_prefix_init(&prefix, KEY_ES256, JWS_AT_JWT, STR("kid"));
    buf_init_arena(&out, &arena, 64, LIMIT_TOKEN);
    buf_str(&out, STR("token="));
    cr_assert(result_ok(jws_write(&out, &prefix, STR("{}"), s.ctx)));
    cr_assert(accepts(&arena, &s, str_slice(buf_view(&out), 6, out.len)));
    signer_done(&s);
}

Test(jws, a_buffer_without_room_is_a_fault_and_unchanged)
{
    struct signer s;
    struct jws_prefix prefix;
    char memory[512];
    struct buf out;
    signer_init(&s, KEY_ES256);
    jws_prefix_init(&prefix, KEY_ES256, JWS_AT_JWT, STR("kid"));
    size_t size = jws_size(&prefix, 2, s.ctx);
    buf_init_fixed(&out, memory, size - 1);
    cr_assert_eq(jws_write(&out, &prefix, STR("{}"), s.ctx).code, ERR_FAULT_MEMORY);
    cr_assert_eq(out.len, 0);
    buf_init_fixed(&out, memory, size);
    cr_assert(result_ok(jws_write(&out, &prefix, STR("{}"), s.ctx)));
    signer_done(&s);
}

Test(jws, a_key_that_cannot_sign_is_a_fault_and_leaves_the_buffer)
{
    struct signer s;
    struct crypto_key *verifier;
    struct crypto_ctx *ctx;
    struct jws_prefix prefix;
    struct buf out;
    signer_init(&s, KEY_ES256);
    cr_assert_eq(crypto_key_from_public(&s.parts, &verifier), KEY_TAKEN);
    cr_assert(result_ok(crypto_ctx_new(verifier, &ctx)));
    jws_prefix_init(&prefix, KEY_ES256, JWS_AT_JWT, STR("kid"));
    buf_init_arena(&out, &arena, 64, LIMIT_TOKEN);
    cr_assert_eq(jws_write(&out, &prefix, STR("{}"), ctx).code, ERR_FAULT_CRYPTO);
    cr_assert_eq(out.len, 0);
    crypto_ctx_free(&ctx);
    crypto_key_unref(&verifier);
    signer_done(&s);
}

static void load_public(struct signer *s, enum key_alg alg, const char *x, const char *y)
{
    struct key_public key = {.alg = alg};
    cr_assert(base64url_decode(str_from(x), key.x_or_n.bytes, &key.x_or_n.len));
    cr_assert(base64url_decode(str_from(y), key.y_or_e.bytes, &key.y_or_e.len));
    cr_assert_eq(crypto_key_from_public(&key, &s->key), KEY_TAKEN);
    cr_assert(result_ok(crypto_ctx_new(s->key, &s->ctx)));
}

Test(jws, es256_example_of_rfc7515_appendix_a_3)
{
    static const struct str token = STR_INIT(
        "eyJhbGciOiJFUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
        "cnVlfQ."
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
    struct signer s;
    load_public(&s, KEY_ES256, "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
    cr_assert(accepts(&arena, &s, token));
    signer_done(&s);
}

Test(jws, eddsa_example_of_rfc8037_appendix_a_4)
{
    static const struct str token =
        STR_INIT("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
                 "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_"
                 "MuM0KAg");
    struct signer s;
    load_public(&s, KEY_EDDSA, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "");
    cr_assert(accepts(&arena, &s, token));
    signer_done(&s);
}

Test(jws, fields_may_be_absent_and_strange_ones_are_ignored) /* RFC7515-4.2 */
{
    struct signer s;
    struct jws jws;
    signer_init(&s, KEY_ES256);
    struct str bare = sign_under(&arena, &s, STR("{\"alg\":\"ES256\"}"), STR("{}"));
    cr_assert_eq(jws_parse(&arena, bare, &jws), ERR_NONE);
    cr_assert_null(jws.typ.ptr);
    cr_assert_null(jws.kid.ptr);
    struct str more =
        sign_under(&arena, &s, STR(" {\"cty\":\"x\", \"alg\":\"ES256\",\"a\":[1]} "), STR("{}"));
    cr_assert(accepts(&arena, &s, more));
    signer_done(&s);
}

Test(jws, an_arena_without_room_is_a_fault)
{
    struct signer s;
    signer_init(&s, KEY_ES256);
    struct str token =
        sign_under(&arena, &s, STR("{\"alg\":\"ES256\",\"kid\":\"k\"}"), STR("{\"a\":\"b\"}"));
    bool done = false;
    for (size_t cap = 0; !done && cap < 16384; cap += 16) {
        struct arena small;
        struct jws jws;
        arena_init(&small, NULL, 0, cap);
        enum err err = jws_parse(&small, token, &jws);
        cr_assert(err == ERR_NONE || err == ERR_FAULT_MEMORY, "cap %zu: %d", cap, err);
        done = err == ERR_NONE;
        arena_reset(&small);
    }
    cr_assert(done);
    signer_done(&s);
}
