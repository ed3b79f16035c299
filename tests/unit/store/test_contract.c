/* What every backend does, through the front. Each case runs against memory and against SQLite. */
#include <criterion/criterion.h>

#include "contract.h"

#define CONTRACT(name) CONTRACT_OF(memory, sqlite, name)
#define LATER_S        (FIXTURE_NOW_S + 900)

CONTRACT(a_new_store_is_empty)
{
    struct sid feed_id = store_feed_id(f->store);
    struct store_entry entry;
    size_t count = 7;

    cr_assert_not(sid_is_none(&feed_id));
    cr_assert_eq(store_last_number(f->store), 0);
    cr_assert_eq(store_last_wall_ms(f->store), 0);
    cr_assert(store_is_healthy(f->store));
    cr_assert(store_clock_is_trusted(f->store));
    cr_assert(result_ok(store_read_entries(f->store, 0, 0, 1, NULL, &entry, &count)));
    cr_assert_eq(count, 0);
}

/* ---- tokens ---- */

CONTRACT(a_token_that_exists_is_refused_and_the_store_stays_healthy)
{
    struct store_request first = fixture_token(10, LATER_S);
    struct store_request second = fixture_token(10, LATER_S);

    fixture_start(f);
    cr_assert_eq(fixture_do(f, &first), ERR_NONE);
    cr_assert_eq(fixture_do(f, &second), ERR_FAULT_STORE);
    cr_assert(store_is_healthy(f->store));
    cr_assert_eq(store_last_number(f->store), 0, "tokens are no part of the sequence");
}

CONTRACT(empty_texts_and_a_user_go_in)
{
    struct store_request request = fixture_token(10, LATER_S);

    request.in.token_create.name = STR_NONE;
    request.in.token_create.scopes = STR_NONE;
    request.in.token_create.audiences = STR("");
    request.in.token_create.user_sid = fixture_sid(3);
    fixture_start(f);
    cr_assert_eq(fixture_do(f, &request), ERR_NONE);
}

static bool has_token(struct fixture *f, unsigned n, struct str *out_name)
{
    struct store_read read = {.verb = STORE_TOKEN_GET, .in.token_sid = fixture_sid(n)};
    static char name[16];
    struct arena arena;

    arena_init(&arena, NULL, 0, 1 << 16);
    cr_assert_eq(fixture_read_now(f, &read, &arena), ERR_NONE);
    bool found = read.outcome == STORE_OUTCOME_DONE;
    if (found) {
        cr_assert_leq(read.out.tokens->name.len, sizeof(name));
        memcpy(name, read.out.tokens->name.ptr, read.out.tokens->name.len);
        *out_name = str_make(name, read.out.tokens->name.len);
    }
    arena_reset(&arena);
    return found;
}

/* Rows that stand together go in together: whichever of them cannot, the others do. */
CONTRACT(of_tokens_of_one_batch_each_has_its_own_answer)
{
    enum { N = 8, TWICE = 2, STALE = 5 };
    static const struct str names[N] = {STR_INIT("a"), STR_INIT("b"), STR_INIT("c"), STR_INIT("d"),
                                        STR_INIT(""),  STR_INIT("f"), STR_INIT("g"), STR_INIT("h")};
    struct store_request requests[N];
    struct str name = STR_NONE;

    for (unsigned i = 0; i < N; i++) {
        requests[i] = fixture_token(10 + i, LATER_S);
        requests[i].in.token_create.name = names[i];
        requests[i].audit = STR("{}");
    }
    requests[TWICE].in.token_create.token_sid = fixture_sid(10);
    requests[3] = fixture_revoke(10, LATER_S);
    requests[STALE].if_tables = 99;
    fixture_submit(f, requests, N);
    fixture_start(f);
    fixture_await(f, requests, N);
    for (unsigned i = 0; i < N; i++) {
        cr_assert_eq(result_ok(requests[i].result), i != TWICE, "%u", i);
        cr_assert_eq(requests[i].outcome,
                     i == TWICE   ? STORE_OUTCOME_EXISTS
                     : i == STALE ? STORE_OUTCOME_CONFLICT
                                  : STORE_OUTCOME_DONE,
                     "%u", i);
        cr_assert_eq(has_token(f, 10 + i, &name), i != TWICE && i != 3 && i != STALE, "%u", i);
        if (i != TWICE && i != 3 && i != STALE)
            cr_assert(str_eq(name, names[i]), "%u", i);
    }
    cr_assert_eq(requests[3].out.number, 1);
    cr_assert_eq(store_audit_head(f->store).seq, N - 3, "of the tokens that are there");
    cr_assert(store_is_healthy(f->store));
}

