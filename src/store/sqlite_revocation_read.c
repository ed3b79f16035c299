/* What SQLite's reader knows of revocations by selector: the walk over the tokens that one may be
 * about, the revocations, and the sequence for who follows it. */
#include "store/sqlite_reader.h"

enum { WALK_ROWS = 4096 /* looked at for one page: some milliseconds, matching or not */ };

/* ---- the walk ---- */

/* The last row that this page looks at; none: all that are left. */
static RESULT find_walk_end(struct sqlite *s, const struct sid *after, struct sid *out)
{
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_WALK_END,
        "SELECT token_sid FROM tokens WHERE token_sid > ?1 ORDER BY token_sid LIMIT 1 OFFSET ?2");
    bool found;

    *out = (struct sid){{0}};
    if (st != NULL) {
        sqlite_bind_sid(st, 1, after);
        sqlite3_bind_int64(st, 2, WALK_ROWS - 1);
    }
    TRY(sqlite_find(s, st, &found));
    bool is_good = !found || sqlite_column_sid(st, 0, out);
    sqlite3_reset(st);
    return is_good ? RESULT_OK : sqlite_bad_row(s, "a token_sid that this program has not written");
}

static struct result add_walked(struct sqlite *s, sqlite3_stmt *st, struct store_read *read,
                                size_t at)
{
    return sqlite_column_token(s, st, read->arena, (struct token_row *)read->out.tokens + at);
}

static sqlite3_stmt *prepare_walk(struct sqlite *s, const struct store_read *read,
                                  const struct sid *end)
{
    static const struct sid last = {{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                     0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}};
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_WALK_TOKENS,
        "SELECT " SQLITE_TOKEN_COLUMNS " FROM tokens AS t " SQLITE_TOKEN_REVOKED
        " WHERE t.token_sid > ?1 AND t.token_sid <= ?2 AND +t.exp_s > ?3 AND t.newest_epoch < ?4 "
        "AND t.ended_number = 0 AND (?5 IS NULL OR +t.client_id = ?5) AND e.number IS NULL "
        "ORDER BY t.token_sid LIMIT ?6");

    if (st == NULL)
        return NULL;
    sqlite_bind_sid(st, 1, &read->in.token_walk.after);
    sqlite_bind_sid(st, 2, sid_is_none(end) ? &last : end);
    sqlite3_bind_int64(st, 3, read->in.token_walk.now_s);
    sqlite3_bind_int64(st, 4, (sqlite3_int64)read->in.token_walk.below);
    sqlite_bind_sid_or_null(st, 5, &read->in.token_walk.client_id);
    sqlite3_bind_int64(st, 6, (sqlite3_int64)read->in.token_walk.limit);
    return st;
}

struct result sqlite_walk_tokens(struct sqlite *s, struct store_read *read)
{
    size_t limit = read->in.token_walk.limit;
    struct token_row *rows = arena_array(read->arena, limit, sizeof(*rows));
    struct sid end;

    if (rows == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    read->out.tokens = rows;
    TRY(find_walk_end(s, &read->in.token_walk.after, &end));
    TRY(sqlite_read_rows(s, prepare_walk(s, read, &end), add_walked, read, &read->out.count));
    bool is_full = read->out.count == limit;
    read->out.more = is_full || !sid_is_none(&end);
    if (read->out.more)
        read->out.walked = is_full ? rows[limit - 1].token_sid : end;
    return RESULT_OK;
}

/* ---- revocations ---- */

static struct result add_revocation(struct sqlite *s, sqlite3_stmt *st, struct store_read *read,
                                    size_t at)
{
    struct revocation_row *rows = (struct revocation_row *)read->out.revocations;

    if (read->verb == STORE_REVOCATION_LIST && at == read->in.revocation_list.limit) {
        read->out.more = true;
        return RESULT_OK;
    }
    return sqlite_column_revocation(s, st, read->arena, &rows[at]);
}

struct result sqlite_get_revocation(struct sqlite *s, struct store_read *read)
{
    sqlite3_stmt *st = sqlite_statement(s, SQLITE_VERB_READ_REVOCATION,
                                        "SELECT " SQLITE_REVOCATION_COLUMNS
                                        " FROM revocations WHERE revocation_sid = ?1");

