/* Tokens in memory. A row that a selector has ended has its number and time in revoked_. */
#include "store/memory_inside.h"

static int compare_token(const void *a, const void *b)
{
    return memory_compare_sid(&((const struct token_row *)a)->token_sid,
                              &((const struct token_row *)b)->token_sid);
}

void memory_token_init(struct memory *m)
{
    m->tokens.compare = compare_token;
}

static void *copy_token(const struct token_row *row)
{
    static const size_t texts[] = {
        offsetof(struct token_row, name), offsetof(struct token_row, scopes),
        offsetof(struct token_row, audiences), offsetof(struct token_row, last_accessed_ip),
        offsetof(struct token_row, newest.kid)};
    return memory_copy_row(row, sizeof(*row), texts, sizeof(texts) / sizeof(texts[0]));
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
        struct token_row row = *rows[i];
        row.revoked_number = 0;
        TRY(memory_put(m, &m->tokens, copy_token(&row)));
    }
    return RESULT_OK;
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
    *out = !memory_is_revision(if_revision, stored->revision) || stored->revoked_number != 0 ||
                   memory_find_entry(m, ENTRY_TOKEN_REVOKED, &update->token_sid) != NULL
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

/* ---- their end ---- */

/* Revoked says it all. */
static RESULT drop_set(struct memory *m, const struct sid *token_sid)
{
    const struct store_entry *set = memory_find_entry(m, ENTRY_TOKEN_SET, token_sid);
    return set != NULL ? memory_drop_entry(m, set) : RESULT_OK;
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
        TRY(memory_drop_entry(m, earlier));
    }
    TRY(drop_set(m, &entry->id));
    return memory_put_entry(m, entry);
}

struct result memory_token_mark(struct store_backend *backend, const struct sid *token_sid,
                                const struct revocation_row *by, bool *out_marked)
{
    struct memory *m = memory_of(backend);
    struct token_row key = {.token_sid = *token_sid};

    TRY(memory_falter(m));
    const struct token_row *stored = memory_table_find(&m->tokens, &key);
    *out_marked = stored != NULL && stored->revoked_number == 0 &&
                  stored->newest.epoch < by->below &&
                  memory_find_entry(m, ENTRY_TOKEN_REVOKED, token_sid) == NULL;
    if (!*out_marked)
        return RESULT_OK;
    struct token_row row = *stored;
    row.revoked_number = by->number;
    row.revoked_ms = by->executed_ms;
    return memory_put(m, &m->tokens, copy_token(&row));
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

struct result memory_token_last(struct store_backend *backend, struct sid *out)
{
    struct memory *m = memory_of(backend);
    const size_t count = m->tokens.count;

    TRY(memory_falter(m));
    *out = (struct sid){{0}};
    if (count > 0)
        *out = ((const struct token_row *)m->tokens.rows[count - 1])->token_sid;
    return RESULT_OK;
}
