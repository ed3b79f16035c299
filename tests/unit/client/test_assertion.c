/* private_key_jwt, claim by claim (RFC7523-2.2, RFC7523-3, CHECKLIST 7523-2.2-b to 7523-3-g,
 * THREATS-16). The signature is jose's to test; here it is never looked at. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "client/assertion.h"
#include "client/throttle.h"
#include "core/base64.h"
#include "unit/client/clients.h"

#define ISSUER "https://as.example"
#define ME     "01890a5d-ac96-774b-bcce-b302099a8057"
#define OTHER  "01890a5d-ac96-774b-bcce-b302099a8058"

enum { NOW = 1790000000 };

static struct str encode(struct arena *arena, struct str bytes)
{
    char *text = arena_alloc(arena, base64url_length(bytes.len) + 1);
    cr_assert_not_null(text);
    base64url_encode(bytes.ptr, bytes.len, text);
    return str_make(text, base64url_length(bytes.len));
}

/* Nobody signed it. */
static struct str token_of(struct arena *arena, const char *header, struct str claims)
{
    struct buf b;
    buf_init_arena(&b, arena, 512, LIMIT_ARENA);
    buf_str(&b, encode(arena, str_from(header)));
    buf_char(&b, '.');
    buf_str(&b, encode(arena, claims));
    buf_cstr(&b, ".AA");
    return buf_view(&b);
}

static enum err read_claims(struct arena *arena, const char *claims, const char *client_id,
                            struct client_assertion *out, const char **why)
{
    struct str token = token_of(arena, "{\"alg\":\"ES256\"}", str_from(claims));
    return client_assertion_read(arena, token, str_from(client_id), out, why);
}

#define SAYS(iss, sub, aud, jti, exp) \
    "{\"iss\":" iss ",\"sub\":" sub ",\"aud\":" aud ",\"jti\":" jti ",\"exp\":" exp "}"
#define Q(text) "\"" text "\""
#define GOOD    SAYS(Q(ME), Q(ME), Q(ISSUER), Q("1"), "1790000060")

static const struct {
    const char *claims, *client_id, *why; /* a piece of it; NULL: it is taken */
} claims[] = {
    {GOOD, NULL, NULL},
    {GOOD, ME, NULL},
    {GOOD, OTHER, "client_id is not its sub"}, /* 7523-3-b, RFC7521-4.2 */
    {GOOD, "", "client_id is not its sub"},
    {"", NULL, "no such JWT"},
    {"null", NULL, "iss is missing"},
    {"[]", NULL, "iss is missing"},
    {"{}", NULL, "iss is missing"}, /* 7523-3-a and on */
    {"{\"iss\":\"" ME "\"}", NULL, "sub is missing"},
    {"{\"iss\":\"" ME "\",\"sub\":\"" ME "\"}", NULL, "aud is missing"},
    {"{\"iss\":\"" ME "\",\"sub\":\"" ME "\",\"aud\":\"a\"}", NULL, "jti is missing"},
    {"{\"iss\":\"" ME "\",\"sub\":\"" ME "\",\"aud\":\"a\",\"jti\":\"1\"}", NULL, "exp is missing"},
    {SAYS("1", Q(ME), Q("a"), Q("1"), "1"), NULL, "iss is missing or not"},
    {SAYS("[\"" ME "\"]", Q(ME), Q("a"), Q("1"), "1"), NULL, "iss is missing or not"},
    {SAYS(Q(ME), "null", Q("a"), Q("1"), "1"), NULL, "sub is missing or not"},
    {SAYS(Q(ME), Q(OTHER), Q("a"), Q("1"), "1"), NULL, "iss and sub differ"}, /* 7523-3-b */
    {SAYS(Q("me"), Q("me"), Q("a"), Q("1"), "1"), NULL, "sub is no client_id"},
    {SAYS(Q(ME "x"), Q(ME "x"), Q("a"), Q("1"), "1"), NULL, "sub is no client_id"},
    {SAYS(Q(ME), Q(ME), "[\"" ISSUER "\"]", Q("1"), "1"), NULL, "not a single string"}, /* 3-c */
    {SAYS(Q(ME), Q(ME), "[\"" ISSUER "\",\"x\"]", Q("1"), "1"), NULL, "not a single string"},
    {SAYS(Q(ME), Q(ME), "{}", Q("1"), "1"), NULL, "not a single string"},
    {SAYS(Q(ME), Q(ME), Q("a"), "7", "1"), NULL, "jti is missing or not"},
    {SAYS(Q(ME), Q(ME), Q("a"), Q(""), "1"), NULL, "jti is empty"},
    {SAYS(Q(ME), Q(ME), Q("a"), Q("1"), Q("1790000060")), NULL, "exp is missing or not"},
    {SAYS(Q(ME), Q(ME), Q("a"), Q("1"), "1790000060.5"), NULL, "exp is missing or not"},
    {SAYS(Q(ME), Q(ME), Q("a"), Q("1"), "1e400"), NULL, ""}, /* 8725-x-a */
    {SAYS(Q(ME), Q(ME), Q("a"), Q("1"), "99999999999999999999"), NULL, ""},
    {SAYS(Q(ME), Q(ME), Q("a"), Q("1"), "1,\"exp\":2"), NULL, "no such JWT"},
    {SAYS(Q(ME), Q(ME), Q("a"), Q("1"), "1,\"iat\":\"1\""), NULL, "iat or nbf"},
    {SAYS(Q(ME), Q(ME), Q("a"), Q("1"), "1,\"nbf\":null"), NULL, "iat or nbf"},
    {SAYS(Q(ME), Q(ME), Q("a"), Q("1"), "1,\"nbf\":1,\"iat\":2,\"more\":[{}]"), NULL, NULL},
};

