/* Revocations by selector in memory, and the reads that are about them. */
#include <string.h>

#include "store/memory_inside.h"

static int compare_revocation(const void *a, const void *b)
{
    return memory_compare_sid(&((const struct revocation_row *)a)->revocation_sid,
                              &((const struct revocation_row *)b)->revocation_sid);
}

void memory_revocation_init(struct memory *m)
{
    m->revocations.compare = compare_revocation;
}

static void *copy_revocation(const struct revocation_row *row)
{
    static const size_t texts[] = {offsetof(struct revocation_row, selector.kid),
                                   offsetof(struct revocation_row, selector.scopes)};
    return memory_copy_row(row, sizeof(*row), texts, sizeof(texts) / sizeof(texts[0]));
}

static const struct revocation_row *find(const struct memory *m, const struct sid *revocation_sid)
{
    struct revocation_row key = {.revocation_sid = *revocation_sid};
    return memory_table_find(&m->revocations, &key);
}

static bool keep_revocation(struct arena *arena, const struct revocation_row *from,
                            struct revocation_row *to)
{
    *to = *from;
    return memory_keep(arena, &to->selector.kid) && memory_keep(arena, &to->selector.scopes);
}

/* ---- as the writer asks ---- */

struct result memory_revocation_create(struct store_backend *backend,
                                       const struct revocation_row *row, enum store_conflict *out)
{
    struct memory *m = memory_of(backend);

    TRY(memory_falter(m));
    *out = find(m, &row->revocation_sid) != NULL ? STORE_CONFLICT_EXISTS : STORE_CONFLICT_NONE;
    if (*out != STORE_CONFLICT_NONE)
        return RESULT_OK;
    return memory_put(m, &m->revocations, copy_revocation(row));
}

struct result memory_revocation_find(struct store_backend *backend,
                                     const struct sid *revocation_sid, struct arena *arena,
                                     struct revocation_row *out, bool *out_found)
{
    struct memory *m = memory_of(backend);

    TRY(memory_falter(m));
    const struct revocation_row *stored = find(m, revocation_sid);
    *out_found = stored != NULL;
    if (stored == NULL)
        return RESULT_OK;
    if (arena != NULL)
        return keep_revocation(arena, stored, out) ? RESULT_OK : FAULT(ERR_FAULT_MEMORY);
    *out = *stored;
    out->selector.kid = out->selector.scopes = STR_NONE;
    return RESULT_OK;
}

struct result memory_plans_count(struct store_backend *backend, const struct sid *partner_sid,
                                 int64_t now_ms, size_t *out)
{
    struct memory *m = memory_of(backend);

    TRY(memory_falter(m));
    *out = 0;
    for (size_t i = 0; i < m->revocations.count; i++) {
        const struct revocation_row *row = m->revocations.rows[i];
        *out += row->state == REVOCATION_PLANNED && row->expires_ms > now_ms &&
                sid_eq(&row->partner_sid, partner_sid);
    }
    return RESULT_OK;
}

/* As sqlite_asked_count reads it. */
static void count_asked(const struct memory *m, const struct revocation_row *row, int64_t now_ms,
                        struct store_asked *out)
{
    const struct store_entry *entry = memory_find_entry(m, ENTRY_SELECTOR, &row->revocation_sid);

    out->executed += row->end_s > now_ms / 1000;
    out->selectors += entry != NULL && entry->end_s > 0;
    if (!row->selector.over_ceiling)
        return;
    out->ceilings += row->state == REVOCATION_FOLLOWING;
    if (row->state == REVOCATION_DONE) {
        int64_t took_ms = row->done_ms - row->executed_ms;
        int64_t rest_ms = took_ms < STORE_CEILING_REST_MS ? took_ms : STORE_CEILING_REST_MS;
        if (row->done_ms + rest_ms > out->rest_until_ms)
            out->rest_until_ms = row->done_ms + rest_ms;
    }
}

