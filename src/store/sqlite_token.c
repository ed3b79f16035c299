/* Tokens in SQLite: one row each, kept some time past their end. */
#include "store/sqlite.h"

static void bind_newest(sqlite3_stmt *st, int first, const struct token_newest *newest)
{
    sqlite3_bind_int64(st, first, newest->exp_s);
    sqlite3_bind_int64(st, first + 1, (sqlite3_int64)newest->epoch);
    sqlite_bind_text_str(st, first + 2, newest->kid);
}

/* All rows of a batch by one statement, which stays where it is in each of the table's trees: row
 * by row each would begin at their roots again, and cost half as much more. */
struct result sqlite_tokens_create(struct store_backend *backend,
                                   const struct token_row *const *rows, size_t n,
                                   enum store_conflict *out)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = sqlite_statement(s, SQLITE_VERB_TOKENS_CREATE,
                                        "INSERT OR FAIL INTO tokens (" SQLITE_NEW_TOKEN_COLUMNS
                                        ") SELECT " SQLITE_NEW_TOKEN_COLUMNS " FROM new_tokens");

    if (st == NULL)
        return sqlite_fault(s);
    s->new_tokens = (struct sqlite_new_tokens){.rows = rows, .count = n};
    struct result result = sqlite_insert(s, st, out);
    s->new_tokens = (struct sqlite_new_tokens){.rows = NULL};
    return result;
}

struct result sqlite_token_find(struct sqlite *s, const struct sid *token_sid,
                                struct sqlite_token_found *out)
{
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_TOKEN_FIND,
        "SELECT revision, exp_signed_s, ended_number <> 0 FROM tokens WHERE token_sid = ?1");
    bool found;

    if (st != NULL)
        sqlite_bind_sid(st, 1, token_sid);
    TRY(sqlite_find(s, st, &found));
    *out = (struct sqlite_token_found){.revision = 0};
    if (found)
        *out = (struct sqlite_token_found){.revision = (uint64_t)sqlite3_column_int64(st, 0),
                                           .end_s = sqlite3_column_int64(st, 1),
                                           .is_marked = sqlite3_column_int(st, 2) != 0};
    sqlite3_reset(st);
    return RESULT_OK;
}

static RESULT write_update(struct sqlite *s, const struct store_token_update *update,
                           uint64_t revision, int64_t end_s)
{
    sqlite3_stmt *st =
        sqlite_statement(s, SQLITE_VERB_TOKEN_UPDATE,
                         "UPDATE tokens SET name = ?2, scopes = ?3, exp_s = ?4, exp_signed_s = ?5, "
                         "generation = ?6, revision = ?7, newest_exp_s = ?8, newest_epoch = ?9, "
                         "newest_kid = ?10 WHERE token_sid = ?1");

    if (st == NULL)
        return sqlite_fault(s);
    sqlite_bind_sid(st, 1, &update->token_sid);
    sqlite_bind_text_str(st, 2, update->name);
    sqlite_bind_text_str(st, 3, update->scopes);
    sqlite3_bind_int64(st, 4, update->exp_s);
    sqlite3_bind_int64(st, 5, end_s);
    sqlite3_bind_int64(st, 6, update->generation);
    sqlite3_bind_int64(st, 7, (sqlite3_int64)revision);
    bind_newest(st, 8, &update->newest);
    return sqlite_run(s, st);
}

struct result sqlite_token_update(struct store_backend *backend,
                                  const struct store_token_update *update, uint64_t if_revision,
                                  uint64_t *out_revision, int64_t *out_end_s,
                                  enum store_outcome *out)
{
    struct sqlite *s = sqlite_of(backend);
    struct sqlite_token_found row;
    bool revoked;

    TRY(sqlite_token_find(s, &update->token_sid, &row));
    TRY(sqlite_token_is_revoked(s, &update->token_sid, &revoked));
    if (row.revision == 0)
        *out = STORE_OUTCOME_ABSENT;
    else if (revoked || row.is_marked || (if_revision != 0 && if_revision != row.revision))
        *out = STORE_OUTCOME_CONFLICT;
    else
        *out = STORE_OUTCOME_DONE;
    if (*out != STORE_OUTCOME_DONE)
        return RESULT_OK;
    *out_revision = row.revision + 1;
    *out_end_s = row.end_s > update->exp_signed_s ? row.end_s : update->exp_signed_s;
    return write_update(s, update, *out_revision, *out_end_s);
}

struct result sqlite_token_touch(struct store_backend *backend, const struct store_touch *touch)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st =
        sqlite_statement(s, SQLITE_VERB_TOKEN_TOUCH,
                         "UPDATE tokens SET last_accessed_ms = ?2, last_accessed_ip = ?3 "
                         "WHERE token_sid = ?1 AND last_accessed_ms < ?2");

    if (st == NULL)
        return sqlite_fault(s);
    sqlite_bind_sid(st, 1, &touch->id);
    sqlite3_bind_int64(st, 2, touch->at_ms);
    sqlite_bind_text_str(st, 3, touch->ip);
    return sqlite_run(s, st);
}

struct result sqlite_token_mark(struct store_backend *backend, const struct sid *token_sid,
                                const struct revocation_row *by, bool *out_marked)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_TOKEN_MARK,
        "UPDATE tokens SET ended_number = ?2, ended_ms = ?3 "
        "WHERE token_sid = ?1 AND ended_number = 0 AND newest_epoch < ?4 AND NOT EXISTS "
        "(SELECT 1 FROM entries WHERE id = ?1 AND kind = 'token' AND kid = '')");

    if (st == NULL)
        return sqlite_fault(s);
    sqlite_bind_sid(st, 1, token_sid);
    sqlite3_bind_int64(st, 2, (sqlite3_int64)by->number);
    sqlite3_bind_int64(st, 3, by->executed_ms);
    sqlite3_bind_int64(st, 4, (sqlite3_int64)by->below);
    TRY(sqlite_run(s, st));
    *out_marked = sqlite3_changes(s->db) != 0;
    return RESULT_OK;
}

struct result sqlite_token_last(struct store_backend *backend, struct sid *out)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_TOKEN_LAST, "SELECT token_sid FROM tokens ORDER BY token_sid DESC LIMIT 1");
    bool found;

    *out = (struct sid){{0}};
    TRY(sqlite_find(s, st, &found));
    bool is_good = !found || sqlite_column_sid(st, 0, out);
    sqlite3_reset(st);
    return is_good ? RESULT_OK : sqlite_bad_row(s, "a token_sid that this program has not written");
}
