/* Lists in SQLite.
 *
 * Which index a list of tokens goes through is decided here and not by SQLite, which knows nothing
 * of how the values are spread: the order's own, unless a filter leaves so few rows (PROBE) that
 * sorting them is nothing. SIDs rise with time, so that of a busy partner's tokens the expired ones
 * stand in front of the live ones: these are not walked through. */
#include "store/row_texts.h"
#include "store/sqlite_query.h"
#include "store/sqlite_row.h"

enum { PROBE = 4096 /* rows that are sorted without much ado */ };

/* Of tokens: each begins with partner_sid. */
static const char *const index_names[] = {
    [STORE_TOKEN_SID] = "tokens_partner", [STORE_TOKEN_CLIENT_ID] = "tokens_client",
    [STORE_TOKEN_NAME] = "tokens_name",   [STORE_TOKEN_CREATED] = "tokens_created",
    [STORE_TOKEN_EXP] = "tokens_exp",     [STORE_TOKEN_ACCESSED] = "tokens_accessed",
};

/* ---- tokens ---- */

static void put_tokens(struct query *q, const struct store_list *list, enum store_column index)
{
    buf_cstr(&q->sql, " FROM tokens INDEXED BY ");
    buf_cstr(&q->sql, index_names[index]);
    buf_cstr(&q->sql, " WHERE partner_sid = ");
    query_put_sid(q, list->partner_sid);
}

