/* The token rows of a batch as a virtual table, so that one INSERT ... SELECT takes all of them.
 *
 * It reads s->new_tokens where it lies and copies nothing: the rows outlive the statement's step.
 * Only the writer's connection knows it, and no stored schema may name it. */
#include "store/sqlite.h"

#include <assert.h>
#include <stdlib.h>

/* As in SQLITE_NEW_TOKEN_COLUMNS. */
enum column {
    TOKEN_SID,
    CLIENT_ID,
    PARTNER_SID,
    USER_SID,
    NAME,
    SCOPES,
    AUDIENCES,
    CREATED_MS,
    EXP_S,
    EXP_SIGNED_S,
    GENERATION,
    REVISION,
    NEWEST_EXP_S,
    NEWEST_EPOCH,
    NEWEST_KID,
};

struct table {
    sqlite3_vtab base; /* first: SQLite's casts */
    const struct sqlite_new_tokens *rows;
};

struct cursor {
    sqlite3_vtab_cursor base; /* first, likewise */
    size_t at;
};

static const struct sqlite_new_tokens *rows_of(const struct cursor *cursor)
{
    return ((const struct table *)cursor->base.pVtab)->rows;
}

static int connect_table(sqlite3 *db, void *context, int argc, const char *const *argv,
                         sqlite3_vtab **out, char **error)
{
    const struct sqlite *s = context;
    struct table *table;

    (void)argc;
    (void)argv;
    (void)error;
    int code = sqlite3_declare_vtab(db, "CREATE TABLE x (" SQLITE_NEW_TOKEN_COLUMNS ")");
    if (code != SQLITE_OK)
        return code;
    sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
    table = calloc(1, sizeof(*table));
    if (table == NULL)
        return SQLITE_NOMEM;
    table->rows = &s->new_tokens;
    *out = &table->base;
    return SQLITE_OK;
}

static int disconnect(sqlite3_vtab *table)
{
    free(table);
    return SQLITE_OK;
}

/* From the first to the last: there is no other way through. */
static int best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table;
    (void)info;
    return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **out)
{
    struct cursor *cursor = calloc(1, sizeof(*cursor));

    (void)table;
    if (cursor == NULL)
        return SQLITE_NOMEM;
    *out = &cursor->base;
    return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *cursor)
{
    free(cursor);
    return SQLITE_OK;
}

static int rewind_cursor(sqlite3_vtab_cursor *base, int plan, const char *plan_name, int argc,
                         sqlite3_value **argv)
{
    (void)plan;
    (void)plan_name;
    (void)argc;
    (void)argv;
    ((struct cursor *)base)->at = 0;
    return SQLITE_OK;
}

static int next(sqlite3_vtab_cursor *base)
{
    ((struct cursor *)base)->at++;
    return SQLITE_OK;
}

static int is_at_end(sqlite3_vtab_cursor *base)
{
    const struct cursor *cursor = (const struct cursor *)base;
    return cursor->at >= rows_of(cursor)->count;
}

static int row_number(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
    *out = (sqlite3_int64)((const struct cursor *)base)->at;
    return SQLITE_OK;
}

/* ---- values ---- */

static void put_sid(sqlite3_context *value, const struct sid *sid)
{
    sqlite3_result_blob(value, sid->bytes, sizeof(sid->bytes), SQLITE_STATIC);
}

static void put_text(sqlite3_context *value, struct str text)
{
    sqlite3_result_text64(value, text.len > 0 ? text.ptr : "", text.len, SQLITE_STATIC,
                          SQLITE_UTF8);
}

static void put_who(sqlite3_context *value, const struct token_row *row, enum column column)
{
    if (column == TOKEN_SID)
        put_sid(value, &row->token_sid);
    else if (column == CLIENT_ID)
        put_sid(value, &row->client_id);
    else if (column == PARTNER_SID)
        put_sid(value, &row->partner_sid);
    else if (!sid_is_none(&row->user_sid)) /* NULL unless it is set */
        put_sid(value, &row->user_sid);
}

static struct str text_of(const struct token_row *row, enum column column)
{
    return column == NAME        ? row->name
           : column == SCOPES    ? row->scopes
           : column == AUDIENCES ? row->audiences
                                 : row->newest.kid;
}

static int64_t number_of(const struct token_row *row, enum column column)
{
    switch (column) {
    case CREATED_MS:
        return row->created_ms;
    case EXP_S:
        return row->exp_s;
    case EXP_SIGNED_S:
        return row->exp_signed_s;
    case GENERATION:
        return row->generation;
    case REVISION:
        return (int64_t)row->revision;
    case NEWEST_EXP_S:
        return row->newest.exp_s;
    default:
        assert(column == NEWEST_EPOCH);
        return (int64_t)row->newest.epoch;
    }
}

static int put_column(sqlite3_vtab_cursor *base, sqlite3_context *value, int at)
{
    const struct cursor *cursor = (const struct cursor *)base;
    const struct token_row *row = rows_of(cursor)->rows[cursor->at];
    enum column column = (enum column)at;

    if (column <= USER_SID)
        put_who(value, row, column);
    else if (column <= AUDIENCES || column == NEWEST_KID)
        put_text(value, text_of(row, column));
    else
        sqlite3_result_int64(value, number_of(row, column));
    return SQLITE_OK;
}

bool sqlite_new_tokens_register(struct sqlite *s)
{
    static const sqlite3_module module = {
        .xConnect = connect_table, /* and no xCreate: it exists without a CREATE */
        .xBestIndex = best_index,
        .xDisconnect = disconnect,
        .xOpen = open_cursor,
        .xClose = close_cursor,
        .xFilter = rewind_cursor,
        .xNext = next,
        .xEof = is_at_end,
        .xColumn = put_column,
        .xRowid = row_number,
    };

    return sqlite3_create_module_v2(s->db, "new_tokens", &module, s, NULL) == SQLITE_OK;
}
