/* Reads: what a page shows, in which order, and that it shows what was answered. */
#include "contract.h"
#include "lists.h"
#include "store/audit.h"
#include "support/loop_thread.h"

#define CONTRACT(name) CONTRACT_OF(memory_list, sqlite_list, name)
#define LATER_S        (FIXTURE_NOW_S + 900)

static struct arena arena;

static enum store_outcome read_now(struct fixture *f, struct store_read *read)
{
    arena_reset(&arena);
    arena_init(&arena, NULL, 0, 4 * 1024 * 1024);
    cr_assert_eq(fixture_read_now(f, read, &arena), ERR_NONE);
    return read->outcome;
}

CONTRACT(a_token_is_got_whole)
{
    struct store_request create = fixture_token(10, LATER_S);
    struct store_request revoke = fixture_revoke(10, LATER_S);
    struct store_touch touched = {fixture_sid(10), FIXTURE_NOW_MS + 3, STR("192.0.2.1")};
    struct store_request touch = {.verb = STORE_TOKENS_TOUCH, .in.touch = {&touched, 1}};
    struct store_read read = {.verb = STORE_TOKEN_GET, .in.token_sid = fixture_sid(10)};
    struct store_read unknown = {.verb = STORE_TOKEN_GET, .in.token_sid = fixture_sid(11)};
    const struct token_row *expected = &create.in.token_create;

    fixture_start(f);
    create.in.token_create.user_sid = fixture_sid(5);
    cr_assert_eq(fixture_do(f, &create), ERR_NONE);
    cr_assert_eq(fixture_do(f, &touch), ERR_NONE);
    cr_assert_eq(read_now(f, &read), STORE_OUTCOME_DONE);
    const struct token_row *row = read.out.tokens;
    cr_assert(sid_eq(&row->token_sid, &expected->token_sid));
    cr_assert(sid_eq(&row->client_id, &expected->client_id));
    cr_assert(sid_eq(&row->partner_sid, &expected->partner_sid));
    cr_assert(sid_eq(&row->user_sid, &expected->user_sid));
    cr_assert(str_eq(row->name, expected->name));
    cr_assert(str_eq(row->scopes, expected->scopes));
    cr_assert(str_eq(row->audiences, expected->audiences));
    cr_assert_eq(row->created_ms, expected->created_ms);
    cr_assert_eq(row->exp_s, LATER_S);
    cr_assert_eq(row->exp_signed_s, LATER_S);
    cr_assert_eq(row->generation, 1);
    cr_assert_eq(row->newest.exp_s, LATER_S);
    cr_assert_eq(row->newest.epoch, (uint64_t)7);
    cr_assert(str_eq(row->newest.kid, STR("key-a")));
    cr_assert_eq(row->revision, 1);
    cr_assert_eq(row->last_accessed_ms, FIXTURE_NOW_MS + 3);
    cr_assert(str_eq(row->last_accessed_ip, STR("192.0.2.1")));
    cr_assert_eq(row->revoked_number, 0);
    cr_assert_eq(fixture_do(f, &revoke), ERR_NONE);
    cr_assert_eq(read_now(f, &read), STORE_OUTCOME_DONE);
    cr_assert_eq(read.out.tokens->revoked_number, 1);
    cr_assert_eq(read.out.tokens->revoked_ms, FIXTURE_NOW_MS);
    cr_assert_eq(read_now(f, &unknown), STORE_OUTCOME_ABSENT);
    arena_reset(&arena);
}

