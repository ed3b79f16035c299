/* Access control rules under /core/v2/accesscontrol/rules (SPEC 9): what the files rules_*.c share.
 *
 * A caller sees the rules of its own partner and, read only, those of the partners above it; those
 * of the partners below it and all others are 404, as if there were nothing. Rules hold no scopes,
 * so M3 has nothing to say about them.
 *
 * Rules are large: up to LIMIT_BODY_RULE of text. What takes long with that (reading it, compiling,
 * digests) is done on the server's compiler, one request at a time, and rows lie in memory of their
 * own that goes before the answer. */
#ifndef MANAGE_RULES_H
#define MANAGE_RULES_H

#include "acl/rule.h"
#include "acl/tables.h"
#include "core/pool.h"
#include "manage/body.h"
#include "manage/object.h"
#include "manage/require.h"
#include "manage/stored.h"

/* In the order of the page. */
enum rule_attribute {
    RULE_ENTRIES,
    RULE_FIELD,
    RULE_NAME,
    RULE_OPERATION,
    RULE_QUANTIFIER,
    RULE_READ_ONLY,
    RULE_SID,
    RULE_ATTRIBUTES
};
extern const struct object_kind rule_kind;

/* One of accesscontrol.manage and the verb's scope. */
extern const struct requirement rule_to_create, rule_to_read, rule_to_update, rule_to_delete;

/* ---- rules_view.c ---- */

/* What an answer shows of a row. */
struct rule_view {
    const struct acl_rule_row *row;
    bool read_only; /* it is of a partner above the caller's */
};

/* view: a struct rule_view. */
void rule_write(const void *view, unsigned attribute, struct json_writer *w);

/* DONE: 200 with the object and its ETag, or the fault. */
enum step_result rule_reply(struct exchange *x, const struct rule_view *view,
                            const struct object_fields *fields);

/* Whether the caller sees rules of that partner; *out_read_only where it does. */
bool rule_is_seen(const struct exchange *x, const struct caller *caller,
                  const struct sid *partner_sid, bool *out_read_only);

/* Reads the rule that the path names into stored->read.out.rules. WAIT, stored_step_read comes
 * next; or DONE with 404. */
enum step_result rule_read_row(struct exchange *x, struct stored *stored);

/* The row that was read. NEXT, or DONE: 404 where it is not there or not to be seen, 503 where too
 * many large ones are on their way. */
enum step_result rule_row_read(struct exchange *x, const struct stored *stored,
                               struct rule_view *out);

/* The same for who writes it: or DONE with 403 where it is another's. */
enum step_result rule_row_read_own(struct exchange *x, const struct stored *stored,
                                   const struct acl_rule_row **out);

/* ---- rules_compile.c ---- */

/* What the audit log is told of entries. */
struct rule_digest {
    int64_t count;
    struct digest256 sha256;
};

/* A body on its way into a row. The rest of the exchange stands still meanwhile. */
struct rule_work {
    struct pool_job job;
    struct exchange *exchange;
    enum body_verb verb;
    const struct acl_rule_row *before; /* NULL: it is being made */
    const struct acl_rule *standing;   /* what before is compiled to, of the snapshot; NULL: not
                                          known */

    /* What came of it. */
    enum err err;                 /* of the whole: ERR_NONE, ERR_BAD_JSON, ERR_FAULT_* */
    struct json_error json_error; /* of ERR_BAD_JSON */
    struct field_errors errors;
    struct acl_rule_row after;       /* where there are none */
    const struct acl_rule *compiled; /* of it, held; NULL: nothing differs, or it was refused */
    struct rule_digest was, is;      /* entries, where they differ */
    struct arena memory;             /* of after and of errors */
};

/* Hands the request's body, or with is_delete the row before, to the compiler: WAIT, the next step
 * comes when that is through; or DONE with 503. work is zeroed at first, and its verb, before and
 * standing are set. */
enum step_result rule_work_begin(struct exchange *x, struct rule_work *work, bool is_delete);

/* Lets go of what it holds. */
void rule_work_end(struct rule_work *work);

/* ---- rules_view.c again ---- */

/* What changed, as the audit log tells it: entries by number and digest. before or after NULL: as
 * in manage/changes.h. ptr NULL: out of memory. */
struct str rule_detail(struct exchange *x, const struct acl_rule_row *before,
                       const struct rule_digest *was, const struct acl_rule_row *after,
                       const struct rule_digest *is, bool *out_any);

/* ---- rules_detach.c ---- */

/* The object's lists without the rule, and the record that the log has of it: in the exchange's
 * arena. ERR_FAULT_MEMORY. */
RESULT rule_detach(struct exchange *x, const struct caller *caller, const struct sid *rule_sid,
                   const struct acl_object *object, struct store_detach *out,
                   struct str *out_record);

/* ---- rules_write.c ---- */

/* The state of POST, PATCH, PUT and DELETE. */
struct rule_change {
    struct stored stored; /* first */
    struct arena rows;    /* that were read; those of one attempt */
    struct object_fields shown;
    struct rule_work work;
    const struct acl_rule_row *before;
    bool force;
};

/* Begins a change whose memory goes when the exchange ends. */
void rule_change_begin(struct exchange *x, struct rule_change *change);

#endif
