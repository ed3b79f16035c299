/* Epochs: what each kind kills, by number alone (SPEC 6: order, not clocks, decides). */
#include <criterion/criterion.h>

#include "revocation/index.h"
#include "sids.h"

enum { APPLICATION = 1, OWN, PARENT, ROOT, STRANGER, USER };

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

TestSuite(epochs, .init = setup, .fini = teardown);

static void apply(struct store_entry entry)
{
    cr_assert(result_ok(revocation_index_apply(index_, &entry, 1)));
}

static bool is_cut_of(uint64_t epoch, int64_t iat_s, bool with_user)
{
    struct sid chain[] = {sid_number(OWN), sid_number(PARENT), sid_number(ROOT)};
    struct epoch_subject subject = {.epoch = epoch,
                                    .iat_s = iat_s,
                                    .client_id = sid_number(APPLICATION),
                                    .kid = STR("key-1"),
                                    .partners = chain,
                                    .partner_count = 3};
    if (with_user)
        subject.user_sid = sid_number(USER);
    return revocation_index_is_cut(index_, &subject);
}

static bool is_cut(uint64_t epoch, bool with_user)
{
    return is_cut_of(epoch, 50, with_user);
}

static void apply_dated(uint64_t number, uint64_t below, int64_t before_s)
{
    apply(entry_dated(number, ENTRY_EPOCH_APPLICATION, sid_number(APPLICATION), below, before_s,
                      100));
}

static size_t count(void)
{
    return revocation_index_stats(index_).epochs;
}

struct kill_case {
    enum entry_kind kind;
    uint64_t id;
    bool kills;
};

static const struct kill_case kill_cases[] = {
    {ENTRY_EPOCH_APPLICATION, APPLICATION, true},
    {ENTRY_EPOCH_APPLICATION, STRANGER, false},
    {ENTRY_EPOCH_APPLICATION, OWN, false}, /* an id of another kind of thing */
    {ENTRY_EPOCH_PARTNER, OWN, true},
    {ENTRY_EPOCH_PARTNER, PARENT, false},
    {ENTRY_EPOCH_PARTNER, ROOT, false},
    {ENTRY_EPOCH_PARTNER, STRANGER, false},
    {ENTRY_EPOCH_PARTNER_TREE, OWN, true},
    {ENTRY_EPOCH_PARTNER_TREE, PARENT, true},
    {ENTRY_EPOCH_PARTNER_TREE, ROOT, true},
    {ENTRY_EPOCH_PARTNER_TREE, STRANGER, false},
    {ENTRY_EPOCH_USER, USER, true},
    {ENTRY_EPOCH_USER, STRANGER, false},
    {ENTRY_EPOCH_USER, APPLICATION, false},
};

Test(epochs, each_kind_kills_what_it_names_and_no_more)
{
    for (size_t i = 0; i < sizeof(kill_cases) / sizeof(kill_cases[0]); i++) {
        const struct kill_case *c = &kill_cases[i];
        apply(entry_epoch(10, c->kind, sid_number(c->id), 100));
        cr_assert_eq(is_cut(9, true), c->kills, "case %zu", i);
        cr_assert_not(is_cut(10, true), "case %zu: minted after the entry was seen", i);
        cr_assert_not(is_cut(11, true), "case %zu", i);
        revocation_index_sweep(index_, 100);
        cr_assert_eq(revocation_index_stats(index_).epochs, 0);
    }
}

Test(epochs, without_entries_nothing_is_cut)
{
    cr_assert_not(is_cut(0, true));
}

Test(epochs, a_token_without_user_is_no_users)
{
    apply(entry_epoch(10, ENTRY_EPOCH_USER, sid_number(USER), 100));
    cr_assert(is_cut(1, true));
    cr_assert_not(is_cut(1, false));
    apply(entry_epoch(11, ENTRY_EPOCH_USER, (struct sid){{0}}, 100));
    cr_assert_not(is_cut(1, false), "the user nobody is matches nobody");
}

Test(epochs, a_token_without_partner_is_no_partners)
{
    struct epoch_subject subject = {.epoch = 1, .client_id = sid_number(APPLICATION)};
    apply(entry_epoch(10, ENTRY_EPOCH_PARTNER, sid_number(OWN), 100));
    cr_assert_not(revocation_index_is_cut(index_, &subject));
}

