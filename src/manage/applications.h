/* Applications under /core/v2 (SPEC 3): what the files applications_*.c and secrets.c share. A
 * caller sees and writes those of its own partner and of all below it; what lies elsewhere is 404,
 * as if there were nothing. */
#ifndef MANAGE_APPLICATIONS_H
#define MANAGE_APPLICATIONS_H

#include "client/secret.h"
#include "exchange/server.h"
#include "manage/body.h"
#include "manage/object.h"
#include "manage/require.h"
#include "manage/stored.h"

enum application_attribute {
    APPLICATION_CLIENT_ID,
    APPLICATION_PARTNER_SID,
    APPLICATION_NAME,
    APPLICATION_TYPE,
    APPLICATION_STATUS,
    APPLICATION_AUTH_METHOD,
    APPLICATION_AUTH_AUDIENCE,
    APPLICATION_GRANT_TYPES,
    APPLICATION_REDIRECT_URIS,
    APPLICATION_SCOPES,
    APPLICATION_APPROVED,
    APPLICATION_AUDIENCES,
    APPLICATION_INTROSPECTION,
    APPLICATION_ACCESS_TTL,
    APPLICATION_REFRESH_TTL,
    APPLICATION_JWKS,
    APPLICATION_DATE_CREATED,
    APPLICATION_DATE_UPDATED,
    APPLICATION_PARTNER,
    APPLICATION_ATTRIBUTES,
    /* In the answer that creates it, and nowhere else. */
    APPLICATION_SECRET_ID = APPLICATION_ATTRIBUTES,
    APPLICATION_CLIENT_SECRET,
    APPLICATION_ATTRIBUTES_CREATED
};

extern const struct object_kind application_kind;
extern const struct object_kind application_kind_created; /* with its first secret */
extern const struct object_kind application_kind_record;  /* with that secret's id alone */

/* One of app.manage and the verb's scope. */
extern const struct requirement application_to_create, application_to_read, application_to_update,
    application_to_delete;

/* ---- applications_view.c ---- */

/* What an answer shows of a row. */
struct application_view {
    const struct application_row *row;
    const struct snapshot *snapshot;
    struct sid secret_id;     /* none: it has none yet */
    struct str client_secret; /* likewise empty */
};

/* view: a struct application_view. */
void application_write(const void *view, unsigned attribute, struct json_writer *w);

/* DONE: 200 with the object and its ETag, or the fault. */
enum step_result application_reply(struct exchange *x, const struct object_kind *kind,
                                   const struct application_view *view,
                                   const struct object_fields *fields);

/* The application that the path names. NEXT, or DONE with 404. */
enum step_result application_find(struct exchange *x, const struct caller *caller,
                                  const struct party_application **out);

/* Reads its row: WAIT, stored_step_read comes next. */
enum step_result application_read_row(struct exchange *x, struct stored *stored,
                                      const struct party_application *application);

/* The row that was read. NEXT, or DONE with 404: it went meanwhile. */
enum step_result application_row_read(struct exchange *x, const struct stored *stored,
                                      const struct application_row **out);

/* ---- applications_fields.c ---- */

/* What a body says of a row, judged field by field. */
struct application_fields {
    bool has_partner, has_scopes, has_approved;
    struct sid partner_sid;
    struct scope_set scopes, approved;
    struct application_row row; /* what it is to become, but for scopes and approvals */
};

/* *out from the body, on top of before (what is stored, or the defaults of a new one). NEXT, or
 * DONE after refusing what a field by itself cannot be (422). */
enum step_result application_fields_judge(struct exchange *x, const struct json_value *object,
                                          enum body_verb verb, const struct application_row *before,
                                          struct application_fields *out);

/* ---- applications_rules.c ---- */

/* The names a row holds. */
struct application_scopes {
    struct scope_set declared, approved;
    struct scope_set in_force; /* declared, but for restricted values that nobody approved */
};
struct application_scopes application_scopes_of(const struct scope_catalogue *catalogue,
                                                const struct application_row *row);

/* A change on its way: what is stored (NULL: nothing yet), what is asked for, and whose it is. */
struct application_change {
    const struct application_row *before;
    struct application_fields *fields;
    const struct party_partner *partner;
    const struct audit_event *event; /* for refusals */
};

/* Writes scopes and approvals into fields->row and holds the whole against the rules: what belongs
 * together (422), who approves (403), and M3 (403). NEXT, or DONE after refusing. */
enum step_result application_rules_judge(struct exchange *x, const struct caller *caller,
                                         const struct application_change *change);

/* M3 for what lets somebody act as the application: its scopes in force lie within the caller's
 * rights. NEXT, or DONE with 403; field: of the refusal, may be empty. */
enum step_result application_may_equip(struct exchange *x, const struct caller *caller,
                                       const struct scope_set *in_force,
                                       const struct audit_event *event, struct str field);

/* The last application that holds *all* is kept: another one of that kind alone may suspend or
 * delete it, or take scopes from it. now: NULL: it is deleted. NEXT, or DONE with 409. */
enum step_result application_keep_all(struct exchange *x, const struct caller *caller,
                                      const struct application_row *before,
                                      const struct application_row *now);

/* ---- secrets.c ---- */

/* Another secret of the application: the row that keeps its digest, and its text, which is shown
 * once and kept nowhere (P5). */
RESULT application_secret_new(const struct server *server, const struct sid *client_id,
                              int64_t created_ms, struct secret_row *out,
                              char out_text[SECRET_TEXT]);

#endif
