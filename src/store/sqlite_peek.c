/* See peek.h. */
#include "store/peek.h"

#include "store/sqlite.h"
#include "store/sqlite_schema.h"

enum { PEEK_BUSY_MS = 1000 };

static bool ask(sqlite3 *db, const char *sql, int64_t *out)
{
    sqlite3_stmt *st = NULL;
    bool found =
        sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW;

    if (found)
        *out = sqlite3_column_int64(st, 0);
    return sqlite3_finalize(st) == SQLITE_OK && found;
}

struct result store_peek(struct str path, struct store_facts *out, struct buf *error)
{
    struct store_facts facts = {.known_version = (int64_t)sqlite_migration_count};
    sqlite3 *db = NULL;
    int64_t application_id = 0;
    bool read = sqlite3_open_v2(path.ptr, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK;

    sqlite3_busy_timeout(db, PEEK_BUSY_MS);
    read = read && ask(db, "PRAGMA application_id", &application_id);
    bool ours = application_id == STORE_APPLICATION_ID;
    read = read && ours && ask(db, "SELECT max(version) FROM schema_version", &facts.version) &&
           ask(db, "SELECT last_wall_ms FROM store", &facts.last_wall_ms);
    if (read)
        *out = facts;
    else
        buf_cstr(error, db == NULL ? "out of memory"
                        : sqlite3_errcode(db) == SQLITE_OK && !ours
                            ? "it is not a store of Scopemint"
                            : sqlite3_errmsg(db));
    sqlite3_close(db);
    return read ? RESULT_OK : FAULT(ERR_FAULT_STORE);
}
