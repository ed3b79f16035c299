/* Versions of the tables, from all rows of the store or from the version before and what has
 * changed. */
#include "acl/record.h"
#include "core/log.h"

/* ---- one row ---- */

/* A row that no version of this program has written. */
static struct result refuse_row(const char *what, const struct sid *sid)
{
    LOG(LOG_ERROR, "store_row_refused", LF_CSTR("what", what), LF_SID("sid", *sid));
    return FAULT(ERR_FAULT_STORE);
}

static struct result put(struct sid_map *map, const void *record)
{
    bool kept = sid_map_put(map, record);

    map->unref(record);
    return kept ? RESULT_OK : FAULT(ERR_FAULT_MEMORY);
}

static struct result drop(struct sid_map *map, const char *what, const struct sid *sid)
{
    if (sid_map_find(map, sid) == NULL)
        return refuse_row(what, sid);
    return sid_map_remove(map, sid) ? RESULT_OK : FAULT(ERR_FAULT_MEMORY);
}

/* less and more: of the rule before and after; NULL: there is none. */
static void change_usage(struct acl_usage *usage, const struct acl_table_rule *less,
                         const struct acl_table_rule *more)
{
    if (less != NULL)
        acl_usage_take(usage, &less->usage);
    if (more != NULL) {
        usage->rules += more->usage.rules;
        usage->entries += more->usage.entries;
        usage->bytes += more->usage.bytes;
        usage->memory += more->usage.memory;
    }
}

