/* Who gets a place in a set of the cache of verified tokens, and how long what was in it can be
 * read. All digests here fall into one set. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "support/leaks.h"
#include "token/cache.h"

enum { SET = 4, SMALLEST = 16, VERSION = 7 };

static int mallocs_left = -1; /* below 0: all succeed */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__wrap_calloc(size_t n, size_t size);

static bool is_short(void)
{
    return mallocs_left >= 0 && mallocs_left-- == 0;
}

void *__wrap_malloc(size_t size)
{
    return is_short() ? NULL : __real_malloc(size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return is_short() ? NULL : __real_aligned_alloc(alignment, size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return is_short() ? NULL : __real_calloc(n, size);
}

struct bed {
    struct quiesce quiesce;
    struct quiesce_reader *reader;
    struct token_cache *cache;
};

static void bed_init(struct bed *b, size_t entries)
{
    quiesce_init(&b->quiesce);
    b->reader = quiesce_register(&b->quiesce);
    quiesce_pass(&b->quiesce, b->reader);
    cr_assert(result_ok(token_cache_new(entries, &b->quiesce, &b->cache)));
}

static void bed_done(struct bed *b)
{
    quiesce_offline(b->reader);
    token_cache_free(&b->cache);
    cr_assert_null(b->cache);
    quiesce_done(&b->quiesce);
}

/* All of one set, told apart by the fourth word. */
static struct digest256 digest(unsigned n)
{
    struct digest256 d = {{0}};
    memcpy(d.bytes + 16, &n, sizeof(n));
    d.bytes[DIGEST256 - 1] = (uint8_t)n;
    return d;
}

static void put(struct bed *b, unsigned n, uint64_t version, bool probation)
{
    char scope[] = "calls.read sms.manage", audience[] = "https://api.example";
    struct digest256 d = digest(n);
    struct verified_token token = {
        .kid = STR("key-one"),
        .claims = {.issuer = STR("https://as.example"),
                   .subject = STR("subject"),
                   .scope = str_from(scope),
                   .exp_s = n,
                   .audience_count = 2,
                   .audiences = {str_from(audience), STR("")}},
    };
    token_cache_put(b->cache, &d, version, &token, probation);
    memset(scope, '!', sizeof(scope));
    memset(audience, '!', sizeof(audience));
}

static const struct verified_token *find(struct bed *b, unsigned n, uint64_t version)
{
    struct digest256 d = digest(n);
    return token_cache_find(b->cache, &d, version);
}

Test(cache_places, other_keys_know_nothing) /* a withdrawn key takes its tokens along (7662-4-b) */
{
    struct bed b;
    bed_init(&b, SMALLEST);
    put(&b, 1, VERSION, false);
    cr_assert_null(find(&b, 1, VERSION + 1));
    put(&b, 1, VERSION + 1, false);
    cr_assert_not_null(find(&b, 1, VERSION + 1));
    cr_assert_null(find(&b, 1, VERSION));
    for (unsigned n = 2; n < 2 + SET - 1; n++)
        put(&b, n, VERSION + 1, false);
    cr_assert_not_null(find(&b, 1, VERSION + 1), "the old version's place was free for others");
    bed_done(&b);
    leaks_check();
}

Test(cache_places, the_same_token_takes_one_place)
{
    struct bed b;
    bed_init(&b, SMALLEST);
    for (unsigned n = 0; n < SET; n++)
        put(&b, n, VERSION, false);
    for (int i = 0; i < 10; i++)
        put(&b, 0, VERSION, false);
    for (unsigned n = 0; n < SET; n++)
        cr_assert_not_null(find(&b, n, VERSION), "%u", n);
    bed_done(&b);
}

Test(cache_places, what_nobody_asked_for_goes_first)
{
    struct bed b;
    bed_init(&b, SMALLEST);
    for (unsigned n = 0; n < SET; n++)
        put(&b, n, VERSION, true);
    for (unsigned n = 0; n < SET; n++)
        if (n != 2)
            cr_assert_not_null(find(&b, n, VERSION));
    put(&b, 9, VERSION, true);
    cr_assert_null(find(&b, 2, VERSION));
    for (unsigned n = 0; n < SET; n++)
        cr_assert_eq(find(&b, n, VERSION) != NULL, n != 2, "%u", n);
    cr_assert_not_null(find(&b, 9, VERSION));
    bed_done(&b);
}

Test(cache_places, minted_tokens_displace_nothing_that_is_used)
{
    struct bed b;
    bed_init(&b, SMALLEST);
    for (unsigned n = 0; n < SET; n++)
        put(&b, n, VERSION, false);
    for (unsigned n = 100; n < 200; n++)
        put(&b, n, VERSION, true);
    for (unsigned n = 0; n < SET; n++)
        cr_assert_not_null(find(&b, n, VERSION), "%u", n);
    put(&b, 300, VERSION, false);
    cr_assert_not_null(find(&b, 300, VERSION), "one that was asked about does");
    bed_done(&b);
}

Test(cache_places, is_bounded)
{
    struct bed b;
    unsigned found = 0;
    bed_init(&b, SMALLEST);
    for (unsigned n = 0; n < 1000; n++) {
        put(&b, n, VERSION, false);
        cr_assert_not_null(find(&b, n, VERSION), "%u", n);
        quiesce_pass(&b.quiesce, b.reader);
        quiesce_collect(&b.quiesce);
    }
    for (unsigned n = 0; n < 1000; n++)
        found += find(&b, n, VERSION) != NULL;
    cr_assert_eq(found, (unsigned)SET);
    bed_done(&b);
    leaks_check();
}

Test(cache_places, what_was_found_stays_readable_to_the_end_of_the_turn)
{
    struct bed b;
    bed_init(&b, SMALLEST);
    put(&b, 1, VERSION, false);
    const struct verified_token *got = find(&b, 1, VERSION);
    for (unsigned n = 2; n < 50; n++)
        put(&b, n, VERSION, false);
    quiesce_collect(&b.quiesce);
    cr_assert_null(find(&b, 1, VERSION));
    cr_assert(str_eq(got->claims.scope, STR("calls.read sms.manage")));
    bed_done(&b);
    leaks_check();
}

Test(cache_places, without_memory_a_token_is_not_kept)
{
    struct bed b;
    struct token_cache *none = NULL;
    bed_init(&b, SMALLEST);
    put(&b, 1, VERSION, false);
    mallocs_left = 0;
    put(&b, 2, VERSION, false);
    mallocs_left = 0;
    cr_assert_eq(token_cache_new(SMALLEST, &b.quiesce, &none).code, ERR_FAULT_MEMORY);
    mallocs_left = -1;
    cr_assert_null(none);
    cr_assert_null(find(&b, 2, VERSION));
    cr_assert_not_null(find(&b, 1, VERSION));
    token_cache_free(&none);
    bed_done(&b);
}

/* Who puts is a reader: it must not wait for all readers to pass. */
Test(cache_places, nothing_is_asked_of_memory_to_let_an_old_entry_go, .timeout = 10)
{
    struct bed b;
    bed_init(&b, SMALLEST);
    put(&b, 1, VERSION, false);
    mallocs_left = 1; /* the new entry's */
    put(&b, 1, VERSION, false);
    mallocs_left = -1;
    cr_assert_not_null(find(&b, 1, VERSION));
    bed_done(&b);
    leaks_check();
}
