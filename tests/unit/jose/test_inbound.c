/* JWTs that others sign: what our reader pins and libjwt, or our verifier, then checks (7523-3-e,
 * 8725-3.1-a, 8725-3.1-b, 8725-3.2-a, THREATS-1, THREATS-2, THREATS-4). */
#include "crypto/digest.h"
#include "jose/inbound.h"
#include "jose/key_set.h"
#include "signing.h"

static const struct str payload = STR_INIT("{\"iss\":\"a\",\"sub\":\"a\"}");

static struct arena arena;

static void begin(void)
{
    arena_init(&arena, NULL, 0, 1024 * 1024);
}

static void end(void)
{
    arena_reset(&arena);
}

TestSuite(inbound, .init = begin, .fini = end);

/* The text of a set that holds these signers' keys, named a, b, ... */
static struct str set_of(const struct signer *signers, size_t n)
{
    static const char names[] = "abcdefgh";
    struct key_set *set = arena_zalloc(&arena, sizeof(*set));
    struct buf b;
    for (size_t i = 0; i < n; i++)
        set->keys[set->count++] = (struct key_set_key){str_make(names + i, 1), signers[i].parts};
    buf_init_arena(&b, &arena, 1024, KEY_SET_TEXT);
    key_set_write(&b, set);
    return buf_view(&b);
}

static bool holds(struct str token, struct str set)
{
    struct inbound inbound;
    bool good = false;
    enum err err = inbound_parse(&arena, token, &inbound);
    cr_assert(err == ERR_NONE || err == ERR_INVALID_TOKEN);
    if (err != ERR_NONE)
        return false;
    cr_assert(result_ok(inbound_verify(&inbound, set, &good)));
    return good;
}

/* {"alg":"...","more"} */
static struct str header(const char *alg, const char *more)
{
    struct buf b;
    buf_init_arena(&b, &arena, 128, 4096);
    buf_cstr(&b, "{\"alg\":\"");
    buf_cstr(&b, alg);
    buf_char(&b, '"');
    buf_cstr(&b, more);
    buf_char(&b, '}');
    return buf_view(&b);
}

static const struct {
    const char *more;
    bool good;
} headers[] = {
    {"", true}, /* a set of one key needs no name */
    {",\"kid\":\"a\"", true},
    {",\"typ\":\"JWT\"", true},
    {",\"typ\":\"jwt\"", true},
    {",\"typ\":\"client-authentication+jwt\",\"kid\":\"a\"", true},
    {",\"other\":1", true}, /* RFC7515-4.3 */
    {",\"kid\":\"b\"", false},
    {",\"kid\":\"\"", false},
    {",\"kid\":\"../../a\"", false},
    {",\"kid\":null", false},
    {",\"typ\":\"at+jwt\"", false}, /* 8725-3.11-a: no token of ours */
    {",\"typ\":\"audit-head+jwt\"", false},
    {",\"typ\":\"logout+jwt\"", false},
    {",\"typ\":\"\"", false},
    {",\"typ\":1", false},
    {",\"crit\":[\"b64\"],\"b64\":false", false}, /* 8725-x-b */
    {",\"crit\":[]", false},
    {",\"b64\":true", false},
    {",\"jwk\":{}", false},
    {",\"jku\":\"https://evil.example/\"", false}, /* 7523-3-g, 8725-3.10-b */
    {",\"x5u\":\"https://evil.example/\"", false},
    {",\"x5c\":[]", false},
    {",\"zip\":\"DEF\"", false},
    {",\"alg\":\"none\"", false}, /* twice */
};

Test(inbound, header_by_header_and_algorithm_by_algorithm)
{
    for (int alg = 0; alg < KEY_ALG_COUNT; alg++) {
        struct signer s;
        signer_init(&s, (enum key_alg)alg);
        struct str set = set_of(&s, 1);
        for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
            struct str head = header(key_alg_name((enum key_alg)alg), headers[i].more);
            struct str token = sign_under(&arena, &s, head, payload);
            cr_assert_eq(holds(token, set), headers[i].good, "%.*s", STR_ARG(head));
        }
        signer_done(&s);
        end();
    }
}

