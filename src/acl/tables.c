#include "acl/tables.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "acl/record.h"
#include "acl/version.h"

static_assert((int)ACL_PORTIONS == (int)SID_MAP_PORTIONS, "a portion of each map");

struct acl_tables *acl_tables_new(const struct acl_tables *from)
{
    struct acl_tables *tables = calloc(1, sizeof(*tables));

    if (tables == NULL)
        return NULL;
    atomic_init(&tables->references, 1);
    if (from != NULL) {
        sid_map_share(&from->rules, &tables->rules);
        sid_map_share(&from->usage, &tables->usage);
        tables->total = from->total;
        for (int kind = 0; kind < ACL_OWNER_KINDS; kind++)
            sid_map_share(&from->objects[kind], &tables->objects[kind]);
        return tables;
    }
    tables->rules.unref = rule_record_unref;
    tables->usage.unref = usage_record_unref;
    for (int kind = 0; kind < ACL_OWNER_KINDS; kind++)
        tables->objects[kind].unref = object_record_unref;
    return tables;
}

void acl_tables_ref(const struct acl_tables *tables)
{
    atomic_fetch_add_explicit(&((struct acl_tables *)tables)->references, 1, memory_order_relaxed);
}

void acl_tables_unref(struct acl_tables **tables)
{
    struct acl_tables *t = *tables;

    *tables = NULL;
    if (t == NULL || atomic_fetch_sub_explicit(&t->references, 1, memory_order_acq_rel) != 1)
        return;
    sid_map_done(&t->rules);
    sid_map_done(&t->usage);
    for (int kind = 0; kind < ACL_OWNER_KINDS; kind++)
        sid_map_done(&t->objects[kind]);
    free(t);
}

/* ---- looking up ---- */

const struct acl_table_rule *acl_tables_rule(const struct acl_tables *tables,
                                             const struct sid *rule_sid)
{
    return sid_map_find(&tables->rules, rule_sid);
}

const struct acl_object *acl_tables_object(const struct acl_tables *tables,
                                           enum acl_owner_kind kind, const struct sid *sid)
{
    return sid_map_find(&tables->objects[kind], sid);
}

static const struct acl_rule *find_compiled(const void *context, const struct sid *rule_sid)
{
    const struct acl_table_rule *record = acl_tables_rule(context, rule_sid);
    return record == NULL ? NULL : record->compiled;
}

struct acl_rules acl_tables_rules(const struct acl_tables *tables)
{
    return (struct acl_rules){find_compiled, tables};
}

struct acl_usage acl_tables_usage(const struct acl_tables *tables, const struct sid *partner_sid)
{
    const struct usage_record *record = sid_map_find(&tables->usage, partner_sid);
    return record == NULL ? (struct acl_usage){0} : record->usage;
}

void acl_usage_take(struct acl_usage *usage, const struct acl_usage *part)
{
    usage->rules -= part->rules;
    usage->entries -= part->entries;
    usage->bytes -= part->bytes;
    usage->memory -= part->memory;
}

struct acl_usage acl_tables_total(const struct acl_tables *tables)
{
    return tables->total;
}

struct walk {
    void (*visit)(void *context, const struct acl_object *object);
    void *context;
};

static void visit_object(void *context, const void *object)
{
    const struct walk *walk = context;
    walk->visit(walk->context, object);
}

void acl_tables_walk(const struct acl_tables *tables, unsigned portion,
                     void (*visit)(void *context, const struct acl_object *object), void *context)
{
    struct walk walk = {visit, context};

    for (int kind = 0; kind < ACL_OWNER_KINDS; kind++)
        sid_map_walk(&tables->objects[kind], portion, visit_object, &walk);
}

bool acl_object_uses(const struct acl_object *object, const struct sid *rule_sid)
{
    for (size_t i = 0; i < object->list_count; i++)
        if (acl_list_names(&object->lists[i], rule_sid))
            return true;
    return false;
}

struct acl_counts acl_tables_counts(const struct acl_tables *tables)
{
    return (struct acl_counts){
        .rules = tables->rules.count,
        .partners = tables->objects[ACL_OWNER_PARTNER].count,
        .trunk_groups = tables->objects[ACL_OWNER_TRUNK_GROUP].count,
        .trunks = tables->objects[ACL_OWNER_TRUNK].count,
    };
}
