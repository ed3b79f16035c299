/* Revocations by selector in SQLite, as the writer asks for them. */
#include <string.h>

#include "store/row_names.h"
#include "store/sqlite.h"

enum { SELECTOR_COLUMNS = 8 };

static void bind_selector(sqlite3_stmt *st, const struct revocation_selector *selector)
{
    sqlite_bind_sid_or_null(st, 1, &selector->client_id);
    sqlite_bind_sid_or_null(st, 2, &selector->partner_sid);
    sqlite_bind_sid_or_null(st, 3, &selector->user_sid);
    sqlite_bind_text_str(st, 4, selector->kid);
    sqlite_bind_text_str(st, 5, selector->scopes);
    sqlite3_bind_int64(st, 6, selector->before_s);
    sqlite3_bind_int(st, 7, selector->descendants);
    sqlite3_bind_int(st, 8, selector->over_ceiling);
}

/* Zeros: none is known. */
static void bind_tables(sqlite3_stmt *st, int at, const struct digest256 *tables)
{
    static const struct digest256 unknown;

    if (memcmp(tables, &unknown, sizeof(unknown)) == 0)
        sqlite3_bind_null(st, at);
    else
        sqlite_bind_digest(st, at, tables->bytes);
}

static void bind_revocation(sqlite3_stmt *st, const struct revocation_row *row)
{
    bind_selector(st, &row->selector);
    sqlite_bind_sid(st, 9, &row->revocation_sid);
    sqlite_bind_sid(st, 10, &row->partner_sid);
    sqlite_bind_sid(st, 11, &row->client_id);
    sqlite_bind_text_str(st, 12, revocation_state_names[row->state]);
    sqlite3_bind_int64(st, 13, (sqlite3_int64)row->below);
    sqlite3_bind_int64(st, 14, (sqlite3_int64)row->number);
    sqlite3_bind_int64(st, 15, row->created_ms);
    sqlite3_bind_int64(st, 16, row->expires_ms);
    sqlite3_bind_int64(st, 17, row->executed_ms);
    sqlite3_bind_int64(st, 18, row->done_ms);
    sqlite3_bind_int64(st, 19, row->end_s);
    sqlite_bind_sid_or_null(st, 20, &row->cursor);
    sqlite3_bind_int64(st, 21, (sqlite3_int64)row->tokens);
    bind_tables(st, 22, &row->tables);
}

struct result sqlite_revocation_create(struct store_backend *backend,
                                       const struct revocation_row *row, enum store_conflict *out)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_REVOCATION_CREATE,
        "INSERT INTO revocations (" SQLITE_REVOCATION_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, "
        "?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)");

    if (st == NULL)
        return sqlite_fault(s);
    bind_revocation(st, row);
    return sqlite_insert(s, st, out);
}

/* ---- columns ---- */

static RESULT keep(sqlite3_stmt *st, int at, struct arena *arena, struct str *out)
{
    if (arena == NULL)
        return RESULT_OK;
    *out = arena_str(arena, sqlite_column_str(st, at));
    return out->ptr != NULL ? RESULT_OK : FAULT(ERR_FAULT_MEMORY);
}

struct result sqlite_column_selector(struct sqlite *s, sqlite3_stmt *st, int at,
                                     struct arena *arena, struct revocation_selector *out)
{
    *out = (struct revocation_selector){.before_s = sqlite3_column_int64(st, at + 5),
                                        .descendants = sqlite3_column_int(st, at + 6) != 0,
                                        .over_ceiling = sqlite3_column_int(st, at + 7) != 0};
    if (!sqlite_column_sid(st, at, &out->client_id) ||
        !sqlite_column_sid(st, at + 1, &out->partner_sid) ||
        !sqlite_column_sid(st, at + 2, &out->user_sid))
        return sqlite_bad_row(s, "a selector that this program has not written");
    TRY(keep(st, at + 3, arena, &out->kid));
    return keep(st, at + 4, arena, &out->scopes);
}

struct result sqlite_column_revocation(struct sqlite *s, sqlite3_stmt *st, struct arena *arena,
                                       struct revocation_row *out)
{
    const int at = SELECTOR_COLUMNS;
    unsigned state;

    *out = (struct revocation_row){
        .below = (uint64_t)sqlite3_column_int64(st, at + 4),
        .number = (uint64_t)sqlite3_column_int64(st, at + 5),
        .created_ms = sqlite3_column_int64(st, at + 6),
        .expires_ms = sqlite3_column_int64(st, at + 7),
        .executed_ms = sqlite3_column_int64(st, at + 8),
        .done_ms = sqlite3_column_int64(st, at + 9),
        .end_s = sqlite3_column_int64(st, at + 10),
        .tokens = (uint64_t)sqlite3_column_int64(st, at + 12),
    };
    if (!sqlite_column_sid(st, at, &out->revocation_sid) ||
        !sqlite_column_sid(st, at + 1, &out->partner_sid) ||
        !sqlite_column_sid(st, at + 2, &out->client_id) ||
        !sqlite_column_name(st, at + 3, revocation_state_names, REVOCATION_STATES, &state) ||
        !sqlite_column_sid(st, at + 11, &out->cursor))
        return sqlite_bad_row(s, "a row of revocations that this program has not written");
    if (sqlite3_column_type(st, at + 13) != SQLITE_NULL &&
        !sqlite_column_digest(st, at + 13, out->tables.bytes))
        return sqlite_bad_row(s, "a fingerprint that this program has not written");
    out->state = (enum revocation_state)state;
    return sqlite_column_selector(s, st, 0, arena, &out->selector);
}

/* ---- finding and changing ---- */

