/* Lists in SQLite. A query is put together from constant pieces, by enums alone; every value of a
 * caller is bound.
 *
 * Which index a list of tokens goes through is decided here and not by SQLite, which knows nothing
 * of how the values are spread: the order's own, unless a filter leaves so few rows (PROBE) that
 * sorting them is nothing. */
#include <assert.h>

#include "store/sqlite_reader.h"

enum {
    QUERY_BYTES = 4096,
    VALUES = 4 * STORE_FILTERS + 16,
    PROBE = 4096, /* rows that are sorted without much ado */
};

static const char *const column_names[STORE_COLUMNS] = {
    [STORE_TOKEN_SID] = "token_sid",
    [STORE_TOKEN_CLIENT_ID] = "client_id",
    [STORE_TOKEN_NAME] = "name",
    [STORE_TOKEN_CREATED] = "created_ms",
    [STORE_TOKEN_EXP] = "exp_s",
    [STORE_TOKEN_ACCESSED] = "last_accessed_ms",
    [STORE_PARTNER_SID] = "partner_sid",
    [STORE_PARTNER_PARENT_SID] = "parent_sid",
    [STORE_PARTNER_NAME] = "name",
    [STORE_PARTNER_LOGIN] = "login",
    [STORE_PARTNER_STATUS] = "status",
    [STORE_PARTNER_CREATED] = "created_ms",
    [STORE_PARTNER_UPDATED] = "updated_ms",
    [STORE_APPLICATION_CLIENT_ID] = "client_id",
    [STORE_APPLICATION_PARTNER_SID] = "partner_sid",
    [STORE_APPLICATION_NAME] = "name",
    [STORE_APPLICATION_STATUS] = "status",
    [STORE_APPLICATION_CREATED] = "created_ms",
    [STORE_APPLICATION_UPDATED] = "updated_ms",
};

/* Of tokens: each begins with partner_sid. */
static const char *const index_names[] = {
    [STORE_TOKEN_SID] = "tokens_partner", [STORE_TOKEN_CLIENT_ID] = "tokens_client",
    [STORE_TOKEN_NAME] = "tokens_name",   [STORE_TOKEN_CREATED] = "tokens_created",
    [STORE_TOKEN_EXP] = "tokens_exp",     [STORE_TOKEN_ACCESSED] = "tokens_accessed",
};

static const char *const key_names[] = {"token_sid", "partner_sid", "client_id"};

struct value {
    enum store_value_kind kind;
    struct sid sid;
    struct str text;
    int64_t number;
};

struct query {
    struct buf sql;
    char text[QUERY_BYTES];
    struct value values[VALUES];
    size_t value_count;
    char prefixes[STORE_FILTERS][LIMIT_NAME + 1]; /* of LIKE, and the byte above all others */
};

static void begin_query(struct query *q)
{
    buf_init_fixed(&q->sql, q->text, sizeof(q->text) - 1);
    q->value_count = 0;
}

/* A parameter, and its value: bound without a copy, so what it points to outlives the query. */
static void put_value(struct query *q, struct value value)
{
    assert(q->value_count < VALUES);
    buf_char(&q->sql, '?');
    q->values[q->value_count++] = value;
}

static void put_sid(struct query *q, struct sid sid)
{
    put_value(q, (struct value){.kind = STORE_VALUE_SID, .sid = sid});
}

static void put_number(struct query *q, int64_t number)
{
    put_value(q, (struct value){.kind = STORE_VALUE_NUMBER, .number = number});
}

static sqlite3_stmt *prepare(struct sqlite *s, struct query *q)
{
    sqlite3_stmt *st = NULL;

    assert(!q->sql.failed);
    if (sqlite3_prepare_v2(s->db, q->sql.ptr, (int)q->sql.len, &st, NULL) != SQLITE_OK)
        return NULL;
    for (size_t i = 0; i < q->value_count; i++) {
        const struct value *value = &q->values[i];
        int at = (int)i + 1;
        switch (value->kind) {
        case STORE_VALUE_SID:
            sqlite_bind_sid(st, at, &value->sid);
            break;
        case STORE_VALUE_TEXT:
            sqlite_bind_text_str(st, at, value->text);
            break;
        case STORE_VALUE_NUMBER:
            sqlite3_bind_int64(st, at, value->number);
            break;
        }
    }
    return st;
}

/* ---- conditions ---- */

static void put_comparison(struct query *q, enum store_column column, const char *sign,
                           struct value value)
{
    buf_cstr(&q->sql, " AND ");
    buf_cstr(&q->sql, column_names[column]);
    buf_cstr(&q->sql, sign);
    put_value(q, value);
}

