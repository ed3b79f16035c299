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

static void *copy_token(const struct token_row *row)
{
    static const size_t texts[] = {
        offsetof(struct token_row, name), offsetof(struct token_row, scopes),
        offsetof(struct token_row, audiences), offsetof(struct token_row, last_accessed_ip),
        offsetof(struct token_row, newest.kid)};
    return memory_copy_row(row, sizeof(*row), texts, sizeof(texts) / sizeof(texts[0]));
}

static void *copy_entry(const struct store_entry *entry)
{
    static const size_t texts[] = {offsetof(struct store_entry, set.scopes)};
    return memory_copy_row(entry, sizeof(*entry), texts, entry->kind == ENTRY_TOKEN_SET ? 1 : 0);
}

struct result memory_tokens_create(struct store_backend *backend,
                                   const struct token_row *const *rows, size_t n,
                                   enum store_conflict *out)
{
    struct memory *m = memory_of(backend);

    *out = STORE_CONFLICT_NONE;
    for (size_t i = 0; i < n; i++) {
        TRY(memory_falter(m));
        if (memory_table_find(&m->tokens, rows[i]) != NULL) {
            *out = STORE_CONFLICT_EXISTS;
            return RESULT_OK;
        }
        TRY(memory_put(m, &m->tokens, copy_token(rows[i])));
    }
    return RESULT_OK;
}

/* The entry of a kind about a token; NULL: there is none. */
static const struct store_entry *find_entry(const struct memory *m, enum entry_kind kind,
                                            const struct sid *token_sid)
{
    struct store_entry key = {.kind = kind, .id = *token_sid};
    return memory_table_find(&m->subjects, &key);
}

struct result memory_token_update(struct store_backend *backend,
                                  const struct store_token_update *update, uint64_t if_revision,
                                  uint64_t *out_revision, int64_t *out_end_s,
                                  enum store_outcome *out)
{
    struct memory *m = memory_of(backend);
    struct token_row key = {.token_sid = update->token_sid};

    TRY(memory_falter(m));
    const struct token_row *stored = memory_table_find(&m->tokens, &key);
    if (stored == NULL) {
        *out = STORE_OUTCOME_ABSENT;
        return RESULT_OK;
    }
    *out = !memory_is_revision(if_revision, stored->revision) ||
                   find_entry(m, ENTRY_TOKEN_REVOKED, &update->token_sid) != NULL
               ? STORE_OUTCOME_CONFLICT
               : STORE_OUTCOME_DONE;
    if (*out != STORE_OUTCOME_DONE)
        return RESULT_OK;
    struct token_row row = *stored;
    row.name = update->name;
    row.scopes = update->scopes;
    row.exp_s = update->exp_s;
    if (row.exp_signed_s < update->exp_signed_s)
        row.exp_signed_s = update->exp_signed_s;
    row.generation = update->generation;
    row.newest = update->newest;
    row.revision++;
    *out_revision = row.revision;
    *out_end_s = row.exp_signed_s;
    return memory_put(m, &m->tokens, copy_token(&row));
}

struct result memory_token_touch(struct store_backend *backend, const struct store_touch *touch)
{
    struct memory *m = memory_of(backend);
    struct token_row key = {.token_sid = touch->id};

    TRY(memory_falter(m));
    const struct token_row *stored = memory_table_find(&m->tokens, &key);
    if (stored == NULL || stored->last_accessed_ms >= touch->at_ms)
        return RESULT_OK;
    struct token_row row = *stored;
    row.last_accessed_ms = touch->at_ms;
    row.last_accessed_ip = touch->ip;
    return memory_put(m, &m->tokens, copy_token(&row));
}

/* ---- the sequence ---- */

static RESULT put_entry(struct memory *m, const struct store_entry *entry)
{
    TRY(memory_put(m, &m->entries, copy_entry(entry)));
    return memory_put(m, &m->subjects, copy_entry(entry));
}

/* By number alone; the subject's place is taken or removed by the caller. */
static RESULT drop_number(struct memory *m, const struct store_entry *entry)
{
    size_t place = memory_table_place(&m->entries, entry);
    return memory_table_remove(&m->entries, &m->journal, place) ? RESULT_OK
                                                                : FAULT(ERR_FAULT_MEMORY);
}

/* Revoked says it all. */
static RESULT drop_set(struct memory *m, const struct sid *token_sid)
{
    const struct store_entry *set = find_entry(m, ENTRY_TOKEN_SET, token_sid);

    if (set == NULL)
        return RESULT_OK;
    TRY(drop_number(m, set));
    size_t place = memory_table_place(&m->subjects, set);
    return memory_table_remove(&m->subjects, &m->journal, place) ? RESULT_OK
                                                                 : FAULT(ERR_FAULT_MEMORY);
}

struct result memory_token_revoke(struct store_backend *backend, struct store_entry *entry,
                                  int64_t now_s, uint64_t if_revision, uint64_t *out_number,
                                  enum store_outcome *out)
{
    struct memory *m = memory_of(backend);
    struct token_row key = {.token_sid = entry->id};

    TRY(memory_falter(m));
    const struct store_entry *earlier = memory_table_find(&m->subjects, entry);
    const struct token_row *row = memory_table_find(&m->tokens, &key);
    *out = memory_is_revision(if_revision, row != NULL ? row->revision : 0)
               ? STORE_OUTCOME_DONE
               : STORE_OUTCOME_CONFLICT;
    if (*out != STORE_OUTCOME_DONE)
        return RESULT_OK;
    if (earlier != NULL && (row == NULL || row->exp_signed_s <= earlier->end_s)) {
        *out_number = earlier->number;
        return RESULT_OK;
    }
    if (row != NULL && row->exp_signed_s > entry->end_s)
        entry->end_s = row->exp_signed_s;
    *out_number = entry->end_s > now_s ? entry->number : 0;
    if (*out_number == 0)
        return RESULT_OK;
    if (earlier != NULL) {
        entry->at_ms = earlier->at_ms;
        TRY(drop_number(m, earlier));
    }
    TRY(drop_set(m, &entry->id));
    return put_entry(m, entry);
}

struct result memory_epoch_create(struct store_backend *backend, struct store_entry *entry)
{
    struct memory *m = memory_of(backend);

    TRY(memory_falter(m));
    const struct store_entry *earlier = memory_table_find(&m->subjects, entry);
    if (earlier != NULL) {
        if (earlier->end_s > entry->end_s)
            entry->end_s = earlier->end_s;
        TRY(drop_number(m, earlier));
    }
    return put_entry(m, entry);
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
        bool is_set = entry->kind == ENTRY_TOKEN_SET;
        if (count == limit)
            break;
        if (entry->end_s <= now_s)
            continue;
        out[count] = *entry;
        if (is_set)
            out[count].set.scopes = arena_str(arena, entry->set.scopes);
        if (is_set && out[count].set.scopes.ptr == NULL)
            return FAULT(ERR_FAULT_MEMORY);
        count++;
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

struct result memory_tokens_prune(struct memory *m, int64_t before_s, size_t limit,
                                  size_t *out_count)
{
    size_t count = 0;

    for (size_t i = m->tokens.count; i-- > 0 && count < limit;) {
        const struct token_row *row = m->tokens.rows[i];
        if (row->exp_signed_s >= before_s)
            continue;
        if (!memory_table_remove(&m->tokens, &m->journal, i))
            return FAULT(ERR_FAULT_MEMORY);
        count++;
    }
    *out_count = count;
    return RESULT_OK;
}
