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

/* One of partners.manage and the verb's scope. */
extern const struct requirement partner_to_create, partner_to_read, partner_to_update,
    partner_to_delete;

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

/* The member `partner` of other objects, with_related; NULL: null. */
void partner_write_related(const struct party_partner *partner, struct json_writer *w);

/* Whether something new may be made at the partner. Where it or one above it is canceled all is
 * final. One that is suspended or unverified is given partners and applications, for they wait with
 * it, but no tokens (must_work). NEXT, or DONE with 409; field: what names the partner, empty where
 * the path does. */
enum step_result partner_judge_home(struct exchange *x, const struct party_partner *partner,
                                    bool must_work, struct str field);

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
    enum partner_status status;            /* where the body has one */
    struct scope_set scopes;               /* likewise */
    struct str acls, parent_assigned_acls; /* likewise, as they are stored: partner_acls_judge's */
    struct str wrong_scopes;               /* empty, or the refusal of names that are no scopes */
};

/* of_own: of the caller's own partner, where a PUT may leave out what its ancestors write. NEXT, or
 * DONE after refusing (422). */
enum step_result partner_fields_judge(struct exchange *x, const struct json_value *object,
                                      enum body_verb verb, bool of_own, struct partner_fields *out);

/* The lists of access control; home: as in manage/acl_value.h. NEXT, or DONE after refusing (422).
 */
enum step_result partner_acls_judge(struct exchange *x, const struct party_partner *home,
                                    struct partner_fields *fields);

/* The last words on available_scopes: known (422), within the parent's ceiling (422), and what is
 * added to stored within the caller's rights (M3: 403). NEXT, or DONE after refusing; event tells
 * the audit log which. */
enum step_result partner_scopes_judge(struct exchange *x, const struct caller *caller,
                                      const struct partner_fields *fields,
                                      const struct scope_set *ceiling,
                                      const struct scope_set *stored,
                                      const struct audit_event *event);

/* What changed, as the audit log tells it (manage/changes.h); before may be NULL. ptr NULL: out of
 * memory. */
struct str partner_detail(struct exchange *x, const struct partner_row *before,
                          const struct partner_row *after, bool *out_any);

/* ---- partners_dry_run.c: what a change would take from live tokens ---- */

enum {
    DRY_RUN_PARTNERS = 128,     /* that one read of the store goes through */
    DRY_RUN_ROWS = 256,         /* tokens that it gives, and that one turn of the loop judges */
    DRY_RUN_EXAMINED = 1000000, /* tokens, then the answer says that it is not complete */
};

/* The tokens of the partner and of all below it, page by page; each is judged by the tables of now
 * and by those that the change would make, as introspection would. Zeroed at first. */
struct partner_dry_run {
    bool wanted;
    unsigned limit; /* of tokens listed */

    struct exchange *exchange;
    struct store_read read;
    struct arena rows; /* of one page; empty in between */

    struct sid partners[DRY_RUN_PARTNERS]; /* from first on still to be gone through */
    size_t first, count;
    size_t number; /* of the partner that is looked at next */
    struct sid after;

    uint64_t examined, affected, stopped;
    struct dry_run_item *items;
    size_t item_count;
};

/* dry_run and limit in the query string. NEXT, or DONE after refusing. */
enum step_result partner_dry_run_read(struct exchange *x, struct partner_dry_run *out);

/* Asks for the next page of tokens: WAIT; then comes partner_dry_run_take. */
enum step_result partner_dry_run_ask(struct exchange *x, struct partner_dry_run *run,
                                     const struct party_partner *partner);

/* Judges the page. NEXT: ask for another; DONE: 200 with what was found, or a fault. */
enum step_result partner_dry_run_take(struct exchange *x, struct partner_dry_run *run,
                                      const struct partner_row *after);

#endif
