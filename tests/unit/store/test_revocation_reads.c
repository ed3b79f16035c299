/* Reads about revocations by selector: the walk over the tokens that one may be about, the
 * revocations, and the sequence with whom its entries concern. */
#include <stdlib.h>

#include "contract.h"
#include "revocations.h"

#define CONTRACT(name) CONTRACT_OF(memory_reads, sqlite_reads, name)
#define LATER_S        (FIXTURE_NOW_S + 900)

enum { FIRST = REVOCATIONS_FIRST };

static const struct revocation_selector over_ceiling = {.over_ceiling = true};

static struct revocation_selector of_partner(unsigned n)
{
    return (struct revocation_selector){.partner_sid = fixture_sid(n)};
}

/* ---- the walk ---- */

CONTRACT(a_walk_shows_what_a_selector_may_be_about)
{
    const struct sid marked = fixture_sid(FIRST + 1);
    struct store_read walk = {.verb = STORE_TOKEN_WALK,
                              .in.token_walk = {.below = 5, .now_s = FIXTURE_NOW_S, .limit = 2}};
    struct store_request revoke = fixture_revoke(FIRST, LATER_S);
    struct store_request over = fixture_token(FIRST + 10, FIXTURE_NOW_S);
    struct store_request young = fixture_token(FIRST + 11, LATER_S);
    struct arena arena;

    arena_init(&arena, NULL, 0, 1 << 20);
    fixture_start(f);
    revocations_make_tokens(f, 6);
    over.in.token_create.newest.epoch = 0;
    young.in.token_create.newest.epoch = 5;
    young.in.token_create.client_id = fixture_sid(20);
    cr_assert_eq(fixture_do(f, &over), ERR_NONE);
    cr_assert_eq(fixture_do(f, &young), ERR_NONE);
    cr_assert_eq(fixture_outcome(f, &revoke), STORE_OUTCOME_DONE);
    revocations_put_in_force(f, 50, of_partner(2));
    struct store_request step = revocations_step(50, &marked, 1);
    cr_assert_eq(fixture_outcome(f, &step), STORE_OUTCOME_DONE);

    for (unsigned page = 0; page < 2; page++) {
        cr_assert_eq(fixture_read_now(f, &walk, &arena), ERR_NONE);
        cr_assert_eq(walk.out.count, 2);
        for (unsigned i = 0; i < 2; i++)
            cr_assert_eq(walk.out.tokens[i].token_sid.bytes[15], FIRST + 2 + 2 * page + i);
        cr_assert(walk.out.more);
        walk.in.token_walk.after = walk.out.walked;
    }
    cr_assert_eq(fixture_read_now(f, &walk, &arena), ERR_NONE);
    cr_assert_eq(walk.out.count, 0);
    cr_assert_not(walk.out.more);

    walk.in.token_walk.after = (struct sid){{0}};
    walk.in.token_walk.below = 6;
    walk.in.token_walk.client_id = fixture_sid(20);
    cr_assert_eq(fixture_read_now(f, &walk, &arena), ERR_NONE);
    cr_assert_eq(walk.out.count, 1);
    cr_assert_eq(walk.out.tokens[0].token_sid.bytes[15], FIRST + 11);
    arena_reset(&arena);
}

/* A page that finds nothing ends too, and says from where to go on. */
CONTRACT(a_walk_looks_at_a_bounded_number_of_rows)
{
    enum { N = 9000 };
    struct store_request *create = calloc(N, sizeof(*create));
    struct store_read walk = {.verb = STORE_TOKEN_WALK,
                              .in.token_walk = {.below = 1, .now_s = FIXTURE_NOW_S, .limit = 100}};
    struct arena arena;
    size_t pages = 0;
    size_t found = 0;

    arena_init(&arena, NULL, 0, 1 << 20);
    for (unsigned i = 0; i < N; i++) {
        create[i] = fixture_token(FIRST + i, LATER_S);
        create[i].in.token_create.newest.epoch = i == N / 2 ? 0 : 7;
    }
    fixture_start(f);
    fixture_submit(f, create, N);
    fixture_await(f, create, N);
    do {
        cr_assert_eq(fixture_read_now(f, &walk, &arena), ERR_NONE);
        walk.in.token_walk.after = walk.out.walked;
        found += walk.out.count;
        pages++;
    } while (walk.out.more);
    cr_assert_eq(found, 1);
    cr_assert_geq(pages, 3);
    arena_reset(&arena);
    free(create);
}

