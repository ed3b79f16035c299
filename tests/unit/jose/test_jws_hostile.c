/* Tokens by people who mean harm: each must be refused, whoever's key it is checked against. */
#include "crypto/digest.h"
#include "signing.h"

static struct arena arena;
static struct signer keys[KEY_ALG_COUNT];

static void setup(void)
{
    arena_init(&arena, NULL, 0, LIMIT_ARENA_BATCH);
    for (int alg = 0; alg < KEY_ALG_COUNT; alg++)
        signer_init(&keys[alg], (enum key_alg)alg);
}

static void teardown(void)
{
    for (int alg = 0; alg < KEY_ALG_COUNT; alg++)
        signer_done(&keys[alg]);
    arena_reset(&arena);
}

TestSuite(jws_hostile, .init = setup, .fini = teardown);

static struct str header_with_alg(const char *alg)
{
    struct buf header;
    buf_init_arena(&header, &arena, 64, 4096);
    buf_cstr(&header, "{\"typ\":\"at+jwt\",\"kid\":\"k\",\"alg\":");
    buf_cstr(&header, alg);
    buf_char(&header, '}');
    return buf_view(&header);
}

/* 8725-3.1-a, 8725-3.2-a, THREATS-1: every algorithm name against every key, truly signed. */
Test(jws_hostile, only_the_algorithm_bound_to_the_key_passes)
{
    static const char *const names[] = {
        "\"ES256\"", "\"EdDSA\"", "\"RS256\"", "\"PS256\"", "\"none\"",  "\"None\"",    "\"NONE\"",
        "\"nOnE\"",  "\"\"",      "\"HS256\"", "\"hs256\"", "\"HS512\"", "\"ES256 \"",  "\"es256\"",
        "\"ES384\"", "\"RS512\"", "null",      "0",         "true",      "[\"ES256\"]", "{}"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (int alg = 0; alg < KEY_ALG_COUNT; alg++) {
            struct str token = sign_under(&arena, &keys[alg], header_with_alg(names[i]), STR("{}"));
            for (int by = 0; by < KEY_ALG_COUNT; by++) {
                bool good = (int)i == alg && by == alg;
                cr_assert_eq(accepts(&arena, &keys[by], token), good, "%s %d %d", names[i], alg,
                             by);
            }
        }
    }
}

Test(jws_hostile, no_algorithm_or_no_signature_is_refused) /* 8725-3.2-a */
{
    struct signer *s = &keys[KEY_ES256];
    struct jws jws;
    struct str bare = sign_under(&arena, s, STR("{\"kid\":\"k\"}"), STR("{}"));
    cr_assert_eq(jws_parse(&arena, bare, &jws), ERR_INVALID_TOKEN);
    static const char *const names[] = {"\"none\"", "\"None\"", "\"\"", "\"ES256\""};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct str head = encode(&arena, header_with_alg(names[i])), body = STR("e30");
        cr_assert_eq(jws_parse(&arena, join(&arena, head, body, STR("")), &jws), ERR_INVALID_TOKEN);
        cr_assert_not(accepts(&arena, s, join(&arena, head, body, STR("AAAA"))));
    }
}

static void try_hmac(struct signer *s, struct str secret, const char *alg)
{
    struct digest256 mac;
    struct str head = encode(&arena, header_with_alg(alg)), body = STR("e30");
    struct str input = join(&arena, head, body, STR(""));
    cr_assert(result_ok(hmac_sha256(secret, str_slice(input, 0, input.len - 1), &mac)));
    struct str tag = encode(&arena, str_make((char *)mac.bytes, sizeof(mac.bytes)));
    cr_assert_not(accepts(&arena, s, join(&arena, head, body, tag)));
}

