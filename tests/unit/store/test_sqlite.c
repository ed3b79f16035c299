/* What is SQLite's alone: files, ownership, versions, damage, a full disk, a failed fsync. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/log.h"
#include "disk.h"
#include "fixture.h"
#include "store/sqlite_schema.h"

#define LATER_S (FIXTURE_NOW_S + 900)

/* ---- a disk that fails ---- */

static _Atomic bool disk_full;

static ssize_t full_pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    if (atomic_load(&disk_full)) {
        errno = ENOSPC;
        return -1;
    }
    return pwrite(fd, bytes, n, at);
}

/* SQLite's own way for tests to stand between it and the system; for fsync it has none. */
static void interpose(void)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    vfs->xSetSystemCall(vfs, "pwrite", (sqlite3_syscall_ptr)full_pwrite);
    vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)full_pwrite);
}

static void init(void)
{
    interpose();
    log_set_level(LOG_ERROR + 1);
}

TestSuite(sqlite_file, .init = init, .timeout = 60);

/* P4: a full disk is said to be one, nothing is half done, and it is over when there is room. */
Test(sqlite_file, a_full_disk_is_a_fault_until_there_is_room)
{
    struct fixture f;
    struct store_request requests[3] = {fixture_revoke(10, LATER_S), fixture_token(11, LATER_S),
                                        fixture_epoch(ENTRY_EPOCH_USER, 12, LATER_S)};
    struct store_request again[3] = {requests[0], requests[1], requests[2]};
    uint64_t numbers[4];

    fixture_init(&f, FIXTURE_SQLITE);
    fixture_open(&f);
    fixture_start(&f);
    atomic_store(&disk_full, true);
    fixture_submit(&f, requests, 3);
    fixture_await(&f, requests, 3);
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(requests[i].result.code, ERR_FAULT_STORE);
    cr_assert_not(store_is_healthy(f.store));
    cr_assert_eq(store_last_number(f.store), 0);
    cr_assert_eq(fixture_numbers(&f, numbers, 4), 0);

    atomic_store(&disk_full, false);
    fixture_submit(&f, again, 3);
    fixture_await(&f, again, 3);
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(again[i].result.code, ERR_NONE);
    cr_assert(store_is_healthy(f.store));
    cr_assert_eq(fixture_numbers(&f, numbers, 4), 2);
    fixture_done(&f);
}

/* P3: whether the data is on disk cannot be known any more; it is never tried again. */
Test(sqlite_file, a_failed_fsync_ends_the_process)
{
    struct fixture f;
    int status;

    fixture_init(&f, FIXTURE_SQLITE);
    pid_t child = fork();
    if (child == 0) {
        struct store_request request = fixture_revoke(10, LATER_S);
        signal(SIGABRT, SIG_DFL);
        fixture_open(&f);
        fixture_start(&f);
        disk_fail();
        fixture_do(&f, &request);
        _exit(0);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFSIGNALED(status));
    cr_assert_eq(WTERMSIG(status), SIGABRT);
    fixture_open(&f); /* the lock went with the process */
    cr_assert_leq(store_last_number(f.store), 1);
    fixture_done(&f);
}

/* P3: each commit waits for the disk, a batch of many once. */
Test(sqlite_file, a_commit_is_one_fsync)
{
    struct fixture f;
    struct store_request requests[100];

    fixture_init(&f, FIXTURE_SQLITE);
    fixture_open(&f);
    for (unsigned i = 0; i < 100; i++)
        requests[i] = fixture_token(100 + i, LATER_S);
    fixture_submit(&f, requests, 100);
    size_t before = disk_syncs();
    fixture_start(&f);
    fixture_await(&f, requests, 100);
    size_t taken = disk_syncs() - before;
    cr_assert_geq(taken, 1);
    cr_assert_leq(taken, 2, "the first after a start also makes the log's head durable");
    fixture_done(&f);
}

/* ---- what stays ---- */

Test(sqlite_file, a_restart_finds_everything)
{
    struct fixture f;
    struct store_request first = fixture_revoke(10, LATER_S);
    struct store_request second = fixture_revoke(11, LATER_S);
    uint64_t numbers[4];

    fixture_init(&f, FIXTURE_SQLITE);
    fixture_open(&f);
    struct sid feed_id = store_feed_id(f.store);
    fixture_start(&f);
    cr_assert_eq(fixture_do(&f, &first), ERR_NONE);
    fixture_reopen(&f);
    struct sid feed_id_again = store_feed_id(f.store);
    cr_assert(sid_eq(&feed_id, &feed_id_again));
    cr_assert_eq(store_last_number(f.store), 1);
    cr_assert_eq(store_last_wall_ms(f.store), FIXTURE_NOW_MS);
    fixture_start(&f);
    cr_assert_eq(fixture_do(&f, &second), ERR_NONE);
    cr_assert_eq(second.out.number, 2);
    cr_assert_eq(fixture_numbers(&f, numbers, 4), 2);
    fixture_done(&f);
}

