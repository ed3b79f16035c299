/* Lists of the memory backend: each goes through the whole table. */
#include <stdlib.h>

#include "store/memory_inside.h"
#include "store/row_names.h"

/* ---- rows and their columns ---- */

struct value {
    bool is_set;
    struct sid sid;
    struct str text;
    int64_t number;
};

static struct value of_sid(struct sid sid)
{
    return (struct value){.is_set = !sid_is_none(&sid), .sid = sid};
}

static struct value of_text(struct str text)
{
    return (struct value){.is_set = true, .text = text};
}

static struct value of_number(int64_t number)
{
    return (struct value){.is_set = true, .number = number};
}

static struct value token_value(const struct token_row *row, enum store_column column)
{
    switch ((int)column) {
    case STORE_TOKEN_SID:
        return of_sid(row->token_sid);
    case STORE_TOKEN_CLIENT_ID:
        return of_sid(row->client_id);
    case STORE_TOKEN_NAME:
        return of_text(row->name);
    case STORE_TOKEN_CREATED:
        return of_number(row->created_ms);
    case STORE_TOKEN_EXP:
        return of_number(row->exp_s);
    default:
        return (struct value){.is_set = row->last_accessed_ms > 0, .number = row->last_accessed_ms};
    }
}

static struct value partner_value(const struct partner_row *row, enum store_column column)
{
    switch ((int)column) {
    case STORE_PARTNER_SID:
        return of_sid(row->partner_sid);
    case STORE_PARTNER_PARENT_SID:
        return of_sid(row->parent_sid);
    case STORE_PARTNER_NAME:
        return of_text(row->name);
    case STORE_PARTNER_LOGIN:
        return (struct value){.is_set = row->login.len > 0, .text = row->login};
    case STORE_PARTNER_STATUS:
        return of_text(partner_status_names[row->status]);
    case STORE_PARTNER_CREATED:
        return of_number(row->created_ms);
    default:
        return of_number(row->updated_ms);
    }
}

static struct value application_value(const struct application_row *row, enum store_column column)
{
    switch ((int)column) {
    case STORE_APPLICATION_CLIENT_ID:
        return of_sid(row->client_id);
    case STORE_APPLICATION_PARTNER_SID:
        return of_sid(row->partner_sid);
    case STORE_APPLICATION_NAME:
        return of_text(row->name);
    case STORE_APPLICATION_STATUS:
        return of_text(application_status_names[row->status]);
    case STORE_APPLICATION_CREATED:
        return of_number(row->created_ms);
    default:
        return of_number(row->updated_ms);
    }
}

static struct value value_of(const void *row, enum store_column column)
{
    switch (store_column_table(column)) {
    case STORE_TOKENS:
        return token_value(row, column);
    case STORE_PARTNERS:
        return partner_value(row, column);
    case STORE_APPLICATIONS:
    case STORE_RULES:
    case STORE_TRUNK_GROUPS:
    case STORE_TRUNKS:
    case STORE_TABLES:
        break;
    }
    return application_value(row, column);
}

static int compare_values(const struct value *a, const struct value *b, enum store_column column)
{
    switch (store_column_kind(column)) {
    case STORE_VALUE_SID:
        return memory_compare_sid(&a->sid, &b->sid);
    case STORE_VALUE_TEXT:
        return str_compare(a->text, b->text);
    case STORE_VALUE_NUMBER:
        break;
    }
    return a->number < b->number ? -1 : a->number > b->number;
}

static bool passes(const void *row, const struct store_filter *filter)
{
    struct value stored = value_of(row, filter->column);
    struct value asked = {.sid = filter->sid, .text = filter->text, .number = filter->number};

    if (!stored.is_set)
        return false;
    if (filter->operator== STORE_IS_LIKE)
        return store_text_is_like(filter->text, stored.text);
    int order = compare_values(&stored, &asked, filter->column);
    switch (filter->operator) {
    case STORE_IS_EQ:
        return order == 0;
    case STORE_IS_NE:
        return order != 0;
    case STORE_IS_GT:
        return order > 0;
    case STORE_IS_GE:
        return order >= 0;
    case STORE_IS_LT:
        return order < 0;
    default:
        return order <= 0;
    }
}

/* ---- lists ---- */

static bool is_within(const struct memory *m, const struct sid *partner_sid,
                      const struct store_list *list)
{
    struct partner_row key = {.partner_sid = *partner_sid};

    while (!sid_eq(&key.partner_sid, &list->partner_sid)) {
        const struct partner_row *row =
            list->descendants ? memory_table_find(&m->partners, &key) : NULL;
        if (row == NULL || sid_is_none(&row->parent_sid))
            return false;
        key.partner_sid = row->parent_sid;
    }
    return true;
}

static const struct sid *partner_of(const void *row, enum store_table table)
{
    switch (table) {
    case STORE_TOKENS:
        return &((const struct token_row *)row)->partner_sid;
    case STORE_PARTNERS:
        return &((const struct partner_row *)row)->partner_sid;
    case STORE_APPLICATIONS:
    case STORE_RULES:
    case STORE_TRUNK_GROUPS:
    case STORE_TRUNKS:
    case STORE_TABLES:
        break;
    }
    return &((const struct application_row *)row)->partner_sid;
}

static enum store_column key_of(enum store_table table)
{
    static const enum store_column keys[] = {STORE_TOKEN_SID, STORE_PARTNER_SID,
                                             STORE_APPLICATION_CLIENT_ID};
    return keys[table];
}

