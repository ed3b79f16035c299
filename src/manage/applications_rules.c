/* What an application may become (SPEC 3, SPEC 5): fields that constrain each other, who approves
 * restricted scopes, and M3 by every road: scopes, approvals, and what lets somebody act as the
 * application (a secret, keys, a redirect URI, an audience, introspection, another method).
 *
 * A restricted scope that nobody approved counts as absent: declaring it hands out nothing, so M3
 * is asked when it is approved, of whoever approves. */
#include <ctype.h>

#include "client/registration.h"
#include "exchange/snapshot.h"
#include "manage/applications.h"
#include "manage/refusal.h"
#include "manage/scope_names.h"
#include "scope/parse.h"
#include "token/handout.h"

struct application_scopes application_scopes_of(const struct scope_catalogue *catalogue,
                                                const struct application_row *row)
{
    const struct scope_set *restricted = catalogue_restricted(catalogue);
    struct application_scopes out;

    out.declared = row->scopes_all ? *catalogue_all(catalogue) : scope_read(catalogue, row->scopes);
    out.approved = row->scopes_all ? *restricted : scope_read(catalogue, row->approved_restricted);
    struct scope_set absent = scope_set_difference(restricted, &out.approved);
    out.in_force = scope_set_difference(&out.declared, &absent);
    return out;
}

enum step_result application_may_equip(struct exchange *x, const struct caller *caller,
                                       const struct scope_set *in_force,
                                       const struct audit_event *event, struct str field)
{
    struct scope_set excess;

    if (handout_is_held(in_force, &caller->rights, &excess))
        return STEP_NEXT;
    return manage_refuse_handout(x, caller, event, field, &excess);
}

/* ---- 422: what belongs together ---- */

/* A rule's words as a sentence of their own. */
static struct str sentence(struct arena *arena, const char *words)
{
    struct str text = arena_str(arena, str_from(words));

    if (text.ptr != NULL && text.len > 0)
        ((char *)text.ptr)[0] = (char)toupper((unsigned char)text.ptr[0]);
    return text;
}

static void check_whole(struct exchange *x, const struct application_row *row,
                        struct field_errors *errors)
{
    struct registration_problem problems[REGISTRATION_PROBLEMS_MAX];
    size_t count = registration_check(row, problems);

    for (size_t i = 0; i < count; i++)
        field_errors_add(errors, ERR_INVALID_VALUE, str_from(problems[i].field),
                         sentence(&x->arena, problems[i].message));
}

/* What is newly approved is declared, and needs approval. */
static void check_approved(struct exchange *x, const struct scope_set *asked,
                           const struct scope_set *stored, const struct scope_set *declared,
                           struct field_errors *errors)
{
    const struct scope_catalogue *catalogue = x->snapshot->catalogue;
    struct scope_set can = scope_set_intersection(declared, catalogue_restricted(catalogue));
    struct scope_set added = scope_set_difference(asked, stored);
    struct scope_set wrong = scope_set_difference(&added, &can);

    if (!scope_set_is_empty(&wrong))
        field_errors_add(errors, ERR_INVALID_VALUE, STR("approved_restricted"),
                         handout_message(catalogue, STR("Not declared, or in no need of approval"),
                                         &wrong, &x->arena));
}

/* ---- 403: who approves ---- */

/* A strict ancestor's token with app.manage; the root approves its own. */
static enum step_result check_approver(struct exchange *x, const struct caller *caller,
                                       const struct application_change *change)
{
    struct audit_event refused = *change->event;
    bool may = caller->partner != change->partner || caller->partner->depth == 0;

    if (may && caller_holds(x, caller, STR("app.manage")))
        return STEP_NEXT;
    refused.rule = STR("approval");
    x->scope_needed = STR("app.manage");
    return manage_refuse_rule(
        x, caller, &refused, ERR_INSUFFICIENT_SCOPE, STR("approved_restricted"),
        may ? STR("Approving needs app.manage")
            : STR("Restricted scopes are approved by a partner above the application's own"));
}

/* ---- 403: M3 ---- */

/* Whether a list of texts has one that the other has not. */
static bool has_more(struct str now, struct str before)
{
    struct str text;

    while (now.len > 0 && str_split(&now, ' ', &text)) {
        struct str rest = before, other;
        bool found = false;
        while (!found && rest.len > 0 && str_split(&rest, ' ', &other))
            found = str_eq(text, other);
        if (!found)
            return true;
    }
    return false;
}

/* The field by which somebody more could act as the application than could before, or for it;
 * empty: none. */