/* The last number outlives the entry that had it. */
Test(sqlite_file, a_pruned_number_is_not_given_again)
{
    struct fixture f;
    struct store_request first = fixture_revoke(10, FIXTURE_NOW_S + 1);
    struct store_request second = fixture_revoke(11, FIXTURE_NOW_S + 100000);

    fixture_init(&f, FIXTURE_SQLITE);
    fixture_open(&f);
    fixture_start(&f);
    cr_assert_eq(fixture_do(&f, &first), ERR_NONE);
    fixture_pass(&f, 3600 * 1000);
    cr_assert_eq(metrics_sum(&f.metrics, METRIC_STORE_PRUNED), 1);
    fixture_reopen(&f);
    cr_assert_eq(store_last_number(f.store), 1);
    fixture_start(&f);
    cr_assert_eq(fixture_do(&f, &second), ERR_NONE);
    cr_assert_eq(second.out.number, 2);
    fixture_done(&f);
}

/* ---- files ---- */

static unsigned mode_of(const struct fixture *f, const char *suffix)
{
    char path[128];
    struct stat found;

    snprintf(path, sizeof(path), "%s%s", f->path, suffix);
    cr_assert_eq(stat(path, &found), 0, "%s", path);
    return found.st_mode & 0777;
}

Test(sqlite_file, nobody_else_may_read_it)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    struct fixture f;
    struct store_request request = fixture_revoke(10, LATER_S);

    umask(0);
    fixture_init(&f, FIXTURE_SQLITE);
    int fd = open(f.path, O_CREAT | O_RDWR, 0666); /* an empty file of a wider mode */
    close(fd);
    fixture_open(&f);
    fixture_start(&f);
    cr_assert_eq(fixture_do(&f, &request), ERR_NONE);
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(mode_of(&f, suffixes[i]), 0600, "%s", suffixes[i]);
    fixture_done(&f);
}

Test(sqlite_file, the_folder_is_made_but_not_its_parents)
{
    struct fixture f;
    char folder[48];
    struct stat found;

    fixture_init(&f, FIXTURE_SQLITE);
    snprintf(folder, sizeof(folder), "%s/var", f.folder);
    snprintf(f.url, sizeof(f.url), "sqlite:%s/none/x.db", folder);
    cr_assert_not(fixture_try_open(&f));
    cr_assert_not_null(strstr(f.error, "No such file or directory"), "%s", f.error);
    snprintf(f.path, sizeof(f.path), "%s/x.db", folder);
    snprintf(f.url, sizeof(f.url), "sqlite:%s", f.path);
    fixture_open(&f);
    cr_assert_eq(stat(folder, &found), 0);
    cr_assert_eq(found.st_mode & 0777, 0700);
    fixture_done(&f);
    rmdir(folder);
    rmdir(f.folder);
}

/* ---- ownership ---- */

/* Another process has it; by another name of the file, too. */
Test(sqlite_file, a_second_process_is_refused_with_the_pid_of_the_first)
{
    struct fixture f;
    char expected[160];
    char link[72];
    int held[2], ended[2], status;
    char byte;

    fixture_init(&f, FIXTURE_SQLITE);
    cr_assert_eq(pipe(held), 0);
    cr_assert_eq(pipe(ended), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ended[1]);
        fixture_open(&f);
        ssize_t told = write(held[1], "x", 1);
        told = read(ended[0], &byte, 1); /* until the test is done, or gone */
        _exit(told < 0);
    }
    cr_assert_eq(read(held[0], &byte, 1), 1);
    snprintf(expected, sizeof(expected), "store %s is in use by process %d", f.path, (int)child);
    cr_assert_not(fixture_try_open(&f));
    cr_assert_str_eq(f.error, expected);

    snprintf(link, sizeof(link), "%s.link", f.path);
    cr_assert_eq(symlink(f.path, link), 0);
    snprintf(f.url, sizeof(f.url), "sqlite:%s.link", f.path);
    cr_assert_not(fixture_try_open(&f));
    cr_assert_str_eq(f.error, expected);
    unlink(link);

    close(ended[1]);
    waitpid(child, &status, 0);
    snprintf(f.url, sizeof(f.url), "sqlite:%s", f.path);
    fixture_open(&f); /* it ended without closing: the lock is free all the same */
    fixture_done(&f);
}

Test(sqlite_file, a_second_opener_in_this_process_is_refused)
{
    struct fixture f;
    struct fixture g;

    fixture_init(&f, FIXTURE_SQLITE);
    fixture_open(&f);
    g = f;
    g.store = NULL;
    cr_assert_not(fixture_try_open(&g));
    cr_assert_not_null(strstr(g.error, "is in use by process"));
    fixture_done(&f);
}