Test(inbound, the_key_says_which_algorithm) /* 8725-3.1-a, 8725-3.2-a */
{
    static const char *const said[] = {"none",  "None",  "",        "HS256",   "HS512",
                                       "ES256", "es256", "ES384",   "EdDSA",   "RS256",
                                       "PS256", "RS512", "Ed25519", "ed25519", "Ed448"};
    for (int alg = 0; alg < KEY_ALG_COUNT; alg++) {
        struct signer s;
        signer_init(&s, (enum key_alg)alg);
        struct str set = set_of(&s, 1);
        for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
            struct str token = sign_under(&arena, &s, header(said[i], ""), payload);
            bool own = strcmp(said[i], key_alg_name((enum key_alg)alg)) == 0 ||
                       (alg == KEY_EDDSA && strcmp(said[i], "Ed25519") == 0); /* RFC9864-2.2 */
            cr_assert_eq(holds(token, set), own, "%s under %d", said[i], alg);
        }
        signer_done(&s);
        end();
    }
}

Test(inbound, rsa_keys_are_of_one_algorithm) /* PS256 may not stand in for RS256, nor back */
{
    struct signer s[2];
    signer_init(&s[0], KEY_RS256);
    s[1] = s[0];
    s[1].parts.alg = KEY_PS256;
    struct str token = sign_under(&arena, &s[0], header("RS256", ""), payload);
    cr_assert(holds(token, set_of(&s[0], 1)));
    cr_assert_not(holds(token, set_of(&s[1], 1)));
    signer_done(&s[0]);
}

Test(inbound, public_key_is_no_secret) /* 8725-3.1-b, THREATS-2: libjwt alone would take it */
{
    static const struct str heads[] = {STR_INIT("{\"alg\":\"HS256\"}"),
                                       STR_INIT("{\"alg\":\"HS256\",\"typ\":\"JWT\"}")};
    for (int alg = 0; alg < KEY_ALG_COUNT; alg++) {
        struct signer s;
        struct buf pem;
        signer_init(&s, (enum key_alg)alg);
        buf_init_arena(&pem, &arena, 1024, KEY_PEM_MAX);
        cr_assert(result_ok(crypto_key_write_public_pem(s.key, &pem)));
        struct str set = set_of(&s, 1);
        const struct str secrets[] = {buf_view(&pem), str_trim(buf_view(&pem), '\n'), set, STR("")};
        for (size_t i = 0; i < 2 * sizeof(secrets) / sizeof(secrets[0]); i++) {
            struct digest256 mac;
            struct str head = encode(&arena, heads[i % 2]), body = encode(&arena, payload);
            struct str input = join(&arena, head, body, STR(""));
            cr_assert(
                result_ok(hmac_sha256(secrets[i / 2], str_slice(input, 0, input.len - 1), &mac)));
            struct str raw = str_make((const char *)mac.bytes, sizeof(mac.bytes));
            cr_assert_not(holds(join(&arena, head, body, encode(&arena, raw)), set));
        }
        signer_done(&s);
    }
}

Test(inbound, several_keys_need_a_name)
{
    struct signer s[3];
    for (int i = 0; i < 3; i++)
        signer_init(&s[i], i == 1 ? KEY_EDDSA : KEY_ES256);
    struct str set = set_of(s, 3);
    cr_assert(holds(sign_under(&arena, &s[0], header("ES256", ",\"kid\":\"a\""), payload), set));
    cr_assert(holds(sign_under(&arena, &s[1], header("EdDSA", ",\"kid\":\"b\""), payload), set));
    cr_assert(holds(sign_under(&arena, &s[2], header("ES256", ",\"kid\":\"c\""), payload), set));
    cr_assert_not(
        holds(sign_under(&arena, &s[0], header("ES256", ",\"kid\":\"c\""), payload), set));
    cr_assert_not(
        holds(sign_under(&arena, &s[0], header("EdDSA", ",\"kid\":\"b\""), payload), set));
    cr_assert_not(holds(sign_under(&arena, &s[0], header("ES256", ""), payload), set));
    for (int i = 0; i < 3; i++)
        signer_done(&s[i]);
}