/* P2, 7009-2.2-c, F-16 */
CONTRACT(revoking_makes_one_entry_per_token)
{
    struct store_request first = fixture_revoke(10, LATER_S);
    struct store_request again = fixture_revoke(10, LATER_S + 5);
    struct store_request other = fixture_revoke(11, LATER_S);

    fixture_start(f);
    cr_assert_eq(fixture_do(f, &first), ERR_NONE, "a token without a row can be revoked");
    cr_assert_eq(first.out.number, 1);
    cr_assert_eq(fixture_do(f, &again), ERR_NONE);
    cr_assert_eq(again.out.number, 1, "the earlier entry's");
    cr_assert_eq(fixture_do(f, &other), ERR_NONE);
    cr_assert_eq(other.out.number, 2);
    cr_assert_eq(fixture_recorded(f), 2);
    cr_assert_eq(f->entries[0].kind, ENTRY_TOKEN_REVOKED);
    cr_assert(sid_eq(&f->entries[0].id, &first.in.token_revoke.token_sid));
    cr_assert_eq(f->entries[0].end_s, LATER_S);
    cr_assert_eq(f->entries[0].at_ms, FIXTURE_NOW_MS);
}

/* 7009-2.2-c: after the first hour, and a minute behind the clock (SPEC 6). */
CONTRACT(a_token_that_is_over_makes_no_entry)
{
    enum { HOUR_S = 3600 };
    static const struct {
        int64_t end_s;
        uint64_t number;
    } cases[] = {{FIXTURE_NOW_S, 0},
                 {FIXTURE_NOW_S + HOUR_S - 61, 0},
                 {FIXTURE_NOW_S + HOUR_S - 60, 0},
                 {FIXTURE_NOW_S + HOUR_S - 59, 1}};

    fixture_start(f);
    fixture_pass(f, HOUR_S * 1000);
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct store_request request = fixture_revoke(10 + i, cases[i].end_s);
        cr_assert_eq(fixture_do(f, &request), ERR_NONE);
        cr_assert_eq(request.out.number, cases[i].number);
    }
    cr_assert_eq(fixture_recorded(f), 1);
}

/* P2, F-16: a clock that is ahead by less than a day at the start looks like time that passed, so
 * in the first hour what looks over has one entry, which goes as soon as it is over for sure. */
CONTRACT(in_the_first_hour_a_token_that_seems_over_makes_one_entry)
{
    enum { HOUR_S = 3600 };
    uint64_t numbers[4];

    fixture_start(f);
    for (unsigned i = 0; i < 10; i++) {
        struct store_request revoke = fixture_revoke(10 + i % 2, FIXTURE_NOW_S - 1);
        cr_assert_eq(fixture_do(f, &revoke), ERR_NONE);
        cr_assert_eq(revoke.out.number, 1 + i % 2);
    }
    cr_assert_eq(fixture_recorded(f), 2);
    fixture_pass(f, HOUR_S * 1000 - 1000);
    cr_assert_eq(fixture_numbers(f, numbers, 4), 2);
    fixture_pass(f, 1000);
    cr_assert_eq(fixture_numbers(f, numbers, 4), 0);
    for (unsigned i = 0; i < 4; i++) {
        struct store_request revoke = fixture_revoke(10 + i, FIXTURE_NOW_S - 1);
        cr_assert_eq(fixture_do(f, &revoke), ERR_NONE);
        cr_assert_eq(revoke.out.number, 0);
    }
    cr_assert_eq(fixture_recorded(f), 2);
    cr_assert_eq(store_last_number(f->store), 2, "nothing at all is written any more");
}

CONTRACT(an_entry_lives_as_long_as_the_row_was_ever_signed_for)
{
    struct store_request create = fixture_token(10, LATER_S);
    struct store_request revoke = fixture_revoke(10, FIXTURE_NOW_S - 5);

    fixture_start(f);
    cr_assert_eq(fixture_do(f, &create), ERR_NONE);
    cr_assert_eq(fixture_do(f, &revoke), ERR_NONE);
    cr_assert_eq(revoke.out.number, 1);
    cr_assert_eq(f->entries[0].end_s, LATER_S);
}

/* While the clock is in doubt nothing counts as over (P2, SPEC 6). */
CONTRACT(in_doubt_a_token_that_seems_over_is_revoked)
{
    struct store_request revoke = fixture_revoke(10, LATER_S);

    fixture_start(f);
    fake_clock_leap(&f->clock, 2 * 3600 * 1000);
    cr_assert_eq(fixture_do(f, &revoke), ERR_NONE);
    cr_assert_eq(revoke.out.number, 1);
    cr_assert_not(store_clock_is_trusted(f->store));
}

/* ---- epochs ---- */