/* The range that an index can walk through, and the judgement itself. */
static void put_like(struct query *q, const struct store_filter *filter, char *prefix)
{
    size_t length = store_like_prefix(filter->text, prefix, LIMIT_NAME);
    struct value low = {.kind = STORE_VALUE_TEXT, .text = str_make(prefix, length)};
    struct value high = {.kind = STORE_VALUE_TEXT, .text = str_make(prefix, length + 1)};

    prefix[length] = (char)0xFF;
    if (length > 0) {
        put_comparison(q, filter->column, " >= ", low);
        put_comparison(q, filter->column, " < ", high);
    }
    buf_cstr(&q->sql, " AND is_like(");
    put_value(q, (struct value){.kind = STORE_VALUE_TEXT, .text = filter->text});
    buf_cstr(&q->sql, ", ");
    buf_cstr(&q->sql, column_names[filter->column]);
    buf_char(&q->sql, ')');
}

static void put_filter(struct query *q, const struct store_list *list, size_t i)
{
    static const char *const signs[] = {" = ", " <> ", " > ", " >= ", " < ", " <= "};
    const struct store_filter *filter = &list->filters[i];
    struct value value = {.kind = store_column_kind(filter->column),
                          .sid = filter->sid,
                          .text = filter->text,
                          .number = filter->number};

    if (filter->column == STORE_TOKEN_ACCESSED) /* 0 is no time */
        buf_cstr(&q->sql, " AND last_accessed_ms > 0");
    if (filter->operator== STORE_IS_LIKE)
        put_like(q, filter, q->prefixes[i]);
    else
        put_comparison(q, filter->column, signs[filter->operator], value);
}

static bool has_client(const struct store_list *list)
{
    return !sid_is_none(&list->client_id);
}

static void put_client(struct query *q, const struct store_list *list)
{
    if (!has_client(list))
        return;
    buf_cstr(&q->sql, " AND client_id = ");
    put_sid(q, list->client_id);
}

/* What an index can walk through of a status. */
static bool has_end(const struct store_list *list)
{
    return list->status == STORE_TOKENS_LIVE || list->status == STORE_TOKENS_EXPIRED;
}

static void put_end(struct query *q, const struct store_list *list)
{
    if (!has_end(list))
        return;
    buf_cstr(&q->sql, list->status == STORE_TOKENS_LIVE ? " AND exp_s > " : " AND exp_s <= ");
    put_number(q, list->now_s);
}

static void put_status(struct query *q, const struct store_list *list)
{
    put_end(q, list);
    if (list->status == STORE_TOKENS_ALL)
        return;
    buf_cstr(&q->sql, list->status == STORE_TOKENS_REVOKED ? " AND EXISTS" : " AND NOT EXISTS");
    buf_cstr(&q->sql, " (SELECT 1 FROM entries AS r "
                      "WHERE r.id = token_sid AND r.kind = 'token' AND r.kid = '')");
}

static void put_conditions(struct query *q, const struct store_list *list, enum store_table table)
{
    if (table == STORE_TOKENS) {
        put_client(q, list);
        put_status(q, list);
    }
    for (size_t i = 0; i < list->filter_count; i++)
        put_filter(q, list, i);
    if (!sid_is_none(&list->after)) {
        buf_cstr(&q->sql, " AND ");
        buf_cstr(&q->sql, key_names[table]);
        buf_cstr(&q->sql, " > ");
        put_sid(q, list->after);
    }
    if (!sid_is_none(&list->before)) {
        buf_cstr(&q->sql, " AND ");
        buf_cstr(&q->sql, key_names[table]);
        buf_cstr(&q->sql, " < ");
        put_sid(q, list->before);
    }
}

/* of: a table's alias and a dot, or nothing. */
static void put_order(struct query *q, const struct store_list *list, const char *of)
{
    enum store_table table = store_column_table(list->order);
    bool down = list->descending || !sid_is_none(&list->before);
    const char *names[] = {column_names[list->order], key_names[table]};

    for (size_t i = 0; i < 2; i++) {
        buf_cstr(&q->sql, i == 0 ? " ORDER BY " : ", ");
        buf_cstr(&q->sql, of);
        buf_cstr(&q->sql, names[i]);
        buf_cstr(&q->sql, down ? " DESC" : " ASC");
    }
}

