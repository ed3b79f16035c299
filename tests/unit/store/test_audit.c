/* The audit log: one chain, in the transactions of what it speaks of. */
#include "contract.h"
#include "store/audit.h"
#include "store/memory.h"

#define CONTRACT(name) CONTRACT_OF(memory_audit, sqlite_audit, name)
#define LATER_S        (FIXTURE_NOW_S + 900)

static struct store_request record(const char *text)
{
    return (struct store_request){.verb = STORE_AUDIT_APPEND, .audit = str_from(text)};
}

/* All but the last were written at the fixture's first moment. */
static struct store_audit_head head_at(const char *const *records, size_t n, int64_t last_ms)
{
    struct audit_row row = {.node = STR("node-a")};

    for (size_t i = 0; i < n; i++) {
        row.seq = i + 1;
        row.prev = row.digest;
        row.at_ms = i + 1 == n ? last_ms : FIXTURE_NOW_MS;
        row.record = str_from(records[i]);
        row.digest = store_audit_link(&row);
    }
    return (struct store_audit_head){.seq = row.seq, .digest = row.digest};
}

static struct store_audit_head head_of(const char *const *records, size_t n)
{
    return head_at(records, n, FIXTURE_NOW_MS);
}

static bool is_head(struct store *store, struct store_audit_head expected)
{
    struct store_audit_head head = store_audit_head(store);

    return head.seq == expected.seq &&
           memcmp(head.digest.bytes, expected.digest.bytes, DIGEST256) == 0;
}

CONTRACT(records_make_one_chain)
{
    static const char *const expected[] = {"one", "revoked", "two"};
    struct store_request requests[] = {record("one"), fixture_revoke(10, LATER_S), record("two")};

    cr_assert(is_head(f->store, head_of(expected, 0)));
    requests[1].audit = STR("revoked");
    fixture_submit(f, requests, 3);
    fixture_start(f);
    fixture_await(f, requests, 3);
    cr_assert(is_head(f->store, head_of(expected, 3)));
    if (f->backend == FIXTURE_SQLITE) {
        fixture_reopen(f);
        cr_assert(is_head(f->store, head_of(expected, 3)), "a restart goes on from there");
    }
}

CONTRACT(what_did_not_happen_is_not_recorded)
{
    static const char *const expected[] = {"created", "revoked"};
    struct store_request requests[] = {
        fixture_token(10, LATER_S),  fixture_revoke(10, LATER_S),
        fixture_revoke(10, LATER_S), fixture_update(12, STR_NONE, LATER_S),
        fixture_token(10, LATER_S),
    };
    struct store_request over = fixture_revoke(11, FIXTURE_NOW_S);

    requests[0].audit = STR("created");
    requests[1].audit = STR("revoked");
    for (size_t i = 2; i < 5; i++)
        requests[i].audit = STR("never");
    fixture_submit(f, requests, 5);
    fixture_start(f);
    fixture_await(f, requests, 5);
    cr_assert(is_head(f->store, head_of(expected, 2)));
    over.audit = STR("never");
    fixture_pass(f, 3600 * 1000); /* surely over */
    cr_assert_eq(fixture_do(f, &over), ERR_NONE);
    cr_assert(is_head(f->store, head_of(expected, 2)));
}

/* No change without its record: what cannot be recorded is undone, alone. */
CONTRACT(a_record_that_is_too_long_undoes_its_change)
{
    static char text[STORE_AUDIT_RECORD + 1];
    struct store_request requests[] = {fixture_revoke(10, LATER_S), fixture_revoke(11, LATER_S),
                                       fixture_revoke(12, LATER_S)};
    struct store_request longest = record("");
    uint64_t numbers[4];

    memset(text, 'x', sizeof(text));
    requests[1].audit = str_make(text, sizeof(text));
    longest.audit = str_make(text, STORE_AUDIT_RECORD);
    fixture_submit(f, requests, 3);
    fixture_start(f);
    fixture_await(f, requests, 3);
    cr_assert_eq(requests[0].out.number, 1);
    cr_assert_eq(requests[1].result.code, ERR_FAULT_INTERNAL);
    cr_assert_eq(requests[2].out.number, 2);
    cr_assert_eq(fixture_numbers(f, numbers, 4), 2);
    cr_assert_eq(fixture_recorded(f), 2);
    cr_assert_eq(store_audit_head(f->store).seq, 0);
    cr_assert_eq(fixture_do(f, &longest), ERR_NONE);
    cr_assert_eq(store_audit_head(f->store).seq, 1);
}

