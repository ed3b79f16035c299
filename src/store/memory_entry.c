/* The sequence in memory. Entries stand in two tables: by number, and by what they speak of. */
#include "store/memory_inside.h"

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
    order = order != 0 ? order : str_compare(entry_kid(x), entry_kid(y));
    return order != 0 ? order : (x->before_s > y->before_s) - (x->before_s < y->before_s);
}

void memory_entry_init(struct memory *m)
{
    m->entries.compare = compare_number;
    m->subjects.compare = compare_subject;
}

static void *copy_entry(const struct store_entry *entry)
{
    static const size_t of_set[] = {offsetof(struct store_entry, set.scopes)};
    static const size_t of_selector[] = {offsetof(struct store_entry, selector.kid),
                                         offsetof(struct store_entry, selector.scopes)};
    bool is_set = entry->kind == ENTRY_TOKEN_SET;

    return memory_copy_row(entry, sizeof(*entry), is_set ? of_set : of_selector,
                           is_set                          ? 1
                           : entry->kind == ENTRY_SELECTOR ? 2
                                                           : 0);
}

const struct store_entry *memory_find_entry(const struct memory *m, enum entry_kind kind,
                                            const struct sid *id)
{
    struct store_entry key = {.kind = kind, .id = *id};
    return memory_table_find(&m->subjects, &key);
}

struct result memory_put_entry(struct memory *m, const struct store_entry *entry)
{
    TRY(memory_put(m, &m->entries, copy_entry(entry)));
    return memory_put(m, &m->subjects, copy_entry(entry));
}

static bool remove_from(struct memory *m, struct memory_table *table,
                        const struct store_entry *entry)
{
    return memory_table_remove(table, &m->journal, memory_table_place(table, entry));
}

/* A copy of the key: the entry may be a row of either table. */
struct result memory_drop_entry(struct memory *m, const struct store_entry *entry)
{
    struct store_entry key = *entry;

    return remove_from(m, &m->subjects, &key) && remove_from(m, &m->entries, &key)
               ? RESULT_OK
               : FAULT(ERR_FAULT_MEMORY);
}

struct result memory_entry_create(struct store_backend *backend, const struct store_entry *entry)
{
    TRY(memory_falter(memory_of(backend)));
    return memory_put_entry(memory_of(backend), entry);
}

struct result memory_entry_delete(struct store_backend *backend, const struct store_entry *entry)
{
    TRY(memory_falter(memory_of(backend)));
    return memory_drop_entry(memory_of(backend), entry);
}

struct result memory_subject_read(struct store_backend *backend, const struct store_entry *subject,
                                  size_t max, struct store_entry *out, size_t *out_count)
{
    struct memory *m = memory_of(backend);
    struct store_entry key = *subject;
    size_t count = 0;

    TRY(memory_falter(m));
    key.before_s = INT64_MIN;
    for (size_t i = memory_table_place(&m->subjects, &key); i < m->subjects.count && count < max;
         i++) {
        const struct store_entry *entry = m->subjects.rows[i];
        key.before_s = entry->before_s;
        if (compare_subject(entry, &key) != 0)
            break;
        out[count++] = *entry;
    }
    *out_count = count;
    return RESULT_OK;
}

struct result memory_selectors_count(struct store_backend *backend, size_t *out)
{
    struct memory *m = memory_of(backend);

    TRY(memory_falter(m));
    *out = 0;
    for (size_t i = 0; i < m->entries.count; i++) {
        const struct store_entry *entry = m->entries.rows[i];
        *out += entry->kind == ENTRY_SELECTOR && entry->end_s > 0;
    }
    return RESULT_OK;
}

/* ---- reading ---- */

bool memory_keep_entry(struct arena *arena, const struct store_entry *from, struct store_entry *to)
{
    *to = *from;
    if (to->kind == ENTRY_TOKEN_SET)
        return memory_keep(arena, &to->set.scopes);
    return to->kind != ENTRY_SELECTOR ||
           (memory_keep(arena, &to->selector.kid) && memory_keep(arena, &to->selector.scopes));
}

struct result memory_read_entries(struct store_backend *backend, uint64_t after, int64_t now_s,
                                  size_t limit, struct arena *arena, struct store_entry *out,
                                  size_t *out_count)
{
    struct memory *m = memory_of(backend);
    struct store_entry key = {.number = after + 1};
    size_t count = 0;

    TRY(memory_falter(m));
    for (size_t i = memory_table_place(&m->entries, &key); i < m->entries.count; i++) {
        const struct store_entry *entry = m->entries.rows[i];
        if (count == limit)
            break;
        if (entry->end_s <= now_s)
            continue;
        if (!memory_keep_entry(arena, entry, &out[count++]))
            return FAULT(ERR_FAULT_MEMORY);
    }
    *out_count = count;
    return RESULT_OK;
}

struct result memory_entries_prune(struct memory *m, int64_t before_s, size_t limit,
                                   size_t *out_count)
{
    size_t count = 0;

    for (size_t i = m->entries.count; i-- > 0 && count < limit;) {
        const struct store_entry *entry = m->entries.rows[i];
        if (entry->end_s >= before_s)
            continue;
        if (!memory_table_remove(&m->subjects, &m->journal,
                                 memory_table_place(&m->subjects, entry)) ||
            !memory_table_remove(&m->entries, &m->journal, i))
            return FAULT(ERR_FAULT_MEMORY);
        count++;
    }
    *out_count = count;
    return RESULT_OK;
}