/* ---- revocations and the sequence ---- */

CONTRACT(revocations_are_listed_by_id)
{
    struct store_read list = {.verb = STORE_REVOCATION_LIST, .in.revocation_list.limit = 2};
    struct store_read get = {.verb = STORE_REVOCATION_GET, .in.revocation_sid = fixture_sid(60)};
    struct store_request plan = revocations_plan(51, over_ceiling);
    struct arena arena;

    arena_init(&arena, NULL, 0, 1 << 20);
    fixture_start(f);
    revocations_put_in_force(f, 52, of_partner(2));
    revocations_put_in_force(f, 50, of_partner(3));
    cr_assert_eq(fixture_outcome(f, &plan), STORE_OUTCOME_DONE);
    cr_assert_eq(fixture_read_now(f, &list, &arena), ERR_NONE);
    cr_assert_eq(list.out.count, 2);
    cr_assert(list.out.more);
    cr_assert_eq(list.out.revocations[0].revocation_sid.bytes[15], 50);
    cr_assert(list.out.revocations[1].selector.over_ceiling);
    list.in.revocation_list.after = list.out.revocations[1].revocation_sid;
    cr_assert_eq(fixture_read_now(f, &list, &arena), ERR_NONE);
    cr_assert_eq(list.out.count, 1);
    cr_assert_not(list.out.more);
    list.in.revocation_list.after = (struct sid){{0}};
    list.in.revocation_list.following = true;
    cr_assert_eq(fixture_read_now(f, &list, &arena), ERR_NONE);
    cr_assert_eq(list.out.count, 2);
    cr_assert_eq(list.out.revocations[1].revocation_sid.bytes[15], 52);
    cr_assert_eq(fixture_read_now(f, &get, &arena), ERR_NONE);
    cr_assert_eq(get.outcome, STORE_OUTCOME_ABSENT);
    arena_reset(&arena);
}

CONTRACT(the_feed_says_whom_an_entry_concerns)
{
    struct store_request update = fixture_update(FIRST, STR("calls.read"), LATER_S);
    struct store_request requests[] = {
        fixture_revoke(FIRST + 1, LATER_S),    revocations_plan(50, over_ceiling),
        fixture_revoke(10, LATER_S),           fixture_revoke(11, FIXTURE_NOW_S + 1),
        revocations_execute(51, over_ceiling), fixture_epoch(ENTRY_EPOCH_KEY, 2, LATER_S),
    };
    struct store_read feed = {.verb = STORE_FEED,
                              .in.feed = {.now_s = FIXTURE_NOW_S + 1, .limit = 4}};
    const struct sid partner = fixture_sid(2);
    struct arena arena;

    arena_init(&arena, NULL, 0, 1 << 20);
    fixture_start(f);
    cr_assert_eq(fixture_read_now(f, &feed, &arena), ERR_NONE);
    cr_assert_eq(feed.out.count, 0);
    cr_assert_eq(feed.out.number, 0);
    revocations_make_tokens(f, 2);
    cr_assert_eq(fixture_outcome(f, &update), STORE_OUTCOME_DONE);
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
        cr_assert_eq(fixture_outcome(f, &requests[i]), STORE_OUTCOME_DONE);
    cr_assert_eq(fixture_read_now(f, &feed, &arena), ERR_NONE);
    cr_assert_eq(feed.out.number, 7);
    cr_assert_eq(feed.out.count, 4);
    cr_assert(feed.out.more);
    const struct feed_row *rows = feed.out.feed;
    static const uint64_t numbers[] = {1, 2, 4, 6}; /* without the plan and what is over */
    for (size_t i = 0; i < 4; i++) {
        bool known = i < 2;
        cr_assert_eq(rows[i].entry.number, numbers[i]);
        cr_assert_eq(sid_eq(&rows[i].partner_sid, &partner), known, "row %zu", i);
        cr_assert(str_eq(rows[i].audiences, known ? STR("https://issuer.test") : STR_NONE));
    }
    cr_assert(str_eq(rows[0].entry.set.scopes, STR("calls.read")));
    cr_assert(rows[3].entry.selector.over_ceiling);
    feed.in.feed.after = 6;
    cr_assert_eq(fixture_read_now(f, &feed, &arena), ERR_NONE);
    cr_assert_eq(feed.out.count, 1);
    cr_assert(str_eq(entry_kid(&feed.out.feed[0].entry), STR("key-a")));
    cr_assert_not(feed.out.more);
    arena_reset(&arena);
}