/* One row more than asked for tells whether there are more. */
static void put_limit(struct query *q, const struct store_list *list)
{
    buf_cstr(&q->sql, " LIMIT ");
    put_number(q, (int64_t)list->limit + 1);
    buf_cstr(&q->sql, " OFFSET ");
    put_number(q, list->offset < INT64_MAX ? (int64_t)list->offset : INT64_MAX);
}

static RESULT ask_number(struct sqlite *s, struct query *q, int64_t *out)
{
    sqlite3_stmt *st = prepare(s, q);
    bool found = false;

    struct result result = sqlite_find(s, st, &found);
    if (result_ok(result) && found)
        *out = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return result;
}

/* ---- tokens ---- */

static void put_tokens(struct query *q, const struct store_list *list, enum store_column index)
{
    buf_cstr(&q->sql, " FROM tokens INDEXED BY ");
    buf_cstr(&q->sql, index_names[index]);
    buf_cstr(&q->sql, " WHERE partner_sid = ");
    put_sid(q, list->partner_sid);
}

/* Whether the filters on one column leave few rows. */
static RESULT probe(struct sqlite *s, const struct store_list *list, enum store_column column,
                    bool *out_few)
{
    struct query q;
    int64_t count = 0;

    begin_query(&q);
    buf_cstr(&q.sql, "SELECT count(*) FROM (SELECT 1");
    put_tokens(&q, list, column);
    if (column == STORE_TOKEN_CLIENT_ID)
        put_client(&q, list);
    if (column == STORE_TOKEN_EXP)
        put_end(&q, list);
    for (size_t i = 0; i < list->filter_count; i++) {
        if (list->filters[i].column == column)
            put_filter(&q, list, i);
    }
    buf_cstr(&q.sql, " LIMIT ");
    put_number(&q, PROBE);
    buf_char(&q.sql, ')');
    TRY(ask_number(s, &q, &count));
    *out_few = count < PROBE;
    return RESULT_OK;
}

/* A filter that an index can walk through. */
static bool is_range(const struct store_filter *filter)
{
    char first;

    if (filter->operator== STORE_IS_LIKE)
        return store_like_prefix(filter->text, &first, 1) > 0;
    return filter->operator!= STORE_IS_NE;
}

static RESULT choose_index(struct sqlite *s, const struct store_list *list, enum store_column *out)
{
    bool few = false;

    *out = list->order;
    if (has_end(list) && list->order != STORE_TOKEN_EXP) {
        TRY(probe(s, list, STORE_TOKEN_EXP, &few)); /* expired rows may lie before all live ones */
        if (few)
            *out = STORE_TOKEN_EXP;
    }
    if (few || !sid_is_none(&list->after) || !sid_is_none(&list->before))
        return RESULT_OK;
    if (has_client(list)) {
        TRY(probe(s, list, STORE_TOKEN_CLIENT_ID, &few));
        if (few || list->order == STORE_TOKEN_SID)
            *out = STORE_TOKEN_CLIENT_ID;
    }
    for (size_t i = 0; i < list->filter_count && !few; i++) {
        const struct store_filter *filter = &list->filters[i];
        if (filter->column == list->order || !is_range(filter))
            continue;
        TRY(probe(s, list, filter->column, &few));
        if (few || (filter->operator== STORE_IS_EQ && list->order == STORE_TOKEN_SID))
            *out = filter->column;
    }
    return RESULT_OK;
}

static RESULT put_token_page(struct sqlite *s, struct query *q, const struct store_list *list)
{
    enum store_column index;

    TRY(choose_index(s, list, &index));
    buf_cstr(&q->sql, "SELECT " SQLITE_TOKEN_COLUMNS " FROM (SELECT token_sid");
    put_tokens(q, list, index);
    put_conditions(q, list, STORE_TOKENS);
    put_order(q, list, "");
    put_limit(q, list);
    buf_cstr(&q->sql,
             ") AS p CROSS JOIN tokens AS t ON t.token_sid = p.token_sid " SQLITE_TOKEN_REVOKED);
    put_order(q, list, "t.");
    return RESULT_OK;
}

/* ---- partners and applications ---- */

/* Below the root is everything, and the table's own indexes serve instead of a walk. */
static RESULT is_everything(struct sqlite *s, const struct store_list *list, bool *out)
{
    int64_t is_root = 0;
    struct query q;

    begin_query(&q);
    buf_cstr(&q.sql, "SELECT parent_sid IS NULL FROM partners WHERE partner_sid = ");
    put_sid(&q, list->partner_sid);
    TRY(ask_number(s, &q, &is_root));
    *out = list->descendants && is_root != 0;
    return RESULT_OK;
}