CONTRACT(secrets_of_an_application_are_listed)
{
    struct store_touch touched = {fixture_sid(30), FIXTURE_NOW_MS + 7, STR_NONE};
    struct store_request touch = {.verb = STORE_SECRETS_TOUCH, .in.touch = {&touched, 1}};
    struct store_request create = {
        .verb = STORE_SECRET_CREATE,
        .in.secret_create = {fixture_secret(31, 20), FIXTURE_NOW_MS + 60000}};
    struct store_read read = {.verb = STORE_SECRET_LIST, .in.client_id = fixture_sid(20)};
    struct store_read nobody = {.verb = STORE_SECRET_LIST, .in.client_id = fixture_sid(21)};

    fixture_seed(f);
    fixture_start(f);
    cr_assert_eq(fixture_do(f, &touch), ERR_NONE);
    cr_assert_eq(fixture_do(f, &create), ERR_NONE);
    cr_assert_eq(read_now(f, &read), STORE_OUTCOME_DONE);
    cr_assert_eq(read.out.count, 2);
    const struct secret_row *rows = read.out.secrets;
    cr_assert(sid_eq(&rows[0].secret_id, &touched.id));
    cr_assert(sid_eq(&rows[0].client_id, &read.in.client_id));
    cr_assert_eq(rows[0].last_used_ms, FIXTURE_NOW_MS + 7);
    cr_assert_eq(rows[0].expires_ms, FIXTURE_NOW_MS + 60000);
    cr_assert(sid_eq(&rows[1].secret_id, &create.in.secret_create.row.secret_id));
    cr_assert_eq(rows[1].created_ms, create.in.secret_create.row.created_ms);
    cr_assert_eq(rows[1].expires_ms, 0);
    cr_assert_eq(read_now(f, &nobody), STORE_OUTCOME_DONE);
    cr_assert_eq(nobody.out.count, 0);
    arena_reset(&arena);
}

/* In pages of every size, each of which begins where the one before ended. */
CONTRACT(tokens_of_several_partners_are_scanned_once)
{
    const struct sid partners[] = {fixture_sid(2), fixture_sid(40), fixture_sid(3)};
    enum { PARTNERS = sizeof(partners) / sizeof(partners[0]) };

    lists_fill(f);
    for (size_t limit = 1; limit < LISTS_TOKENS + 2; limit += 7) {
        struct sid last = {{0}};
        size_t first = 0, count = 0, of_third = 0;
        while (first < PARTNERS) {
            struct store_read read = {
                .verb = STORE_TOKEN_SCAN,
                .in.token_scan = {&partners[first], PARTNERS - first, last, limit}};
            cr_assert_eq(read_now(f, &read), STORE_OUTCOME_DONE);
            cr_assert(read.out.count == limit || read.out.scanned == PARTNERS - first);
            first += read.out.scanned;
            for (size_t i = 0; i < read.out.count; i++, count++) {
                const struct token_row *row = &read.out.tokens[i];
                bool is_third = sid_eq(&row->partner_sid, &partners[2]);
                cr_assert(is_third || (sid_eq(&row->partner_sid, &partners[0]) && of_third == 0));
                cr_assert(memcmp(row->token_sid.bytes, last.bytes, sizeof(last.bytes)) > 0 ||
                          (is_third && of_third == 0));
                of_third += is_third;
                last = row->token_sid;
            }
            if (read.out.count < limit)
                last = (struct sid){{0}};
        }
        cr_assert_eq(count, LISTS_TOKENS);
    }
    arena_reset(&arena);
}

/* P3: what was answered is seen, each time. */
CONTRACT(a_read_sees_what_was_answered)
{
    fixture_start(f);
    for (unsigned n = 100; n < 180; n++) {
        struct store_request create = fixture_token(n, LATER_S);
        struct store_read read = lists_read(STORE_TOKEN_LIST, 2, STORE_TOKEN_SID);
        cr_assert_eq(fixture_do(f, &create), ERR_NONE);
        cr_assert_eq(read_now(f, &read), STORE_OUTCOME_DONE);
        cr_assert_eq(read.out.count, n - 99);
    }
    arena_reset(&arena);
}

CONTRACT(pages_by_key_go_through_all_rows_once)
{
    unsigned forth[LISTS_TOKENS + 7], back[LISTS_TOKENS + 7];
    size_t count = 0;
    size_t from = LISTS_TOKENS;
    struct store_read read = lists_read(STORE_TOKEN_LIST, 2, STORE_TOKEN_SID);

    lists_fill(f);
    read.in.list.limit = 7;
    do {
        cr_assert_eq(read_now(f, &read), STORE_OUTCOME_DONE);
        count += lists_ids(&read, forth + count);
        read.in.list.after = fixture_sid(forth[count - 1]);
    } while (read.out.more);
    cr_assert_eq(count, 45);
    read.in.list.after = (struct sid){{0}};
    read.in.list.before = fixture_sid(255);
    do {
        cr_assert_eq(read_now(f, &read), STORE_OUTCOME_DONE);
        from -= read.out.count;
        lists_ids(&read, back + from);
        read.in.list.before = fixture_sid(back[from]);
    } while (read.out.more);
    cr_assert_eq(LISTS_TOKENS - from, 45);
    for (size_t i = 0; i < 45; i++) {
        cr_assert_neq(forth[i] % 4, 0, "partner 3's");
        cr_assert_eq(forth[i], back[from + i]);
        cr_assert(i == 0 || forth[i] > forth[i - 1]);
    }
    arena_reset(&arena);
}