/* 8725-3.1-b, THREATS-2: an HS256 token keyed with what we publish. */
Test(jws_hostile, hs256_under_our_public_key_is_refused)
{
    for (int alg = 0; alg < KEY_ALG_COUNT; alg++) {
        struct signer *s = &keys[alg];
        struct buf pem, jwk;
        char der[1024];
        buf_init_arena(&pem, &arena, 0, KEY_PEM_MAX);
        buf_init_arena(&jwk, &arena, 0, 4096);
        cr_assert(result_ok(crypto_key_write_public_pem(s->key, &pem)));
        jwk_write(&jwk, &s->parts, STR("k"));
        struct str text = buf_view(&pem), line;
        struct buf base64;
        buf_init_arena(&base64, &arena, 0, KEY_PEM_MAX);
        while (str_split(&text, '\n', &line)) {
            if (!str_starts_with(line, STR("-----")))
                buf_str(&base64, line);
        }
        size_t der_len;
        cr_assert(base64_decode(buf_view(&base64), der, &der_len));
        const struct str secrets[] = {buf_view(&pem),
                                      str_slice(buf_view(&pem), 0, pem.len - 1),
                                      str_make(der, der_len),
                                      buf_view(&jwk),
                                      str_make((char *)s->parts.x_or_n.bytes, s->parts.x_or_n.len),
                                      STR_NONE};
        for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
            try_hmac(s, secrets[i], "\"HS256\"");
            try_hmac(s, secrets[i], "\"ES256\"");
            try_hmac(s, secrets[i], "\"RS256\"");
        }
    }
}

Test(jws_hostile,
     headers_that_bring_or_change_keys_are_refused) /* RFC7515-4.1, RFC7516-4.1, RFC7797-3 */
{
    static const char *const members[] = {
        /* THREATS-6, THREATS-8, 8725-3.10-b */
        "\"jku\":\"https://evil.example/keys\"", "\"x5u\":\"https://evil.example/cert\"",
        "\"jwk\":{\"kty\":\"oct\",\"k\":\"AA\"}", "\"x5c\":[\"AA\"]", "\"x5t\":\"AA\"",
        "\"x5t#S256\":\"AA\"",
        /* THREATS-9, 8725-x-b, RFC7515-4.1.11 */
        "\"crit\":[\"x\"]", "\"crit\":[]", "\"crit\":[\"alg\"]", "\"crit\":null", "\"b64\":false",
        "\"b64\":true",
        /* 8725-3.6-a, THREATS-13 */
        "\"zip\":\"DEF\"", "\"enc\":\"A256GCM\""};
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        struct jws jws;
        struct buf header;
        buf_init_arena(&header, &arena, 0, 1024);
        buf_cstr(&header, "{\"alg\":\"ES256\",");
        buf_cstr(&header, members[i]);
        buf_char(&header, '}');
        struct str token = sign_under(&arena, &keys[KEY_ES256], buf_view(&header), STR("{}"));
        cr_assert_eq(jws_parse(&arena, token, &jws), ERR_INVALID_TOKEN, "%s", members[i]);
    }
}

Test(jws_hostile, headers_that_two_readers_could_read_in_two_ways) /* 8725-x-a, THREATS-10 */
{
    static const struct str headers[] = {
        STR_INIT("{\"alg\":\"ES256\",\"alg\":\"ES256\"}"),
        STR_INIT("{\"alg\":\"none\",\"\\u0061lg\":\"ES256\"}"),
        STR_INIT("{\"alg\":\"ES256\",\"kid\":\"a\",\"kid\":\"b\"}"),
        STR_INIT("{\"alg\":\"ES256\"}{}"),
        STR_INIT("{\"alg\":\"ES256\"} x"),
        STR_INIT("{\"alg\":\"ES256\",}"),
        STR_INIT("{\"alg\":\"ES256\\u0000\"}"),
        STR_INIT("{\"alg\":\"ES256\"}\0"),
        STR_INIT("\xEF\xBB\xBF{\"alg\":\"ES256\"}"),
        STR_INIT("{\"alg\":\"ES256\",\"a\":\"\xC0\xAF\"}"),
        STR_INIT("{\"alg\":\"ES256\",\"a\":[[[[[[1]]]]]]}"),
        STR_INIT("[\"ES256\"]"),
        STR_INIT("\"ES256\""),
        STR_INIT("null"),
        STR_INIT("{}"),
        STR_INIT("{\"alg\":\"ES256\",\"typ\":1}"),
        STR_INIT("{\"alg\":\"ES256\",\"typ\":null}"),
        STR_INIT("{\"alg\":\"ES256\",\"kid\":{}}"),
        STR_INIT("{\"ALG\":\"ES256\"}"),
    };
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        struct jws jws;
        struct str token = sign_under(&arena, &keys[KEY_ES256], headers[i], STR("{}"));
        cr_assert_eq(jws_parse(&arena, token, &jws), ERR_INVALID_TOKEN, "%zu", i);
    }
}

