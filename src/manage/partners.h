/* Partners under /core/v2 (SPEC 3): what the files partners_*.c share. A caller sees its own
 * partner and all below it; of its own it writes name and acls, of those below everything. What
 * lies elsewhere is 404, as if there were nothing. */
#ifndef MANAGE_PARTNERS_H
#define MANAGE_PARTNERS_H

#include "manage/body.h"
#include "manage/object.h"
#include "manage/require.h"
#include "manage/stored.h"

enum partner_attribute {
    PARTNER_SID,
    PARTNER_PARENT_SID,
    PARTNER_NAME,
    PARTNER_LOGIN,
    PARTNER_STATUS,
    PARTNER_AVAILABLE_SCOPES,
    PARTNER_ACLS,
    PARTNER_PARENT_ASSIGNED_ACLS,
    PARTNER_DATE_CREATED,
    PARTNER_DATE_UPDATED,
    PARTNER_ATTRIBUTES
};
extern const struct object_kind partner_kind;

/* ---- partners_view.c ---- */

/* What an answer shows of a row. */
struct partner_view {
    const struct partner_row *row;
    const struct scope_catalogue *catalogue;
};

/* The names it may hold, whatever its ancestors have. */
struct scope_set partner_available(const struct partner_view *view);

/* view: a struct partner_view. */
void partner_write(const void *view, unsigned attribute, struct json_writer *w);

/* DONE: 200 with the object and its ETag, or the fault. */
enum step_result partner_reply(struct exchange *x, const struct partner_row *row,
                               const struct object_fields *fields);

/* The partner that the path names. NEXT, or DONE with 404. */
enum step_result partner_find(struct exchange *x, const struct caller *caller,
                              const struct party_partner **out);

/* Its row, into stored->read.out.partners. WAIT; stored_step_read comes next. */
enum step_result partner_read_row(struct exchange *x, struct stored *stored,
                                  const struct sid *partner_sid);

/* ---- partners_fields.c ---- */

enum partner_field {
    FIELD_NAME,
    FIELD_LOGIN,
    FIELD_STATUS,
    FIELD_AVAILABLE_SCOPES,
    FIELD_ACLS,
    FIELD_PARENT_ASSIGNED_ACLS,
    FIELD_PARENT_SID,
    FIELD_SKIP_EMAIL_VERIFICATION,
    FIELD_SKIP_PARTNER_REVIEW,
    FIELD_PARTNER_SID,
    FIELD_DATE_CREATED,
    FIELD_DATE_UPDATED,
    PARTNER_FIELDS
};

/* What a body says, judged field by field. */
struct partner_fields {
    struct body body;
    enum partner_status status; /* where the body has one */
    struct scope_set scopes;    /* likewise */
    struct str wrong_scopes;    /* empty, or the refusal of names that are no scopes */
};

/* of_own: of the caller's own partner, where a PUT may leave out what its ancestors write. NEXT, or
 * DONE after refusing (422). */
enum step_result partner_fields_judge(struct exchange *x, const struct json_value *object,
                                      enum body_verb verb, bool of_own, struct partner_fields *out);

/* The last words on available_scopes: known (422), within the parent's ceiling (422), and what is
 * added to stored within the caller's rights (M3: 403). NEXT, or DONE after refusing; event tells
 * the audit log which. */
enum step_result partner_scopes_judge(struct exchange *x, const struct caller *caller,
                                      const struct partner_fields *fields,
                                      const struct scope_set *ceiling,
                                      const struct scope_set *stored,
                                      const struct audit_event *event);

/* What changed, as the audit log tells it: {"before":{...},"after":{...}}; before may be NULL. ptr
 * NULL: out of memory. */
struct str partner_detail(struct exchange *x, const struct partner_row *before,
                          const struct partner_row *after);

#endif