struct result sqlite_revocation_find(struct store_backend *backend,
                                     const struct sid *revocation_sid, struct arena *arena,
                                     struct revocation_row *out, bool *out_found)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = sqlite_statement(s, SQLITE_VERB_REVOCATION_FIND,
                                        "SELECT " SQLITE_REVOCATION_COLUMNS
                                        " FROM revocations WHERE revocation_sid = ?1");

    if (st != NULL)
        sqlite_bind_sid(st, 1, revocation_sid);
    TRY(sqlite_find(s, st, out_found));
    if (!*out_found)
        return RESULT_OK;
    struct result result = sqlite_column_revocation(s, st, arena, out);
    sqlite3_reset(st);
    return result;
}

struct result sqlite_revocation_update(struct store_backend *backend,
                                       const struct revocation_row *row)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_REVOCATION_UPDATE,
        "UPDATE revocations SET state = ?2, number = ?3, executed_ms = ?4, done_ms = ?5, "
        "walked_to = ?6, tokens = ?7, end_s = ?8, by_tables = ?9 WHERE revocation_sid = ?1");

    if (st == NULL)
        return sqlite_fault(s);
    sqlite_bind_sid(st, 1, &row->revocation_sid);
    sqlite_bind_text_str(st, 2, revocation_state_names[row->state]);
    sqlite3_bind_int64(st, 3, (sqlite3_int64)row->number);
    sqlite3_bind_int64(st, 4, row->executed_ms);
    sqlite3_bind_int64(st, 5, row->done_ms);
    sqlite_bind_sid_or_null(st, 6, &row->cursor);
    sqlite3_bind_int64(st, 7, (sqlite3_int64)row->tokens);
    sqlite3_bind_int64(st, 8, row->end_s);
    bind_tables(st, 9, &row->tables);
    return sqlite_run(s, st);
}

struct result sqlite_ceilings_are_asked(struct store_backend *backend,
                                        const struct digest256 *by_others_than, bool *out)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_CEILINGS_ASKED,
        "SELECT 1 FROM revocations WHERE state = 'following' AND of_over_ceiling = 1 "
        "AND (?1 IS NULL OR by_tables <> ?1) LIMIT 1");

    if (st != NULL && by_others_than != NULL)
        sqlite_bind_digest(st, 1, by_others_than->bytes);
    TRY(sqlite_find(s, st, out));
    sqlite3_reset(st);
    return RESULT_OK;
}

struct result sqlite_plans_count(struct store_backend *backend, const struct sid *partner_sid,
                                 int64_t now_ms, size_t *out)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st =
        sqlite_statement(s, SQLITE_VERB_PLANS_COUNT,
                         "SELECT count(*) FROM revocations INDEXED BY revocations_planned "
                         "WHERE state = 'planned' AND expires_ms > ?1 AND partner_sid = ?2");
    bool found;

    if (st != NULL) {
        sqlite3_bind_int64(st, 1, now_ms);
        sqlite_bind_sid(st, 2, partner_sid);
    }
    TRY(sqlite_find(s, st, &found));
    *out = (size_t)sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return RESULT_OK;
}

struct result sqlite_asked_count(struct store_backend *backend, const struct sid *partner_sid,
                                 int64_t now_ms, struct store_asked *out)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_ASKED_COUNT,
        "WITH ceilings AS (SELECT executed_ms, done_ms "
        "FROM revocations INDEXED BY revocations_ceilings "
        "WHERE state <> 'planned' AND of_over_ceiling = 1 AND partner_sid = ?1) "
        "SELECT (SELECT count(*) FROM revocations INDEXED BY revocations_asked "
        "WHERE state <> 'planned' AND partner_sid = ?1 AND end_s > ?2), "
        "(SELECT count(*) FROM entries AS e INDEXED BY entries_selectors JOIN revocations "
        "ON revocation_sid = e.id WHERE e.kind = 'selector' AND e.end_s > 0 AND partner_sid = ?1), "
        "(SELECT count(*) FROM ceilings WHERE done_ms = 0), "
        "(SELECT coalesce(max(done_ms + min(done_ms - executed_ms, ?3)), 0) FROM ceilings "
        "WHERE done_ms > 0)");
    bool found;

    if (st != NULL) {
        sqlite_bind_sid(st, 1, partner_sid);
        sqlite3_bind_int64(st, 2, now_ms / 1000);
        sqlite3_bind_int64(st, 3, STORE_CEILING_REST_MS);
    }
    TRY(sqlite_find(s, st, &found));
    *out = (struct store_asked){
        .executed = (size_t)sqlite3_column_int64(st, 0),
        .selectors = (size_t)sqlite3_column_int64(st, 1),
        .ceilings = (size_t)sqlite3_column_int64(st, 2),
        .rest_until_ms = sqlite3_column_int64(st, 3),
    };
    sqlite3_reset(st);
    return RESULT_OK;
}

/* ---- clean-up ---- */

struct result sqlite_plans_prune(struct sqlite *s, int64_t before_ms, size_t limit,
                                 size_t *out_count)
{
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_PLANS_PRUNE,
        "DELETE FROM revocations WHERE revocation_sid IN (SELECT revocation_sid FROM revocations "
        "WHERE state = 'planned' AND expires_ms < ?1 LIMIT ?2)");

    return sqlite_prune(s, st, before_ms, limit, out_count);
}

struct result sqlite_revocations_prune(struct sqlite *s, int64_t before_s, size_t limit,
                                       size_t *out_count)
{
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_REVOCATIONS_PRUNE,
        "DELETE FROM revocations WHERE revocation_sid IN (SELECT revocation_sid FROM revocations "
        "WHERE state <> 'planned' AND end_s < ?1 AND NOT EXISTS (SELECT 1 FROM entries "
        "WHERE id = revocation_sid AND kind = 'selector') LIMIT ?2)");

    return sqlite_prune(s, st, before_s, limit, out_count);
}