Test(jws_hostile, kid_is_a_plain_name) /* 8725-3.10-a, THREATS-7 */
{
    static const struct {
        const char *kid;
        bool good;
    } table[] = {{"a", true},
                 {"A-z_0", true},
                 {"0123456789012345678901234567890123456789012345678901234567890123", true},
                 {"01234567890123456789012345678901234567890123456789012345678901234", false},
                 {"", false},
                 {"../../dev/null", false},
                 {"/etc/passwd", false},
                 {"k' OR '1'='1", false},
                 {"https://evil.example/", false},
                 {"a\\u0000b", false},
                 {"a\\nb", false},
                 {"\xC3\xA4", false},
                 {"{\\\"a\\\":1}", false},
                 {"a b", false},
                 {"k.pem", false}};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct jws jws;
        struct buf header;
        buf_init_arena(&header, &arena, 0, 1024);
        buf_cstr(&header, "{\"alg\":\"ES256\",\"kid\":\"");
        buf_cstr(&header, table[i].kid);
        buf_cstr(&header, "\"}");
        struct str token = sign_under(&arena, &keys[KEY_ES256], buf_view(&header), STR("{}"));
        enum err expected = table[i].good ? ERR_NONE : ERR_INVALID_TOKEN;
        cr_assert_eq(jws_parse(&arena, token, &jws), expected, "%s", table[i].kid);
    }
}

Test(jws_hostile, forms_that_are_not_compact) /* RFC7515-7.1, 7662-2.2-d */
{
    static const struct str texts[] = {
        STR_INIT(""),
        STR_INIT("."),
        STR_INIT(".."),
        STR_INIT("..."),
        STR_INIT("random"),
        STR_INIT("eyJhbGciOiJFUzI1NiJ9"),
        STR_INIT("eyJhbGciOiJFUzI1NiJ9.e30"),
        STR_INIT("eyJhbGciOiJFUzI1NiJ9.e30."),
        STR_INIT("eyJhbGciOiJFUzI1NiJ9..AAAA"),
        STR_INIT(".e30.AAAA"),
        STR_INIT("eyJhbGciOiJFUzI1NiJ9.e30.AAAA."),
        STR_INIT(".eyJhbGciOiJFUzI1NiJ9.e30.AAAA"),
        STR_INIT("eyJhbGciOiJFUzI1NiJ9.e30.AAAA.AAAA.AAAA"), /* a JWE, THREATS-13 */
        STR_INIT("{\"payload\":\"e30\",\"signatures\":[]}"),
        STR_INIT("\0\0.\0.\0"),
        STR_INIT("\xFF\xFE.\x80.\x81"),
    };
    struct jws jws;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        cr_assert_eq(jws_parse(&arena, texts[i], &jws), ERR_INVALID_TOKEN, "%zu", i);
    cr_assert_eq(jws_parse(&arena, STR_NONE, &jws), ERR_INVALID_TOKEN);
}

/* 8725-x-a: one text for one token. */
Test(jws_hostile, base64url_has_one_spelling)
{
    struct signer *s = &keys[KEY_ES256];
    struct str token = sign_under(&arena, s, STR("{\"alg\":\"ES256\"}"), STR("{}"));
    cr_assert(accepts(&arena, s, token));
    static const char *const extra[] = {"=", "==", " ", "\n", "\r\n", "\t", "+", "/", "A", "%3D"};
    for (size_t i = 0; i < sizeof(extra) / sizeof(extra[0]); i++) {
        struct str rest = token, piece[3];
        for (int p = 0; p < 3; p++)
            cr_assert(str_split(&rest, '.', &piece[p]));
        for (int p = 0; p < 3; p++) {
            struct str kept = piece[p];
            struct buf longer;
            buf_init_arena(&longer, &arena, 0, 4096);
            buf_str(&longer, kept);
            buf_cstr(&longer, extra[i]);
            piece[p] = buf_view(&longer);
            cr_assert_not(accepts(&arena, s, join(&arena, piece[0], piece[1], piece[2])),
                          "'%s' behind piece %d", extra[i], p);
            piece[p] = kept;
        }
    }
    /* 64 bytes leave four spare bits in the last character */
    char *copy = (char *)arena_str(&arena, token).ptr;
    cr_assert(strchr("AQgw", copy[token.len - 1]) != NULL);
    copy[token.len - 1]++;
    cr_assert_not(accepts(&arena, s, str_make(copy, token.len)));
}

