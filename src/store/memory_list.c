/* Lists of the memory backend: each goes through the whole table. */
#include <stdlib.h>

#include "store/memory_inside.h"
#include "store/row_texts.h"

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

static bool is_of_one(const struct sid *partner_sid, const struct store_list *list)
{
    for (size_t i = 0; i < list->partner_count; i++) {
        if (sid_eq(partner_sid, &list->partners[i]))
            return true;
    }
    return false;
}

/* Whether the list is of whoever the row belongs to. */
static bool is_theirs(const struct memory *m, const void *row, enum store_table table,
                      const struct store_list *list)
{
    switch (table) {
    case STORE_TOKENS:
        return is_within(m, &((const struct token_row *)row)->partner_sid, list);
    case STORE_PARTNERS:
        return is_within(m, &((const struct partner_row *)row)->partner_sid, list);
    case STORE_APPLICATIONS:
        return is_within(m, &((const struct application_row *)row)->partner_sid, list);
    case STORE_RULES:
        return is_of_one(&((const struct acl_rule_row *)row)->partner_sid, list);
    case STORE_TRUNK_GROUPS:
        return is_within(m, &((const struct trunk_group_row *)row)->partner_sid, list);
    case STORE_TRUNKS:
    case STORE_TABLES:
        break;
    }
    return sid_eq(&((const struct trunk_row *)row)->trunk_group_sid, &list->trunk_group_sid);
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
    const struct sid *key = row; /* a row begins with it */

    if (!is_theirs(m, row, table, list))
        return false;
    if (table == STORE_TOKENS && !sid_is_none(&list->client_id) &&
        !sid_eq(&((const struct token_row *)row)->client_id, &list->client_id))
        return false;
    if (table == STORE_TOKENS && !has_status(m, row, list))
        return false;
    if (!sid_is_none(&list->after) && memory_compare_sid(key, &list->after) <= 0)
        return false;
    if (!sid_is_none(&list->before) && memory_compare_sid(key, &list->before) >= 0)
        return false;
    for (size_t i = 0; i < list->filter_count; i++) {
        if (!memory_column_passes(row, &list->filters[i]))
            return false;
    }
    return true;
}

/* By column, then by key. */
static int compare_rows(const void *a, const void *b, void *context)
{
    const struct store_list *list = context;
    const void *x = *(void *const *)a;
    const void *y = *(void *const *)b;
    int order = memory_column_compare(x, y, list->order);

    if (order == 0)
        order = memory_compare_sid(x, y);
    return list->descending ? -order : order;
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

/* A row as reads give it; a group's trunks go into trunks. */
static void pick_row(const struct memory *m, enum store_table table, const void *stored,
                     bool without_entries, struct sid trunks[STORE_GROUP_TRUNKS], void *out)
{
    memcpy(out, stored, row_shapes[table].size);
    if (table == STORE_RULES && without_entries)
        ((struct acl_rule_row *)out)->entries = STR("");
    if (table == STORE_TRUNK_GROUPS) {
        struct trunk_group_row *row = out;
        row->trunks = trunks;
        row->trunk_count = memory_trunks_of(m, &row->trunk_group_sid, STORE_GROUP_TRUNKS, trunks);
    }
}

/* What pick_row has left, into the arena. */
static bool keep_row(const struct memory *m, struct arena *arena, enum store_table table, void *row)
{
    return table == STORE_TOKENS ? memory_keep_token(m, arena, row, row)
                                 : row_text_keep(table, arena, row);
}

/* From the page's end where it was read backwards. False: memory is short. */
static bool copy_page(const struct memory *m, struct store_read *read, enum store_table table,
                      void **rows)
{
    const struct store_list *list = &read->in.list;
    size_t size = row_shapes[table].size;
    char *page = arena_array(read->arena, read->out.count + 1, size);
    bool backwards = !sid_is_none(&list->before);
    struct sid trunks[STORE_GROUP_TRUNKS];
    size_t bytes = 0;
    size_t done = 0;

    for (; page != NULL && done < read->out.count; done++) {
        size_t i = backwards ? read->out.count - 1 - done : done;
        void *row = page + i * size;
        pick_row(m, table, rows[i], list->without_entries, trunks, row);
        bytes += row_text_size(table, row);
        if (row_page_is_full(list, bytes, done))
            break;
        if (!keep_row(m, read->arena, table, row))
            return false;
    }
    if (page == NULL)
        return false;
    read->out.is_cut = done < read->out.count;
    read->out.more |= read->out.is_cut;
    read->out.tokens = (void *)(page + (backwards ? (read->out.count - done) * size : 0));
    read->out.count = done;
    return true;
}

/* Wherever the page begins. */
static size_t count_all(struct memory *m, enum store_table table, const struct store_list *list)
{
    const struct memory_table *rows = memory_table_of(m, table);
    struct store_list all = *list;
    size_t count = 0;

    all.after = all.before = (struct sid){{0}};
    for (size_t i = 0; i < rows->count; i++)
        count += is_listed(m, rows->rows[i], table, &all);
    return count;
}

struct result memory_list_rows(struct memory *m, struct store_read *read)
{
    enum store_table table = store_column_table(read->in.list.order);
    const struct memory_table *all = memory_table_of(m, table);
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

struct result memory_get_row(struct memory *m, enum store_table table, struct store_read *read)
{
    struct partner_row key = {.partner_sid = read->in.rule_sid}; /* any row's key stands there */
    const void *stored = memory_table_find(memory_table_of(m, table), &key);
    void *row = arena_alloc(read->arena, row_shapes[table].size);
    struct sid trunks[STORE_GROUP_TRUNKS];

    if (stored == NULL) {
        read->outcome = STORE_OUTCOME_ABSENT;
        return RESULT_OK;
    }
    if (row == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    pick_row(m, table, stored, false, trunks, row);
    read->out.tokens = row;
    read->out.count = 1;
    return keep_row(m, read->arena, table, row) ? RESULT_OK : FAULT(ERR_FAULT_MEMORY);
}
