/* The token half of the index against a naive model, its ends to the second, its size. */
#include <criterion/criterion.h>

#include "core/clock.h"
#include "revocation/index.h"
#include "sids.h"
#include "support/leaks.h"

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

/* ---- sets ---- */

static void expect_set(uint64_t n, const char *scopes, int64_t exp_s)
{
    struct sid sid = sid_number(n);
    struct entry_set set;

    cr_assert_eq(revocation_index_find(index_, &sid, &set), REVOCATION_SET);
    cr_assert(str_eq(set.scopes, str_from(scopes)), "%.*s", (int)set.scopes.len, set.scopes.ptr);
    cr_assert_eq(set.exp_s, exp_s);
}

Test(index, a_set_is_found_as_it_was_given_P1)
{
    struct sid sid = sid_number(1), other = sid_number(2);
    struct entry_set set = {STR("untouched"), 7};

    cr_assert_eq(revocation_index_find(index_, &sid, &set), REVOCATION_NONE);
    apply(entry_narrowed(1, sid, "calls.read sms.read", 90, 100));
    apply(entry_revoked(2, other, 100));
    cr_assert_eq(revocation_index_find(index_, &other, &set), REVOCATION_REVOKED);
    cr_assert(set.exp_s == 7 && str_eq(set.scopes, STR("untouched")), "written for a set alone");
    expect_set(1, "calls.read sms.read", 90);
    cr_assert_not(has(1), "it is not revoked");
    apply(entry_narrowed(3, sid, "", 0, 100));
    expect_set(1, "", 0);
    cr_assert_eq(revocation_index_stats(index_).tokens, 2);
}

Test(index, of_two_sets_the_higher_number_counts)
{
    apply(entry_narrowed(5, sid_number(1), "calls.read", 90, 100));
    apply(entry_narrowed(4, sid_number(1), "calls.manage", 95, 100));
    expect_set(1, "calls.read", 90);
    apply(entry_narrowed(5, sid_number(1), "calls.read", 90, 100));
    expect_set(1, "calls.read", 90);
    apply(entry_narrowed(6, sid_number(1), "calls.manage sms.read", 100, 100));
    expect_set(1, "calls.manage sms.read", 100);
    cr_assert_eq(revocation_index_stats(index_).tokens, 1);
}

Test(index, nothing_overwrites_revoked_P2)
{
    apply(entry_narrowed(5, sid_number(1), "calls.read", 90, 100));
    apply(entry_revoked(3, sid_number(1), 50));
    cr_assert(has(1), "whatever the numbers");
    apply(entry_narrowed(9, sid_number(1), "calls.read", 90, 200));
    cr_assert(has(1));
    sweep_all(99);
    cr_assert(has(1), "as long as the set would have stayed");
    sweep_all(100);
    cr_assert_not(has(1));
}

Test(index, a_set_ends_to_the_second_and_keeps_the_latest_end)
{
    apply(entry_narrowed(1, sid_number(1), "calls.read", 10, 200));
    apply(entry_narrowed(2, sid_number(1), "sms.read", 20, 100));
    sweep_all(199);
    expect_set(1, "sms.read", 20);
    sweep_all(200);
    struct sid sid = sid_number(1);
    struct entry_set set;
    cr_assert_eq(revocation_index_find(index_, &sid, &set), REVOCATION_NONE);
    cr_assert_eq(revocation_index_stats(index_).tokens, 0);
}

Test(index, bytes_count_names_and_forget_them)
{
    size_t empty = revocation_index_stats(index_).bytes;

    apply(entry_revoked(1, sid_number(1), 100));
    size_t one = revocation_index_stats(index_).bytes - empty;
    sweep_all(100);
    cr_assert_eq(revocation_index_stats(index_).bytes, empty);

    apply(entry_narrowed(1, sid_number(1), "", 10, 100));
    size_t none = revocation_index_stats(index_).bytes - empty;
    cr_assert_gt(none, one);
    apply(entry_narrowed(2, sid_number(1), "calls.read", 10, 100));
    cr_assert_eq(revocation_index_stats(index_).bytes - empty, none + strlen("calls.read"));
    apply(entry_revoked(3, sid_number(1), 100));
    cr_assert_eq(revocation_index_stats(index_).bytes - empty, one);
    sweep_all(100);
    apply(entry_narrowed(4, sid_number(1), "calls.read", 10, 100));
    sweep_all(100);
    cr_assert_eq(revocation_index_stats(index_).bytes, empty);
}

