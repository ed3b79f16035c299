/* Tokens in SQLite: one row each, kept some time past their end. */
#include "store/sqlite.h"

struct result sqlite_token_create(struct store_backend *backend, const struct token_row *row,
                                  enum store_conflict *out)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_TOKEN_CREATE,
        "INSERT INTO tokens (token_sid, client_id, partner_sid, user_sid, name, scopes, audiences, "
        "created_ms, exp_s, exp_signed_s, generation, revision) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)");

    if (st == NULL)
        return sqlite_fault(s);
    sqlite_bind_sid(st, 1, &row->token_sid);
    sqlite_bind_sid(st, 2, &row->client_id);
    sqlite_bind_sid(st, 3, &row->partner_sid);
    sqlite_bind_sid_or_null(st, 4, &row->user_sid);
    sqlite_bind_text_str(st, 5, row->name);
    sqlite_bind_text_str(st, 6, row->scopes);
    sqlite_bind_text_str(st, 7, row->audiences);
    sqlite3_bind_int64(st, 8, row->created_ms);
    sqlite3_bind_int64(st, 9, row->exp_s);
    sqlite3_bind_int64(st, 10, row->exp_signed_s);
    sqlite3_bind_int64(st, 11, row->generation);
    sqlite3_bind_int64(st, 12, (sqlite3_int64)row->revision);
    return sqlite_insert(s, st, out);
}

struct result sqlite_token_end(struct sqlite *s, const struct sid *token_sid, int64_t *out_end_s)
{
    sqlite3_stmt *st = sqlite_statement(s, SQLITE_VERB_TOKEN_END,
                                        "SELECT exp_signed_s FROM tokens WHERE token_sid = ?1");
    struct result result = RESULT_OK;

    if (st == NULL)
        return sqlite_fault(s);
    sqlite_bind_sid(st, 1, token_sid);
    switch (sqlite3_step(st)) {
    case SQLITE_ROW:
        *out_end_s = sqlite3_column_int64(st, 0);
        break;
    case SQLITE_DONE:
        *out_end_s = 0;
        break;
    default:
        result = sqlite_fault(s);
    }
    sqlite3_reset(st);
    return result;
}

struct result sqlite_tokens_prune(struct sqlite *s, int64_t before_s, size_t limit,
                                  size_t *out_count)
{
    sqlite3_stmt *st = sqlite_statement(s, SQLITE_VERB_TOKENS_PRUNE,
                                        "DELETE FROM tokens WHERE token_sid IN (SELECT token_sid "
                                        "FROM tokens WHERE exp_signed_s < ?1 LIMIT ?2)");

    if (st == NULL)
        return sqlite_fault(s);
    sqlite3_bind_int64(st, 1, before_s);
    sqlite3_bind_int64(st, 2, (sqlite3_int64)limit);
    TRY(sqlite_run(s, st));
    *out_count = (size_t)sqlite3_changes(s->db);
    return RESULT_OK;
}