Test(assertion, claims_are_there_and_of_their_type)
{
    for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
        struct arena arena;
        struct client_assertion read;
        const char *why = NULL;
        arena_init(&arena, NULL, 0, LIMIT_ARENA);
        enum err err = read_claims(&arena, claims[i].claims, claims[i].client_id, &read, &why);
        cr_assert_eq(err, claims[i].why == NULL ? ERR_NONE : ERR_INVALID_CLIENT, "%s",
                     claims[i].claims);
        if (claims[i].why != NULL)
            cr_assert_not_null(strstr(why, claims[i].why), "%s: %s", claims[i].claims, why);
        else
            cr_assert(str_eq(read.subject, STR(ME)));
        arena_reset(&arena);
    }
}

Test(assertion, jti_has_a_length)
{
    for (size_t len = ASSERTION_JTI_MAX - 1; len <= ASSERTION_JTI_MAX + 1; len++) {
        struct arena arena;
        struct client_assertion read;
        const char *why;
        char text[1024];
        arena_init(&arena, NULL, 0, LIMIT_ARENA);
        snprintf(text, sizeof(text), SAYS(Q(ME), Q(ME), Q("a"), "\"%0*d\"", "1"), (int)len, 7);
        cr_assert_eq(read_claims(&arena, text, NULL, &read, &why),
                     len <= ASSERTION_JTI_MAX ? ERR_NONE : ERR_INVALID_CLIENT, "%zu", len);
        arena_reset(&arena);
    }
}

Test(assertion, what_is_no_jwt_of_this_kind)
{
    static const char *const headers[] = {
        "{\"alg\":\"none\"}",
        "{\"alg\":\"HS256\"}",
        "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}",
        "{\"alg\":\"ES256\",\"crit\":[\"x\"]}",
        "{\"alg\":\"ES256\",\"jku\":\"https://evil.example/\"}",
        "{}",
        "",
    };
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        struct arena arena;
        struct client_assertion read;
        const char *why = NULL;
        arena_init(&arena, NULL, 0, LIMIT_ARENA);
        struct str token = token_of(&arena, headers[i], STR(GOOD));
        cr_assert_eq(client_assertion_read(&arena, token, STR_NONE, &read, &why),
                     ERR_INVALID_CLIENT, "%s", headers[i]);
        cr_assert_not_null(strstr(why, "no such JWT"));
        arena_reset(&arena);
    }
}

Test(assertion, without_memory_nobody_is_refused) /* P4 */
{
    struct arena arena, none;
    struct client_assertion read;
    const char *why;
    arena_init(&arena, NULL, 0, LIMIT_ARENA);
    arena_init(&none, NULL, 0, 16);
    struct str token = token_of(&arena, "{\"alg\":\"ES256\"}", STR(GOOD));
    cr_assert_eq(client_assertion_read(&none, token, STR_NONE, &read, &why), ERR_FAULT_MEMORY);
    arena_reset(&arena);
}

/* ---- judging: a pure function of the claims and the time ---- */

static const struct {
    const char *label;
    struct client_assertion claims; /* audience, has_iat, iat_s, has_nbf, nbf_s, exp_s */
    const char *why;
} judged[] = {
    {"a minute", {.exp_s = NOW + 60}, NULL},
    {"the last second", {.exp_s = NOW + 1}, NULL},
    {"over", {.exp_s = NOW}, "has expired"}, /* 7523-3-d */
    {"long over", {.exp_s = INT64_MIN}, "has expired"},
    {"negative", {.exp_s = -1}, "has expired"},
    {"five minutes and leeway", {.exp_s = NOW + 360}, NULL},
    {"one second more", {.exp_s = NOW + 361}, "too far"},
    {"absurd", {.exp_s = INT64_MAX}, "too far"},
    {"an hour, with iat", {.exp_s = NOW + 3600, .has_iat = true, .iat_s = NOW}, NULL},
    {"an hour, clock ahead", {.exp_s = NOW + 3660, .has_iat = true, .iat_s = NOW + 60}, NULL},
    {"over an hour", {.exp_s = NOW + 3661, .has_iat = true, .iat_s = NOW}, "too far"},
    {"absurd, with iat", {.exp_s = INT64_MAX, .has_iat = true, .iat_s = NOW}, "too far"},
    {"from a minute ahead", {.exp_s = NOW + 90, .has_iat = true, .iat_s = NOW + 60}, NULL},
    {"from further", {.exp_s = NOW + 90, .has_iat = true, .iat_s = NOW + 61}, "iat lies"},
    {"iat absurd", {.exp_s = NOW + 90, .has_iat = true, .iat_s = INT64_MAX}, "iat lies"},
    {"old", {.exp_s = NOW + 90, .has_iat = true, .iat_s = NOW - 299}, NULL},
    {"too old", {.exp_s = NOW + 90, .has_iat = true, .iat_s = NOW - 300}, "too long ago"},
    {"of no time", {.exp_s = NOW + 90, .has_iat = true, .iat_s = INT64_MIN}, "too long ago"},
    {"nbf now", {.exp_s = NOW + 90, .has_nbf = true, .nbf_s = NOW}, NULL},
    {"nbf long ago", {.exp_s = NOW + 90, .has_nbf = true, .nbf_s = INT64_MIN}, NULL},
    {"nbf within leeway", {.exp_s = NOW + 90, .has_nbf = true, .nbf_s = NOW + 60}, NULL},
    {"nbf later", {.exp_s = NOW + 90, .has_nbf = true, .nbf_s = NOW + 61}, "nbf lies"},
    {"nbf absurd", {.exp_s = NOW + 90, .has_nbf = true, .nbf_s = INT64_MAX}, "nbf lies"},
};

