/* Bringing a store to this program's schema, one migration and one transaction after the other. A
 * store of a newer program is refused, and so is a file that is not a store of ours. */
#include "store/sqlite_schema.h"

#include "store/sqlite.h"

static RESULT refuse(struct sqlite *s, struct buf *error)
{
    struct result result = sqlite_fault(s);

    buf_cstr(error, s->trouble);
    return result;
}

static RESULT execute(struct sqlite *s, const char *sql, struct buf *error)
{
    if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return refuse(s, error);
    return RESULT_OK;
}

/* The one number that a query gives. */
static RESULT ask(struct sqlite *s, const char *sql, int64_t *out, struct buf *error)
{
    sqlite3_stmt *st = NULL;
    struct result result = RESULT_OK;

    if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) == SQLITE_OK &&
        sqlite3_step(st) == SQLITE_ROW)
        *out = sqlite3_column_int64(st, 0);
    else
        result = refuse(s, error);
    sqlite3_finalize(st);
    return result;
}

/* 0 for a file that is new. */
static RESULT read_version(struct sqlite *s, int64_t *out_version, struct buf *error)
{
    int64_t application_id = 0;
    int64_t tables = 0;

    TRY(ask(s, "PRAGMA application_id", &application_id, error));
    TRY(ask(s, "SELECT count(*) FROM sqlite_schema", &tables, error));
    if (application_id == 0 && tables == 0) {
        *out_version = 0;
        return RESULT_OK;
    }
    if (application_id != STORE_APPLICATION_ID) {
        buf_cstr(error, "it is an SQLite file of another program");
        return FAULT(ERR_FAULT_STORE);
    }
    return ask(s, "SELECT max(version) FROM schema_version", out_version, error);
}

static RESULT note_version(struct sqlite *s, int version, int64_t now_ms, struct buf *error)
{
    sqlite3_stmt *st = NULL;

    if (sqlite3_prepare_v2(s->db,
                           "INSERT INTO schema_version (version, applied_ms) VALUES (?1, ?2)", -1,
                           &st, NULL) == SQLITE_OK) {
        sqlite3_bind_int(st, 1, version);
        sqlite3_bind_int64(st, 2, now_ms);
        sqlite3_step(st);
    }
    return sqlite3_finalize(st) == SQLITE_OK ? RESULT_OK : refuse(s, error);
}

static RESULT note_store(struct sqlite *s, const struct sid *feed_id, struct buf *error)
{
    sqlite3_stmt *st = NULL;

    if (sqlite3_prepare_v2(s->db,
                           "INSERT INTO store (only_row, feed_id, last_number, last_wall_ms) "
                           "VALUES (1, ?1, 0, 0)",
                           -1, &st, NULL) == SQLITE_OK) {
        sqlite_bind_sid(st, 1, feed_id);
        sqlite3_step(st);
    }
    return sqlite3_finalize(st) == SQLITE_OK ? RESULT_OK : refuse(s, error);
}

static RESULT apply(struct sqlite *s, const struct sqlite_migration *migration,
                    const struct store_backend_options *options, struct buf *error)
{
    if (migration->version == 1) {
        TRY(execute(s, "PRAGMA application_id = 0x534D494E", error));
        TRY(execute(s,
                    "CREATE TABLE schema_version (version INTEGER PRIMARY KEY, "
                    "applied_ms INTEGER NOT NULL) STRICT",
                    error));
    }
    TRY(execute(s, migration->sql, error));
    if (migration->version == 1)
        TRY(note_store(s, &options->new_feed_id, error));
    return note_version(s, migration->version, options->now_ms, error);
}

static RESULT apply_one(struct sqlite *s, const struct sqlite_migration *migration,
                        const struct store_backend_options *options, struct buf *error)
{
    TRY(execute(s, "BEGIN IMMEDIATE", error));
    struct result result = apply(s, migration, options, error);
    if (result_ok(result))
        result = execute(s, "COMMIT", error);
    if (!result_ok(result) && !sqlite3_get_autocommit(s->db))
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return result;
}

struct result sqlite_migrate(struct sqlite *s, const struct store_backend_options *options,
                             struct buf *error)
{
    int64_t version = 0;

    TRY(read_version(s, &version, error));
    if (version > (int64_t)sqlite_migration_count) {
        buf_cstr(error, "its schema has version ");
        buf_i64(error, version);
        buf_cstr(error, ", this program knows versions up to ");
        buf_u64(error, sqlite_migration_count);
        buf_cstr(error, ": it was written by a newer scopemint");
        return FAULT(ERR_FAULT_STORE);
    }
    for (size_t i = (size_t)version; i < sqlite_migration_count; i++)
        TRY(apply_one(s, &sqlite_migrations[i], options, error));
    return RESULT_OK;
}