Test(jws_hostile, every_truncation_and_every_flipped_character) /* F-21, 7662-2.2-f, 9068-4-b */
{
    struct signer *s = &keys[KEY_ES256];
    struct str token =
        sign_under(&arena, s, STR("{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"k\"}"),
                   STR("{\"sub\":\"a\"}"));
    char *copy = (char *)arena_str(&arena, token).ptr;
    for (size_t i = 0; i < token.len; i++) {
        cr_assert_not(accepts(&arena, s, str_slice(token, 0, i)));
        if (i > 0)
            cr_assert_not(accepts(&arena, s, str_slice(token, i, token.len)));
        copy[i] = token.ptr[i] == 'A' ? 'B' : 'A';
        cr_assert_not(accepts(&arena, s, str_make(copy, token.len)), "%zu", i);
        copy[i] = token.ptr[i];
    }
    cr_assert(accepts(&arena, s, str_make(copy, token.len)));
}

Test(jws_hostile, lengths_are_bounded) /* THREATS-15 */
{
    size_t sizes[] = {LIMIT_TOKEN, LIMIT_TOKEN + 1, 64 * 1024};
    static char text[64 * 1024];
    struct jws jws;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        static const char fills[] = ".Ae ";
        for (size_t f = 0; f < sizeof(fills); f++) {
            struct arena small;
            memset(text, fills[f], sizes[i]);
            arena_init(&small, NULL, 0, LIMIT_ARENA);
            cr_assert_eq(jws_parse(&small, str_make(text, sizes[i]), &jws), ERR_INVALID_TOKEN);
            cr_assert_eq(small.used, 0, "refused before anything was allocated");
            arena_reset(&small);
        }
    }
    /* the longest that is taken */
    struct signer *s = &keys[KEY_ES256];
    static char payload[LIMIT_TOKEN];
    struct jws_prefix prefix;
    struct buf out;
    memset(payload, ' ', sizeof(payload));
    jws_prefix_init(&prefix, KEY_ES256, JWS_AT_JWT, STR("k"));
    size_t len = 6000;
    while (jws_size(&prefix, len + 1, s->ctx) <= LIMIT_TOKEN)
        len++;
    for (size_t more = 0; more < 2; more++) {
        buf_init_arena(&out, &arena, 0, 2 * LIMIT_TOKEN);
        cr_assert(result_ok(jws_write(&out, &prefix, str_make(payload, len + more), s->ctx)));
        cr_assert_eq(accepts(&arena, s, buf_view(&out)), more == 0, "%zu", out.len);
    }
}

Test(jws_hostile, a_long_header_or_signature_is_refused_undecoded)
{
    static char text[4096];
    struct jws jws;
    memset(text, 'A', sizeof(text));
    struct str much = str_make(text, JWS_HEADER_MAX + 1);
    struct arena small;
    struct str head = encode(&arena, STR("{\"alg\":\"ES256\"}"));
    struct str tokens[] = {join(&arena, much, STR("e30"), STR("AAAA")),
                           join(&arena, head, STR("e30"), much)};
    for (int i = 0; i < 2; i++) {
        arena_init(&small, NULL, 0, LIMIT_ARENA);
        cr_assert_eq(jws_parse(&small, tokens[i], &jws), ERR_INVALID_TOKEN);
        cr_assert_eq(small.used, 0);
        arena_reset(&small);
    }
}
