#include "store/sqlite_query.h"

#include <assert.h>

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
    [STORE_RULE_SID] = "rule_sid",
    [STORE_RULE_PARTNER_SID] = "partner_sid",
    [STORE_RULE_NAME] = "name",
    [STORE_RULE_FIELD] = "field",
    [STORE_RULE_OPERATION] = "operation",
    [STORE_RULE_QUANTIFIER] = "quantifier",
    [STORE_RULE_CREATED] = "created_ms",
    [STORE_RULE_UPDATED] = "updated_ms",
    [STORE_TRUNK_GROUP_SID] = "trunk_group_sid",
    [STORE_TRUNK_GROUP_PARTNER_SID] = "partner_sid",
    [STORE_TRUNK_GROUP_NAME] = "name",
    [STORE_TRUNK_GROUP_CREATED] = "created_ms",
    [STORE_TRUNK_GROUP_UPDATED] = "updated_ms",
    [STORE_TRUNK_SID] = "trunk_sid",
    [STORE_TRUNK_TRUNK_GROUP_SID] = "trunk_group_sid",
    [STORE_TRUNK_NAME] = "name",
    [STORE_TRUNK_CREATED] = "created_ms",
    [STORE_TRUNK_UPDATED] = "updated_ms",
};

const char *const query_table_names[STORE_TABLES] = {
    [STORE_TOKENS] = "tokens",
    [STORE_PARTNERS] = "partners",
    [STORE_APPLICATIONS] = "applications",
    [STORE_RULES] = "acl_rules",
    [STORE_TRUNK_GROUPS] = "trunk_groups",
    [STORE_TRUNKS] = "trunks",
};

const char *const query_key_names[STORE_TABLES] = {
    [STORE_TOKENS] = "token_sid",
    [STORE_PARTNERS] = "partner_sid",
    [STORE_APPLICATIONS] = "client_id",
    [STORE_RULES] = "rule_sid",
    [STORE_TRUNK_GROUPS] = "trunk_group_sid",
    [STORE_TRUNKS] = "trunk_sid",
};

void query_begin(struct query *q)
{
    buf_init_fixed(&q->sql, q->text, sizeof(q->text) - 1);
    q->value_count = 0;
}

static void put_value(struct query *q, struct query_value value)
{
    assert(q->value_count < QUERY_VALUES);
    buf_char(&q->sql, '?');
    q->values[q->value_count++] = value;
}

void query_put_sid(struct query *q, struct sid sid)
{
    put_value(q, (struct query_value){.kind = STORE_VALUE_SID, .sid = sid});
}

void query_put_number(struct query *q, int64_t number)
{
    put_value(q, (struct query_value){.kind = STORE_VALUE_NUMBER, .number = number});
}

sqlite3_stmt *query_prepare(struct sqlite *s, struct query *q)
{
    sqlite3_stmt *st = NULL;

    assert(!q->sql.failed);
    if (sqlite3_prepare_v2(s->db, q->sql.ptr, (int)q->sql.len, &st, NULL) != SQLITE_OK)
        return NULL;
    for (size_t i = 0; i < q->value_count; i++) {
        const struct query_value *value = &q->values[i];
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
                           struct query_value value)
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
    struct query_value low = {.kind = STORE_VALUE_TEXT, .text = str_make(prefix, length)};
    struct query_value high = {.kind = STORE_VALUE_TEXT, .text = str_make(prefix, length + 1)};

    prefix[length] = (char)0xFF;
    if (length > 0) {
        put_comparison(q, filter->column, " >= ", low);
        put_comparison(q, filter->column, " < ", high);
    }
    buf_cstr(&q->sql, " AND is_like(");
    put_value(q, (struct query_value){.kind = STORE_VALUE_TEXT, .text = filter->text});
    buf_cstr(&q->sql, ", ");
    buf_cstr(&q->sql, column_names[filter->column]);
    buf_char(&q->sql, ')');
}

void query_put_filter(struct query *q, const struct store_list *list, size_t i)
{
    static const char *const signs[] = {" = ", " <> ", " > ", " >= ", " < ", " <= "};
    const struct store_filter *filter = &list->filters[i];
    struct query_value value = {.kind = store_column_kind(filter->column),
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

bool query_has_client(const struct store_list *list)
{
    return !sid_is_none(&list->client_id);
}

void query_put_client(struct query *q, const struct store_list *list)
{
    if (!query_has_client(list))
        return;
    buf_cstr(&q->sql, " AND client_id = ");
    query_put_sid(q, list->client_id);
}

bool query_has_end(const struct store_list *list)
{
    return list->status == STORE_TOKENS_LIVE || list->status == STORE_TOKENS_EXPIRED;
}

void query_put_end(struct query *q, const struct store_list *list)
{
    if (!query_has_end(list))
        return;
    buf_cstr(&q->sql, list->status == STORE_TOKENS_LIVE ? " AND exp_s > " : " AND exp_s <= ");
    query_put_number(q, list->now_s);
}

static void put_status(struct query *q, const struct store_list *list)
{
    query_put_end(q, list);
    if (list->status == STORE_TOKENS_ALL)
        return;
    buf_cstr(&q->sql, list->status == STORE_TOKENS_REVOKED
                          ? " AND (ended_number <> 0 OR EXISTS"
                          : " AND (ended_number = 0 AND NOT EXISTS");
    buf_cstr(&q->sql, " (SELECT 1 FROM entries AS r "
                      "WHERE r.id = token_sid AND r.kind = 'token' AND r.kid = ''))");
}

void query_put_conditions(struct query *q, const struct store_list *list, enum store_table table)
{
    if (table == STORE_TOKENS) {
        query_put_client(q, list);
        put_status(q, list);
    }
    for (size_t i = 0; i < list->filter_count; i++)
        query_put_filter(q, list, i);
    if (!sid_is_none(&list->after)) {
        buf_cstr(&q->sql, " AND ");
        buf_cstr(&q->sql, query_key_names[table]);
        buf_cstr(&q->sql, " > ");
        query_put_sid(q, list->after);
    }
    if (!sid_is_none(&list->before)) {
        buf_cstr(&q->sql, " AND ");
        buf_cstr(&q->sql, query_key_names[table]);
        buf_cstr(&q->sql, " < ");
        query_put_sid(q, list->before);
    }
}

void query_put_order(struct query *q, const struct store_list *list, const char *of)
{
    enum store_table table = store_column_table(list->order);
    bool down = list->descending || !sid_is_none(&list->before);
    const char *names[] = {column_names[list->order], query_key_names[table]};

    for (size_t i = 0; i < 2; i++) {
        buf_cstr(&q->sql, i == 0 ? " ORDER BY " : ", ");
        buf_cstr(&q->sql, of);
        buf_cstr(&q->sql, names[i]);
        buf_cstr(&q->sql, down ? " DESC" : " ASC");
    }
}

void query_put_limit(struct query *q, const struct store_list *list)
{
    buf_cstr(&q->sql, " LIMIT ");
    query_put_number(q, (int64_t)list->limit + 1);
    buf_cstr(&q->sql, " OFFSET ");
    query_put_number(q, list->offset < INT64_MAX ? (int64_t)list->offset : INT64_MAX);
}

struct result query_ask_number(struct sqlite *s, struct query *q, int64_t *out)
{
    sqlite3_stmt *st = query_prepare(s, q);
    bool found = false;

    struct result result = sqlite_find(s, st, &found);
    if (result_ok(result) && found)
        *out = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return result;
}
