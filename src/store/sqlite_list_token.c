/* Lists of tokens in SQLite.
 *
 * Which index a list goes through is decided here and not by SQLite, which knows nothing of how the
 * values are spread: the order's own, unless a filter leaves so few rows (PROBE) that sorting them
 * is nothing. SIDs rise with time, so that of a busy partner's tokens the expired ones stand in
 * front of the live ones: these are not walked through. */
#include "store/sqlite_query.h"

enum { PROBE = 4096 /* rows that are sorted without much ado */ };

/* Of tokens: each begins with partner_sid. */
static const char *const index_names[] = {
    [STORE_TOKEN_SID] = "tokens_partner", [STORE_TOKEN_CLIENT_ID] = "tokens_client",
    [STORE_TOKEN_NAME] = "tokens_name",   [STORE_TOKEN_CREATED] = "tokens_created",
    [STORE_TOKEN_EXP] = "tokens_exp",     [STORE_TOKEN_ACCESSED] = "tokens_accessed",
};

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

static struct result add_token(struct sqlite *s, sqlite3_stmt *st, struct store_read *read,
                               size_t at)
{
    if (at == read->in.list.limit) {
        read->out.more = true;
        return RESULT_OK;
    }
    return sqlite_column_token(s, st, read->arena, (struct token_row *)read->out.tokens + at);
}

struct result sqlite_list_tokens(struct sqlite *s, struct store_read *read)
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
