/* Revocations by selector: which tokens one is about, and the set of those in force (SPEC 7). */
#include <criterion/criterion.h>
#include <stdio.h>

#include "core/clock.h"
#include "revocation/selector.h"
#include "short.h"
#include "sids.h"
#include "store/store.h"
#include "support/leaks.h"

enum { APPLICATION = 1, OWN, PARENT, ROOT, STRANGER, USER };

static struct quiesce quiesce;
static struct revocation_index *index_;
static struct sid chain[3];

static void setup(void)
{
    quiesce_init(&quiesce);
    cr_assert(result_ok(revocation_index_new(&quiesce, &index_)));
    for (uint64_t i = 0; i < 3; i++)
        chain[i] = sid_number(OWN + i);
}

static void teardown(void)
{
    atomic_store(&memory_is_short, false);
    revocation_index_free(&index_);
    quiesce_done(&quiesce);
}

TestSuite(selector, .init = setup, .fini = teardown);

static struct epoch_subject a_token(uint64_t epoch)
{
    return (struct epoch_subject){
        .epoch = epoch,
        .iat_s = 50,
        .client_id = sid_number(APPLICATION),
        .user_sid = sid_number(USER),
        .kid = STR("key-1"),
        .scopes = STR("calls.read sms.manage"),
        .partners = chain,
        .partner_count = 3,
    };
}

static bool is_cut(uint64_t epoch)
{
    struct epoch_subject subject = a_token(epoch);
    return revocation_index_is_cut(index_, &subject);
}

static struct result apply(struct store_entry entry)
{
    return revocation_index_apply(index_, &entry, 1);
}

static void enter(uint64_t number, uint64_t id, struct revocation_selector selector, int64_t end_s)
{
    cr_assert(result_ok(apply(entry_selector(number, sid_number(id), selector, end_s))));
}

/* What takes a selector back. */
static struct store_entry an_end(uint64_t number, uint64_t id)
{
    return entry_selector(number, sid_number(id), (struct revocation_selector){.before_s = 0}, 0);
}

static size_t count(void)
{
    return revocation_index_stats(index_).selectors;
}

/* ---- one selector ---- */

static const struct {
    const char *name;
    uint64_t client, partner, user;
    bool descendants, over_ceiling;
    const char *kid, *scopes;
    int64_t before_s;
    bool matches;
} cases[] = {
    {"nothing is said", .kid = "", .scopes = "", .matches = true},
    {"client", .client = APPLICATION, .kid = "", .scopes = "", .matches = true},
    {"other client", .client = STRANGER, .kid = "", .scopes = ""},
    {"partner", .partner = OWN, .kid = "", .scopes = "", .matches = true},
    {"parent alone", .partner = PARENT, .kid = "", .scopes = ""},
    {"parent, below", .partner = PARENT, .descendants = true, .kid = "", .scopes = "",
     .matches = true},
    {"root, below", .partner = ROOT, .descendants = true, .kid = "", .scopes = "", .matches = true},
    {"other, below", .partner = STRANGER, .descendants = true, .kid = "", .scopes = ""},
    {"user", .user = USER, .kid = "", .scopes = "", .matches = true},
    {"other user", .user = STRANGER, .kid = "", .scopes = ""},
    {"key", .kid = "key-1", .scopes = "", .matches = true},
    {"other key", .kid = "key-", .scopes = ""},
    {"longer key", .kid = "key-12", .scopes = ""},
    {"before", .kid = "", .scopes = "", .before_s = 51, .matches = true},
    {"before, the same second", .kid = "", .scopes = "", .before_s = 50},
    {"before, later", .kid = "", .scopes = "", .before_s = 49},
    {"ceiling", .over_ceiling = true, .kid = "", .scopes = ""},
    {"scope", .kid = "", .scopes = "calls.read", .matches = true},
    {"scope, the last", .kid = "", .scopes = "sms.manage", .matches = true},
    {"scopes, one", .kid = "", .scopes = "x y sms.manage z", .matches = true},
    {"scopes, none", .kid = "", .scopes = "x y z"},
    {"scope, a part", .kid = "", .scopes = "calls.rea"},
    {"scope, more", .kid = "", .scopes = "calls.read2"},
    {"scope, another case", .kid = "", .scopes = "Calls.read"},
    {"two", .client = APPLICATION, .kid = "", .scopes = "calls.read", .matches = true},
    {"two, one misses", .client = STRANGER, .kid = "", .scopes = "calls.read"},
    {"two, the other misses", .client = APPLICATION, .kid = "", .scopes = "calls.manage"},
    {"all", .client = APPLICATION, .partner = ROOT, .user = USER, .descendants = true,
     .kid = "key-1", .scopes = "sms.manage", .before_s = 60, .matches = true},
};
enum { CASES = sizeof(cases) / sizeof(cases[0]) };