static struct result account(struct acl_tables *tables, const struct sid *partner_sid,
                             const struct acl_table_rule *less, const struct acl_table_rule *more)
{
    struct usage_record *record = usage_record_new(partner_sid);

    if (record == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    record->usage = acl_tables_usage(tables, partner_sid);
    change_usage(&record->usage, less, more);
    change_usage(&tables->total, less, more);
    if (record->usage.rules > 0)
        return put(&tables->usage, record);
    usage_record_unref(record);
    return drop(&tables->usage, "the partner's last rule", partner_sid);
}

static struct result set_rule(struct acl_tables *tables, const struct acl_rule_row *row,
                              const struct acl_rule *compiled)
{
    const struct acl_table_rule *before = acl_tables_rule(tables, &row->rule_sid), *record;

    if (before != NULL && !sid_eq(&before->partner_sid, &row->partner_sid))
        return refuse_row("rule that was moved", &row->rule_sid);
    TRY(rule_record_new(row, compiled, &record));
    struct result result = account(tables, &row->partner_sid, before, record);
    if (!result_ok(result)) {
        rule_record_unref(record);
        return result;
    }
    return put(&tables->rules, record);
}

static struct result remove_rule(struct acl_tables *tables, const struct sid *rule_sid)
{
    const struct acl_table_rule *before = acl_tables_rule(tables, rule_sid);

    if (before == NULL)
        return refuse_row("rule to be removed", rule_sid);
    TRY(account(tables, &before->partner_sid, before, NULL));
    return drop(&tables->rules, "rule to be removed", rule_sid);
}

static struct result set_object(struct acl_tables *tables, const struct object_source *source)
{
    struct sid_map *map = &tables->objects[source->kind];
    const struct acl_object *before = sid_map_find(map, &source->sid), *object;

    if (before != NULL && !sid_eq(&before->above, &source->above))
        return refuse_row("trunk or trunk group that was moved", &source->sid);
    TRY(object_record_new(source, &object));
    return put(map, object);
}

static bool is_empty(struct str lists)
{
    return lists.len == 0 || str_eq(lists, STR("[]"));
}

static struct result set_partner(struct acl_tables *tables, const struct partner_row *row)
{
    struct sid_map *map = &tables->objects[ACL_OWNER_PARTNER];

    if (!is_empty(row->acls) || !is_empty(row->parent_assigned_acls))
        return set_object(tables, &(struct object_source){.sid = row->partner_sid,
                                                          .kind = ACL_OWNER_PARTNER,
                                                          .assigned = row->parent_assigned_acls,
                                                          .own = row->acls});
    if (sid_map_find(map, &row->partner_sid) == NULL || sid_map_remove(map, &row->partner_sid))
        return RESULT_OK;
    return FAULT(ERR_FAULT_MEMORY);
}

static struct result set_trunk_group(struct acl_tables *tables, const struct trunk_group_row *row)
{
    return set_object(tables, &(struct object_source){.sid = row->trunk_group_sid,
                                                      .kind = ACL_OWNER_TRUNK_GROUP,
                                                      .above = row->partner_sid,
                                                      .own = row->acls});
}

static struct result set_trunk(struct acl_tables *tables, const struct trunk_row *row)
{
    if (acl_tables_object(tables, ACL_OWNER_TRUNK_GROUP, &row->trunk_group_sid) == NULL)
        return refuse_row("trunk group of trunk", &row->trunk_sid);
    return set_object(tables, &(struct object_source){.sid = row->trunk_sid,
                                                      .kind = ACL_OWNER_TRUNK,
                                                      .above = row->trunk_group_sid,
                                                      .own = row->acls});
}

/* ---- one change after the other ---- */

static struct result apply_change(struct acl_tables *tables, const struct store_change *change)
{
    switch (change->kind) {
    case STORE_CHANGE_PARTNER:
        return set_partner(tables, change->partner);
    case STORE_CHANGE_RULE:
        return set_rule(tables, change->rule.row, change->rule.compiled);
    case STORE_CHANGE_RULE_GONE:
        return remove_rule(tables, &change->gone);
    case STORE_CHANGE_TRUNK_GROUP:
        return set_trunk_group(tables, change->trunk_group);
    case STORE_CHANGE_TRUNK_GROUP_GONE:
        return drop(&tables->objects[ACL_OWNER_TRUNK_GROUP], "trunk group to be removed",
                    &change->gone);
    case STORE_CHANGE_TRUNK:
        return set_trunk(tables, change->trunk);
    case STORE_CHANGE_TRUNK_GONE:
        return drop(&tables->objects[ACL_OWNER_TRUNK], "trunk to be removed", &change->gone);
    case STORE_CHANGE_APPLICATION:
    case STORE_CHANGE_APPLICATION_GONE:
    case STORE_CHANGE_SECRETS:
        return RESULT_OK;
    }
    return FAULT(ERR_FAULT_INTERNAL);
}

/* A partner without lists that has none here changes nothing: nearly all changes are such. */
static bool concerns(const struct acl_tables *tables, const struct store_change *change)
{
    switch (change->kind) {
    case STORE_CHANGE_APPLICATION:
    case STORE_CHANGE_APPLICATION_GONE:
    case STORE_CHANGE_SECRETS:
        return false;
    case STORE_CHANGE_PARTNER:
        return !is_empty(change->partner->acls) ||
               !is_empty(change->partner->parent_assigned_acls) ||
               acl_tables_object(tables, ACL_OWNER_PARTNER, &change->partner->partner_sid) != NULL;
    default:
        return true;
    }
}

static struct result finish(struct acl_tables *made, struct result result, struct acl_tables **out)
{
    if (result_ok(result))
        *out = made;
    else
        acl_tables_unref(&made);
    return result;
}

struct result acl_tables_apply(struct acl_tables *old, const struct store_change *changes, size_t n,
                               struct acl_tables **out)
{
    struct result result = RESULT_OK;
    size_t first = 0;

    while (first < n && !concerns(old, &changes[first]))
        first++;
    if (first == n) {
        acl_tables_ref(old);
        *out = old;
        return RESULT_OK;
    }
    struct acl_tables *tables = acl_tables_new(old);
    if (tables == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    for (size_t i = first; i < n && result_ok(result); i++)
        result = apply_change(tables, &changes[i]);
    return finish(tables, result, out);
}

/* ---- all at once ---- */

struct load {
    struct acl_tables *tables; /* nobody else sees them yet */
    const struct acl_tables *earlier;
};

static struct result read_partner(void *context, const struct partner_row *row)
{
    return set_partner(((struct load *)context)->tables, row);
}

static struct result read_rule(void *context, const struct acl_rule_row *row)
{
    const struct load *load = context;
    const struct acl_table_rule *same =
        load->earlier == NULL ? NULL : acl_tables_rule(load->earlier, &row->rule_sid);

    if (same != NULL && same->revision != row->revision)
        same = NULL;
    return set_rule(load->tables, row, same == NULL ? NULL : same->compiled);
}

static struct result read_trunk_group(void *context, const struct trunk_group_row *row)
{
    return set_trunk_group(((struct load *)context)->tables, row);
}

static struct result read_trunk(void *context, const struct trunk_row *row)
{
    return set_trunk(((struct load *)context)->tables, row);
}

struct result acl_tables_load(struct store *store, const struct acl_tables *earlier,
                              struct acl_tables **out)
{
    struct load load = {acl_tables_new(NULL), earlier};
    const struct store_party_visitor visitor = {
        .partner = read_partner,
        .context = &load,
        .rule = read_rule,
        .trunk_group = read_trunk_group,
        .trunk = read_trunk,
    };

    if (load.tables == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    return finish(load.tables, store_read_party(store, &visitor), out);
}
