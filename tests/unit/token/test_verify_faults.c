/* What a good signature does not make good, and what cannot be decided (RFC9068-4, P4). */
#include <criterion/criterion.h>
#include <stdio.h>

#include "support/leaks.h"
#include "token/mint.h"
#include "token/verify.h"
#include "unit/token/keys.h"

#define CLIENT "01932f00-0000-7000-8000-000000000001"
#define ISSUER "https://as.example"
#define CLAIMS(iss, aud)                                                            \
    "{\"iss\":\"" iss "\",\"sub\":\"" CLIENT "\",\"aud\":\"" aud                    \
    "\",\"exp\":2000,\"iat\":1000,\"jti\":\"" CLIENT ".1\",\"client_id\":\"" CLIENT \
    "\",\"scope\":\"calls.read\",\"partner_sid\":\"" CLIENT "\",\"epoch\":7}"

enum { TOKEN_MAX = 2048 };

struct bed {
    struct keys keys;
    struct arena arena;
    struct token_policy policy;
    struct token_plain_audience plain[1];
    struct verified_token got;
    bool good;
};

static void bed_init(struct bed *b)
{
    memset(b, 0, sizeof(*b));
    keys_init(&b->keys);
    arena_init(&b->arena, NULL, 0, 1 << 20);
    b->plain[0].audience = STR("https://old.example");
    b->policy = (struct token_policy){
        .issuer = STR(ISSUER), .ttl_default_s = 900, .plain = b->plain, .plain_count = 1};
}

static void bed_done(struct bed *b)
{
    arena_reset(&b->arena);
    keys_done(&b->keys);
}

static bool is_good(struct bed *b, struct str token)
{
    cr_assert(result_ok(token_verify(&b->policy, b->keys.keyring, b->keys.thread, token, &b->arena,
                                     &b->got, &b->good)));
    return b->good;
}

