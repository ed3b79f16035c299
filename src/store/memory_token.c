/* Tokens and the sequence in memory. Entries stand in two tables: by number, and by what they speak
 * of. */
#include "store/memory_inside.h"

static int compare_token(const void *a, const void *b)
{
    return memory_compare_sid(&((const struct token_row *)a)->token_sid,
                              &((const struct token_row *)b)->token_sid);
}

static int compare_number(const void *a, const void *b)
{
    uint64_t x = ((const struct store_entry *)a)->number;
    uint64_t y = ((const struct store_entry *)b)->number;
    return x < y ? -1 : x > y;
}

static int compare_subject(const void *a, const void *b)
{
    const struct store_entry *x = a;
    const struct store_entry *y = b;
    int order = (int)x->kind - (int)y->kind;

    order = order != 0 ? order : memory_compare_sid(&x->id, &y->id);
    return order != 0 ? order : str_compare(entry_kid(x), entry_kid(y));
}

void memory_token_init(struct memory *m)
{
    m->tokens.compare = compare_token;
    m->entries.compare = compare_number;
    m->subjects.compare = compare_subject;
}

struct result memory_token_create(struct store_backend *backend, const struct token_row *row,
                                  enum store_conflict *out)
{
    static const size_t texts[] = {offsetof(struct token_row, name),
                                   offsetof(struct token_row, scopes),
                                   offsetof(struct token_row, audiences)};
    struct memory *m = memory_of(backend);

    TRY(memory_falter(m));
    *out = memory_table_find(&m->tokens, row) != NULL ? STORE_CONFLICT_EXISTS : STORE_CONFLICT_NONE;
    if (*out != STORE_CONFLICT_NONE)
        return RESULT_OK;
    return memory_put(m, &m->tokens,
                      memory_copy_row(row, sizeof(*row), texts, sizeof(texts) / sizeof(texts[0])));
}

static RESULT put_entry(struct memory *m, const struct store_entry *entry)
{
    TRY(memory_put(m, &m->entries, memory_copy_row(entry, sizeof(*entry), NULL, 0)));
    return memory_put(m, &m->subjects, memory_copy_row(entry, sizeof(*entry), NULL, 0));
}

struct result memory_token_revoke(struct store_backend *backend, struct store_entry *entry,
                                  int64_t now_s, uint64_t *out_number)
{
    struct memory *m = memory_of(backend);
    struct token_row key = {.token_sid = entry->id};

    TRY(memory_falter(m));
    const struct store_entry *earlier = memory_table_find(&m->subjects, entry);
    const struct token_row *row = memory_table_find(&m->tokens, &key);
    if (earlier != NULL) {
        *out_number = earlier->number;
        return RESULT_OK;
    }
    if (row != NULL && row->exp_signed_s > entry->end_s)
        entry->end_s = row->exp_signed_s;
    if (entry->end_s > now_s)
        TRY(put_entry(m, entry));
    *out_number = entry->end_s > now_s ? entry->number : 0;
    return RESULT_OK;
}

struct result memory_epoch_create(struct store_backend *backend, struct store_entry *entry)
{
    struct memory *m = memory_of(backend);

    TRY(memory_falter(m));
    const struct store_entry *earlier = memory_table_find(&m->subjects, entry);
    if (earlier != NULL) {
        if (earlier->end_s > entry->end_s)
            entry->end_s = earlier->end_s;
        if (!memory_table_remove(&m->entries, &m->journal,
                                 memory_table_place(&m->entries, earlier)))
            return FAULT(ERR_FAULT_MEMORY);
    }
    return put_entry(m, entry);
}

struct result memory_read_entries(struct store_backend *backend, uint64_t after, int64_t now_s,
                                  size_t limit, struct store_entry *out, size_t *out_count)
{
    struct memory *m = memory_of(backend);
    struct store_entry key = {.number = after + 1};
    size_t count = 0;

    TRY(memory_falter(m));
    for (size_t i = memory_table_place(&m->entries, &key); i < m->entries.count; i++) {
        const struct store_entry *entry = m->entries.rows[i];
        if (count == limit)
            break;
        if (entry->end_s > now_s)
            out[count++] = *entry;
    }
    *out_count = count;
    return RESULT_OK;
}

static RESULT prune_entries(struct memory *m, const struct store_prune *prune, size_t *count)
{
    size_t pruned = 0;

    for (size_t i = m->entries.count; i-- > 0 && pruned < prune->limit;) {
        const struct store_entry *entry = m->entries.rows[i];
        if (entry->end_s >= prune->entries_before_s)
            continue;
        if (!memory_table_remove(&m->subjects, &m->journal,
                                 memory_table_place(&m->subjects, entry)) ||
            !memory_table_remove(&m->entries, &m->journal, i))
            return FAULT(ERR_FAULT_MEMORY);
        pruned++;
    }
    *count += pruned;
    return RESULT_OK;
}

struct result memory_prune(struct store_backend *backend, const struct store_prune *prune,
                           size_t *out_count)
{
    struct memory *m = memory_of(backend);
    size_t count = 0;

    TRY(memory_falter(m));
    for (size_t i = m->tokens.count; i-- > 0 && count < prune->limit;) {
        const struct token_row *row = m->tokens.rows[i];
        if (row->exp_signed_s >= prune->tokens_before_s)
            continue;
        if (!memory_table_remove(&m->tokens, &m->journal, i))
            return FAULT(ERR_FAULT_MEMORY);
        count++;
    }
    TRY(prune_entries(m, prune, &count));
    *out_count = count;
    return RESULT_OK;
}