    read->out.revocations = arena_array(read->arena, 1, sizeof(struct revocation_row));
    if (read->out.revocations == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    if (st != NULL)
        sqlite_bind_sid(st, 1, &read->in.revocation_sid);
    TRY(sqlite_read_rows(s, st, add_revocation, read, &read->out.count));
    if (read->out.count == 0)
        read->outcome = STORE_OUTCOME_ABSENT;
    return RESULT_OK;
}

struct result sqlite_list_revocations(struct sqlite *s, struct store_read *read)
{
    size_t limit = read->in.revocation_list.limit;
    sqlite3_stmt *st =
        read->in.revocation_list.following
            ? sqlite_statement(s, SQLITE_VERB_LIST_FOLLOWING,
                               "SELECT " SQLITE_REVOCATION_COLUMNS " FROM revocations "
                               "WHERE state = 'following' AND revocation_sid > ?1 "
                               "ORDER BY revocation_sid LIMIT ?2")
            : sqlite_statement(s, SQLITE_VERB_LIST_REVOCATIONS,
                               "SELECT " SQLITE_REVOCATION_COLUMNS " FROM revocations "
                               "WHERE revocation_sid > ?1 ORDER BY revocation_sid LIMIT ?2");
    size_t count = 0;

    read->out.revocations = arena_array(read->arena, limit, sizeof(struct revocation_row));
    if (read->out.revocations == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    if (st != NULL) {
        sqlite_bind_sid(st, 1, &read->in.revocation_list.after);
        sqlite3_bind_int64(st, 2, (sqlite3_int64)limit + 1);
    }
    TRY(sqlite_read_rows(s, st, add_revocation, read, &count));
    read->out.count = count < limit ? count : limit;
    return RESULT_OK;
}

/* ---- the feed ---- */

static struct result add_fed(struct sqlite *s, sqlite3_stmt *st, struct store_read *read, size_t at)
{
    struct feed_row *row = (struct feed_row *)read->out.feed + at;

    if (at == read->in.feed.limit) {
        read->out.more = true;
        return RESULT_OK;
    }
    TRY(sqlite_column_entry(s, st, read->arena, &row->entry));
    if (!sqlite_column_sid(st, SQLITE_ENTRY_COLUMN_COUNT, &row->partner_sid))
        return sqlite_bad_row(s, "a row of tokens that this program has not written");
    row->audiences = arena_str(read->arena, sqlite_column_str(st, SQLITE_ENTRY_COLUMN_COUNT + 1));
    return row->audiences.ptr != NULL ? RESULT_OK : FAULT(ERR_FAULT_MEMORY);
}

struct result sqlite_read_feed(struct sqlite *s, struct store_read *read)
{
    size_t limit = read->in.feed.limit;
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_READ_FEED,
        "SELECT " SQLITE_ENTRY_COLUMNS ", t.partner_sid, t.audiences "
        "FROM entries AS e " SQLITE_ENTRY_SELECTOR " LEFT JOIN tokens AS t ON t.token_sid = "
        "CASE WHEN e.kind IN ('token', 'set') THEN e.id END "
        "WHERE e.number > ?1 AND +e.end_s > ?2 AND e.kind <> 'plan' ORDER BY e.number LIMIT ?3");
    size_t count = 0;

    read->out.feed = arena_array(read->arena, limit, sizeof(struct feed_row));
    if (read->out.feed == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    if (st != NULL) {
        sqlite3_bind_int64(st, 1, (sqlite3_int64)read->in.feed.after);
        sqlite3_bind_int64(st, 2, read->in.feed.now_s);
        sqlite3_bind_int64(st, 3, (sqlite3_int64)limit + 1);
    }
    TRY(sqlite_read_rows(s, st, add_fed, read, &count));
    read->out.count = count < limit ? count : limit;
    st = sqlite_statement(s, SQLITE_VERB_READ_NUMBER, "SELECT last_number FROM store");
    return sqlite_read_number(s, st, &read->out.number);
}
