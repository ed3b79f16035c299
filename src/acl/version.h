/* One version of the tables, for this folder alone. */
#ifndef ACL_VERSION_H
#define ACL_VERSION_H

#include <stdatomic.h>

#include "acl/tables.h"
#include "core/sid_map.h"

enum { ACL_OWNER_KINDS = ACL_OWNER_TRUNK + 1 };

struct acl_tables {
    _Atomic unsigned references;
    struct sid_map rules;
    struct sid_map objects[ACL_OWNER_KINDS];
    struct sid_map usage; /* by partner */
    struct acl_usage total;
};

struct usage_record {
    struct sid partner_sid; /* first */
    struct acl_usage usage;
};

/* Empty, or sharing all with from; NULL when out of memory. */
struct acl_tables *acl_tables_new(const struct acl_tables *from);

#endif