Test(epochs, a_key_is_matched_as_a_whole)
{
    static const char *const others[] = {"key-", "key-12", "KEY-1", "", "%s%n%b"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        apply(entry_key(10, str_from(others[i]), 100));
    cr_assert_not(is_cut(1, false));
    apply(entry_key(10, STR("key-1"), 100));
    cr_assert(is_cut(9, false));
    cr_assert_not(is_cut(10, false));
}

Test(epochs, a_key_id_may_be_as_long_as_the_limit)
{
    char longest[LIMIT_KID];
    memset(longest, 'k', sizeof(longest));
    struct epoch_subject subject = {.kid = str_make(longest, LIMIT_KID)};
    apply(entry_key(10, subject.kid, 100));
    cr_assert(revocation_index_is_cut(index_, &subject));
    longest[LIMIT_KID - 1] = 'x';
    cr_assert_not(revocation_index_is_cut(index_, &subject));
}

Test(epochs, the_higher_number_stays_in_any_order)
{
    apply(entry_epoch(20, ENTRY_EPOCH_APPLICATION, sid_number(APPLICATION), 100));
    apply(entry_epoch(10, ENTRY_EPOCH_APPLICATION, sid_number(APPLICATION), 200));
    apply(entry_epoch(20, ENTRY_EPOCH_APPLICATION, sid_number(APPLICATION), 100));
    cr_assert_eq(revocation_index_stats(index_).epochs, 1);
    cr_assert(is_cut(19, false));
    cr_assert_not(is_cut(20, false));
}

Test(epochs, end_to_the_second)
{
    apply(entry_epoch(10, ENTRY_EPOCH_APPLICATION, sid_number(APPLICATION), 100));
    apply(entry_epoch(11, ENTRY_EPOCH_PARTNER, sid_number(OWN), 101));
    revocation_index_sweep(index_, 99);
    cr_assert_eq(revocation_index_stats(index_).epochs, 2);
    revocation_index_sweep(index_, 100);
    cr_assert_eq(revocation_index_stats(index_).epochs, 1);
    cr_assert(is_cut(10, false), "the other one lives on");
    revocation_index_sweep(index_, 101);
    cr_assert_eq(revocation_index_stats(index_).epochs, 0);
    cr_assert_not(is_cut(1, false));
}

Test(epochs, a_batch_of_both_sorts_does_both)
{
    struct store_entry batch[] = {
        entry_revoked(1, sid_number(50), 100),
        entry_epoch(2, ENTRY_EPOCH_PARTNER_TREE, sid_number(ROOT), 100),
        entry_revoked(3, sid_number(51), 100),
        entry_key(4, STR("key-9"), 100),
    };
    cr_assert(result_ok(revocation_index_apply(index_, batch, 4)));
    struct revocation_index_stats stats = revocation_index_stats(index_);
    cr_assert_eq(stats.tokens, 2);
    cr_assert_eq(stats.epochs, 2);
    cr_assert(is_cut(1, false));
}

/* At once, as at a start, and one by one, as changes come: of both sorts of set. */
Test(epochs, ten_thousand_of_them_are_all_found)
{
    enum { AT_ONCE = 4000, MANY = 10000 };
    static struct store_entry batch[MANY];
    for (uint64_t n = 0; n < MANY; n++)
        batch[n] = entry_epoch(n + 1, ENTRY_EPOCH_APPLICATION, sid_number(n + 100), 100);
    cr_assert(result_ok(revocation_index_apply(index_, batch, AT_ONCE)));
    for (uint64_t n = AT_ONCE; n < MANY; n++)
        cr_assert(result_ok(revocation_index_apply(index_, &batch[n], 1)));
    cr_assert_eq(revocation_index_stats(index_).epochs, MANY);
    for (uint64_t n = 0; n < MANY; n++) {
        struct epoch_subject subject = {.epoch = n, .client_id = sid_number(n + 100)};
        cr_assert(revocation_index_is_cut(index_, &subject));
        subject.epoch = n + 1;
        cr_assert_not(revocation_index_is_cut(index_, &subject));
    }
    revocation_index_sweep(index_, 100 + MANY / 1024);
    cr_assert_eq(revocation_index_stats(index_).epochs, 0);
}

/* ---- below and issued before ---- */

Test(epochs, what_carries_out_a_plan_kills_below_the_plan_alone)
{
    apply_dated(12, 10, 0);
    cr_assert(is_cut(9, false));
    cr_assert_not(is_cut(10, false), "minted after the plan counted");
    cr_assert_not(is_cut(11, false));
}

Test(epochs, an_entry_that_carries_no_below_kills_below_its_number)
{
    apply_dated(12, 0, 0);
    cr_assert(is_cut(11, false));
    cr_assert_not(is_cut(12, false));
}

Test(epochs, a_dated_one_kills_what_was_issued_before_to_the_second)
{
    apply_dated(10, 10, 50);
    cr_assert(is_cut_of(9, 49, false));
    cr_assert_not(is_cut_of(9, 50, false));
    cr_assert_not(is_cut_of(9, 51, false));
    cr_assert_not(is_cut_of(10, 49, false), "order, not clocks, decides");
}

Test(epochs, dated_ones_of_one_subject_stand_beside_each_other)
{
    static const struct {
        uint64_t below;
        int64_t before_s;
    } items[] = {{10, 80}, {40, 20}, {20, 60}, {30, 40}};
    static const struct {
        uint64_t epoch;
        int64_t iat_s;
        bool cut;
    } rows[] = {{9, 79, true},   {9, 80, false}, {10, 79, false}, {19, 59, true},
                {19, 60, false}, {29, 39, true}, {30, 39, false}, {39, 19, true},
                {39, 20, false}, {40, 0, false}, {0, 100, false}, {0, 0, true}};

    for (size_t i = 0; i < 4; i++)
        apply_dated(50 + i, items[i].below, items[i].before_s);
    cr_assert_eq(count(), 4);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        cr_assert_eq(is_cut_of(rows[i].epoch, rows[i].iat_s, false), rows[i].cut, "row %zu", i);

    apply_dated(60, 30, 60); /* says what {20, 60} and {30, 40} say */
    cr_assert_eq(count(), 3);
    cr_assert(is_cut_of(29, 59, false));
    apply_dated(61, 5, 10);
    apply_dated(62, 30, 60);
    cr_assert_eq(count(), 3, "what is said already adds nothing");
    apply_dated(63, 40, 0);
    cr_assert_eq(count(), 1, "without a date, and as high as any");
    cr_assert(is_cut_of(39, INT64_MAX, false));
    apply_dated(64, 50, 30);
    cr_assert_eq(count(), 2);
    cr_assert(is_cut_of(45, 29, false));
    cr_assert_not(is_cut_of(45, 30, false));
}

Test(epochs, who_takes_anothers_place_lasts_as_long_as_both)
{
    apply(entry_dated(1, ENTRY_EPOCH_USER, sid_number(USER), 1, 50, 300));
    apply(entry_dated(2, ENTRY_EPOCH_USER, sid_number(USER), 2, 0, 100));
    apply(entry_dated(1, ENTRY_EPOCH_USER, sid_number(USER), 1, 40, 400));
    revocation_index_sweep(index_, 399);
    cr_assert(is_cut_of(1, 90, true));
    revocation_index_sweep(index_, 400);
    cr_assert_eq(count(), 0);
}

/* Every subject against the plain list of what was said of it. */
Test(epochs, dated_ones_follow_a_naive_model)
{
    enum { SUBJECTS = 5, STEPS = 2000, SAID = STEPS };
    static struct store_entry said[SAID];
    struct random random = {7};

    for (size_t i = 0; i < STEPS; i++) {
        int64_t before_s = (int64_t)random_below(&random, 9) * 10;
        said[i] =
            entry_dated(i + 1, ENTRY_EPOCH_APPLICATION, sid_number(random_below(&random, SUBJECTS)),
                        1 + random_below(&random, i + 1), before_s, 100);
        apply(said[i]);
        struct epoch_subject subject = {.epoch = random_below(&random, i + 2),
                                        .iat_s = (int64_t)random_below(&random, 100),
                                        .client_id = sid_number(random_below(&random, SUBJECTS))};
        bool want = false;
        for (size_t k = 0; k <= i; k++)
            want |= sid_eq(&said[k].id, &subject.client_id) && subject.epoch < said[k].below &&
                    (said[k].before_s == 0 || subject.iat_s < said[k].before_s);
        cr_assert_eq(revocation_index_is_cut(index_, &subject), want, "step %zu", i);
    }
    cr_assert_leq(count(), SUBJECTS * 9);
}

Test(epochs, a_plan_ends_nothing)
{
    apply((struct store_entry){.number = 20,
                               .kind = ENTRY_PLAN,
                               .id = sid_number(APPLICATION),
                               .below = 20,
                               .end_s = 100});
    cr_assert_eq(count(), 0);
    cr_assert_eq(revocation_index_stats(index_).selectors, 0);
    cr_assert_not(is_cut(1, true));
}