static struct str equipped_by(const struct application_row *before,
                              const struct application_row *now)
{
    if (now->jwks.len > 0 && !str_eq(now->jwks, before->jwks))
        return STR("jwks");
    if (has_more(now->redirect_uris, before->redirect_uris))
        return STR("redirect_uris");
    if (has_more(now->audiences, before->audiences))
        return STR("audiences");
    if (now->introspection && !before->introspection)
        return STR("introspection");
    if (now->auth_method != before->auth_method)
        return STR("token_endpoint_auth_method");
    return STR_NONE;
}

static enum step_result check_handing_out(struct exchange *x, const struct caller *caller,
                                          const struct application_change *change,
                                          const struct application_scopes *before,
                                          const struct application_scopes *now)
{
    const struct scope_catalogue *catalogue = x->snapshot->catalogue;
    struct scope_set added = handout_added(catalogue, &before->in_force, &now->in_force), excess;

    if (!handout_is_held(&added, &caller->rights, &excess)) {
        struct scope_set approved = scope_set_difference(&now->approved, &before->approved);
        bool by_approval = scope_set_is_subset(&excess, &approved);
        return manage_refuse_handout(x, caller, change->event,
                                     by_approval ? STR("approved_restricted") : STR("scopes"),
                                     &excess);
    }
    if (change->before == NULL)
        return STEP_NEXT; /* all it holds was added just now */
    struct str field = equipped_by(change->before, &change->fields->row);
    return field.len == 0 ? STEP_NEXT
                          : application_may_equip(x, caller, &now->in_force, change->event, field);
}

/* ---- 409: somebody must be left who holds all ---- */

enum step_result application_keep_all(struct exchange *x, const struct caller *caller,
                                      const struct application_row *before,
                                      const struct application_row *now)
{
    bool held = before->scopes_all && before->status == APPLICATION_ACTIVE;
    bool holds = now != NULL && now->scopes_all && now->status == APPLICATION_ACTIVE;
    bool another = caller->application->scopes_all &&
                   !sid_eq(&caller->application->client_id, &before->client_id);

    if (!held || holds || another)
        return STEP_NEXT;
    return exchange_refuse(x, ERR_CONFLICT,
                           STR("This application holds all scopes; only another one that does may "
                               "suspend or delete it, or take scopes from it"));
}

/* ---- all of it ---- */

/* Names as they are stored; those that repeat what is stored leave it as it is, together with
 * names that the catalogue lost meanwhile. */
static struct result write_scopes(struct exchange *x, const struct application_fields *fields,
                                  const struct application_scopes *before,
                                  const struct application_scopes *now, struct application_row *row)
{
    bool same_scopes = !fields->has_scopes || scope_set_eq(&now->declared, &before->declared);
    bool same_approved = scope_set_eq(&now->approved, &before->approved);

    if (row->scopes_all && same_scopes && same_approved)
        return RESULT_OK;
    if (row->scopes_all || !same_scopes)
        TRY(manage_scopes_text(x, &now->declared, &row->scopes));
    if (row->scopes_all || !same_approved)
        TRY(manage_scopes_text(x, &now->approved, &row->approved_restricted));
    row->scopes_all = false;
    return RESULT_OK;
}

enum step_result application_rules_judge(struct exchange *x, const struct caller *caller,
                                         const struct application_change *change)
{
    const struct scope_catalogue *catalogue = x->snapshot->catalogue;
    const struct application_row nothing = {.revision = 0};
    struct application_fields *fields = change->fields;
    struct application_scopes before =
        application_scopes_of(catalogue, change->before != NULL ? change->before : &nothing);
    struct scope_set declared = fields->has_scopes ? fields->scopes : before.declared;
    struct scope_set asked = fields->has_approved ? fields->approved : before.approved;
    struct field_errors errors = {.count = 0};

    check_approved(x, &asked, &before.approved, &declared, &errors);
    check_whole(x, &fields->row, &errors);
    if (errors.count > 0)
        return exchange_refuse_fields(x, &errors);
    /* What is no longer declared is no longer approved: declared again, it is asked for again. */
    struct scope_set approved = scope_set_intersection(&asked, &declared);
    struct scope_set kept = scope_set_intersection(&before.approved, &declared);
    if (!scope_set_eq(&approved, &kept) && check_approver(x, caller, change) == STEP_DONE)
        return STEP_DONE;
    struct scope_set absent = scope_set_difference(catalogue_restricted(catalogue), &approved);
    struct application_scopes now = {declared, approved, scope_set_difference(&declared, &absent)};
    if (check_handing_out(x, caller, change, &before, &now) == STEP_DONE)
        return STEP_DONE;
    struct result written = write_scopes(x, fields, &before, &now, &fields->row);
    return result_ok(written) ? STEP_NEXT : exchange_fault(x, written);
}