CONTRACT(an_offset_beyond_the_end_is_an_empty_page)
{
    static const struct {
        size_t offset, limit, count;
        bool more;
    } cases[] = {{0, 45, 45, false}, {0, 44, 44, true},       {44, 1, 1, false},
                 {45, 1, 0, false},  {SIZE_MAX, 1, 0, false}, {1, 1000, 44, false}};

    lists_fill(f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct store_read read = lists_read(STORE_TOKEN_LIST, 2, STORE_TOKEN_NAME);
        read.in.list.offset = cases[i].offset;
        read.in.list.limit = cases[i].limit;
        cr_assert_eq(read_now(f, &read), STORE_OUTCOME_DONE);
        cr_assert_eq(read.out.count, cases[i].count, "case %zu", i);
        cr_assert_eq(read.out.more, cases[i].more, "case %zu", i);
    }
    arena_reset(&arena);
}

/* What a caller writes is a value, whatever it looks like. */
CONTRACT(a_filter_is_never_more_than_a_value)
{
    static const struct {
        enum store_operator operator;
        struct str text;
        size_t count;
    } cases[] = {
        {STORE_IS_EQ, STR_INIT("x' OR '1'='1"), 10},
        {STORE_IS_EQ, STR_INIT("' OR 1=1 --"), 0},
        {STORE_IS_EQ, STR_INIT("\"; DROP TABLE tokens; --"), 0},
        {STORE_IS_EQ, STR_INIT("?1"), 0},
        {STORE_IS_EQ, STR_INIT("name"), 0},
        {STORE_IS_EQ, STR_INIT("alpha\0"), 0},
        {STORE_IS_LIKE, STR_INIT("%' OR '%"), 10},
        {STORE_IS_LIKE, STR_INIT("x' UNION SELECT%"), 0},
        {STORE_IS_LIKE, STR_INIT("b\\%t_"), 5},
    };

    lists_fill(f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct store_filter filter = {
            .column = STORE_TOKEN_NAME, .operator= cases[i].operator, .text = cases[i].text };
        struct store_read read = lists_read(STORE_TOKEN_LIST, 2, STORE_TOKEN_SID);
        read.in.list.filters = &filter;
        read.in.list.filter_count = 1;
        cr_assert_eq(read_now(f, &read), STORE_OUTCOME_DONE);
        for (size_t at = 0; at < read.out.count; at++)
            cr_assert(cases[i].operator== STORE_IS_EQ
                          ? str_eq(read.out.tokens[at].name, cases[i].text)
                          : store_text_is_like(cases[i].text, read.out.tokens[at].name));
        cr_assert_eq(read.out.count > 0, cases[i].count > 0, "case %zu: %zu", i, read.out.count);
    }
    arena_reset(&arena);
}

CONTRACT(partners_and_applications_of_a_subtree)
{
    struct store_read own = lists_read(STORE_PARTNER_LIST, 3, STORE_PARTNER_SID);
    struct store_read below = own;
    struct store_read named = lists_read(STORE_APPLICATION_LIST, 3, STORE_APPLICATION_NAME);
    struct store_filter even = {
        .column = STORE_APPLICATION_NAME, .operator= STORE_IS_EQ, .text = STR("even")};

    lists_fill(f);
    cr_assert_eq(read_now(f, &own), STORE_OUTCOME_DONE);
    cr_assert_eq(own.out.count, 1);
    below.in.list.descendants = below.in.list.want_total = true;
    below.in.list.limit = 5;
    below.in.list.after = fixture_sid(3);
    cr_assert_eq(read_now(f, &below), STORE_OUTCOME_DONE);
    cr_assert_eq(below.out.count, 5);
    cr_assert(below.out.more);
    cr_assert_eq(below.out.total, 12, "it, ten children, one of theirs");
    cr_assert(str_eq(below.out.partners[0].login, STR("a")));
    named.in.list.descendants = named.in.list.want_total = true;
    named.in.list.filters = &even;
    named.in.list.filter_count = 1;
    cr_assert_eq(read_now(f, &named), STORE_OUTCOME_DONE);
    cr_assert_eq(named.out.count, 6);
    cr_assert_eq(named.out.total, 6);
    cr_assert(str_eq(named.out.applications[0].jwks, STR("{\"keys\":[]}")));
    arena_reset(&arena);
}