CONTRACT(pruning_leaves_the_head)
{
    static const char *const expected[] = {"one", "two"};
    struct store_request one = record("one");
    struct store_request two = record("two");

    store_close(&f->store);
    f->audit_kept_s = 3600;
    cr_assert(fixture_try_open(f));
    fixture_start(f);
    cr_assert_eq(fixture_do(f, &one), ERR_NONE);
    fixture_pass(f, 3600 * 1000 + 62 * 1000);
    cr_assert_eq(metrics_sum(&f->metrics, METRIC_STORE_PRUNED), 1);
    cr_assert(is_head(f->store, head_of(expected, 1)));
    if (f->backend == FIXTURE_SQLITE) {
        fixture_reopen(f);
        cr_assert(is_head(f->store, head_of(expected, 1)), "from the checkpoint");
        fixture_start(f);
    }
    cr_assert_eq(fixture_do(f, &two), ERR_NONE);
    cr_assert(is_head(f->store, head_at(expected, 2, clock_wall_ms(&f->clock.clock))));
}

/* Whichever call fails, once: the chain is as the answers say. */
Test(memory_audit, each_call_fails_in_turn, .timeout = 60)
{
    enum { N = 3 };

    log_set_level(LOG_ERROR + 1);
    for (size_t n = 1; n <= 8 * N; n++) {
        struct fixture f;
        struct store_request requests[N];
        uint64_t recorded = 0;
        fixture_init(&f, FIXTURE_MEMORY);
        fixture_open(&f);
        for (unsigned i = 0; i < N; i++) {
            requests[i] = fixture_revoke(10 + i, LATER_S);
            requests[i].audit = STR("revoked");
        }
        fixture_submit(&f, requests, N);
        store_memory_fail_after(f.store, n);
        fixture_start(&f);
        fixture_await(&f, requests, N);
        store_memory_fail_after(f.store, 0);
        for (unsigned i = 0; i < N; i++)
            recorded += result_ok(requests[i].result);
        cr_assert_eq(store_audit_head(f.store).seq, recorded, "call %zu", n);
        cr_assert_eq(store_last_number(f.store), recorded, "call %zu", n);
        fixture_done(&f);
    }
}

/* ---- verification ---- */

enum { ROWS = 4 };

static void make_chain(struct audit_row *rows)
{
    static const char *const records[ROWS] = {"a", "b", "c", "d"};
    struct digest256 prev = {{0}};

    for (size_t i = 0; i < ROWS; i++) {
        rows[i] = (struct audit_row){.seq = i + 1,
                                     .node = STR("node-a"),
                                     .at_ms = FIXTURE_NOW_MS,
                                     .prev = prev,
                                     .record = str_from(records[i])};
        prev = rows[i].digest = store_audit_link(&rows[i]);
    }
}

static size_t count_verified(const struct audit_row *rows, struct store_audit_head at)
{
    size_t count = 0;

    while (count < ROWS && store_audit_verify(&rows[count], &at))
        count++;
    cr_assert_eq(at.seq, rows[0].seq - 1 + count, "a row that fails moves nothing");
    return count;
}

Test(audit, a_changed_row_ends_the_verification)
{
    struct audit_row rows[ROWS];
    struct store_audit_head zero = {.seq = 0};

    make_chain(rows);
    cr_assert_eq(count_verified(rows, zero), ROWS);
    rows[2].record = STR("C");
    cr_assert_eq(count_verified(rows, zero), 2, "text");
    make_chain(rows);
    rows[1].digest.bytes[31] ^= 1;
    cr_assert_eq(count_verified(rows, zero), 1, "digest");
    make_chain(rows);
    rows[3].prev.bytes[0] ^= 1;
    cr_assert_eq(count_verified(rows, zero), 3, "link");
    make_chain(rows);
    rows[2].node = STR("node-b");
    cr_assert_eq(count_verified(rows, zero), 2, "node");
    make_chain(rows);
    rows[2].at_ms += 1;
    cr_assert_eq(count_verified(rows, zero), 2, "time");
    make_chain(rows);
    rows[2] = rows[3];
    cr_assert_eq(count_verified(rows, zero), 2, "one taken out");
    rows[2].seq = 3;
    rows[2].prev = rows[1].digest;
    cr_assert_eq(count_verified(rows, zero), 2, "and the rest moved up");
    make_chain(rows);
    struct audit_row second = rows[1];
    rows[1] = rows[2];
    rows[2] = second;
    cr_assert_eq(count_verified(rows, zero), 1, "reordered");
    make_chain(rows);
    rows[3] = rows[2];
    rows[2] = rows[1];
    cr_assert_eq(count_verified(rows, zero), 2, "one put in");
    make_chain(rows);
    rows[0].record = str_make("", STORE_AUDIT_RECORD + 1);
    cr_assert_eq(count_verified(rows, zero), 0, "longer than any");
}

Test(audit, a_range_is_verified_from_the_head_before_it)
{
    struct audit_row rows[ROWS];

    make_chain(rows);
    struct store_audit_head at = {.seq = 2, .digest = rows[1].digest};
    cr_assert(store_audit_verify(&rows[2], &at));
    cr_assert(store_audit_verify(&rows[3], &at));
    cr_assert_not(store_audit_verify(&rows[3], &at));
}