Test(assertion, its_time_is_now) /* 7523-3-d */
{
    for (size_t i = 0; i < sizeof(judged) / sizeof(judged[0]); i++) {
        struct client_assertion assertion = judged[i].claims;
        assertion.audience = STR(ISSUER);
        const char *why = client_assertion_judge(&assertion, STR(ISSUER), NOW);
        cr_assert_eq(why == NULL, judged[i].why == NULL, "%s", judged[i].label);
        if (why != NULL)
            cr_assert_not_null(strstr(why, judged[i].why), "%s: %s", judged[i].label, why);
    }
}

Test(assertion, audience_is_one_string_exactly) /* 7523-3-c, THREATS-16 */
{
    static const char *const wrong[] = {
        "",
        ISSUER "/",
        ISSUER "/oauth/token",
        "https://as.exampl",
        "https://AS.example",
        "https",
        "as.example",
        ISSUER " ",
        "https://other.example",
    };
    struct client_assertion assertion = {.exp_s = NOW + 60};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assertion.audience = str_from(wrong[i]);
        cr_assert_not_null(client_assertion_judge(&assertion, STR(ISSUER), NOW), "%s", wrong[i]);
    }
    assertion.audience = STR(ISSUER "/oauth/token");
    cr_assert_null(client_assertion_judge(&assertion, STR(ISSUER "/oauth/token"), NOW));
    assertion.audience = STR(ISSUER);
    cr_assert_not_null(client_assertion_judge(&assertion, STR(ISSUER "/oauth/token"), NOW));
}

/* ---- whose it is ---- */

static const struct {
    const char *label;
    size_t who;
    enum err want;
    bool counts;
} owners[] = {
    {"its own method", offsetof(struct clients, by_key), ERR_NONE, false},
    {"another's method", offsetof(struct clients, basic), ERR_INVALID_CLIENT, false},
    {"a public client", offsetof(struct clients, open), ERR_INVALID_CLIENT, false},
    {"nobody", offsetof(struct clients, stranger), ERR_INVALID_CLIENT, true},
    {"a partner", offsetof(struct clients, tree.shop), ERR_INVALID_CLIENT, true},
};

Test(assertion, owner_is_found_by_sub)
{
    static const uint8_t home[16] = {[10] = 0xFF, [11] = 0xFF, [12] = 192};
    const struct guess_throttle_limits limits = {1, 200, 1000}; /* so that one failure shows */
    struct clients clients;
    clients_init(&clients);
    for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
        struct client_context context = {
            .party = clients.tree.party, .address = home, .wall_ms = 1, .mono_ms = 1000};
        const struct sid *who = (const struct sid *)((char *)&clients + owners[i].who);
        const struct party_application *found = NULL;
        const char *why = NULL;
        uint32_t wait_s = 0;
        char memory[SID_TEXT];
        struct client_assertion assertion = {.client_id = *who, .subject = clients_id(who, memory)};
        cr_assert(result_ok(
            guess_throttle_new(&limits, &clients.tree.entropy.entropy, &context.throttle)));
        cr_assert_eq(client_assertion_find(&context, &assertion, &found, &wait_s, &why),
                     owners[i].want, "%s", owners[i].label);
        cr_assert_eq(found != NULL, owners[i].want == ERR_NONE);
        cr_assert_eq(why == NULL, owners[i].want == ERR_NONE);
        enum err again = client_assertion_find(&context, &assertion, &found, &wait_s, &why);
        cr_assert_eq(again, owners[i].counts ? ERR_TOO_MANY_GUESSES : owners[i].want, "%s",
                     owners[i].label);
        cr_assert_eq(wait_s > 0, owners[i].counts);
        client_assertion_failed(&context, &assertion);
        cr_assert_eq(client_assertion_find(&context, &assertion, &found, &wait_s, &why),
                     ERR_TOO_MANY_GUESSES);
        guess_throttle_free(&context.throttle);
    }
    clients_done(&clients);
}