static struct sid sid_or_none(uint64_t n)
{
    return n == 0 ? (struct sid){{0}} : sid_number(n);
}

static struct revocation_selector selector_of(size_t i)
{
    return (struct revocation_selector){
        .client_id = sid_or_none(cases[i].client),
        .partner_sid = sid_or_none(cases[i].partner),
        .user_sid = sid_or_none(cases[i].user),
        .kid = str_from(cases[i].kid),
        .scopes = str_from(cases[i].scopes),
        .before_s = cases[i].before_s,
        .descendants = cases[i].descendants,
        .over_ceiling = cases[i].over_ceiling,
    };
}

/* The rule itself, and the index that carries it out: they say the same. */
Test(selector, matches_where_all_that_it_says_holds)
{
    for (size_t i = 0; i < CASES; i++) {
        struct revocation_selector selector = selector_of(i);
        struct epoch_subject subject = a_token(0);
        cr_assert_eq(revocation_selector_matches(&selector, &subject), cases[i].matches, "%s",
                     cases[i].name);
        enter(10 + i, 100 + i, selector, 100);
        cr_assert_eq(is_cut(9 + i), cases[i].matches, "%s", cases[i].name);
        cr_assert_not(is_cut(10 + i), "%s: minted after it was seen", cases[i].name);
        revocation_index_sweep(index_, 100);
        cr_assert_eq(count(), 0);
    }
}

Test(selector, a_token_without_partner_user_or_scopes_has_none)
{
    struct epoch_subject subject = {.iat_s = 1};
    struct revocation_selector rows[] = {
        {.partner_sid = sid_number(OWN)},
        {.partner_sid = sid_number(OWN), .descendants = true},
        {.user_sid = sid_number(USER)},
        {.kid = STR("key-1")},
        {.scopes = STR("calls.read")},
        {.scopes = STR("calls.read  sms.read")}, /* an empty piece is nobody's name */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_assert_not(revocation_selector_matches(&rows[i], &subject), "row %zu", i);
        subject.scopes = STR("");
        cr_assert_not(revocation_selector_matches(&rows[i], &subject), "row %zu", i);
        enter(10 + i, 100 + i, rows[i], 100);
        cr_assert_not(revocation_index_is_cut(index_, &subject), "row %zu", i);
    }
}

Test(selector, over_ceiling_is_asked_of_tokens_below_it_alone)
{
    cr_assert_not(revocation_index_asks_ceiling(index_, 0));
    enter(20, 1, (struct revocation_selector){.kid = STR("key-9")}, 100);
    cr_assert_not(revocation_index_asks_ceiling(index_, 0));
    enter(10, 2, (struct revocation_selector){.over_ceiling = true}, 100);
    cr_assert(revocation_index_asks_ceiling(index_, 9));
    cr_assert_not(revocation_index_asks_ceiling(index_, 10));

    struct epoch_subject subject = a_token(9);
    cr_assert_not(revocation_index_is_cut(index_, &subject));
    subject.over_ceiling = true;
    cr_assert(revocation_index_is_cut(index_, &subject));
    cr_assert(result_ok(apply(an_end(30, 2))));
    cr_assert_not(revocation_index_asks_ceiling(index_, 9));
}

/* P2: a change of scopes out of its reach, of a token that it may have ended JWTs of. */
Test(selector, one_lets_go_of_what_a_change_takes_from_it)
{
    struct epoch_subject before = a_token(20), after = a_token(20);
    struct store_entry entry = entry_selector(
        10, sid_number(1),
        (struct revocation_selector){.kid = STR("key-2"), .scopes = STR("calls.read")}, 100);

    after.scopes = STR("sms.manage");
    cr_assert_not(revocation_index_lets_go(index_, &before, &after, 7000));
    entry.at_ms = 7999;
    cr_assert(result_ok(apply(entry)));
    cr_assert(revocation_index_lets_go(index_, &before, &after, 7000), "whatever epoch and key");
    cr_assert(revocation_index_lets_go(index_, &before, &after, 7999));
    cr_assert_not(revocation_index_lets_go(index_, &before, &after, 8000), "made since");
    cr_assert_not(revocation_index_lets_go(index_, &before, &before, 7000));
    cr_assert_not(revocation_index_lets_go(index_, &after, &before, 7000), "it was not about it");
    before.client_id = after.client_id = sid_number(STRANGER);
    before.over_ceiling = true;
    cr_assert(revocation_index_lets_go(index_, &before, &after, 7000));
    cr_assert(result_ok(apply(an_end(30, 1))));
    cr_assert_not(revocation_index_lets_go(index_, &before, &after, 7000), "taken back");
}

