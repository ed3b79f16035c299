/* A look at a store from outside: beside its owner, after it, and at what is no store. */
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "fixture.h"
#include "store/peek.h"
#include "store/sqlite_schema.h"

static bool peek(const struct fixture *f, struct store_facts *out, char why[256])
{
    struct buf error;

    buf_init_fixed(&error, why, 255);
    bool seen = result_ok(store_peek(str_from(f->path), out, &error));
    why[error.len] = '\0';
    cr_assert_eq(seen, error.len == 0);
    return seen;
}

static void execute(const char *path, const char *sql)
{
    sqlite3 *db;

    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

Test(peek, sees_a_store_beside_its_owner_and_after_it)
{
    struct fixture f;
    struct store_facts facts;
    char why[256];

    fixture_init(&f, FIXTURE_SQLITE);
    fixture_open(&f);
    fixture_start(&f);
    cr_assert(peek(&f, &facts, why), "%s", why);
    cr_assert_eq(facts.version, (int64_t)sqlite_migration_count);
    cr_assert_eq(facts.known_version, facts.version);
    store_close(&f.store);
    cr_assert(peek(&f, &facts, why), "%s", why);
    cr_assert_eq(facts.last_wall_ms, FIXTURE_NOW_MS);
    fixture_done(&f);
}

Test(peek, tells_a_newer_store)
{
    struct fixture f;
    struct store_facts facts;
    char why[256];

    fixture_init(&f, FIXTURE_SQLITE);
    fixture_open(&f);
    store_close(&f.store);
    execute(f.path, "INSERT INTO schema_version VALUES (99, 0)");
    cr_assert(peek(&f, &facts, why), "%s", why);
    cr_assert_eq(facts.version, 99);
    fixture_done(&f);
}

Test(peek, refuses_what_is_no_store)
{
    struct fixture f;
    struct store_facts facts = {.version = 5};
    char why[256];

    fixture_init(&f, FIXTURE_SQLITE);
    cr_assert_not(peek(&f, &facts, why)); /* nothing there */
    execute(f.path, "CREATE TABLE other (a)");
    cr_assert_not(peek(&f, &facts, why));
    cr_assert_str_eq(why, "it is not a store of Scopemint");
    FILE *file = fopen(f.path, "w");
    fputs("no database at all, but long enough to look at: 0123456789012345678901234567890123456789"
          "01234567890123456789",
          file);
    fclose(file);
    cr_assert_not(peek(&f, &facts, why));
    cr_assert_eq(facts.version, 5);
    unlink(f.path);
    fixture_done(&f);
}