struct result memory_asked_count(struct store_backend *backend, const struct sid *partner_sid,
                                 int64_t now_ms, struct store_asked *out)
{
    struct memory *m = memory_of(backend);

    TRY(memory_falter(m));
    *out = (struct store_asked){0};
    for (size_t i = 0; i < m->revocations.count; i++) {
        const struct revocation_row *row = m->revocations.rows[i];
        if (row->state != REVOCATION_PLANNED && sid_eq(&row->partner_sid, partner_sid))
            count_asked(m, row, now_ms, out);
    }
    return RESULT_OK;
}

struct result memory_revocation_update(struct store_backend *backend,
                                       const struct revocation_row *row)
{
    struct memory *m = memory_of(backend);

    TRY(memory_falter(m));
    const struct revocation_row *stored = find(m, &row->revocation_sid);
    if (stored == NULL)
        return RESULT_OK;
    struct revocation_row changed = *row;
    changed.selector = stored->selector;
    return memory_put(m, &m->revocations, copy_revocation(&changed));
}

/* Whether the row knows by which it is decided. */
static bool is_by_others(const struct revocation_row *row, const struct digest256 *tables)
{
    static const struct digest256 unknown;

    return memcmp(&row->tables, &unknown, sizeof(unknown)) != 0 &&
           memcmp(&row->tables, tables, sizeof(*tables)) != 0;
}

struct result memory_ceilings_are_asked(struct store_backend *backend,
                                        const struct digest256 *by_others_than, bool *out)
{
    struct memory *m = memory_of(backend);

    TRY(memory_falter(m));
    *out = false;
    for (size_t i = 0; i < m->revocations.count; i++) {
        const struct revocation_row *row = m->revocations.rows[i];
        *out |= row->state == REVOCATION_FOLLOWING && row->selector.over_ceiling &&
                (by_others_than == NULL || is_by_others(row, by_others_than));
    }
    return RESULT_OK;
}

/* ---- clean-up ---- */

static RESULT prune(struct memory *m,
                    bool (*is_over)(const struct memory *m, const struct revocation_row *row,
                                    int64_t before),
                    int64_t before, size_t limit, size_t *out_count)
{
    size_t count = 0;

    for (size_t i = m->revocations.count; i-- > 0 && count < limit;) {
        if (!is_over(m, m->revocations.rows[i], before))
            continue;
        if (!memory_table_remove(&m->revocations, &m->journal, i))
            return FAULT(ERR_FAULT_MEMORY);
        count++;
    }
    *out_count = count;
    return RESULT_OK;
}

static bool is_old_plan(const struct memory *m, const struct revocation_row *row, int64_t before_ms)
{
    (void)m;
    return row->state == REVOCATION_PLANNED && row->expires_ms < before_ms;
}

static bool is_old(const struct memory *m, const struct revocation_row *row, int64_t before_s)
{
    return row->state != REVOCATION_PLANNED && row->end_s < before_s &&
           memory_find_entry(m, ENTRY_SELECTOR, &row->revocation_sid) == NULL;
}

struct result memory_plans_prune(struct memory *m, int64_t before_ms, size_t limit,
                                 size_t *out_count)
{
    return prune(m, is_old_plan, before_ms, limit, out_count);
}

struct result memory_revocations_prune(struct memory *m, int64_t before_s, size_t limit,
                                       size_t *out_count)
{
    return prune(m, is_old, before_s, limit, out_count);
}

/* ---- as the reader asks ---- */

static bool is_walked(const struct memory *m, const struct token_row *row,
                      const struct store_read *read)
{
    const struct sid *client_id = &read->in.token_walk.client_id;

    return row->exp_s > read->in.token_walk.now_s &&
           row->newest.epoch < read->in.token_walk.below && row->revoked_number == 0 &&
           (sid_is_none(client_id) || sid_eq(&row->client_id, client_id)) &&
           memory_find_entry(m, ENTRY_TOKEN_REVOKED, &row->token_sid) == NULL;
}

/* As SQLite does it, a bounded number of rows a page, so that its callers meet short ones here. */
struct result memory_walk_tokens(const struct memory *m, struct store_read *read)
{
    enum { LOOKED_AT = 4096 };
    size_t limit = read->in.token_walk.limit;
    struct token_row key = {.token_sid = read->in.token_walk.after};
    size_t at = memory_table_place(&m->tokens, &key);
    struct token_row *rows = arena_array(read->arena, limit, sizeof(*rows));

