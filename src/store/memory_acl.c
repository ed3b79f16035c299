/* Access control in memory: rules, trunk groups, trunks. */
#include "store/memory_inside.h"
#include "store/row_texts.h"

/* Every row begins with its key. */
static int compare_keys(const void *a, const void *b)
{
    return memory_compare_sid(a, b);
}

void memory_acl_init(struct memory *m)
{
    m->rules.compare = compare_keys;
    m->trunk_groups.compare = compare_keys;
    m->trunks.compare = compare_keys;
}

static RESULT put(struct memory *m, enum store_table table, const void *row)
{
    return memory_put(m, memory_table_of(m, table), memory_copy(table, row));
}

static RESULT create(struct memory *m, enum store_table table, const void *row, bool has_parent,
                     enum store_conflict *out)
{
    TRY(memory_falter(m));
    if (memory_table_find(memory_table_of(m, table), row) != NULL)
        *out = STORE_CONFLICT_EXISTS;
    else
        *out = has_parent ? STORE_CONFLICT_NONE : STORE_CONFLICT_ORPHAN;
    return *out == STORE_CONFLICT_NONE ? put(m, table, row) : RESULT_OK;
}

/* revision: of the row that is stored, where there is one. */
static enum store_outcome judge(const void *stored, uint64_t if_revision, uint64_t revision)
{
    if (stored == NULL)
        return STORE_OUTCOME_ABSENT;
    return memory_is_revision(if_revision, revision) ? STORE_OUTCOME_DONE : STORE_OUTCOME_CONFLICT;
}

static RESULT drop(struct memory *m, enum store_table table, const struct sid *sid)
{
    struct memory_table *rows = memory_table_of(m, table);
    bool dropped = memory_table_remove(rows, &m->journal, memory_table_place(rows, sid));
    return dropped ? RESULT_OK : FAULT(ERR_FAULT_MEMORY);
}

/* ---- rules ---- */

struct result memory_rule_create(struct store_backend *backend, const struct acl_rule_row *row,
                                 enum store_conflict *out)
{
    struct memory *m = memory_of(backend);
    return create(m, STORE_RULES, row, memory_has_partner(m, &row->partner_sid), out);
}

struct result memory_rule_update(struct store_backend *backend, struct acl_rule_row *row,
                                 uint64_t if_revision, enum store_outcome *out)
{
    struct memory *m = memory_of(backend);
    const struct acl_rule_row *stored = memory_table_find(&m->rules, row);

    TRY(memory_falter(m));
    *out = judge(stored, if_revision, stored != NULL ? stored->revision : 0);
    if (*out != STORE_OUTCOME_DONE)
        return RESULT_OK;
    row->partner_sid = stored->partner_sid;
    row->created_ms = stored->created_ms;
    row->revision = stored->revision + 1;
    return put(m, STORE_RULES, row);
}

struct result memory_rule_delete(struct store_backend *backend, const struct sid *rule_sid,
                                 uint64_t if_revision, enum store_outcome *out)
{
    struct memory *m = memory_of(backend);
    const struct acl_rule_row *stored = memory_table_find(&m->rules, rule_sid);

    TRY(memory_falter(m));
    *out = judge(stored, if_revision, stored != NULL ? stored->revision : 0);
    return *out == STORE_OUTCOME_DONE ? drop(m, STORE_RULES, rule_sid) : RESULT_OK;
}

/* ---- trunk groups ---- */

struct result memory_trunk_group_create(struct store_backend *backend,
                                        const struct trunk_group_row *row, enum store_conflict *out)
{
    struct memory *m = memory_of(backend);
    return create(m, STORE_TRUNK_GROUPS, row, memory_has_partner(m, &row->partner_sid), out);
}

struct result memory_trunk_group_update(struct store_backend *backend, struct trunk_group_row *row,
                                        uint64_t if_revision, enum store_outcome *out)
{
    struct memory *m = memory_of(backend);
    const struct trunk_group_row *stored = memory_table_find(&m->trunk_groups, row);

    TRY(memory_falter(m));
    *out = judge(stored, if_revision, stored != NULL ? stored->revision : 0);
    if (*out != STORE_OUTCOME_DONE)
        return RESULT_OK;
    row->partner_sid = stored->partner_sid;
    row->created_ms = stored->created_ms;
    row->revision = stored->revision + 1;
    return put(m, STORE_TRUNK_GROUPS, row);
}