static void put_tree(struct query *q, const struct store_list *list)
{
    buf_cstr(&q->sql, "WITH RECURSIVE tree (root) AS (VALUES (");
    put_sid(q, list->partner_sid);
    buf_cstr(&q->sql, ")");
    if (list->descendants)
        buf_cstr(&q->sql, " UNION ALL SELECT below.partner_sid FROM tree "
                          "JOIN partners AS below ON below.parent_sid = tree.root");
    buf_cstr(&q->sql, ") ");
}

/* SELECT what FROM the rows that the list is of. */
static void put_party(struct query *q, const struct store_list *list, bool everything,
                      const char *what)
{
    enum store_table table = store_column_table(list->order);

    if (!everything)
        put_tree(q, list);
    buf_cstr(&q->sql, "SELECT ");
    buf_cstr(&q->sql, what);
    buf_cstr(&q->sql, everything ? " FROM " : " FROM tree CROSS JOIN ");
    buf_cstr(&q->sql, table == STORE_PARTNERS ? "partners" : "applications");
    buf_cstr(&q->sql, everything ? " WHERE true" : " ON partner_sid = root WHERE true");
    put_conditions(q, list, table);
}

static void put_party_page(struct query *q, const struct store_list *list, bool everything)
{
    bool partners = store_column_table(list->order) == STORE_PARTNERS;

    put_party(q, list, everything, partners ? SQLITE_PARTNER_COLUMNS : SQLITE_APPLICATION_COLUMNS);
    put_order(q, list, "");
    put_limit(q, list);
}

static RESULT count_party(struct sqlite *s, struct store_read *read, bool everything)
{
    struct store_list all = read->in.list;
    struct query q;
    int64_t total = 0;

    all.after = all.before = (struct sid){{0}};
    begin_query(&q);
    put_party(&q, &all, everything, "count(*)");
    TRY(ask_number(s, &q, &total));
    read->out.total = (size_t)total;
    return RESULT_OK;
}

/* ---- rows ---- */

static struct result add_row(struct sqlite *s, sqlite3_stmt *st, struct store_read *read, size_t at)
{
    if (at == read->in.list.limit) {
        read->out.more = true;
        return RESULT_OK;
    }
    switch (store_column_table(read->in.list.order)) {
    case STORE_TOKENS:
        return sqlite_column_token(s, st, read->arena, (struct token_row *)read->out.tokens + at);
    case STORE_PARTNERS:
        return sqlite_read_partner(s, st, read->arena,
                                   (struct partner_row *)read->out.partners + at);
    case STORE_APPLICATIONS:
        break;
    }
    return sqlite_read_application(s, st, read->arena,
                                   (struct application_row *)read->out.applications + at);
}

static const size_t row_sizes[] = {sizeof(struct token_row), sizeof(struct partner_row),
                                   sizeof(struct application_row)};

/* A page before a row was read backwards. */
static void turn_around(struct store_read *read, size_t size)
{
    char *rows = (char *)read->out.tokens;
    union {
        struct token_row token;
        struct partner_row partner;
        struct application_row application;
    } moved;

    for (size_t i = 0, j = read->out.count; i + 1 < j; i++, j--) {
        memcpy(&moved, rows + i * size, size);
        memcpy(rows + i * size, rows + (j - 1) * size, size);
        memcpy(rows + (j - 1) * size, &moved, size);
    }
}

struct result sqlite_list(struct sqlite_reader *reader, struct store_read *read)
{
    const struct store_list *list = &read->in.list;
    enum store_table table = store_column_table(list->order);
    bool everything = false;
    struct query q;
    size_t count = 0;

    if (table != STORE_TOKENS)
        TRY(is_everything(&reader->s, list, &everything));
    begin_query(&q);
    if (table == STORE_TOKENS)
        TRY(put_token_page(&reader->s, &q, list));
    else
        put_party_page(&q, list, everything);
    read->out.tokens = arena_array(read->arena, list->limit, row_sizes[table]);
    if (read->out.tokens == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    sqlite3_stmt *st = prepare(&reader->s, &q);
    struct result result = sqlite_read_rows(&reader->s, st, add_row, read, &count);
    sqlite3_finalize(st);
    TRY(result);
    read->out.count = count < list->limit ? count : list->limit;
    if (!sid_is_none(&list->before))
        turn_around(read, row_sizes[table]);
    if (!list->want_total || table == STORE_TOKENS)
        return RESULT_OK;
    return count_party(&reader->s, read, everything);
}