/* ---- those in force ---- */

Test(selector, what_carries_out_a_plan_kills_below_the_plan_alone)
{
    struct store_entry entry = entry_selector(
        12, sid_number(1), (struct revocation_selector){.scopes = STR("calls.read")}, 100);

    entry.below = 10;
    cr_assert(result_ok(apply(entry)));
    cr_assert(is_cut(9));
    cr_assert_not(is_cut(10), "minted after the plan counted");
}

Test(selector, its_text_is_copied)
{
    char kid[] = "key-1", scopes[] = "x sms.manage";

    enter(10, 1, (struct revocation_selector){.kid = str_from(kid), .scopes = str_from(scopes)},
          100);
    memset(kid, '#', sizeof(kid) - 1);
    memset(scopes, '#', sizeof(scopes) - 1);
    enter(11, 2, (struct revocation_selector){.kid = STR("other")}, 100);
    cr_assert(is_cut(9), "and again with every change of the set");
    cr_assert_eq(count(), 2);
}

Test(selector, one_of_the_same_id_that_was_over_when_made_takes_it_back)
{
    struct revocation_selector selector = {.client_id = sid_number(APPLICATION)};
    size_t empty = revocation_index_stats(index_).bytes;

    enter(10, 1, selector, 100);
    cr_assert(is_cut(9));
    cr_assert(result_ok(apply(an_end(20, 1))));
    cr_assert_not(is_cut(9), "at once");
    cr_assert_eq(count(), 0);
    enter(10, 1, selector, 100);
    cr_assert_not(is_cut(9), "a lower number never overwrites");
    revocation_index_sweep(index_, 70);
    cr_assert_eq(revocation_index_stats(index_).bytes, empty, "nothing is left of it");
    cr_assert_not(is_cut(9));
}

Test(selector, P2_one_that_was_over_when_committed_is_in_force)
{
    struct store_entry entry = entry_selector(
        10, sid_number(1), (struct revocation_selector){.scopes = STR("calls.read")}, 100);

    entry.at_ms = 5000 * 1000; /* the clock leapt after it had been decided */
    cr_assert(result_ok(apply(entry)));
    cr_assert(is_cut(9));
}

Test(selector, an_end_may_come_first)
{
    cr_assert(result_ok(apply(an_end(20, 1))));
    enter(10, 1, (struct revocation_selector){.client_id = sid_number(APPLICATION)}, 100);
    cr_assert_not(is_cut(9));
    struct store_entry both[] = {
        an_end(21, 2),
        entry_selector(11, sid_number(2),
                       (struct revocation_selector){.client_id = sid_number(APPLICATION)}, 100),
    };
    cr_assert(result_ok(revocation_index_apply(index_, both, 2)));
    cr_assert_not(is_cut(9));
}

Test(selector, end_to_the_second)
{
    size_t empty = revocation_index_stats(index_).bytes;

    enter(10, 1, (struct revocation_selector){.scopes = STR("calls.read")}, 100);
    enter(11, 2, (struct revocation_selector){.client_id = sid_number(APPLICATION)}, 101);
    cr_assert_eq(count(), 2);
    revocation_index_sweep(index_, 99);
    cr_assert_eq(count(), 2);
    revocation_index_sweep(index_, 100);
    cr_assert_eq(count(), 1);
    cr_assert(is_cut(10), "the other one lives on");
    revocation_index_sweep(index_, 101);
    cr_assert_eq(count(), 0);
    cr_assert_not(is_cut(1));
    cr_assert_eq(revocation_index_stats(index_).bytes, empty);
}