struct result memory_trunk_group_delete(struct store_backend *backend,
                                        const struct sid *trunk_group_sid, uint64_t if_revision,
                                        enum store_outcome *out)
{
    struct memory *m = memory_of(backend);
    const struct trunk_group_row *stored = memory_table_find(&m->trunk_groups, trunk_group_sid);

    TRY(memory_falter(m));
    *out = judge(stored, if_revision, stored != NULL ? stored->revision : 0);
    return *out == STORE_OUTCOME_DONE ? drop(m, STORE_TRUNK_GROUPS, trunk_group_sid) : RESULT_OK;
}

struct result memory_trunk_group_raise(struct store_backend *backend,
                                       const struct sid *trunk_group_sid)
{
    struct memory *m = memory_of(backend);
    const struct trunk_group_row *stored = memory_table_find(&m->trunk_groups, trunk_group_sid);

    TRY(memory_falter(m));
    if (stored == NULL)
        return FAULT(ERR_FAULT_STORE);
    struct trunk_group_row row = *stored;
    row.revision++;
    return put(m, STORE_TRUNK_GROUPS, &row);
}

/* ---- trunks ---- */

struct result memory_trunk_create(struct store_backend *backend, const struct trunk_row *row,
                                  enum store_conflict *out)
{
    struct memory *m = memory_of(backend);
    bool has_group = memory_table_find(&m->trunk_groups, &row->trunk_group_sid) != NULL;
    return create(m, STORE_TRUNKS, row, has_group, out);
}

struct result memory_trunk_update(struct store_backend *backend, struct trunk_row *row,
                                  uint64_t if_revision, enum store_outcome *out)
{
    struct memory *m = memory_of(backend);
    const struct trunk_row *stored = memory_table_find(&m->trunks, row);

    TRY(memory_falter(m));
    *out = judge(stored, if_revision, stored != NULL ? stored->revision : 0);
    if (*out != STORE_OUTCOME_DONE)
        return RESULT_OK;
    row->trunk_group_sid = stored->trunk_group_sid;
    row->created_ms = stored->created_ms;
    row->revision = stored->revision + 1;
    return put(m, STORE_TRUNKS, row);
}

struct result memory_trunk_delete(struct store_backend *backend, const struct sid *trunk_sid,
                                  uint64_t if_revision, struct sid *out_trunk_group_sid,
                                  enum store_outcome *out)
{
    struct memory *m = memory_of(backend);
    const struct trunk_row *stored = memory_table_find(&m->trunks, trunk_sid);

    TRY(memory_falter(m));
    *out = judge(stored, if_revision, stored != NULL ? stored->revision : 0);
    if (*out != STORE_OUTCOME_DONE)
        return RESULT_OK;
    *out_trunk_group_sid = stored->trunk_group_sid;
    return drop(m, STORE_TRUNKS, trunk_sid);
}

size_t memory_trunks_of(const struct memory *m, const struct sid *trunk_group_sid, size_t max,
                        struct sid *out)
{
    size_t count = 0;

    for (size_t i = 0; i < m->trunks.count && count < max; i++) {
        const struct trunk_row *row = m->trunks.rows[i];
        if (sid_eq(&row->trunk_group_sid, trunk_group_sid))
            out[count++] = row->trunk_sid;
    }
    return count;
}

struct result memory_trunks_read(struct store_backend *backend, const struct sid *trunk_group_sid,
                                 size_t max, struct sid *out, size_t *out_count)
{
    struct memory *m = memory_of(backend);

    TRY(memory_falter(m));
    *out_count = memory_trunks_of(m, trunk_group_sid, max, out);
    return RESULT_OK;
}

/* ---- whoever has lists ---- */

struct result memory_acl_owner_find(struct store_backend *backend, enum acl_owner_kind kind,
                                    const struct sid *sid, struct arena *arena,
                                    struct acl_owner_row *out, bool *out_found)
{
    static const enum store_table tables[] = {STORE_PARTNERS, STORE_TRUNK_GROUPS, STORE_TRUNKS};
    struct memory *m = memory_of(backend);
    enum store_table table = tables[kind];
    struct partner_row key = {.partner_sid = *sid}; /* any row's key stands there */

    TRY(memory_falter(m));
    const void *stored = memory_table_find(memory_table_of(m, table), &key);
    *out_found = stored != NULL;
    if (stored == NULL)
        return RESULT_OK;
    out->kind = kind;
    memcpy(&out->partner, stored, row_shapes[table].size);
    return row_text_keep(table, arena, &out->partner) ? RESULT_OK : FAULT(ERR_FAULT_MEMORY);
}