CONTRACT(each_kind_of_epoch_is_kept_and_read_back)
{
    struct store_entry read[8];
    size_t count;

    fixture_start(f);
    for (unsigned kind = ENTRY_EPOCH_APPLICATION; kind <= ENTRY_EPOCH_KEY; kind++) {
        struct store_request request = fixture_epoch((enum entry_kind)kind, 20, LATER_S);
        cr_assert_eq(fixture_do(f, &request), ERR_NONE);
        cr_assert_eq(request.out.number, kind - 1);
    }
    struct store_request request = fixture_read(0, 0, 8, read);
    cr_assert_eq(fixture_do(f, &request), ERR_NONE);
    count = request.out.count;
    cr_assert_eq(count, 5);
    for (unsigned i = 0; i < count; i++) {
        struct sid id = read[i].kind == ENTRY_EPOCH_KEY ? (struct sid){{0}} : fixture_sid(20);
        struct str kid = read[i].kind == ENTRY_EPOCH_KEY ? STR("key-a") : STR_NONE;
        cr_assert_eq(read[i].kind, ENTRY_EPOCH_APPLICATION + i);
        cr_assert_eq(read[i].number, i + 1);
        cr_assert(sid_eq(&read[i].id, &id));
        cr_assert(str_eq(entry_kid(&read[i]), kid));
        cr_assert_eq(read[i].end_s, LATER_S);
        cr_assert_eq(read[i].at_ms, FIXTURE_NOW_MS);
    }
}

CONTRACT(an_epoch_takes_the_place_of_the_one_before)
{
    struct store_request first = fixture_epoch(ENTRY_EPOCH_PARTNER, 20, LATER_S + 100);
    struct store_request tree = fixture_epoch(ENTRY_EPOCH_PARTNER_TREE, 20, LATER_S);
    struct store_request second = fixture_epoch(ENTRY_EPOCH_PARTNER, 20, LATER_S);
    uint64_t numbers[8];

    fixture_start(f);
    cr_assert_eq(fixture_do(f, &first), ERR_NONE);
    cr_assert_eq(fixture_do(f, &tree), ERR_NONE);
    cr_assert_eq(fixture_do(f, &second), ERR_NONE);
    cr_assert_eq(second.out.number, 3);
    cr_assert_eq(fixture_numbers(f, numbers, 8), 2);
    cr_assert_eq(numbers[0], 2);
    cr_assert_eq(numbers[1], 3);
    cr_assert_eq(f->entries[2].end_s, LATER_S + 100, "the later end stays");
}

CONTRACT(key_ids_differ_by_text_and_reach_their_limit)
{
    static char longest[LIMIT_KID];
    struct store_request a = fixture_epoch(ENTRY_EPOCH_KEY, 0, LATER_S);
    struct store_request b = fixture_epoch(ENTRY_EPOCH_KEY, 1, LATER_S);
    struct store_request c = a;
    struct store_entry read[4];
    struct store_request request = fixture_read(0, 0, 4, read);

    memset(longest, 'k', sizeof(longest));
    c.in.epoch_create.kid = str_make(longest, sizeof(longest));
    fixture_start(f);
    cr_assert_eq(fixture_do(f, &a), ERR_NONE);
    cr_assert_eq(fixture_do(f, &b), ERR_NONE);
    cr_assert_eq(fixture_do(f, &c), ERR_NONE);
    cr_assert_eq(fixture_do(f, &request), ERR_NONE);
    cr_assert_eq(request.out.count, 3);
    cr_assert(str_eq(entry_kid(&read[2]), c.in.epoch_create.kid));
}

/* ---- reading the sequence ---- */

CONTRACT(entries_are_read_by_range)
{
    struct store_entry read[16];
    static const struct {
        uint64_t after;
        int64_t now_s;
        size_t limit, count;
        uint64_t first;
    } cases[] = {
        {0, 0, 16, 10, 1},
        {3, 0, 16, 7, 4},
        {0, 0, 4, 4, 1},
        {10, 0, 16, 0, 0},
        {UINT32_MAX, 0, 16, 0, 0},
        {0, LATER_S + 4, 16, 6, 5}, /* end_s = LATER_S + number */
        {0, LATER_S + 10, 16, 0, 0},
        {0, LATER_S + 9, 16, 1, 10},
        {0, 0, 0, 0, 0},
    };

    fixture_start(f);
    for (unsigned i = 1; i <= 10; i++) {
        struct store_request revoke = fixture_revoke(100 + i, LATER_S + i);
        cr_assert_eq(fixture_do(f, &revoke), ERR_NONE);
    }
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct store_request request =
            fixture_read(cases[i].after, cases[i].now_s, cases[i].limit, read);
        cr_assert_eq(fixture_do(f, &request), ERR_NONE);
        cr_assert_eq(request.out.count, cases[i].count, "case %zu", i);
        for (size_t at = 0; at < request.out.count; at++)
            cr_assert_eq(read[at].number, cases[i].first + at, "case %zu", i);
    }
}
