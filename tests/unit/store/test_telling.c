/* What a read waits for: the hooks, where it may show what they were not told of; never the disk
 * (P1, P2). */
#include <sqlite3.h>

#include "contract.h"
#include "disk.h"
#include "store/memory.h"

#define CONTRACT(name) CONTRACT_OF(memory_telling, sqlite_telling, name)
#define LATER_S        (FIXTURE_NOW_S + 900)

enum { LOOKED_MS = 50, PATIENCE_MS = 20000 };

/* ---- reads ---- */

static void note_done(struct store_read *read)
{
    read->done = NULL;
}

static bool is_done(void *context)
{
    return ((struct store_read *)context)->done == NULL;
}

static void submit(struct fixture *f, struct store_read *read, struct arena *arena)
{
    arena_init(arena, NULL, 0, LIMIT_ARENA);
    read->loop = loop_thread_loop(f->loop);
    read->done = note_done;
    read->arena = arena;
    store_read_submit(f->store, read);
}

static bool is_answered(struct fixture *f, struct store_read *read, int timeout_ms)
{
    return loop_thread_until(f->loop, is_done, read, timeout_ms);
}

/* Of token 10, answered now. The number of its revocation, 0: it has none. */
static uint64_t revoked_number(struct fixture *f)
{
    struct store_read read = {.verb = STORE_TOKEN_GET, .in.token_sid = fixture_sid(10)};
    struct arena arena;

    submit(f, &read, &arena);
    cr_assert(is_answered(f, &read, PATIENCE_MS));
    cr_assert_eq(read.result.code, ERR_NONE);
    cr_assert_eq(read.outcome, STORE_OUTCOME_DONE);
    uint64_t number = read.out.tokens->revoked_number;
    arena_reset(&arena);
    return number;
}

static void create_token(struct fixture *f)
{
    struct store_request create = fixture_token(10, LATER_S);

    fixture_start(f);
    cr_assert_eq(fixture_do(f, &create), ERR_NONE);
}

static void open_sqlite(struct fixture *f)
{
    log_set_level(LOG_ERROR + 1);
    fixture_init(f, FIXTURE_SQLITE);
    fixture_open(f);
}

/* ---- the cases ---- */

Test(telling, a_slow_disk_holds_no_read, .timeout = 60)
{
    struct fixture f;
    struct store_request revoke = fixture_revoke(10, LATER_S);

    open_sqlite(&f);
    create_token(&f);
    disk_hold();
    fixture_submit(&f, &revoke, 1);
    disk_await();
    for (unsigned i = 0; i < 3; i++)
        cr_assert_eq(revoked_number(&f), 0, "as it was before the commit");
    disk_release();
    fixture_await(&f, &revoke, 1);
    cr_assert_eq(revoked_number(&f), 1);
    fixture_done(&f);
}

/* The tables' changes are told as well. */
Test(telling, a_slow_disk_holds_no_read_beside_a_change, .timeout = 60)
{
    struct fixture f;
    struct store_request change = {.verb = STORE_PARTNER_UPDATE,
                                   .in.partner = fixture_partner(3, 2, STR_NONE)};

    open_sqlite(&f);
    fixture_seed(&f);
    create_token(&f);
    disk_hold();
    fixture_submit(&f, &change, 1);
    disk_await();
    cr_assert_eq(revoked_number(&f), 0);
    disk_release();
    fixture_await(&f, &change, 1);
    cr_assert_eq(change.outcome, STORE_OUTCOME_DONE);
    fixture_done(&f);
}

/* Numbers go on where they were, else what was told before the restart would be waited for. */
Test(telling, a_slow_disk_holds_no_read_after_a_restart, .timeout = 60)
{
    struct fixture f;
    struct store_request revoke = fixture_revoke(10, LATER_S);

    open_sqlite(&f);
    create_token(&f);
    for (unsigned n = 11; n < 14; n++) {
        struct store_request other = fixture_revoke(n, LATER_S);
        cr_assert_eq(fixture_do(&f, &other), ERR_NONE);
    }
    fixture_reopen(&f);
    fixture_start(&f);
    disk_hold();
    fixture_submit(&f, &revoke, 1);
    disk_await();
    cr_assert_eq(revoked_number(&f), 0);
    disk_release();
    fixture_await(&f, &revoke, 1);
    cr_assert_eq(revoked_number(&f), 4);
    fixture_done(&f);
}

