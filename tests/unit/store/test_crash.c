/* P3: what was acknowledged is there after kill -9, at whatever moment that comes. A child issues
 * and revokes as fast as it can and tells each answer through a pipe; the parent kills it, opens
 * the store, and looks for every one. */
#include <criterion/criterion.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/log.h"
#include "fixture.h"

enum { ROUNDS = 6, AT_ONCE = 24 };

#define LATER_S (FIXTURE_NOW_S + 900)

struct told {
    unsigned id;
    int64_t number; /* of the revocation; 0: a token was created */
};

static void work(struct fixture *f, unsigned first, int pipe_fd)
{
    struct store_request requests[AT_ONCE];

    fixture_open(f);
    fixture_start(f);
    for (unsigned id = first;; id += AT_ONCE) {
        struct told told[AT_ONCE];
        for (unsigned i = 0; i < AT_ONCE; i++)
            requests[i] =
                i % 2 == 0 ? fixture_token(id + i, LATER_S) : fixture_revoke(id + i, LATER_S);
        fixture_submit(f, requests, AT_ONCE);
        fixture_await(f, requests, AT_ONCE);
        for (unsigned i = 0; i < AT_ONCE; i++)
            told[i] = (struct told){id + i, i % 2 == 0 ? 0 : (int64_t)requests[i].out.number};
        if (write(pipe_fd, told, sizeof(told)) != (ssize_t)sizeof(told))
            _exit(0);
    }
}

static int64_t ask(sqlite3 *db, const char *sql, const struct sid *sid)
{
    sqlite3_stmt *st;

    cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
    sqlite3_bind_blob(st, 1, sid->bytes, 16, SQLITE_STATIC);
    int64_t value = sqlite3_step(st) == SQLITE_ROW ? sqlite3_column_int64(st, 0) : -1;
    sqlite3_finalize(st);
    return value;
}

static unsigned check(struct fixture *f, int pipe_fd)
{
    struct told told;
    sqlite3 *db;
    unsigned last = 0;

    fixture_open(f); /* which recovers the log */
    cr_assert_eq(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    while (read(pipe_fd, &told, sizeof(told)) == (ssize_t)sizeof(told)) {
        struct sid sid = fixture_sid(told.id);
        if (told.number == 0)
            cr_assert_eq(ask(db, "SELECT generation FROM tokens WHERE token_sid = ?1", &sid), 1);
        else
            cr_assert_eq(ask(db, "SELECT number FROM entries WHERE id = ?1", &sid), told.number);
        last = told.id;
    }
    struct sid none = {{0}};
    cr_assert_eq(ask(db,
                     "SELECT max(number) = count(*) AND max(number) = "
                     "(SELECT last_number FROM store) FROM entries",
                     &none),
                 1, "no hole");
    sqlite3_close(db);
    store_close(&f->store);
    loop_thread_free(&f->loop);
    return last;
}

Test(crash, acknowledged_is_durable, .timeout = 120)
{
    struct fixture f;
    unsigned first = 1;

    log_set_level(LOG_ERROR);
    fixture_init(&f, FIXTURE_SQLITE);
    for (int round = 0; round < ROUNDS; round++) {
        int ends[2];
        int status;
        struct told told[AT_ONCE];
        cr_assert_eq(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0)
            work(&f, first, ends[1]);
        close(ends[1]);
        for (int i = 0; i < 1 + 3 * round; i++) /* so far it got at least */
            cr_assert_eq(read(ends[0], told, sizeof(told)), (ssize_t)sizeof(told));
        kill(child, SIGKILL);
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_assert(WIFSIGNALED(status));
        unsigned last = check(&f, ends[0]);
        first = (last > told[AT_ONCE - 1].id ? last : told[AT_ONCE - 1].id) + 10 * AT_ONCE;
        close(ends[0]);
    }
    fixture_open(&f);
    fixture_done(&f);
}
