/* Minting and verifying with a real keyring: what we sign verifies, everything else does not. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "support/leaks.h"
#include "token/mint.h"
#include "token/verify.h"
#include "unit/token/keys.h"

struct bed {
    struct keys keys;
    struct arena arena;
    struct token_policy policy;
    struct token_claims claims;
    char memory[LIMIT_TOKEN];
};

static const struct token_plain_audience plain[] = {{STR_INIT("https://old.example")}};

static void bed_init(struct bed *b)
{
    memset(b, 0, sizeof(*b));
    keys_init(&b->keys);
    arena_init(&b->arena, NULL, 0, 1 << 20);
    b->policy = (struct token_policy){
        .issuer = STR("https://as.example"), .plain = plain, .plain_count = 1};
    b->claims = (struct token_claims){
        .issuer = STR("https://as.example"),
        .subject = STR("01932f00-0000-7000-8000-000000000001"),
        .generation = 1,
        .exp_s = 2000,
        .iat_s = 1000,
        .scope = STR("calls.read"),
        .audience_count = 1,
        .audiences = {STR("https://api.example")},
    };
    cr_assert(sid_parse(b->claims.subject, &b->claims.client_id));
    b->claims.partner_sid = b->claims.token_sid = b->claims.client_id;
}

static void bed_done(struct bed *b)
{
    keys_done(&b->keys);
    arena_reset(&b->arena);
}

static struct str mint(struct bed *b)
{
    struct buf out;
    buf_init_fixed(&out, b->memory, sizeof(b->memory));
    cr_assert_eq(token_mint(&b->policy, b->keys.keyring, b->keys.thread, &b->claims, &out),
                 ERR_NONE);
    return buf_view(&out);
}

static bool verifies(struct bed *b, struct str token)
{
    struct verified_token verified;
    bool good;
    cr_assert(result_ok(token_verify(&b->policy, b->keys.keyring, b->keys.thread, token, &b->arena,
                                     &verified, &good)));
    return good;
}

Test(verify, what_was_minted_is_ours)
{
    struct bed b;
    struct verified_token verified;
    bool good;
    bed_init(&b);
    struct str token = mint(&b);

    cr_assert(result_ok(
        token_verify(&b.policy, b.keys.keyring, b.keys.thread, token, &b.arena, &verified, &good)));
    cr_assert(good);
    cr_assert(sid_eq(&verified.claims.client_id, &b.claims.client_id));
    cr_assert(str_eq(verified.claims.scope, STR("calls.read")));
    cr_assert(str_eq(verified.kid, keyring_key_kid(keyring_active(b.keys.keyring))));
    bed_done(&b);
    leaks_check();
}

Test(verify, every_changed_byte_breaks_it) /* 7662-2.2-f, F-21 */
{
    struct bed b;
    bed_init(&b);
    struct str token = mint(&b);
    char *bytes = b.memory;

    for (size_t i = 0; i < token.len; i++) {
        char kept = bytes[i];
        bytes[i] = kept == 'A' ? 'B' : 'A';
        cr_assert(!verifies(&b, token), "byte %zu", i);
        bytes[i] = kept;
        cr_assert(!verifies(&b, str_slice(token, 0, i)), "cut at %zu", i);
        arena_reset(&b.arena);
    }
    cr_assert(verifies(&b, token));
    bed_done(&b);
}

Test(verify, the_issuer_is_compared_whole) /* 8725-3.8-a, THREATS-11 */
{
    static const char *const others[] = {"https://as.exampl",       "https://as.example/",
                                         "https://as.example.evil", "https://AS.example",
                                         "http://as.example",       ""};
    struct bed b;
    bed_init(&b);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        b.claims.issuer = str_from(others[i]);
        cr_assert(!verifies(&b, mint(&b)), "%s", others[i]);
    }
    bed_done(&b);
}

Test(verify, typ_must_be_the_one_its_audiences_call_for) /* 8725-3.11-a, 9068-4-a */
{
    struct bed b;
    bed_init(&b);
    b.claims.audiences[0] = plain[0].audience;
    struct str token = mint(&b);

    cr_assert(verifies(&b, token), "typ: JWT for an audience that says so");
    b.policy.plain_count = 0;
    cr_assert(!verifies(&b, token), "and no more once it does not");
    b.claims.audiences[0] = STR("https://api.example");
    token = mint(&b);
    b.policy.plain_count = 1;
    cr_assert(verifies(&b, token));
    bed_done(&b);
}

/* The signature is good, so only the header decides. RFC7515-4.1.9: typ is compared without case.
 */
static bool verifies_with_header(struct bed *b, const char *header)
{
    char claims[1024];
    struct buf payload;

    buf_init_fixed(&payload, claims, sizeof(claims));
    token_claims_write(&b->claims, &payload);
    return verifies(b,
                    keys_sign(&b->keys, header, buf_view(&payload), b->memory, sizeof(b->memory)));
}

/* 8725-3.1-a, 8725-3.2-a, THREATS-1, THREATS-6, RFC7515-4.1.9 */
Test(verify, the_header_only_names_the_key)
{
    static const struct {
        const char *before, *behind; /* the kid */
        bool good;
    } rows[] = {
        {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"", "\"}", true},
        {"{\"alg\":\"ES256\",\"typ\":\"AT+JWT\",\"kid\":\"", "\"}", true},
        {"{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"", "\"}", false},
        {"{\"alg\":\"ES256\",\"kid\":\"", "\"}", false},
        {"{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"", "\"}", false},
        {"{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"", "\"}", false},
        {"{\"alg\":\"none\",\"typ\":\"at+jwt\",\"kid\":\"", "\"}", false},
        {"{\"alg\":\"es256\",\"typ\":\"at+jwt\",\"kid\":\"", "\"}", false},
        {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"x", "\"}", false},
        {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", "", false},
        {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"", "\",\"jku\":\"https://evil.example\"}",
         false},
        {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"", "\",\"crit\":[\"x\"]}", false},
        {"{\"alg\":\"ES256\",\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"", "\"}", false},
    };
    struct bed b;
    bed_init(&b);
    struct str kid = keyring_key_kid(keyring_active(b.keys.keyring));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char header[192];
        snprintf(header, sizeof(header), "%s%.*s%s", rows[i].before, STR_ARG(kid), rows[i].behind);
        cr_assert_eq(verifies_with_header(&b, header), rows[i].good, "%s", header);
    }
    bed_done(&b);
}

Test(mint, a_token_that_is_too_large_is_not_made)
{
    struct bed b;
    static char scope[LIMIT_TOKEN];
    struct buf out;
    bed_init(&b);
    memset(scope, 'a', sizeof(scope));
    enum err minted = ERR_NONE;
    size_t longest = 0;
    for (size_t len = 5000; minted == ERR_NONE; len++) {
        b.claims.scope = str_make(scope, len);
        buf_init_heap(&out, 2 * LIMIT_TOKEN);
        minted = token_mint(&b.policy, b.keys.keyring, b.keys.thread, &b.claims, &out);
        longest = out.len > longest ? out.len : longest;
        buf_free(&out);
    }
    cr_assert_eq(minted, ERR_TOKEN_TOO_LARGE);
    cr_assert(longest <= LIMIT_TOKEN && longest > LIMIT_TOKEN - 4, "%zu", longest);
    bed_done(&b);
}