/* ---- versions and damage ---- */

static void sql(const struct fixture *f, const char *text)
{
    sqlite3 *db;

    cr_assert_eq(sqlite3_open(f->path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

static void make_store(struct fixture *f)
{
    fixture_init(f, FIXTURE_SQLITE);
    fixture_open(f);
    store_close(&f->store);
    loop_thread_free(&f->loop);
}

static void assert_refused(struct fixture *f, const char *why)
{
    cr_assert_not(fixture_try_open(f));
    cr_assert_not_null(strstr(f->error, f->path), "%s", f->error);
    cr_assert_not_null(strstr(f->error, why), "%s", f->error);
    fixture_done(f);
}

Test(sqlite_file, a_store_of_a_newer_program_is_refused)
{
    struct fixture f;

    make_store(&f);
    sql(&f, "INSERT INTO schema_version VALUES (9999, 0)");
    assert_refused(&f, "it was written by a newer scopemint");
}

Test(sqlite_file, a_database_of_another_program_is_refused)
{
    struct fixture f;

    fixture_init(&f, FIXTURE_SQLITE);
    sql(&f, "CREATE TABLE notes (text TEXT)");
    assert_refused(&f, "another program");
}

Test(sqlite_file, a_file_that_is_no_database_is_refused)
{
    struct fixture f;

    fixture_init(&f, FIXTURE_SQLITE);
    int fd = open(f.path, O_CREAT | O_WRONLY, 0600);
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(write(fd, "garbage!", 8), 8);
    close(fd);
    assert_refused(&f, "not a database");
}

/* The schema's page overwritten past its head. */
Test(sqlite_file, a_damaged_store_is_refused)
{
    struct fixture f;
    char noise[3800];

    make_store(&f);
    memset(noise, 0xA5, sizeof(noise));
    int fd = open(f.path, O_WRONLY);
    cr_assert_eq(pwrite(fd, noise, sizeof(noise), 100), (ssize_t)sizeof(noise));
    close(fd);
    assert_refused(&f, "malformed");
}

/* What an earlier version has written is there after the migrations. */
Test(sqlite_file, a_store_of_the_first_version_is_brought_up)
{
    struct fixture f;
    struct store_entry entries[2];
    struct store_request update = fixture_update(10, STR("calls.read"), LATER_S);
    struct store_request next = fixture_revoke(12, LATER_S);
    size_t count = 0;

    fixture_init(&f, FIXTURE_SQLITE);
    sql(&f, "PRAGMA application_id = 0x534D494E;"
            "CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_ms INTEGER) STRICT;"
            "INSERT INTO schema_version VALUES (1, 0)");
    sql(&f, sqlite_migrations[0].sql);
    sql(&f, "INSERT INTO store VALUES (1, zeroblob(16), 7, 0);"
            "INSERT INTO entries VALUES (7, 'token', x'018b000000007000800000000000000b', '', "
            "9999999999, 5), (5, 'user', x'018b000000007000800000000000000c', '', 5000000000, 4);"
            "INSERT INTO tokens VALUES (x'018b000000007000800000000000000a', zeroblob(16), "
            "zeroblob(16), NULL, 'old', 'calls.read', '', 1, 9999999999, 9999999999, 1, 1)");
    fixture_open(&f);
    cr_assert_eq(store_last_number(f.store), 7);
    cr_assert(result_ok(store_read_entries(f.store, 0, 0, 2, NULL, entries, &count)));
    cr_assert_eq(count, 2);
    cr_assert_eq(entries[0].kind, ENTRY_EPOCH_USER);
    cr_assert_eq(entries[0].below, 5, "its own number: nothing else was known");
    cr_assert_eq(entries[0].before_s, 0);
    cr_assert_eq(entries[0].end_s, INT64_C(9999999999), "P2: as long as there are tokens");
    cr_assert_eq(entries[1].number, 7);
    cr_assert_eq(entries[1].kind, ENTRY_TOKEN_REVOKED);
    cr_assert_eq(entries[1].end_s, INT64_C(9999999999));
    cr_assert_eq(entries[1].at_ms, 5);
    fixture_start(&f);
    update.if_revision = 1;
    cr_assert_eq(fixture_outcome(&f, &update), STORE_OUTCOME_DONE);
    cr_assert_eq(update.out.number, 8);
    cr_assert_eq(fixture_do(&f, &next), ERR_NONE);
    cr_assert_eq(next.out.number, 9);
    fixture_done(&f);
}

/* P2: what was in force ends after all that it may be about; what was over, or never was, stays so.
 */
Test(sqlite_file, revocations_of_the_third_version_last_as_long_as_tokens)
{
    static const int64_t ends_s[] = {0, 50, 60, 9000, 9000, 9500};
    static const enum entry_kind kinds[] = {ENTRY_SELECTOR,      ENTRY_PLAN,
                                            ENTRY_TOKEN_REVOKED, ENTRY_SELECTOR,
                                            ENTRY_EPOCH_PARTNER, ENTRY_EPOCH_USER};
    struct fixture f;
    struct store_entry entries[6];
    struct arena arena;
    size_t count = 0;

    fixture_init(&f, FIXTURE_SQLITE);
    sql(&f, "PRAGMA application_id = 0x534D494E;"
            "CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_ms INTEGER) STRICT;"
            "INSERT INTO schema_version VALUES (3, 0)");
    for (size_t i = 0; i < 3; i++)
        sql(&f, sqlite_migrations[i].sql);
    sql(&f, "INSERT INTO store VALUES (1, zeroblob(16), 9, 0);"
            "INSERT INTO tokens (token_sid, client_id, partner_sid, name, scopes, audiences, "
            "created_ms, exp_s, exp_signed_s, generation, revision) VALUES "
            "(x'018b0000000070008000000000000010', x'', x'', '', '', "
            "'', 0, 100, 100, 1, 1), (x'018b0000000070008000000000000011', x'', x'', '', '', '', "
            "0, 200, 9000, 1, 1);");
    sql(&f, "INSERT INTO revocations SELECT column1, zeroblob(16), zeroblob(16), NULL, NULL, NULL, "
            "'', 'calls.read', 0, 0, 0, 'done', 1, 1, 0, 0, 0, 0, 70, NULL, 0 FROM (VALUES "
            "(x'018b000000007000800000000000000a'), (x'018b000000007000800000000000000d'))");
    sql(&f, "INSERT INTO entries VALUES "
            "(1, 'selector', x'018b000000007000800000000000000a', '', 0, 0, '', 0, 1, 0), "
            "(2, 'plan', x'018b000000007000800000000000000b', '', 50, 0, '', 0, 0, 0), "
            "(3, 'token', x'018b000000007000800000000000000c', '', 60, 0, '', 0, 0, 0), "
            "(4, 'selector', x'018b000000007000800000000000000d', '', 70, 0, '', 0, 4, 0), "
            "(5, 'partner', x'018b000000007000800000000000000e', '', 80, 0, '', 0, 5, 0), "
            "(6, 'user', x'018b000000007000800000000000000f', '', 9500, 0, '', 0, 6, 0)");
    fixture_open(&f);
    arena_init(&arena, NULL, 0, 1 << 16);
    cr_assert(result_ok(store_read_entries(f.store, 0, -1, 6, &arena, entries, &count)));
    cr_assert_eq(count, 6);
    for (size_t i = 0; i < 6; i++) {
        cr_assert_eq(entries[i].kind, kinds[i], "entry %zu", i);
        cr_assert_eq(entries[i].end_s, ends_s[i], "entry %zu", i);
    }
    arena_reset(&arena);
    fixture_done(&f);
}

static struct result see_partner(void *context, const struct partner_row *row)
{
    size_t *seen = context;
    cr_assert(str_eq(row->acls, STR("[]")) && str_eq(row->parent_assigned_acls, STR("[]")));
    (*seen)++;
    return RESULT_OK;
}

Test(sqlite_file, partners_of_the_fourth_version_have_no_lists)
{
    struct fixture f;
    size_t seen = 0;
    struct store_party_visitor visitor = {.partner = see_partner, .context = &seen};

    fixture_init(&f, FIXTURE_SQLITE);
    sql(&f, "PRAGMA application_id = 0x534D494E;"
            "CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_ms INTEGER) STRICT;"
            "INSERT INTO schema_version VALUES (4, 0)");
    for (size_t i = 0; i < 4; i++)
        sql(&f, sqlite_migrations[i].sql);
    sql(&f, "INSERT INTO store VALUES (1, zeroblob(16), 0, 0, 0);"
            "INSERT INTO partners VALUES (x'018b0000000070008000000000000002', NULL, 'root', NULL, "
            "'active', 1, '', 0, 0, 1)");
    fixture_open(&f);
    cr_assert(result_ok(store_read_party(f.store, &visitor)));
    cr_assert_eq(seen, 1);
    fixture_done(&f);
}

/* A row that no version of this program has written is a fault, not a crash. */
Test(sqlite_file, a_foreign_row_is_a_fault)
{
    struct fixture f;
    struct store_entry entry;
    size_t count;

    make_store(&f);
    sql(&f, "PRAGMA ignore_check_constraints = ON;"
            "INSERT INTO entries VALUES (1, 'nonsense', x'00', '', 9999999999, 0, '', 0, 0, 0)");
    fixture_open(&f);
    cr_assert_eq(store_read_entries(f.store, 0, 0, 1, NULL, &entry, &count).code, ERR_FAULT_STORE);
    fixture_done(&f);
}
