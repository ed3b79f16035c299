/* The audit log and used assertions in SQLite. */
#include "store/sqlite.h"

/* ---- assertions ---- */

struct result sqlite_assertion_use(struct store_backend *backend,
                                   const struct store_assertion *assertion, enum store_outcome *out)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_ASSERTION_USE,
        "INSERT INTO assertions (client_id, digest, expires_s) VALUES (?1, ?2, ?3)");
    enum store_conflict conflict;

    if (st == NULL)
        return sqlite_fault(s);
    sqlite_bind_sid(st, 1, &assertion->client_id);
    sqlite_bind_digest(st, 2, assertion->digest.bytes);
    sqlite3_bind_int64(st, 3, assertion->expires_s);
    TRY(sqlite_insert(s, st, &conflict));
    *out = conflict == STORE_CONFLICT_NONE ? STORE_OUTCOME_DONE : STORE_OUTCOME_EXISTS;
    return RESULT_OK;
}

struct result sqlite_assertions_prune(struct sqlite *s, int64_t before_s, size_t limit,
                                      size_t *out_count)
{
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_ASSERTIONS_PRUNE,
        "DELETE FROM assertions WHERE (client_id, digest) IN "
        "(SELECT client_id, digest FROM assertions WHERE expires_s < ?1 LIMIT ?2)");

    return sqlite_prune(s, st, before_s, limit, out_count);
}

/* ---- the audit log ---- */

struct result sqlite_audit_append(struct store_backend *backend, const struct audit_row *row)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st =
        sqlite_statement(s, SQLITE_VERB_AUDIT_APPEND,
                         "INSERT INTO audit (seq, node, at_ms, prev, digest, record) "
                         "VALUES (?1, ?2, ?3, ?4, ?5, ?6)");

    if (st == NULL)
        return sqlite_fault(s);
    sqlite3_bind_int64(st, 1, (sqlite3_int64)row->seq);
    sqlite_bind_text_str(st, 2, row->node);
    sqlite3_bind_int64(st, 3, row->at_ms);
    sqlite_bind_digest(st, 4, row->prev.bytes);
    sqlite_bind_digest(st, 5, row->digest.bytes);
    sqlite_bind_text_str(st, 6, row->record);
    return sqlite_run(s, st);
}

/* The last row; where all were pruned, the checkpoint. */
struct result sqlite_audit_read_head(struct sqlite *s, struct store_audit_head *out)
{
    sqlite3_stmt *st = NULL;
    struct result result = RESULT_OK;
    struct store_audit_head head = {.seq = 0};

    if (sqlite3_prepare_v2(
            s->db,
            "SELECT * FROM (SELECT seq, digest FROM audit ORDER BY seq DESC LIMIT 1) "
            "UNION ALL SELECT seq, digest FROM audit_checkpoint "
            "ORDER BY seq DESC LIMIT 1",
            -1, &st, NULL) != SQLITE_OK)
        return sqlite_fault(s);
    int step = sqlite3_step(st);
    if (step == SQLITE_ROW) {
        head.seq = (uint64_t)sqlite3_column_int64(st, 0);
        if (!sqlite_column_digest(st, 1, head.digest.bytes))
            result = sqlite_bad_row(s, "a row of audit that this program has not written");
    } else if (step != SQLITE_DONE) {
        result = sqlite_fault(s);
    }
    sqlite3_finalize(st);
    if (result_ok(result))
        *out = head;
    return result;
}

/* The last of the oldest records that may go, 0: none may. The chain never gets a hole: what is
 * younger than a record behind it (the clock went back) goes with that one. */
static RESULT find_prunable(struct sqlite *s, int64_t before_ms, size_t limit, int64_t *out_seq)
{
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_AUDIT_PRUNABLE,
        "SELECT max(seq) FROM (SELECT seq, at_ms FROM audit ORDER BY seq LIMIT ?2) "
        "WHERE at_ms < ?1");
    bool found;

    if (st != NULL) {
        sqlite3_bind_int64(st, 1, before_ms);
        sqlite3_bind_int64(st, 2, (sqlite3_int64)limit);
    }
    TRY(sqlite_find(s, st, &found));
    *out_seq = found ? sqlite3_column_int64(st, 0) : 0;
    sqlite3_reset(st);
    return RESULT_OK;
}

static RESULT keep_checkpoint(struct sqlite *s, int64_t seq)
{
    sqlite3_stmt *st =
        sqlite_statement(s, SQLITE_VERB_AUDIT_CHECKPOINT,
                         "INSERT OR REPLACE INTO audit_checkpoint (only_row, seq, digest) "
                         "SELECT 1, seq, digest FROM audit WHERE seq = ?1");

    if (st != NULL)
        sqlite3_bind_int64(st, 1, seq);
    return sqlite_run(s, st);
}

struct result sqlite_audit_prune(struct sqlite *s, int64_t before_ms, size_t limit,
                                 size_t *out_count)
{
    sqlite3_stmt *st =
        sqlite_statement(s, SQLITE_VERB_AUDIT_PRUNE, "DELETE FROM audit WHERE seq <= ?1");
    int64_t seq;

    if (st == NULL)
        return sqlite_fault(s);
    *out_count = 0;
    if (before_ms == INT64_MIN)
        return RESULT_OK;
    TRY(find_prunable(s, before_ms, limit, &seq));
    if (seq == 0)
        return RESULT_OK;
    TRY(keep_checkpoint(s, seq));
    sqlite3_bind_int64(st, 1, seq);
    TRY(sqlite_run(s, st));
    *out_count = (size_t)sqlite3_changes(s->db);
    return RESULT_OK;
}
