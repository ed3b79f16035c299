/* The cache of verified tokens: exact, bounded, and kind to what is asked for. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "support/leaks.h"
#include "token/cache.h"

struct bed {
    struct quiesce quiesce;
    struct token_cache *cache;
};

static void bed_init(struct bed *b, size_t entries)
{
    quiesce_init(&b->quiesce);
    cr_assert(result_ok(token_cache_new(entries, &b->quiesce, &b->cache)));
}

static void bed_done(struct bed *b)
{
    token_cache_free(&b->cache);
    quiesce_done(&b->quiesce);
}

static struct digest256 digest_of(uint32_t n)
{
    return digest_sha256(str_make((const char *)&n, sizeof(n)));
}

static void put(struct bed *b, uint32_t n, uint64_t version, bool probation)
{
    char scope[16];
    snprintf(scope, sizeof(scope), "scope%u", n);
    const struct verified_token token = {
        .kid = STR("kid"),
        .claims = {.issuer = STR("https://as.example"),
                   .scope = str_from(scope),
                   .exp_s = n,
                   .audience_count = 2,
                   .audiences = {STR("one"), STR("two")}},
    };
    struct digest256 digest = digest_of(n);
    token_cache_put(b->cache, &digest, version, &token, probation);
}

static const struct verified_token *find(struct bed *b, uint32_t n, uint64_t version)
{
    struct digest256 digest = digest_of(n);
    return token_cache_find(b->cache, &digest, version);
}

Test(cache, what_was_put_is_found_whole)
{
    struct bed b;
    bed_init(&b, 64);
    cr_assert_null(find(&b, 7, 1));
    put(&b, 7, 1, false);
    const struct verified_token *token = find(&b, 7, 1);
    cr_assert_not_null(token);
    cr_assert(str_eq(token->claims.scope, STR("scope7")));
    cr_assert(str_eq(token->claims.audiences[1], STR("two")));
    cr_assert(str_eq(token->kid, STR("kid")));
    cr_assert_eq(token->claims.exp_s, (int64_t)7);
    bed_done(&b);
    leaks_check();
}

Test(cache, another_version_of_keys_forgets) /* 7662-4-b */
{
    struct bed b;
    bed_init(&b, 64);
    put(&b, 7, 1, false);
    cr_assert_null(find(&b, 7, 2));
    put(&b, 7, 2, false);
    cr_assert_not_null(find(&b, 7, 2));
    cr_assert_null(find(&b, 7, 1));
    bed_done(&b);
}

Test(cache, it_is_bounded_and_never_wrong)
{
    struct bed b;
    size_t kept = 0;
    bed_init(&b, 16);
    for (uint32_t n = 0; n < 1000; n++)
        put(&b, n, 1, n % 3 == 0);
    for (uint32_t n = 0; n < 1000; n++) {
        const struct verified_token *token = find(&b, n, 1);
        kept += token != NULL;
        cr_assert(token == NULL || token->claims.exp_s == n);
    }
    cr_assert_leq(kept, (size_t)16);
    cr_assert_geq(kept, (size_t)8);
    bed_done(&b);
}

Test(cache, probation_takes_no_place_from_what_is_asked_for)
{
    struct bed b;
    bool there[64];
    bed_init(&b, 16);
    for (uint32_t n = 0; n < 64; n++)
        put(&b, n, 1, false);
    for (uint32_t n = 0; n < 64; n++)
        there[n] = find(&b, n, 1) != NULL; /* and so it is asked for */
    for (uint32_t n = 1000; n < 3000; n++)
        put(&b, n, 1, true);
    for (uint32_t n = 0; n < 64; n++)
        cr_assert_eq(find(&b, n, 1) != NULL, there[n], "%u", n);
    bed_done(&b);
}

Test(cache, a_token_on_probation_that_is_asked_for_stays)
{
    struct bed b;
    bed_init(&b, 16);
    put(&b, 5, 1, true);
    cr_assert_not_null(find(&b, 5, 1));
    for (uint32_t n = 1000; n < 3000; n++)
        put(&b, n, 1, true);
    cr_assert_not_null(find(&b, 5, 1));
    bed_done(&b);
}

Test(cache, of_no_size_keeps_nothing)
{
    struct bed b;
    bed_init(&b, 0);
    put(&b, 7, 1, false);
    put(&b, 7, 1, true);
    cr_assert_null(find(&b, 7, 1));
    bed_done(&b);
    leaks_check();
}

Test(cache, an_answer_is_made_once_and_goes_with_its_token)
{
    struct bed b;
    struct token_answer first, again;
    bed_init(&b, 16);
    put(&b, 7, 1, false);
    const struct verified_token *token = find(&b, 7, 1);
    cr_assert(token_cache_answer(token, &first));
    cr_assert(token_cache_answer(token, &again));
    cr_assert_eq(first.before_exp.ptr, again.before_exp.ptr);
    cr_assert(str_starts_with(first.before_exp, STR("\"client_id\":\"")));
    cr_assert(str_ends_with(first.before_exp, STR("\"token_type\":\"Bearer\",\"exp\":")));
    cr_assert(str_starts_with(first.behind_exp,
                              STR(",\"iat\":0,\"sub\":\"\",\"aud\":[\"one\",\"two\"],")));
    for (uint32_t n = 100; n < 200; n++) /* others take its place */
        put(&b, n, 2, false);
    bed_done(&b);
    leaks_check();
}
