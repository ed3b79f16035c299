/* Opening and closing a store in SQLite: the lock, the file, the settings that durability rests on,
 * the schema. */
#include "store/sqlite.h"

#include <stdlib.h>
#include <string.h>

enum { BUSY_MS = 2000 };

static int note_wal(void *context, sqlite3 *db, const char *name, int pages)
{
    struct sqlite *s = context;

    (void)db;
    (void)name;
    if (pages < s->wal_pages) /* the log began anew */
        s->checkpoint_at = SQLITE_CHECKPOINT_PAGES;
    s->wal_pages = pages;
    return SQLITE_OK;
}

/* Sets a pragma, and holds SQLite to it by reading it back. */
static RESULT require(struct sqlite *s, const char *set, const char *get, struct str expected,
                      struct buf *error)
{
    sqlite3_stmt *st = NULL;
    bool holds = sqlite3_exec(s->db, set, NULL, NULL, NULL) == SQLITE_OK &&
                 sqlite3_prepare_v2(s->db, get, -1, &st, NULL) == SQLITE_OK &&
                 sqlite3_step(st) == SQLITE_ROW && str_eq(sqlite_column_str(st, 0), expected);

    sqlite3_finalize(st);
    if (holds)
        return RESULT_OK;
    if (sqlite3_errcode(s->db) == SQLITE_OK || sqlite3_errcode(s->db) == SQLITE_DONE) {
        buf_cstr(error, "SQLite does not take this setting: ");
        buf_cstr(error, set);
        return FAULT(ERR_FAULT_STORE);
    }
    struct result result = sqlite_fault(s);
    buf_cstr(error, s->trouble);
    return result;
}

static RESULT configure(struct sqlite *s, struct buf *error)
{
    static const struct {
        const char *set, *get;
        struct str expected;
    } settings[] = {
        {"PRAGMA journal_mode = WAL", "PRAGMA journal_mode", STR_INIT("wal")},
        {"PRAGMA synchronous = FULL", "PRAGMA synchronous", STR_INIT("2")},
        {"PRAGMA foreign_keys = ON", "PRAGMA foreign_keys", STR_INIT("1")},
        {"PRAGMA trusted_schema = OFF", "PRAGMA trusted_schema", STR_INIT("0")},
        {"PRAGMA temp_store = MEMORY", "PRAGMA temp_store", STR_INIT("2")},
        {"PRAGMA cache_size = -4096", "PRAGMA cache_size", STR_INIT("-4096")},
        {"PRAGMA cell_size_check = ON", "PRAGMA cell_size_check", STR_INIT("1")},
    };

    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_busy_timeout(s->db, BUSY_MS);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        TRY(require(s, settings[i].set, settings[i].get, settings[i].expected, error));
    sqlite3_wal_hook(s->db, note_wal, s); /* in place of checkpoints inside of commits */
    return RESULT_OK;
}

static RESULT open_file(struct sqlite *s, const char *path,
                        const struct store_backend_options *options, struct buf *error)
{
    if (sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK) {
        buf_cstr(error, s->db != NULL ? sqlite3_errmsg(s->db) : "out of memory");
        return FAULT(ERR_FAULT_STORE);
    }
    TRY(configure(s, error));
    if (!sqlite_new_tokens_register(s))
        return sqlite_fault(s);
    return sqlite_migrate(s, options, error);
}

struct result store_sqlite_open(const struct store_backend_options *options,
                                struct store_backend **out, struct buf *error)
{
    struct sqlite *s = calloc(1, sizeof(*s));
    char *path = NULL;
    char text[512];
    struct buf reason;

    if (s == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    s->backend.ops = &sqlite_backend_ops;
    s->checkpoint_at = SQLITE_CHECKPOINT_PAGES;
    struct result result = sqlite_lock_take(options->path, &path, &s->lock_fd, error);
    if (!result_ok(result)) {
        free(s);
        return result;
    }
    buf_init_fixed(&reason, text, sizeof(text));
    result = open_file(s, path, options, &reason);
    if (result_ok(result)) {
        *out = &s->backend;
    } else {
        buf_cstr(error, "store ");
        buf_cstr(error, path);
        buf_cstr(error, " cannot be used: ");
        buf_str(error, buf_view(&reason));
        sqlite_close(&s->backend);
    }
    free(path);
    return result;
}

struct result sqlite_read_meta(struct store_backend *backend, struct store_meta *out)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = NULL;
    struct result result = RESULT_OK;

    if (sqlite3_prepare_v2(s->db,
                           "SELECT feed_id, last_number, last_wall_ms, tokens_end_s, tellings "
                           "FROM store",
                           -1, &st, NULL) == SQLITE_OK &&
        sqlite3_step(st) == SQLITE_ROW && sqlite_column_sid(st, 0, &out->feed_id)) {
        out->last_number = s->last_number = (uint64_t)sqlite3_column_int64(st, 1);
        out->last_wall_ms = sqlite3_column_int64(st, 2);
        out->tokens_end_s = sqlite3_column_int64(st, 3);
        out->tellings = (uint64_t)sqlite3_column_int64(st, 4);
    } else {
        result = sqlite_fault(s);
    }
    sqlite3_finalize(st);
    return result_ok(result) ? sqlite_audit_read_head(s, &out->audit) : result;
}

void sqlite_close(struct store_backend *backend)
{
    struct sqlite *s = sqlite_of(backend);

    for (size_t i = 0; i < SQLITE_VERB_COUNT; i++)
        sqlite3_finalize(s->statements[i]);
    sqlite3_close(s->db); /* the last to close: it takes the log back into the file */
    sqlite_lock_release(s->lock_fd);
    free(s);
}