/* More than the store allows: none may be lost, whatever a word has bits for. */
Test(selector, a_hundred_are_all_carried_out)
{
    enum { MANY = 100 };
    static struct store_entry batch[MANY];
    static char names[MANY][32];

    for (size_t i = 0; i < MANY; i++) {
        size_t len = (size_t)snprintf(names[i], sizeof(names[i]), "a.%zu b.%zu", i, i);
        batch[i] =
            entry_selector(i + 1, sid_number(100 + i),
                           (struct revocation_selector){.scopes = str_make(names[i], len)}, 100);
    }
    cr_assert(result_ok(revocation_index_apply(index_, batch, MANY)));
    cr_assert_eq(count(), MANY);
    for (size_t i = 0; i < MANY; i++) {
        char held[64];
        size_t len = (size_t)snprintf(held, sizeof(held), "x.y b.%zu calls.read", i);
        struct epoch_subject subject = {.epoch = i, .scopes = str_make(held, len)};
        cr_assert(revocation_index_is_cut(index_, &subject), "%zu", i);
        subject.epoch = i + 1;
        cr_assert_not(revocation_index_is_cut(index_, &subject), "%zu", i);
    }
}

Test(selector, a_batch_of_all_sorts_does_all)
{
    struct store_entry batch[] = {
        entry_revoked(1, sid_number(50), 100),
        entry_epoch(2, ENTRY_EPOCH_PARTNER_TREE, sid_number(STRANGER), 100),
        {.number = 3, .kind = ENTRY_PLAN, .id = sid_number(60), .end_s = 100},
        entry_selector(4, sid_number(61), (struct revocation_selector){.kid = STR("key-1")}, 100),
    };
    cr_assert(result_ok(revocation_index_apply(index_, batch, 4)));
    struct revocation_index_stats stats = revocation_index_stats(index_);
    cr_assert_eq(stats.tokens, 1);
    cr_assert_eq(stats.epochs, 1);
    cr_assert_eq(stats.selectors, 1);
    cr_assert(is_cut(3));
}

Test(selector, a_lost_one_makes_the_index_incomplete_until_rebuilt_P4)
{
    struct store_entry entry = entry_selector(
        2, sid_number(1), (struct revocation_selector){.client_id = sid_number(APPLICATION)}, 100);

    revocation_index_complete(index_, 1);
    atomic_store(&memory_is_short, true);
    struct result result = apply(entry);
    atomic_store(&memory_is_short, false);
    cr_assert_eq(result.code, ERR_FAULT_MEMORY);
    cr_assert_not(revocation_index_is_complete(index_));

    revocation_index_rebuild(index_);
    cr_assert(result_ok(apply(entry)));
    revocation_index_complete(index_, 2);
    cr_assert(revocation_index_is_complete(index_));
    cr_assert(is_cut(1));
}

Test(selector, a_sweep_without_memory_keeps_what_it_cannot_copy)
{
    enter(10, 1, (struct revocation_selector){.kid = STR("key-1")}, 100);
    revocation_index_complete(index_, 10);
    atomic_store(&memory_is_short, true);
    revocation_index_sweep(index_, 200);
    atomic_store(&memory_is_short, false);
    cr_assert(revocation_index_is_complete(index_), "kept too long does no harm");
    cr_assert_eq(count(), 1);
    revocation_index_sweep(index_, 200);
    cr_assert_eq(count(), 0);
    teardown();
    leaks_check();
    setup();
}

/* ---- what it costs ---- */

static double cut_ns(const struct epoch_subject *subject, int rounds)
{
    volatile bool sink = false;
    int64_t before_ns = clock_mono_ns();

    for (int i = 0; i < rounds; i++)
        sink = revocation_index_is_cut(index_, subject);
    (void)sink;
    return (double)(clock_mono_ns() - before_ns) / rounds;
}

/* Not a bar: the figures are logged. */
Test(selector, what_sixty_four_cost)
{
    static const char names[] = "a.read b.read c.read d.read e.read f.read g.read h.read i.read "
                                "j.read k.read l.read m.read n.read o.read p.read";
    struct epoch_subject old = a_token(0), new = a_token(1000);

    old.scopes = new.scopes = str_from(names);
    double none = cut_ns(&old, 1000000);
    for (uint64_t i = 0; i < STORE_SELECTORS; i++)
        enter(10 + i, 100 + i,
              i % 2 == 0 ? (struct revocation_selector){.scopes = STR("x.read x.manage y.all"),
                                                        .before_s = 1000}
                         : (struct revocation_selector){.client_id = sid_number(STRANGER),
                                                        .kid = STR("key-1")},
              100);
    double many_old = cut_ns(&old, 20000), many_new = cut_ns(&new, 1000000);
    cr_log_info("is_cut: none %.1f ns; 64 selectors: old token %.1f ns, new one %.1f ns", none,
                many_old, many_new);
    cr_assert_not(revocation_index_is_cut(index_, &old));
}
