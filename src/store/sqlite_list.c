/* Lists in SQLite, of all but tokens: first the keys of a page, then row by row, so that what is
 * long in a row is neither sorted nor read beyond the page's max_bytes. */
#include "store/row_texts.h"
#include "store/sqlite_query.h"
#include "store/sqlite_row.h"

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
    TRY(table == STORE_TOKENS ? sqlite_list_tokens(&reader->s, read) : list_rows(&reader->s, read));
    if (!sid_is_none(&list->before))
        turn_around(read, row_shapes[table].size);
    return RESULT_OK;
}