/* What a reader holds is stable until it passes, whatever is said of the token meanwhile. */
Test(index, a_reader_may_keep_a_set_until_it_passes)
{
    struct quiesce_reader *reader = quiesce_register(&quiesce);
    struct sid sid = sid_number(1);
    struct entry_set set;

    apply(entry_narrowed(1, sid, "calls.read", 90, 100));
    quiesce_pass(&quiesce, reader);
    cr_assert_eq(revocation_index_find(index_, &sid, &set), REVOCATION_SET);
    apply(entry_narrowed(2, sid, "sms.read", 90, 100));
    sweep_all(100);
    cr_assert(str_eq(set.scopes, STR("calls.read")));
    quiesce_offline(reader);
}

/* ---- the model ---- */

enum { MODEL_IDS = 3000, MODEL_STEPS = 30000, MODEL_NAMES = 5 };

static const char *const model_names[MODEL_NAMES] = {"", "calls.read", "sms.manage sms.read",
                                                     "calls.manage", "rating.read calls.read"};

/* What is known of one id; end_s 0: nothing. */
struct model {
    int64_t end_s, exp_s;
    uint64_t number;
    const char *names; /* NULL: revoked */
};

static struct store_entry model_entry(struct random *random, uint64_t n, int64_t now_s)
{
    uint64_t number = 1 + random_below(random, 1000);
    int64_t end_s = now_s + 1 + (int64_t)random_below(random, 200);

    if (random_below(random, 3) == 0)
        return entry_revoked(number, sid_number(n), end_s);
    return entry_narrowed(number, sid_number(n), model_names[random_below(random, MODEL_NAMES)],
                          end_s - (int64_t)random_below(random, 100), end_s);
}

static void model_apply(struct model *model, const struct store_entry *entry)
{
    bool is_set = entry->kind == ENTRY_TOKEN_SET, known = model->end_s != 0;

    if (is_set && known && (model->names == NULL || entry->number <= model->number))
        return;
    model->end_s = entry->end_s > model->end_s ? entry->end_s : model->end_s;
    model->exp_s = entry->set.exp_s;
    model->number = entry->number;
    model->names = is_set ? entry->set.scopes.ptr : NULL;
}

static void model_check(const struct model *models, uint64_t seed, int step)
{
    size_t live = 0;
    for (uint64_t n = 0; n < MODEL_IDS; n++) {
        const struct model *model = &models[n];
        struct sid sid = sid_number(n);
        struct entry_set set;
        enum revocation_found want = model->end_s == 0      ? REVOCATION_NONE
                                     : model->names == NULL ? REVOCATION_REVOKED
                                                            : REVOCATION_SET;
        enum revocation_found found = revocation_index_find(index_, &sid, &set);
        cr_assert_eq(found, want, "seed %lu step %d id %lu", seed, step, n);
        if (found == REVOCATION_SET)
            cr_assert(str_eq(set.scopes, str_from(model->names)) && set.exp_s == model->exp_s,
                      "seed %lu step %d id %lu", seed, step, n);
        live += want != REVOCATION_NONE;
    }
    cr_assert_eq(revocation_index_stats(index_).tokens, live, "seed %lu step %d", seed, step);
}

Test(index, follows_a_naive_model_P1_P2)
{
    static struct model models[MODEL_IDS];
    uint64_t seed = (uint64_t)clock_mono_ns();
    struct random random = {seed};
    int64_t now_s = 1000;

    cr_log_info("seed %lu", seed);
    for (int step = 0; step < MODEL_STEPS; step++) {
        uint64_t n = random_below(&random, MODEL_IDS);
        struct store_entry entry = model_entry(&random, n, now_s);
        apply(entry);
        model_apply(&models[n], &entry);
        if (step % 997 != 0)
            continue;
        now_s += (int64_t)random_below(&random, 50);
        sweep_all(now_s);
        for (uint64_t i = 0; i < MODEL_IDS; i++)
            if (models[i].end_s <= now_s)
                models[i] = (struct model){.end_s = 0};
        model_check(models, seed, step);
    }
    teardown();
    leaks_check();
    setup();
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
