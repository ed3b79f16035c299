/* Access control in memory: every rule compiled, and the lists of every partner, trunk group and
 * trunk. A version is immutable and counted; the next one shares with it all that did not change
 * (core/sid_map.h), so that a change costs microseconds, and whoever looks at the one before goes
 * on seeing it whole.
 *
 * The lists name their rules by SID, so a change of a rule is a change of one record however many
 * lists use it. A rule whose row does not compile (any more) is there without its compiled form:
 * what it would have said cannot be told. The text of a rule's entries is not kept.
 *
 * Memory: a rule has what acl/rule.h says of it and some 200 bytes; an object some 150 bytes, 64
 * for a list and 16 for each rule in it. Partners without lists have no record. */
#ifndef ACL_TABLES_H
#define ACL_TABLES_H

#include "acl/evaluate.h"
#include "store/store.h"

struct acl_tables;

struct acl_usage {
    size_t rules, entries;
    size_t bytes;  /* of their entries, as stored */
    size_t memory; /* that they take compiled */
};

/* What is left without that part. */
void acl_usage_take(struct acl_usage *usage, const struct acl_usage *part);

struct acl_table_rule {
    struct sid rule_sid; /* first */
    struct sid partner_sid;
    uint64_t revision;
    struct acl_usage usage;          /* its part of its partner's */
    const struct acl_rule *compiled; /* NULL: see above */
};

struct acl_object {
    struct sid sid; /* first */
    enum acl_owner_kind kind;
    struct sid above; /* of a trunk group its partner, of a trunk its group; none for a partner */
    size_t assigned_count; /* so many of its lists, the first, were assigned to it from above */
    size_t list_count;
    const struct acl_list *lists;
};

/* All of the store's. earlier (may be NULL): what it compiled and is the same now is shared. Held
 * once. ERR_FAULT_STORE for a row that points nowhere, or that is none of ours. */
RESULT acl_tables_load(struct store *store, const struct acl_tables *earlier,
                       struct acl_tables **out);

/* What the tables are after these changes, in order, of which most do not concern them: then *out
 * is old. A rule's is compiled here where the change does not bring it compiled. A change that does
 * not fit old is a fault, logged; old stays whole in any case. Held once. */
RESULT acl_tables_apply(struct acl_tables *old, const struct store_change *changes, size_t n,
                        struct acl_tables **out);

void acl_tables_ref(const struct acl_tables *tables);
void acl_tables_unref(struct acl_tables **tables); /* any thread; accepts NULL */

/* What a look-up gives lives as long as the version it was asked of. NULL: there is none. */
const struct acl_table_rule *acl_tables_rule(const struct acl_tables *tables,
                                             const struct sid *rule_sid);
/* NULL also for a partner without lists. */
const struct acl_object *acl_tables_object(const struct acl_tables *tables,
                                           enum acl_owner_kind kind, const struct sid *sid);

/* For acl_evaluate. */
struct acl_rules acl_tables_rules(const struct acl_tables *tables);

/* Of the partner's own rules; zeros: it has none. */
struct acl_usage acl_tables_usage(const struct acl_tables *tables, const struct sid *partner_sid);
struct acl_usage acl_tables_total(const struct acl_tables *tables); /* of all partners */

enum { ACL_PORTIONS = 64 };

/* Every object in one of the portions that all of them fall into, in no order: for what has to look
 * at each, a portion at a time. */
void acl_tables_walk(const struct acl_tables *tables, unsigned portion,
                     void (*visit)(void *context, const struct acl_object *object), void *context);

bool acl_object_uses(const struct acl_object *object, const struct sid *rule_sid);

struct acl_counts {
    size_t rules, partners, trunk_groups, trunks; /* partners: those with lists */
};
struct acl_counts acl_tables_counts(const struct acl_tables *tables);

#endif
