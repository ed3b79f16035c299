/* Claims in and out (RFC9068-2.2), read strictly (8725-x-a). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "support/leaks.h"
#include "token/claims.h"
#include "token/policy.h"

#define CLIENT  "01932f00-0000-7000-8000-000000000001"
#define PARTNER "01932f00-0000-7000-8000-000000000002"
#define TOKEN   "01932f00-0000-7000-8000-000000000003"
#define USER    "01932f00-0000-7000-8000-000000000004"

static const char whole[] =
    "{\"iss\":\"https://as.example\",\"sub\":\"" CLIENT
    "\",\"aud\":\"https://api.example\",\"exp\":2000,"
    "\"iat\":1000,\"jti\":\"" TOKEN ".1\",\"client_id\":\"" CLIENT "\",\"scope\":\"calls.read\","
    "\"partner_sid\":\"" PARTNER "\",\"epoch\":7}";

static enum err read_text(struct arena *arena, const char *text, struct token_claims *out)
{
    return token_claims_read(str_from(text), arena, out);
}

Test(claims, what_is_written_is_read_back)
{
    struct arena arena;
    struct token_claims claims;
    char memory[1024];
    struct buf b;
    arena_init(&arena, NULL, 0, 65536);
    buf_init_fixed(&b, memory, sizeof(memory));

    cr_assert_eq(read_text(&arena, whole, &claims), ERR_NONE);
    cr_assert_eq(claims.generation, 1u);
    cr_assert_eq(claims.epoch, (uint64_t)7);
    cr_assert(sid_is_none(&claims.user_sid), "the subject is the client");
    token_claims_write(&claims, &b);
    cr_assert(str_eq(buf_view(&b), str_from(whole)), "%.*s", (int)b.len, b.ptr);
    arena_reset(&arena);
    leaks_check();
}

/* One piece of the whole is replaced; every result must be refused. */
static const struct {
    const char *from, *to;
} broken[] = {
    {"\"exp\":2000", "\"exp\":\"2000\""},
    {"\"exp\":2000", "\"exp\":2000.5"},
    {"\"exp\":2000", "\"exp\":-2000"},
    {"\"exp\":2000", "\"exp\":1e400"},
    {"\"exp\":2000", "\"exp\":99999999999999999999"},
    {"\"exp\":2000", "\"exp\":null"},
    {"\"exp\":2000,", ""},
    {"\"iat\":1000", "\"iat\":[1000]"},
    {"\"iat\":1000,", ""},
    {"\"iat\":1000", "\"iat\":1000,\"nbf\":1000"},
    {"\"iat\":1000", "\"iat\":1000,\"iat\":1000"},
    {"\"aud\":\"https://api.example\",", ""},
    {"\"aud\":\"https://api.example\"", "\"aud\":[]"},
    {"\"aud\":\"https://api.example\"", "\"aud\":[1]"},
    {"\"aud\":\"https://api.example\"", "\"aud\":{\"a\":\"b\"}"},
    {"\"jti\":\"" TOKEN ".1\"", "\"jti\":\"" TOKEN "\""},
    {"\"jti\":\"" TOKEN ".1\"", "\"jti\":\"" TOKEN ".\""},
    {"\"jti\":\"" TOKEN ".1\"", "\"jti\":\"" TOKEN ".0\""},
    {"\"jti\":\"" TOKEN ".1\"", "\"jti\":\"" TOKEN ".01\""},
    {"\"jti\":\"" TOKEN ".1\"", "\"jti\":\"" TOKEN ".4294967296\""},
    {"\"jti\":\"" TOKEN ".1\"", "\"jti\":\"" TOKEN "-1\""},
    {"\"client_id\":\"" CLIENT "\"", "\"client_id\":\"me\""},
    {"\"partner_sid\":\"" PARTNER "\"", "\"partner_sid\":7"},
    {"\"sub\":\"" CLIENT "\"", "\"sub\":\"alice\""},
    {"\"scope\":\"calls.read\"", "\"scope\":[\"calls.read\"]"},
    {",\"epoch\":7", ""},
    {"\"epoch\":7", "\"epoch\":-1"},
    {"\"iss\":\"https://as.example\",", ""},
    {"\"epoch\":7}", "\"epoch\":7}x"},
    {"{\"iss\"", "[{\"iss\""},
};

