/* Secrets of applications in SQLite. */
#include "store/sqlite.h"

struct result sqlite_secret_create(struct store_backend *backend, const struct secret_row *row,
                                   enum store_conflict *out)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_SECRET_CREATE,
        "INSERT INTO application_secrets (secret_id, client_id, digest, created_ms, expires_ms, "
        "last_used_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");

    if (st == NULL)
        return sqlite_fault(s);
    sqlite_bind_sid(st, 1, &row->secret_id);
    sqlite_bind_sid(st, 2, &row->client_id);
    sqlite_bind_digest(st, 3, row->digest);
    sqlite3_bind_int64(st, 4, row->created_ms);
    sqlite3_bind_int64(st, 5, row->expires_ms);
    sqlite3_bind_int64(st, 6, row->last_used_ms);
    return sqlite_insert(s, st, out);
}

bool sqlite_column_secret(sqlite3_stmt *st, struct secret_row *out)
{
    out->created_ms = sqlite3_column_int64(st, 3);
    out->expires_ms = sqlite3_column_int64(st, 4);
    out->last_used_ms = sqlite3_column_int64(st, 5);
    return sqlite_column_sid(st, 0, &out->secret_id) && sqlite_column_sid(st, 1, &out->client_id) &&
           sqlite_column_digest(st, 2, out->digest);
}

struct result sqlite_secrets_of(struct sqlite *s, const struct sid *client_id, size_t max,
                                struct secret_row *out, size_t *out_count)
{
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_SECRETS_FIND,
        "SELECT secret_id, client_id, digest, created_ms, expires_ms, last_used_ms "
        "FROM application_secrets WHERE client_id = ?1 ORDER BY secret_id LIMIT ?2");
    struct result result = RESULT_OK;
    size_t count = 0;

    if (st == NULL)
        return sqlite_fault(s);
    sqlite_bind_sid(st, 1, client_id);
    sqlite3_bind_int64(st, 2, (sqlite3_int64)max);
    int step = sqlite3_step(st);
    for (; step == SQLITE_ROW && result_ok(result); step = sqlite3_step(st)) {
        if (!sqlite_column_secret(st, &out[count++]))
            result = sqlite_bad_row(s, "a secret that this program has not written");
    }
    if (result_ok(result) && step != SQLITE_DONE)
        result = sqlite_fault(s);
    sqlite3_reset(st);
    *out_count = count;
    return result;
}

struct result sqlite_secrets_read(struct store_backend *backend, const struct sid *client_id,
                                  size_t max, struct secret_row *out, size_t *out_count)
{
    return sqlite_secrets_of(sqlite_of(backend), client_id, max, out, out_count);
}

struct result sqlite_secret_expire(struct store_backend *backend, const struct sid *secret_id,
                                   int64_t expires_ms)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st =
        sqlite_statement(s, SQLITE_VERB_SECRET_EXPIRE,
                         "UPDATE application_secrets SET expires_ms = ?2 WHERE secret_id = ?1");

    if (st == NULL)
        return sqlite_fault(s);
    sqlite_bind_sid(st, 1, secret_id);
    sqlite3_bind_int64(st, 2, expires_ms);
    return sqlite_run(s, st);
}

struct result sqlite_secret_delete(struct store_backend *backend, const struct sid *client_id,
                                   const struct sid *secret_id, enum store_outcome *out)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st =
        sqlite_statement(s, SQLITE_VERB_SECRET_DELETE,
                         "DELETE FROM application_secrets WHERE secret_id = ?1 AND client_id = ?2");

    if (st == NULL)
        return sqlite_fault(s);
    sqlite_bind_sid(st, 1, secret_id);
    sqlite_bind_sid(st, 2, client_id);
    TRY(sqlite_run(s, st));
    *out = sqlite3_changes(s->db) > 0 ? STORE_OUTCOME_DONE : STORE_OUTCOME_ABSENT;
    return RESULT_OK;
}

struct result sqlite_secret_touch(struct store_backend *backend, const struct store_touch *touch)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = sqlite_statement(s, SQLITE_VERB_SECRET_TOUCH,
                                        "UPDATE application_secrets SET last_used_ms = ?2 "
                                        "WHERE secret_id = ?1 AND last_used_ms < ?2");

    if (st == NULL)
        return sqlite_fault(s);
    sqlite_bind_sid(st, 1, &touch->id);
    sqlite3_bind_int64(st, 2, touch->at_ms);
    return sqlite_run(s, st);
}