/* P1, P2: whoever is shown what was committed asks introspection next. */
CONTRACT(what_is_visible_is_shown_when_it_was_told)
{
    struct store_request revoke = fixture_revoke(10, LATER_S);
    struct store_read read = {.verb = STORE_TOKEN_GET, .in.token_sid = fixture_sid(10)};
    struct arena arena;

    create_token(f);
    fixture_gate_close(f);
    fixture_submit(f, &revoke, 1);
    fixture_gate_await(f); /* committed, and the hook has not returned */
    submit(f, &read, &arena);
    cr_assert_not(is_answered(f, &read, LOOKED_MS));
    fixture_gate_open(f);
    cr_assert(is_answered(f, &read, PATIENCE_MS));
    cr_assert_eq(read.out.tokens->revoked_number, 1);
    fixture_await(f, &revoke, 1);
    arena_reset(&arena);
}

CONTRACT(what_is_changed_is_shown_when_it_was_told)
{
    struct store_request change = {.verb = STORE_PARTNER_UPDATE,
                                   .in.partner = fixture_partner(3, 2, STR_NONE)};
    struct store_read read = {.verb = STORE_TOKEN_GET, .in.token_sid = fixture_sid(10)};
    struct arena arena;

    fixture_seed(f);
    create_token(f);
    fixture_gate_close(f);
    fixture_submit(f, &change, 1);
    fixture_gate_await(f);
    submit(f, &read, &arena);
    cr_assert_not(is_answered(f, &read, LOOKED_MS));
    fixture_gate_open(f);
    cr_assert(is_answered(f, &read, PATIENCE_MS));
    fixture_await(f, &change, 1);
    arena_reset(&arena);
}

/* The number is given back with the rows. */
Test(telling, a_commit_that_failed_is_not_waited_for, .timeout = 60)
{
    struct fixture f;
    enum err code = ERR_FAULT_STORE;

    log_set_level(LOG_ERROR + 1);
    fixture_init(&f, FIXTURE_MEMORY);
    fixture_open(&f);
    create_token(&f);
    for (size_t n = 1; code != ERR_NONE; n++) {
        struct store_request revoke = fixture_revoke(10, LATER_S);
        store_memory_fail_after(f.store, n);
        code = fixture_do(&f, &revoke);
        store_memory_fail_after(f.store, 0);
        cr_assert_eq(revoked_number(&f), code == ERR_NONE);
        cr_assert_lt(n, 20);
    }
    for (unsigned n = 11; n < 14; n++) {
        struct store_request next = fixture_revoke(n, LATER_S);
        cr_assert_eq(fixture_do(&f, &next), ERR_NONE);
        cr_assert_eq(revoked_number(&f), 1);
    }
    fixture_done(&f);
}

/* Then it may be visible, and all of the commit is waited for. */
Test(telling, a_number_that_cannot_be_read_counts_as_visible, .timeout = 60)
{
    struct fixture f;
    struct store_request revoke = fixture_revoke(10, LATER_S);
    struct store_read read = {.verb = STORE_TOKEN_GET, .in.token_sid = fixture_sid(10)};
    struct arena arena;
    sqlite3 *db;

    open_sqlite(&f);
    create_token(&f);
    cr_assert_eq(sqlite3_open(f.path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, "DELETE FROM store", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    disk_hold();
    fixture_submit(&f, &revoke, 1);
    disk_await();
    submit(&f, &read, &arena);
    cr_assert_not(is_answered(&f, &read, LOOKED_MS));
    disk_release();
    cr_assert(is_answered(&f, &read, PATIENCE_MS));
    cr_assert_eq(read.result.code, ERR_NONE);
    fixture_await(&f, &revoke, 1);
    arena_reset(&arena);
    fixture_done(&f);
}