Test(inbound, no_set_no_key)
{
    static const char *const sets[] = {"", "{}", "null", "{\"keys\":[]}", "{\"keys\":[{}]}"};
    struct signer s;
    signer_init(&s, KEY_ES256);
    struct str token = sign_under(&arena, &s, header("ES256", ""), payload);
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
        cr_assert_not(holds(token, str_from(sets[i])), "%s", sets[i]);
    signer_done(&s);
}

/* Whatever byte of it is another, it is not what was signed; and no signature but the raw one of
 * the right length (8725-3.4-a). */
Test(inbound, any_change_is_seen)
{
    for (int alg = 0; alg < KEY_ALG_COUNT; alg++) {
        struct signer s;
        signer_init(&s, (enum key_alg)alg);
        struct str set = set_of(&s, 1);
        struct str head = header(key_alg_name((enum key_alg)alg), "");
        struct str token = sign_under(&arena, &s, head, payload);
        char *text = arena_alloc(&arena, token.len);
        for (size_t at = 0; at < token.len; at += 3) {
            memcpy(text, token.ptr, token.len);
            text[at] = text[at] == 'A' ? 'B' : 'A';
            if (text[at] != token.ptr[at])
                cr_assert_not(holds(str_make(text, token.len), set), "byte %zu", at);
        }
        struct str start = str_slice(token, 0, token.len - 4);
        cr_assert_not(holds(start, set));
        signer_done(&s);
        end();
    }
}

Test(inbound, signatures_that_are_none)
{
    static const size_t lengths[] = {1, 32, 63, 64, 65, 70, 72, 256, 512};
    for (int alg = 0; alg < KEY_ALG_COUNT; alg++) {
        struct signer s;
        uint8_t zeros[512] = {0}, ones[512];
        memset(ones, 0xFF, sizeof(ones));
        signer_init(&s, (enum key_alg)alg);
        struct str set = set_of(&s, 1);
        struct str head = encode(&arena, header(key_alg_name((enum key_alg)alg), ""));
        for (size_t i = 0; i < 2 * sizeof(lengths) / sizeof(lengths[0]); i++) {
            struct str raw = str_make((const char *)(i % 2 == 0 ? zeros : ones), lengths[i / 2]);
            struct str token = join(&arena, head, encode(&arena, payload), encode(&arena, raw));
            cr_assert_not(holds(token, set), "%zu of %d", raw.len, alg);
        }
        signer_done(&s);
    }
}

/* 7523-3-g */
Test(inbound, too_long_is_not_looked_at)
{
    struct signer s;
    struct inbound inbound;
    char *long_payload = arena_alloc(&arena, LIMIT_TOKEN);
    signer_init(&s, KEY_ES256);
    memset(long_payload, ' ', LIMIT_TOKEN);
    memcpy(long_payload, "{}", 2);
    struct str token =
        sign_under(&arena, &s, header("ES256", ""), str_make(long_payload, LIMIT_TOKEN));
    cr_assert_eq(inbound_parse(&arena, token, &inbound), ERR_INVALID_TOKEN);
    size_t most = (LIMIT_TOKEN - 200) / 4 * 3;
    token = sign_under(&arena, &s, header("ES256", ""), str_make(long_payload, most));
    cr_assert(holds(token, set_of(&s, 1)), "%zu characters", token.len);
    signer_done(&s);
}