/* The root's list takes another way than a subtree's, to the same rows. */
CONTRACT(everything_is_below_the_root)
{
    struct store_read all = lists_read(STORE_PARTNER_LIST, 2, STORE_PARTNER_SID);
    struct store_read named = lists_read(STORE_APPLICATION_LIST, 2, STORE_APPLICATION_NAME);
    struct store_filter odd = {
        .column = STORE_APPLICATION_NAME, .operator= STORE_IS_EQ, .text = STR("odd")};

    lists_fill(f);
    all.in.list.descendants = all.in.list.want_total = true;
    all.in.list.after = fixture_sid(2);
    cr_assert_eq(read_now(f, &all), STORE_OUTCOME_DONE);
    cr_assert_eq(all.out.count, 12);
    cr_assert_eq(all.out.total, 13);
    cr_assert(str_eq(all.out.partners[0].login, STR("below")));
    named.in.list.descendants = named.in.list.want_total = true;
    named.in.list.filters = &odd;
    named.in.list.filter_count = 1;
    named.in.list.limit = 2;
    cr_assert_eq(read_now(f, &named), STORE_OUTCOME_DONE);
    cr_assert_eq(named.out.count, 2);
    cr_assert_eq(named.out.total, 5);
    arena_reset(&arena);
}

/* ---- the audit log ---- */

CONTRACT(the_log_is_read_both_ways_and_verifies)
{
    struct store_request requests[12];
    struct store_audit_head at = {.seq = 0};
    struct store_read up = {.verb = STORE_AUDIT_LIST, .in.audit_list = {.limit = 5}};
    struct store_read down = {.verb = STORE_AUDIT_LIST,
                              .in.audit_list = {.limit = 5, .descending = true}};

    for (unsigned i = 0; i < 12; i++)
        requests[i] = (struct store_request){.verb = STORE_AUDIT_APPEND, .audit = STR("{}")};
    fixture_submit(f, requests, 12);
    fixture_start(f);
    fixture_await(f, requests, 12);
    do {
        cr_assert_eq(read_now(f, &up), STORE_OUTCOME_DONE);
        for (size_t i = 0; i < up.out.count; i++)
            cr_assert(store_audit_verify(&up.out.audit[i], &at));
        up.in.audit_list.after = at.seq;
    } while (up.out.more);
    struct store_audit_head head = store_audit_head(f->store);
    cr_assert_eq(at.seq, 12);
    cr_assert_eq(memcmp(at.digest.bytes, head.digest.bytes, DIGEST256), 0);
    cr_assert_eq(up.out.checkpoint.seq, 0);
    cr_assert_eq(read_now(f, &down), STORE_OUTCOME_DONE);
    cr_assert_eq(down.out.audit[0].seq, 12);
    cr_assert(str_eq(down.out.audit[0].node, STR("node-a")));
    down.in.audit_list.after = 3;
    cr_assert_eq(read_now(f, &down), STORE_OUTCOME_DONE);
    cr_assert_eq(down.out.count, 2);
    cr_assert_eq(down.out.audit[1].seq, 1);
    cr_assert_not(down.out.more);
    arena_reset(&arena);
}

CONTRACT(what_is_left_of_the_log_verifies_from_the_checkpoint)
{
    struct store_request old = {.verb = STORE_AUDIT_APPEND, .audit = STR("old")};
    struct store_request again = old;
    struct store_request young = {.verb = STORE_AUDIT_APPEND, .audit = STR("young")};
    struct store_read read = {.verb = STORE_AUDIT_LIST, .in.audit_list = {.limit = 5}};

    store_close(&f->store);
    f->audit_kept_s = 3600;
    cr_assert(fixture_try_open(f));
    fixture_start(f);
    cr_assert_eq(fixture_do(f, &old), ERR_NONE);
    cr_assert_eq(fixture_do(f, &again), ERR_NONE);
    fixture_pass(f, 3000 * 1000);
    cr_assert_eq(fixture_do(f, &young), ERR_NONE);
    fixture_pass(f, 700 * 1000);
    cr_assert_eq(read_now(f, &read), STORE_OUTCOME_DONE);
    cr_assert_eq(read.out.count, 1);
    cr_assert_eq(read.out.checkpoint.seq, 2);
    cr_assert(store_audit_verify(&read.out.audit[0], &read.out.checkpoint));
    arena_reset(&arena);
}

