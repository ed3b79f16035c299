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

static bool has_parent(struct memory *m, enum store_table table, const void *row)
{
    struct sid parent = row_kept_of(table, row).parent;
    return table == STORE_TRUNKS ? memory_table_find(&m->trunk_groups, &parent) != NULL
                                 : memory_has_partner(m, &parent);
}

struct result memory_acl_create(struct store_backend *backend, enum store_table table,
                                const void *row, enum store_conflict *out)
{
    struct memory *m = memory_of(backend);

    TRY(memory_falter(m));
    if (memory_table_find(memory_table_of(m, table), row) != NULL)
        *out = STORE_CONFLICT_EXISTS;
    else
        *out = has_parent(m, table, row) ? STORE_CONFLICT_NONE : STORE_CONFLICT_ORPHAN;
    return *out == STORE_CONFLICT_NONE ? put(m, table, row) : RESULT_OK;
}

/* What an update or a deletion is decided on. */
static enum store_outcome find(struct memory *m, enum store_table table, const void *key,
                               uint64_t if_revision, struct row_kept *kept)
{
    const void *stored = memory_table_find(memory_table_of(m, table), key);

    if (stored == NULL)
        return STORE_OUTCOME_ABSENT;
    *kept = row_kept_of(table, stored);
    return memory_is_revision(if_revision, kept->revision) ? STORE_OUTCOME_DONE
                                                           : STORE_OUTCOME_CONFLICT;
}

struct result memory_acl_update(struct store_backend *backend, enum store_table table, void *row,
                                uint64_t if_revision, enum store_outcome *out)
{
    struct memory *m = memory_of(backend);
    struct row_kept kept;

    TRY(memory_falter(m));
    *out = find(m, table, row, if_revision, &kept);
    if (*out != STORE_OUTCOME_DONE)
        return RESULT_OK;
    row_keep(table, &kept, row);
    return put(m, table, row);
}

struct result memory_acl_delete(struct store_backend *backend, enum store_table table,
                                const struct sid *sid, uint64_t if_revision, struct sid *out_parent,
                                enum store_outcome *out)
{
    struct memory *m = memory_of(backend);
    struct memory_table *rows = memory_table_of(m, table);
    struct row_kept kept;

    TRY(memory_falter(m));
    *out = find(m, table, sid, if_revision, &kept);
    if (*out != STORE_OUTCOME_DONE)
        return RESULT_OK;
    *out_parent = kept.parent;
    bool dropped = memory_table_remove(rows, &m->journal, memory_table_place(rows, sid));
    return dropped ? RESULT_OK : FAULT(ERR_FAULT_MEMORY);
}

/* ---- trunks of a group ---- */

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
