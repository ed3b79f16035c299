/* A rule, or an object with access control lists, made from its row. Shared memory (core/shared.h),
 * immutable. */
#ifndef ACL_RECORD_H
#define ACL_RECORD_H

#include "acl/lists.h"
#include "acl/version.h"

/* compiled: NULL: it is compiled here; what does not compile (any more) is logged and stays
 * without. Held once. ERR_FAULT_MEMORY. */
RESULT rule_record_new(const struct acl_rule_row *row, const struct acl_rule *compiled,
                       const struct acl_table_rule **out);
void rule_record_unref(const void *record);

/* What an object's record is made from. Text is JSON, as in acl/lists.h. */
struct object_source {
    struct sid sid;
    enum acl_owner_kind kind;
    struct sid above;
    struct str assigned, own;
};

/* Held once. ERR_FAULT_STORE: the lists are none (logged); ERR_FAULT_MEMORY. */
RESULT object_record_new(const struct object_source *source, const struct acl_object **out);
void object_record_unref(const void *record);

/* Of a partner, zeroed but for its SID. Held once; NULL when out of memory. */
struct usage_record *usage_record_new(const struct sid *partner_sid);
void usage_record_unref(const void *record);

#endif
