/* The token half of the index against a naive list, its ends to the second, its size. */
#include <criterion/criterion.h>

#include "core/clock.h"
#include "revocation/index.h"
#include "sids.h"

enum { SWEEP_ROUND = 16 }; /* calls after which each shard was visited */

static struct quiesce quiesce;
static struct revocation_index *index_;

static void setup(void)
{
    quiesce_init(&quiesce);
    cr_assert(result_ok(revocation_index_new(&quiesce, &index_)));
}

static void teardown(void)
{
    revocation_index_free(&index_);
    quiesce_done(&quiesce);
}

TestSuite(index, .init = setup, .fini = teardown);

static void apply(struct store_entry entry)
{
    cr_assert(result_ok(revocation_index_apply(index_, &entry, 1)));
}

static bool has(uint64_t n)
{
    struct sid sid = sid_number(n);
    return sids_revoked(index_, &sid);
}

static void sweep_all(int64_t now_s)
{
    for (int i = 0; i < SWEEP_ROUND; i++)
        revocation_index_sweep(index_, now_s);
}

Test(index, an_empty_index_knows_nothing_and_says_so_P4)
{
    cr_assert_not(has(1));
    cr_assert_not(revocation_index_is_complete(index_));
    cr_assert_eq(revocation_index_number(index_), 0);
    sweep_all(INT64_MAX);
    cr_assert_eq(revocation_index_stats(index_).tokens, 0);
}

Test(index, free_accepts_null)
{
    struct revocation_index *none = NULL;
    revocation_index_free(&none);
    cr_assert_null(none);
}

Test(index, completeness_and_number_rise_only_by_complete)
{
    apply(entry_revoked(7, sid_number(1), 100));
    cr_assert_not(revocation_index_is_complete(index_));
    revocation_index_complete(index_, 7);
    cr_assert(revocation_index_is_complete(index_));
    cr_assert_eq(revocation_index_number(index_), 7);
    revocation_index_complete(index_, 3);
    cr_assert_eq(revocation_index_number(index_), 7, "a lower number never overwrites");
}

Test(index, applying_is_idempotent_and_without_order_P2)
{
    apply(entry_revoked(9, sid_number(1), 100));
    apply(entry_revoked(4, sid_number(1), 100));
    apply(entry_revoked(9, sid_number(1), 100));
    cr_assert(has(1));
    cr_assert_eq(revocation_index_stats(index_).tokens, 1);
}

Test(index, an_entry_ends_to_the_second_and_keeps_the_latest_end)
{
    apply(entry_revoked(1, sid_number(1), 100));
    sweep_all(99);
    cr_assert(has(1));
    sweep_all(100);
    cr_assert_not(has(1));

    apply(entry_revoked(2, sid_number(2), 200));
    sweep_all(201);
    cr_assert_not(has(2));

    apply(entry_revoked(3, sid_number(3), 300));
    apply(entry_revoked(4, sid_number(3), 400));
    apply(entry_revoked(5, sid_number(3), 350));
    sweep_all(399);
    cr_assert(has(3), "nothing shortens a revocation");
    sweep_all(400);
    cr_assert_not(has(3));
    cr_assert_eq(revocation_index_stats(index_).tokens, 0);
}

Test(index, ids_that_differ_in_one_bit_are_different)
{
    struct sid sid = sid_number(1);
    apply(entry_revoked(1, sid, 100));
    for (size_t bit = 0; bit < 128; bit++) {
        struct sid other = sid;
        other.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        cr_assert_not(sids_revoked(index_, &other), "bit %zu", bit);
    }
}

/* The model: for each of MODEL_IDS ids the end of its revocation, or 0. */
enum { MODEL_IDS = 3000, MODEL_STEPS = 30000 };

static void model_check(const int64_t *ends, uint64_t seed, int step)
{
    size_t live = 0;
    for (uint64_t n = 0; n < MODEL_IDS; n++) {
        cr_assert_eq(has(n), ends[n] != 0, "seed %lu step %d id %lu", seed, step, n);
        live += ends[n] != 0;
    }
    cr_assert_eq(revocation_index_stats(index_).tokens, live, "seed %lu step %d", seed, step);
}

Test(index, follows_a_naive_model_P2)
{
    static int64_t ends[MODEL_IDS];
    uint64_t seed = (uint64_t)clock_mono_ns();
    struct random random = {seed};
    int64_t now_s = 1000;

    cr_log_info("seed %lu", seed);
    for (int step = 0; step < MODEL_STEPS; step++) {
        uint64_t n = random_below(&random, MODEL_IDS);
        int64_t end_s = now_s + 1 + (int64_t)random_below(&random, 200);
        apply(entry_revoked(1 + random_below(&random, 1000), sid_number(n), end_s));
        ends[n] = end_s > ends[n] ? end_s : ends[n];
        if (step % 997 != 0)
            continue;
        now_s += (int64_t)random_below(&random, 50);
        sweep_all(now_s);
        for (uint64_t i = 0; i < MODEL_IDS; i++)
            ends[i] = ends[i] > now_s ? ends[i] : 0;
        model_check(ends, seed, step);
    }
}

Test(index, a_million_revocations_take_at_most_48_bytes_each_F_17)
{
    enum { PAGE = 512, FIRST = 1024, LAST = 1 << 20 };
    static struct store_entry page[PAGE];
    size_t worst = 0, worst_at = 0;

    for (uint64_t n = 0; n < LAST; n += PAGE) {
        for (uint64_t i = 0; i < PAGE; i++)
            page[i] = entry_revoked(n + i + 1, sid_number(n + i), 1000);
        cr_assert(result_ok(revocation_index_apply(index_, page, PAGE)));
        struct revocation_index_stats stats = revocation_index_stats(index_);
        if (stats.tokens >= 250000 && stats.bytes / (stats.tokens / 1000) > worst) {
            worst = stats.bytes / (stats.tokens / 1000);
            worst_at = stats.tokens;
        }
    }
    struct revocation_index_stats stats = revocation_index_stats(index_);
    cr_assert_eq(stats.tokens, LAST);
    cr_assert_leq(stats.bytes, 48 * stats.tokens, "%zu bytes", stats.bytes);
    cr_assert_leq(worst, 48000, "%zu millibytes at %zu", worst, worst_at);
    for (uint64_t n = 0; n < LAST; n += 101)
        cr_assert(has(n));
    for (uint64_t n = LAST; n < LAST + 10000; n++)
        cr_assert_not(has(n));

    sweep_all(1000);
    cr_assert_eq(revocation_index_stats(index_).tokens, 0);
    cr_assert_lt(revocation_index_stats(index_).bytes, 16384, "no janitor needed");
}