Test(claims, anything_else_is_no_token) /* 8725-x-a, 7662-2.2-e */
{
    struct arena arena;
    struct token_claims claims;
    arena_init(&arena, NULL, 0, 1 << 20);
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        char text[1024];
        const char *at = strstr(whole, broken[i].from);
        cr_assert_not_null(at, "%s", broken[i].from);
        snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - whole), whole, broken[i].to,
                 at + strlen(broken[i].from));
        cr_assert_eq(read_text(&arena, text, &claims), ERR_INVALID_TOKEN, "%s", text);
    }
    for (size_t len = 0; len < sizeof(whole) - 1; len++)
        cr_assert_eq(token_claims_read(str_make(whole, len), &arena, &claims), ERR_INVALID_TOKEN);
    arena_reset(&arena);
}

Test(claims, a_full_arena_is_a_fault_not_a_verdict) /* P4 */
{
    struct arena arena;
    struct token_claims claims;
    char text[1024];
    snprintf(text, sizeof(text), " %s", whole); /* not as we write it */
    arena_init(&arena, NULL, 0, 16);
    cr_assert_eq(read_text(&arena, text, &claims), ERR_FAULT_MEMORY);
    cr_assert_eq(read_text(&arena, whole, &claims), ERR_NONE, "which takes no memory");
}

static void check_same(const struct token_claims *a, const struct token_claims *b, const char *text)
{
    cr_assert(str_eq(a->issuer, b->issuer) && str_eq(a->subject, b->subject) &&
                  str_eq(a->scope, b->scope),
              "%s", text);
    cr_assert(sid_eq(&a->client_id, &b->client_id) && sid_eq(&a->partner_sid, &b->partner_sid) &&
                  sid_eq(&a->user_sid, &b->user_sid) && sid_eq(&a->token_sid, &b->token_sid),
              "%s", text);
    cr_assert(a->generation == b->generation && a->exp_s == b->exp_s && a->iat_s == b->iat_s &&
                  a->epoch == b->epoch && a->audience_count == b->audience_count,
              "%s", text);
    for (size_t i = 0; i < a->audience_count; i++)
        cr_assert(str_eq(a->audiences[i], b->audiences[i]), "%s", text);
}

/* The general reader alone takes a blank in front: both ways must say the same of the same. True:
 * it holds claims. */
static bool check_both_ways(const char *text, struct arena *arena)
{
    struct token_claims quick, general;
    char blank[2048];

    snprintf(blank, sizeof(blank), " %s", text);
    enum err err = read_text(arena, text, &quick);
    cr_assert_eq(err, read_text(arena, blank, &general), "%s", text);
    if (err == ERR_NONE)
        check_same(&quick, &general, text);
    arena_reset(arena);
    return err == ERR_NONE;
}

static const char several[] =
    "{\"iss\":\"https://as.example/a\",\"sub\":\"" USER
    "\",\"aud\":[\"urn:a\",\"urn:b\",\"urn:c\"],"
    "\"exp\":9007199254740993,\"iat\":1,\"jti\":\"" TOKEN ".4294967295\",\"client_id\":\"" CLIENT
    "\",\"scope\":\"\",\"partner_sid\":\"" PARTNER "\",\"epoch\":0}";

Test(claims, what_we_write_is_read_the_short_way)
{
    struct token_claims claims;
    cr_assert(token_claims_scan(str_from(whole), &claims));
    cr_assert(token_claims_scan(str_from(several), &claims));
    for (size_t len = 0; len < sizeof(several) - 1; len++)
        cr_assert(!token_claims_scan(str_make(several, len), &claims), "%zu", len);
}