/* ---- faults and the end ---- */

CONTRACT(an_arena_that_is_full_is_a_fault)
{
    struct store_read read = lists_read(STORE_TOKEN_LIST, 2, STORE_TOKEN_SID);
    struct arena small;

    lists_fill(f);
    for (size_t cap = 0; cap < 10000; cap += 1000) {
        arena_init(&small, NULL, 0, cap);
        cr_assert_eq(fixture_read_now(f, &read, &small), ERR_FAULT_MEMORY);
        arena_reset(&small);
    }
    cr_assert_eq(read_now(f, &read), STORE_OUTCOME_DONE, "the next is served");
    arena_reset(&arena);
}

static void note_done(struct store_read *read)
{
    read->done = NULL;
}

static bool is_done(void *context)
{
    return ((struct store_read *)context)->done == NULL;
}

CONTRACT(a_store_that_never_started_answers_reads_with_a_fault)
{
    struct store_read read = lists_read(STORE_TOKEN_LIST, 2, STORE_TOKEN_SID);

    read.loop = loop_thread_loop(f->loop);
    read.done = note_done;
    read.arena = &arena;
    store_read_submit(f->store, &read);
    store_close(&f->store);
    cr_assert(loop_thread_until(f->loop, is_done, &read, 20000));
    cr_assert_eq(read.result.code, ERR_FAULT_STORE);
}

/* A token is in one of the three, and stays revoked when its end comes. */
CONTRACT(tokens_are_listed_by_status)
{
    static const struct {
        enum store_token_status status;
        int64_t now_s;
        const char *listed; /* the last byte of their SIDs */
    } rows[] = {
        {STORE_TOKENS_ALL, FIXTURE_NOW_S, "\x0a\x0b\x0c"},
        {STORE_TOKENS_LIVE, FIXTURE_NOW_S, "\x0a\x0b"},
        {STORE_TOKENS_REVOKED, FIXTURE_NOW_S, "\x0c"},
        {STORE_TOKENS_EXPIRED, FIXTURE_NOW_S, ""},
        {STORE_TOKENS_LIVE, LATER_S - 1, "\x0a\x0b"},
        {STORE_TOKENS_LIVE, LATER_S, "\x0b"},
        {STORE_TOKENS_EXPIRED, LATER_S, "\x0a"},
        {STORE_TOKENS_REVOKED, LATER_S + 99, "\x0c"},
        {STORE_TOKENS_EXPIRED, LATER_S + 99, "\x0a\x0b"},
    };
    struct store_request revoke = fixture_revoke(12, LATER_S);

    fixture_start(f);
    for (unsigned n = 10; n <= 12; n++) {
        struct store_request create = fixture_token(n, n == 11 ? LATER_S + 1 : LATER_S);
        cr_assert_eq(fixture_do(f, &create), ERR_NONE);
    }
    cr_assert_eq(fixture_do(f, &revoke), ERR_NONE);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct store_read read = {.verb = STORE_TOKEN_LIST,
                                  .in.list = {.partner_sid = fixture_sid(2),
                                              .order = STORE_TOKEN_SID,
                                              .limit = STORE_PAGE,
                                              .status = rows[i].status,
                                              .now_s = rows[i].now_s}};
        arena_init(&arena, NULL, 0, 65536);
        cr_assert_eq(read_now(f, &read), STORE_OUTCOME_DONE);
        cr_assert_eq(read.out.count, strlen(rows[i].listed), "row %zu", i);
        for (size_t n = 0; n < read.out.count; n++)
            cr_assert_eq(read.out.tokens[n].token_sid.bytes[15], rows[i].listed[n], "row %zu", i);
        arena_reset(&arena);
    }
}