static bool has_status(const struct memory *m, const struct token_row *row,
                       const struct store_list *list)
{
    bool revoked =
        row->revoked_number != 0 || memory_find_entry(m, ENTRY_TOKEN_REVOKED, &row->token_sid);

    switch (list->status) {
    case STORE_TOKENS_LIVE:
        return !revoked && row->exp_s > list->now_s;
    case STORE_TOKENS_REVOKED:
        return revoked;
    case STORE_TOKENS_EXPIRED:
        return !revoked && row->exp_s <= list->now_s;
    case STORE_TOKENS_ALL:
        break;
    }
    return true;
}

static bool is_listed(const struct memory *m, const void *row, enum store_table table,
                      const struct store_list *list)
{
    struct value key = value_of(row, key_of(table));

    if (!is_within(m, partner_of(row, table), list))
        return false;
    if (table == STORE_TOKENS && !sid_is_none(&list->client_id) &&
        !sid_eq(&((const struct token_row *)row)->client_id, &list->client_id))
        return false;
    if (table == STORE_TOKENS && !has_status(m, row, list))
        return false;
    if (!sid_is_none(&list->after) && memory_compare_sid(&key.sid, &list->after) <= 0)
        return false;
    if (!sid_is_none(&list->before) && memory_compare_sid(&key.sid, &list->before) >= 0)
        return false;
    for (size_t i = 0; i < list->filter_count; i++) {
        if (!passes(row, &list->filters[i]))
            return false;
    }
    return true;
}

static int compare_rows(const void *a, const void *b, void *context)
{
    const struct store_list *list = context;
    enum store_column key = key_of(store_column_table(list->order));
    const void *x = *(void *const *)a;
    const void *y = *(void *const *)b;
    struct value first = value_of(x, list->order);
    struct value second = value_of(y, list->order);
    int order = compare_values(&first, &second, list->order);

    if (order == 0) {
        first = value_of(x, key);
        second = value_of(y, key);
        order = compare_values(&first, &second, key);
    }
    return list->descending ? -order : order;
}

static const struct memory_table *table_of(const struct memory *m, enum store_table table)
{
    const struct memory_table *tables[] = {&m->tokens, &m->partners, &m->applications};
    return tables[table];
}

/* Where the page stands among n rows. */
static void choose_page(struct store_read *read, size_t n, size_t *out_from)
{
    const struct store_list *list = &read->in.list;
    bool backwards = !sid_is_none(&list->before);
    size_t from = list->offset < n ? list->offset : n;

    if (backwards && n > list->limit)
        from = n - list->limit;
    read->out.count = n - from < list->limit ? n - from : list->limit;
    read->out.more = backwards ? from > 0 : n - from > list->limit;
    *out_from = from;
}

static bool copy_partner(struct arena *arena, const struct partner_row *from,
                         struct partner_row *to)
{
    *to = *from;
    return memory_keep(arena, &to->name) && memory_keep(arena, &to->login) &&
           memory_keep(arena, &to->available_scopes);
}

static bool copy_application(struct arena *arena, const struct application_row *from,
                             struct application_row *to)
{
    *to = *from;
    return memory_keep(arena, &to->name) && memory_keep(arena, &to->grant_types) &&
           memory_keep(arena, &to->redirect_uris) && memory_keep(arena, &to->scopes) &&
           memory_keep(arena, &to->approved_restricted) && memory_keep(arena, &to->audiences) &&
           memory_keep(arena, &to->jwks);
}

static bool copy_page(const struct memory *m, struct store_read *read, enum store_table table,
                      void **rows)
{
    static const size_t sizes[] = {sizeof(struct token_row), sizeof(struct partner_row),
                                   sizeof(struct application_row)};
    struct arena *arena = read->arena;
    void *page = arena_array(arena, read->out.count + 1, sizes[table]);

    read->out.tokens = page;
    for (size_t i = 0; page != NULL && i < read->out.count; i++) {
        void *to = (char *)page + i * sizes[table];
        bool copied = table == STORE_TOKENS     ? memory_keep_token(m, arena, rows[i], to)
                      : table == STORE_PARTNERS ? copy_partner(arena, rows[i], to)
                                                : copy_application(arena, rows[i], to);
        if (!copied)
            return false;
    }
    return page != NULL;
}

/* Wherever the page begins. */
static size_t count_all(const struct memory *m, enum store_table table,
                        const struct store_list *list)
{
    const struct memory_table *rows = table_of(m, table);
    struct store_list all = *list;
    size_t count = 0;

    all.after = all.before = (struct sid){{0}};
    for (size_t i = 0; i < rows->count; i++)
        count += is_listed(m, rows->rows[i], table, &all);
    return count;
}

struct result memory_list_rows(const struct memory *m, struct store_read *read)
{
    enum store_table table = store_column_table(read->in.list.order);
    const struct memory_table *all = table_of(m, table);
    void **rows = calloc(all->count + 1, sizeof(*rows));
    size_t count = 0;
    size_t from;

    if (rows == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    for (size_t i = 0; i < all->count; i++) {
        if (is_listed(m, all->rows[i], table, &read->in.list))
            rows[count++] = all->rows[i];
    }
    qsort_r(rows, count, sizeof(*rows), compare_rows, &read->in.list);
    choose_page(read, count, &from);
    if (read->in.list.want_total)
        read->out.total = count_all(m, table, &read->in.list);
    bool copied = copy_page(m, read, table, rows + from);
    free(rows);
    return copied ? RESULT_OK : FAULT(ERR_FAULT_MEMORY);
}
