/* Records of the audit log, read back: what lists filter and show. */
#ifndef AUDIT_READ_H
#define AUDIT_READ_H

#include "core/arena.h"
#include "core/err.h"
#include "core/sid.h"
#include "core/str.h"

/* What is not there: ptr NULL, a SID that is none. */
struct audit_view {
    int64_t at_ms;
    struct str action, result, rule, object, request_id;
    struct sid partner_sid;       /* whose object it is */
    struct sid actor_partner_sid; /* whose the actor is */
    struct str actor, detail;     /* JSON */
};

/* Text lives as long as record and arena. ERR_BAD_JSON: no record of this program's;
 * ERR_FAULT_MEMORY.
 */
__attribute__((warn_unused_result)) enum err
audit_record_read(struct str record, struct arena *arena, struct audit_view *out);

#endif