    if (rows == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    read->out.tokens = rows;
    if (at < m->tokens.count && m->tokens.compare(m->tokens.rows[at], &key) == 0)
        at++;
    size_t end = m->tokens.count - at > LOOKED_AT ? at + LOOKED_AT : m->tokens.count;
    for (; at < end && read->out.count < limit; at++) {
        const struct token_row *row = m->tokens.rows[at];
        if (!is_walked(m, row, read))
            continue;
        if (!memory_keep_token(m, read->arena, row, &rows[read->out.count++]))
            return FAULT(ERR_FAULT_MEMORY);
    }
    read->out.more = at < m->tokens.count;
    if (read->out.more)
        read->out.walked = ((const struct token_row *)m->tokens.rows[at - 1])->token_sid;
    return RESULT_OK;
}

struct result memory_get_revocation(const struct memory *m, struct store_read *read)
{
    const struct revocation_row *stored = find(m, &read->in.revocation_sid);
    struct revocation_row *row = arena_alloc(read->arena, sizeof(*row));

    if (stored == NULL) {
        read->outcome = STORE_OUTCOME_ABSENT;
        return RESULT_OK;
    }
    if (row == NULL || !keep_revocation(read->arena, stored, row))
        return FAULT(ERR_FAULT_MEMORY);
    read->out.revocations = row;
    read->out.count = 1;
    return RESULT_OK;
}

struct result memory_list_revocations(const struct memory *m, struct store_read *read)
{
    size_t limit = read->in.revocation_list.limit;
    struct revocation_row *rows = arena_array(read->arena, limit, sizeof(*rows));

    if (rows == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    read->out.revocations = rows;
    for (size_t i = 0; i < m->revocations.count && !read->out.more; i++) {
        const struct revocation_row *row = m->revocations.rows[i];
        if (memory_compare_sid(&row->revocation_sid, &read->in.revocation_list.after) <= 0 ||
            (read->in.revocation_list.following && row->state != REVOCATION_FOLLOWING))
            continue;
        read->out.more = read->out.count == limit;
        if (!read->out.more && !keep_revocation(read->arena, row, &rows[read->out.count++]))
            return FAULT(ERR_FAULT_MEMORY);
    }
    return RESULT_OK;
}

static bool feed_row(const struct memory *m, struct arena *arena, const struct store_entry *entry,
                     struct feed_row *out)
{
    bool of_token = entry->kind == ENTRY_TOKEN_REVOKED || entry->kind == ENTRY_TOKEN_SET;
    struct token_row key = {.token_sid = entry->id};
    const struct token_row *token = of_token ? memory_table_find(&m->tokens, &key) : NULL;

    *out = (struct feed_row){.partner_sid = token != NULL ? token->partner_sid : (struct sid){{0}},
                             .audiences = token != NULL ? token->audiences : STR_NONE};
    return memory_keep_entry(arena, entry, &out->entry) && memory_keep(arena, &out->audiences);
}

struct result memory_read_feed(const struct memory *m, struct store_read *read)
{
    struct store_entry key = {.number = read->in.feed.after + 1};
    size_t limit = read->in.feed.limit;
    struct feed_row *rows = arena_array(read->arena, limit, sizeof(*rows));

    if (rows == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    read->out.feed = rows;
    read->out.number = m->meta.last_number;
    for (size_t i = memory_table_place(&m->entries, &key); i < m->entries.count && !read->out.more;
         i++) {
        const struct store_entry *entry = m->entries.rows[i];
        if (entry->end_s <= read->in.feed.now_s || entry->kind == ENTRY_PLAN)
            continue;
        read->out.more = read->out.count == limit;
        if (!read->out.more && !feed_row(m, read->arena, entry, &rows[read->out.count++]))
            return FAULT(ERR_FAULT_MEMORY);
    }
    return RESULT_OK;
}