/* %s stands for the kid. */
static const struct {
    const char *header, *payload;
    bool good;
} signed_by_us[] = {
    {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", CLAIMS(ISSUER, "urn:a"), true},
    {"{\"alg\":\"ES256\",\"typ\":\"AT+JWT\",\"kid\":\"%s\"}", CLAIMS(ISSUER, "urn:a"),
     true}, /* RFC7515-4.1.9: media types are compared without case */
    {"{\"kid\":\"%s\",\"typ\":\"At+Jwt\",\"alg\":\"ES256\"}", CLAIMS(ISSUER, "urn:a"), true},
    {"{\"alg\":\"ES256\",\"typ\":\"jwt\",\"kid\":\"%s\"}", CLAIMS(ISSUER, "https://old.example"),
     true},
    /* 8725-3.11-a, RFC9068-4: the type is the one we write for that audience */
    {"{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"%s\"}", CLAIMS(ISSUER, "urn:a"), false},
    {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", CLAIMS(ISSUER, "https://old.example"),
     false},
    {"{\"alg\":\"ES256\",\"typ\":\"application/at+jwt\",\"kid\":\"%s\"}", CLAIMS(ISSUER, "urn:a"),
     false},
    {"{\"alg\":\"ES256\",\"typ\":\"id_token\",\"kid\":\"%s\"}", CLAIMS(ISSUER, "urn:a"), false},
    {"{\"alg\":\"ES256\",\"kid\":\"%s\"}", CLAIMS(ISSUER, "urn:a"), false},
    {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", CLAIMS(ISSUER, "urn:a"), false},
    {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"x%s\"}", CLAIMS(ISSUER, "urn:a"), false},
    /* the key says which algorithm it takes */
    {"{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", CLAIMS(ISSUER, "urn:a"), false},
    {"{\"alg\":\"none\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", CLAIMS(ISSUER, "urn:a"), false},
    {"{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", CLAIMS(ISSUER, "urn:a"), false},
    /* THREATS-11: another issuer, and what only resembles ours */
    {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}",
     CLAIMS("https://evil.example", "urn:a"), false},
    {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", CLAIMS(ISSUER "/", "urn:a"), false},
    {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", CLAIMS("HTTPS://as.example", "urn:a"),
     false},
    {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", "{}", false},
    {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", "", false},
};

Test(verify_faults, a_good_signature_is_not_enough)
{
    struct bed b;
    bed_init(&b);
    struct str kid = keyring_key_kid(keyring_active(b.keys.keyring));
    for (size_t i = 0; i < sizeof(signed_by_us) / sizeof(signed_by_us[0]); i++) {
        const char *pattern = signed_by_us[i].header, *mark = strstr(pattern, "%s");
        char header[256], text[TOKEN_MAX];
        if (mark == NULL)
            snprintf(header, sizeof(header), "%s", pattern);
        else
            snprintf(header, sizeof(header), "%.*s%.*s%s", (int)(mark - pattern), pattern,
                     STR_ARG(kid), mark + 2);
        struct str token =
            keys_sign(&b.keys, header, str_from(signed_by_us[i].payload), text, sizeof(text));
        cr_assert_eq(is_good(&b, token), signed_by_us[i].good, "row %zu: %s", i, header);
    }
    bed_done(&b);
    leaks_check();
}

static struct str good_token(struct bed *b, char text[TOKEN_MAX])
{
    char header[256];
    struct str kid = keyring_key_kid(keyring_active(b->keys.keyring));
    snprintf(header, sizeof(header), "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"%.*s\"}",
             STR_ARG(kid));
    return keys_sign(&b->keys, header, STR(CLAIMS(ISSUER, "urn:a")), text, TOKEN_MAX);
}

Test(verify_faults,
     another_keyring_knows_it_not) /* THREATS-59: a key of one issuer is none of another */
{
    struct bed ours, theirs;
    char text[TOKEN_MAX];
    bed_init(&ours);
    bed_init(&theirs);
    struct str token = good_token(&theirs, text);
    cr_assert(is_good(&theirs, token));
    cr_assert(!is_good(&ours, token));
    bed_done(&ours);
    bed_done(&theirs);
}

Test(verify_faults, a_full_arena_is_a_fault_and_no_verdict) /* P4 */
{
    struct bed b;
    char text[TOKEN_MAX];
    bool decided = false;
    bed_init(&b);
    struct str token = good_token(&b, text);
    for (size_t cap = 0; !decided; cap += 16) {
        struct arena arena;
        arena_init(&arena, NULL, 0, cap);
        struct result verified =
            token_verify(&b.policy, b.keys.keyring, b.keys.thread, token, &arena, &b.got, &b.good);
        decided = result_ok(verified);
        cr_assert_eq(b.good, decided, "room for %zu", cap);
        cr_assert(decided || verified.code == ERR_FAULT_MEMORY);
        arena_reset(&arena);
    }
    bed_done(&b);
}

Test(verify_faults, a_token_that_does_not_fit_is_a_fault)
{
    struct bed b;
    struct token_claims claims;
    char text[100];
    struct buf out;
    bed_init(&b);
    cr_assert_eq(token_claims_read(STR(CLAIMS(ISSUER, "x")), &b.arena, &claims), ERR_NONE);
    buf_init_fixed(&out, text, sizeof(text));
    cr_assert_eq(token_mint(&b.policy, b.keys.keyring, b.keys.thread, &claims, &out),
                 ERR_FAULT_MEMORY);
    cr_assert_eq(out.len, (size_t)0);
    static char scope[LIMIT_TOKEN];
    memset(scope, 's', sizeof(scope));
    claims.scope = str_make(scope, sizeof(scope));
    buf_init_heap(&out, 4 * LIMIT_TOKEN);
    cr_assert_eq(token_mint(&b.policy, b.keys.keyring, b.keys.thread, &claims, &out),
                 ERR_TOKEN_TOO_LARGE, "however large the buffer");
    buf_free(&out);
    bed_done(&b);
}
