/* The audit log, read by another process than the one that holds the store. In WAL mode a reader
 * sees the file as of its transaction's beginning, and the writer waits for it nowhere. */
#include <string.h>

#include "store/audit.h"
#include "store/sqlite.h"

enum { PATH_BYTES = 4096, BUSY_MS = 2000 };

static struct result complain(sqlite3 *db, struct buf *error)
{
    buf_cstr(error, "the audit log cannot be read: ");
    buf_cstr(error, db != NULL ? sqlite3_errmsg(db) : "out of memory");
    return FAULT(ERR_FAULT_STORE);
}

static RESULT prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out, struct buf *error)
{
    return sqlite3_prepare_v2(db, sql, -1, out, NULL) == SQLITE_OK ? RESULT_OK
                                                                   : complain(db, error);
}

static RESULT read_checkpoint(sqlite3 *db, struct store_audit_head *out, struct buf *error)
{
    sqlite3_stmt *st;

    *out = (struct store_audit_head){.seq = 0};
    TRY(prepare(db, "SELECT seq, digest FROM audit_checkpoint", &st, error));
    int step = sqlite3_step(st);
    if (step == SQLITE_ROW) {
        out->seq = (uint64_t)sqlite3_column_int64(st, 0);
        sqlite_column_digest(st, 1, out->digest.bytes); /* if not: no row follows zeros */
    }
    sqlite3_finalize(st);
    return step == SQLITE_ROW || step == SQLITE_DONE ? RESULT_OK : complain(db, error);
}

/* A digest of another size is left zero, which no row's is. */
static void read_row(sqlite3_stmt *st, struct audit_row *out)
{
    *out = (struct audit_row){
        .seq = (uint64_t)sqlite3_column_int64(st, 0),
        .node = sqlite_column_str(st, 1),
        .at_ms = sqlite3_column_int64(st, 2),
        .record = sqlite_column_str(st, 5),
    };
    sqlite_column_digest(st, 3, out->prev.bytes);
    sqlite_column_digest(st, 4, out->digest.bytes);
}

static RESULT read_rows(sqlite3 *db, const struct store_audit_visitor *visitor, struct buf *error)
{
    sqlite3_stmt *st;
    struct audit_row row;
    bool wanted = true;
    int step = SQLITE_ROW;

    TRY(prepare(db, "SELECT seq, node, at_ms, prev, digest, record FROM audit ORDER BY seq", &st,
                error));
    while (wanted && (step = sqlite3_step(st)) == SQLITE_ROW) {
        read_row(st, &row);
        wanted = visitor->row(visitor->context, &row);
    }
    struct result result =
        step == SQLITE_ROW || step == SQLITE_DONE ? RESULT_OK : complain(db, error);
    sqlite3_finalize(st);
    return result;
}

static RESULT walk(sqlite3 *db, const struct store_audit_visitor *visitor, struct buf *error)
{
    static const char settings[] = "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; "
                                   "PRAGMA cell_size_check = ON; BEGIN";
    struct store_audit_head checkpoint;

    sqlite3_busy_timeout(db, BUSY_MS);
    if (sqlite3_exec(db, settings, NULL, NULL, NULL) != SQLITE_OK)
        return complain(db, error);
    TRY(read_checkpoint(db, &checkpoint, error));
    visitor->begin(visitor->context, &checkpoint);
    return read_rows(db, visitor, error);
}

struct result store_audit_walk(struct str path, const struct store_audit_visitor *visitor,
                               struct buf *error)
{
    char name[PATH_BYTES];
    sqlite3 *db = NULL;

    if (path.len >= sizeof(name)) {
        buf_cstr(error, "the path of the store is too long");
        return FAULT(ERR_FAULT_STORE);
    }
    memcpy(name, path.ptr, path.len);
    name[path.len] = '\0';
    struct result result =
        sqlite3_open_v2(name, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK
            ? walk(db, visitor, error)
            : complain(db, error);
    sqlite3_close(db);
    return result;
}