Test(claims, both_ways_take_as_many_audiences)
{
    struct arena arena;
    arena_init(&arena, NULL, 0, 1 << 20);
    for (size_t n = 1; n <= LIMIT_AUDIENCES + 2; n++) {
        const char *at = strstr(whole, "\"https://api.example\"");
        char text[1024], audiences[256] = "\"a\"";
        for (size_t i = 1; i < n; i++)
            strcat(audiences, ",\"a\"");
        snprintf(text, sizeof(text), "%.*s[%s]%s", (int)(at - whole), whole, audiences,
                 at + strlen("\"https://api.example\""));
        cr_assert_eq(check_both_ways(text, &arena), n <= LIMIT_AUDIENCES, "%zu", n);
    }
}

Test(claims, the_short_way_and_the_general_one_agree)
{
    static const char bytes[] = "\"\\{}[],:. 0123456789-+eaf\x7f\x1f\t\xc3\xa9u/";
    const char *const texts[] = {whole, several};
    struct arena arena;
    uint64_t seed = 20240607;
    size_t good = 0;

    arena_init(&arena, NULL, 0, 1 << 20);
    for (size_t i = 0; i < 60000; i++) {
        char text[1024];
        size_t len = (size_t)snprintf(text, sizeof(text), "%s", texts[i % 2]);
        for (size_t change = 0; change <= i % 3; change++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            size_t at = (seed >> 33) % len;
            char byte = bytes[(seed >> 20) % (sizeof(bytes) - 1)];
            switch ((seed >> 60) % 4) {
            case 0: /* gone */
                memmove(text + at, text + at + 1, len-- - at);
                break;
            case 1: /* one more */
                memmove(text + at + 1, text + at, ++len - at);
                text[at] = byte;
                break;
            case 2: /* twice */
                memmove(text + at + 1, text + at, ++len - at);
                break;
            default:
                text[at] = byte;
            }
        }
        good += check_both_ways(text, &arena);
    }
    cr_assert_gt(good, 3000u, "%zu", good);
}

Test(claims, a_subject_that_is_not_the_client_is_a_user)
{
    struct arena arena;
    struct token_claims claims;
    char text[1024];
    const char *at = strstr(whole, "\"sub\":\"" CLIENT);
    arena_init(&arena, NULL, 0, 65536);
    snprintf(text, sizeof(text), "%.*s\"sub\":\"" USER "%s", (int)(at - whole), whole,
             at + strlen("\"sub\":\"" CLIENT));
    cr_assert_eq(read_text(&arena, text, &claims), ERR_NONE);
    cr_assert(!sid_is_none(&claims.user_sid));
    arena_reset(&arena);
}

Test(policy, lifetimes_are_clamped) /* SPEC 4 */
{
    const struct token_policy policy = {.ttl_default_s = 900, .ttl_min_s = 60, .ttl_max_s = 3600};
    const struct {
        uint64_t asked;
        uint32_t application;
        int64_t want;
    } rows[] = {{0, 0, 900},   {0, 300, 300},     {0, 9000, 3600},         {1, 0, 60},
                {60, 300, 60}, {3601, 300, 3600}, {UINT64_MAX, 300, 3600}, {120, 0, 120}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        cr_assert_eq(token_policy_ttl_s(&policy, rows[i].asked, rows[i].application), rows[i].want,
                     "%zu", i);
}

Test(policy, typ_is_plain_only_when_all_audiences_are)
{
    const struct token_plain_audience plain[] = {{STR("https://old.example")}, {STR("urn:old")}};
    const struct token_policy policy = {.plain = plain, .plain_count = 2};
    const struct token_policy none = {.plain_count = 0};
    const struct str audiences[] = {STR("https://old.example"), STR("urn:old"),
                                    STR("https://new.example")};
    cr_assert(token_policy_is_plain(&policy, audiences, 1));
    cr_assert(token_policy_is_plain(&policy, audiences, 2));
    cr_assert(!token_policy_is_plain(&policy, audiences, 3));
    cr_assert(!token_policy_is_plain(&policy, audiences, 0));
    cr_assert(!token_policy_is_plain(&none, audiences, 1));
}