/* Whether the filters on one column leave few rows. */
static RESULT probe(struct sqlite *s, const struct store_list *list, enum store_column column,
                    bool *out_few)
{
    struct query q;
    int64_t count = 0;

    query_begin(&q);
    buf_cstr(&q.sql, "SELECT count(*) FROM (SELECT 1");
    put_tokens(&q, list, column);
    if (column == STORE_TOKEN_CLIENT_ID)
        query_put_client(&q, list);
    if (column == STORE_TOKEN_EXP)
        query_put_end(&q, list);
    for (size_t i = 0; i < list->filter_count; i++) {
        if (list->filters[i].column == column)
            query_put_filter(&q, list, i);
    }
    buf_cstr(&q.sql, " LIMIT ");
    query_put_number(&q, PROBE);
    buf_char(&q.sql, ')');
    TRY(query_ask_number(s, &q, &count));
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
    if (query_has_end(list) && list->order != STORE_TOKEN_EXP) {
        TRY(probe(s, list, STORE_TOKEN_EXP, &few)); /* expired rows may lie before all live ones */
        if (few)
            *out = STORE_TOKEN_EXP;
    }
    if (few || !sid_is_none(&list->after) || !sid_is_none(&list->before))
        return RESULT_OK;
    if (query_has_client(list)) {
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

static void put_after(struct query *q, const struct store_list *list)
{
    if (sid_is_none(&list->after))
        return;
    buf_cstr(&q->sql, " AND token_sid > ");
    query_put_sid(q, list->after);
}

/* The first live token by key, where the order by key begins with one that is not live: what stands
 * between has not to be looked at. None: there is nothing to leave out. */
static RESULT find_floor(struct sqlite *s, const struct store_list *list, struct sid *out)
{
    struct query q;
    int64_t is_over = 0;
    bool found = false;

    *out = (struct sid){{0}};
    query_begin(&q);
    buf_cstr(&q.sql, "SELECT exp_s <= ");
    query_put_number(&q, list->now_s);
    put_tokens(&q, list, STORE_TOKEN_SID);
    put_after(&q, list);
    buf_cstr(&q.sql, " ORDER BY token_sid LIMIT 1");
    TRY(query_ask_number(s, &q, &is_over));
    if (is_over == 0)
        return RESULT_OK;
    query_begin(&q);
    buf_cstr(&q.sql, "SELECT min(token_sid)");
    put_tokens(&q, list, STORE_TOKEN_EXP);
    query_put_end(&q, list);
    put_after(&q, list);
    sqlite3_stmt *st = query_prepare(s, &q);
    struct result result = sqlite_find(s, st, &found);
    if (result_ok(result) && found && !sqlite_column_sid(st, 0, out))
        result = sqlite_bad_row(s, "a token_sid that this program has not written");
    sqlite3_finalize(st);
    return result;
}

static RESULT put_floor(struct sqlite *s, struct query *q, const struct store_list *list)
{
    struct sid floor;

    TRY(find_floor(s, list, &floor));
    if (sid_is_none(&floor))
        return RESULT_OK;
    buf_cstr(&q->sql, " AND token_sid >= ");
    query_put_sid(q, floor);
    return RESULT_OK;
}

static RESULT put_token_page(struct sqlite *s, struct query *q, const struct store_list *list)
{
    enum store_column index;

    TRY(choose_index(s, list, &index));
    buf_cstr(&q->sql, "SELECT " SQLITE_TOKEN_COLUMNS " FROM (SELECT token_sid");
    put_tokens(q, list, index);
    query_put_conditions(q, list, STORE_TOKENS);
    if (index == STORE_TOKEN_SID && list->status == STORE_TOKENS_LIVE)
        TRY(put_floor(s, q, list));
    query_put_order(q, list, "");
    query_put_limit(q, list);
    buf_cstr(&q->sql,
             ") AS p CROSS JOIN tokens AS t ON t.token_sid = p.token_sid " SQLITE_TOKEN_REVOKED);
    query_put_order(q, list, "t.");
    return RESULT_OK;
}

/* ---- the other tables: first the keys, then row by row ---- */

/* Below the root is everything, and the table's own indexes serve instead of a walk. */
static RESULT is_everything(struct sqlite *s, const struct store_list *list, bool *out)
{
    int64_t is_root = 0;
    struct query q;

    query_begin(&q);
    buf_cstr(&q.sql, "SELECT parent_sid IS NULL FROM partners WHERE partner_sid = ");
    query_put_sid(&q, list->partner_sid);
    TRY(query_ask_number(s, &q, &is_root));
    *out = list->descendants && is_root != 0;
    return RESULT_OK;
}

static void put_tree(struct query *q, const struct store_list *list)
{
    buf_cstr(&q->sql, "WITH RECURSIVE tree (root) AS (VALUES (");
    query_put_sid(q, list->partner_sid);
    buf_cstr(&q->sql, ")");
    if (list->descendants)
        buf_cstr(&q->sql, " UNION ALL SELECT below.partner_sid FROM tree "
                          "JOIN partners AS below ON below.parent_sid = tree.root");
    buf_cstr(&q->sql, ") ");
}

/* Of the tables that follow the tree. */
static void put_from_tree(struct query *q, enum store_table table, bool everything)
{
    buf_cstr(&q->sql, everything ? " FROM " : " FROM tree CROSS JOIN ");
    buf_cstr(&q->sql, query_table_names[table]);
    buf_cstr(&q->sql, everything ? " WHERE true" : " ON partner_sid = root WHERE true");
}

static void put_from_partners(struct query *q, const struct store_list *list)
{
    buf_cstr(&q->sql, " FROM acl_rules WHERE partner_sid IN (");
    for (size_t i = 0; i < list->partner_count; i++) {
        if (i > 0)
            buf_char(&q->sql, ',');
        query_put_sid(q, list->partners[i]);
    }
    buf_char(&q->sql, ')');
}

static bool follows_tree(enum store_table table)
{
    return table != STORE_RULES && table != STORE_TRUNKS;
}

/* SELECT what FROM the rows that the list is of. */
static void put_rows(struct query *q, const struct store_list *list, bool everything,
                     const char *what)
{
    enum store_table table = store_column_table(list->order);

    if (follows_tree(table) && !everything)
        put_tree(q, list);
    buf_cstr(&q->sql, "SELECT ");
    buf_cstr(&q->sql, what);
    if (follows_tree(table)) {
        put_from_tree(q, table, everything);
    } else if (table == STORE_RULES) {
        put_from_partners(q, list);
    } else {
        buf_cstr(&q->sql, " FROM trunks WHERE trunk_group_sid = ");
        query_put_sid(q, list->trunk_group_sid);
    }
    query_put_conditions(q, list, table);
}

static RESULT count_rows(struct sqlite *s, struct store_read *read, bool everything)
{
    struct store_list all = read->in.list;
    struct query q;
    int64_t total = 0;

    all.after = all.before = (struct sid){{0}};
    query_begin(&q);
    put_rows(&q, &all, everything, "count(*)");
    TRY(query_ask_number(s, &q, &total));
    read->out.total = (size_t)total;
    return RESULT_OK;
}

static RESULT read_keys(struct sqlite *s, const struct store_list *list, bool everything,
                        struct sid *out, size_t *out_count)
{
    struct query q;
    struct result result = RESULT_OK;
    size_t count = 0;

    query_begin(&q);
    put_rows(&q, list, everything, query_key_names[store_column_table(list->order)]);
    query_put_order(&q, list, "");
    query_put_limit(&q, list);
    sqlite3_stmt *st = query_prepare(s, &q);
    if (st == NULL)
        return sqlite_fault(s);
    int step = sqlite3_step(st);
    for (; step == SQLITE_ROW && result_ok(result); step = sqlite3_step(st)) {
        if (!sqlite_column_sid(st, 0, &out[count++]))
            result = sqlite_bad_row(s, "a key that this program has not written");
    }
    if (result_ok(result) && step != SQLITE_DONE)
        result = sqlite_fault(s);
    sqlite3_finalize(st);
    *out_count = count;
    return result;
}

/* One row, with a group's trunks. *bytes: of the page's text with it. *out_fits: false where the
 * page is full without it; then nothing went into the arena. */
static RESULT read_row(struct sqlite *s, struct store_read *read, const struct sid *key, void *row,
                       size_t *bytes, bool *out_fits)
{
    const struct store_list *list = &read->in.list;
    enum store_table table = store_column_table(list->order);
    struct sid trunks[STORE_GROUP_TRUNKS];
    sqlite3_stmt *st;

    TRY(sqlite_row_find(s, table, key, !list->without_entries, row, &st));
    if (st == NULL)
        return sqlite_bad_row(s, "an index that names a row which is not there");
    struct result result =
        table == STORE_TRUNK_GROUPS ? sqlite_group_trunks(s, row, trunks) : RESULT_OK;
    *bytes += row_text_size(table, row);
    *out_fits = !row_page_is_full(list, *bytes, read->out.count);
    if (result_ok(result) && *out_fits && !row_text_keep(table, read->arena, row))
        result = FAULT(ERR_FAULT_MEMORY);
    sqlite3_reset(st);
    return result;
}

static RESULT read_page(struct sqlite *s, struct store_read *read, const struct sid *keys, size_t n)
{
    size_t size = row_shapes[store_column_table(read->in.list.order)].size;
    char *rows = (char *)read->out.tokens;
    size_t bytes = 0;
    bool fits = true;

    while (read->out.count < n) {
        size_t at = read->out.count;
        TRY(read_row(s, read, &keys[at], rows + at * size, &bytes, &fits));
        if (!fits)
            break;
        read->out.count++;
    }
    read->out.is_cut = !fits;
    read->out.more |= read->out.is_cut;
    return RESULT_OK;
}

static RESULT list_rows(struct sqlite *s, struct store_read *read)
{
    const struct store_list *list = &read->in.list;
    struct sid *keys = arena_array(read->arena, list->limit + 1, sizeof(*keys));
    bool everything = false;
    size_t count = 0;

    if (keys == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    if (follows_tree(store_column_table(list->order)))
        TRY(is_everything(s, list, &everything));
    TRY(read_keys(s, list, everything, keys, &count));
    read->out.more = count > list->limit;
    TRY(read_page(s, read, keys, count < list->limit ? count : list->limit));
    return list->want_total ? count_rows(s, read, everything) : RESULT_OK;
}

/* ---- all ---- */

static struct result add_token(struct sqlite *s, sqlite3_stmt *st, struct store_read *read,
                               size_t at)
{
    if (at == read->in.list.limit) {
        read->out.more = true;
        return RESULT_OK;
    }
    return sqlite_column_token(s, st, read->arena, (struct token_row *)read->out.tokens + at);
}

static RESULT list_tokens(struct sqlite *s, struct store_read *read)
{
    const struct store_list *list = &read->in.list;
    struct query q;
    size_t count = 0;

    query_begin(&q);
    TRY(put_token_page(s, &q, list));
    sqlite3_stmt *st = query_prepare(s, &q);
    struct result result = sqlite_read_rows(s, st, add_token, read, &count);
    sqlite3_finalize(st);
    read->out.count = count < list->limit ? count : list->limit;
    return result;
}

/* A page before a row was read backwards. */
static void turn_around(struct store_read *read, size_t size)
{
    char *rows = (char *)read->out.tokens;
    union {
        struct token_row token;
        struct partner_row partner;
        struct application_row application;
        struct acl_rule_row rule;
        struct trunk_group_row trunk_group;
        struct trunk_row trunk;
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

    read->out.tokens = arena_array(read->arena, list->limit, row_shapes[table].size);
    if (read->out.tokens == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    TRY(table == STORE_TOKENS ? list_tokens(&reader->s, read) : list_rows(&reader->s, read));
    if (!sid_is_none(&list->before))
        turn_around(read, row_shapes[table].size);
    return RESULT_OK;
}
