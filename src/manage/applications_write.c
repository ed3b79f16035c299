/* POST /core/v2/applications; PATCH, PUT and DELETE /core/v2/applications/{client_id}. */
#include "client/registration.h"
#include "exchange/snapshot.h"
#include "manage/applications.h"
#include "manage/changes.h"
#include "manage/endpoints.h"
#include "manage/etag.h"
#include "manage/partners.h"
#include "manage/write.h"

/* When it was written the record says itself. */
static const uint64_t untold = (uint64_t)1 << APPLICATION_DATE_UPDATED;

struct write_state {
    struct stored stored;                /* first */
    const struct party_partner *partner; /* the application's; of this attempt's snapshot */
    const struct json_value *object;     /* the body, once it was read */
    struct application_fields fields;
    struct object_fields shown;
    char secret[SECRET_TEXT];
};

static struct audit_event event_of(struct str action, const struct application_row *row)
{
    return (struct audit_event){
        .action = action, .object = row->client_id, .partner_sid = row->partner_sid};
}

/* ---- POST ---- */

/* The caller's own partner, or one below it. */
static enum step_result choose_partner(struct exchange *x, struct write_state *state)
{
    const struct caller *caller = &state->stored.caller.caller;
    const struct party_partner *partner = caller->partner;

    if (state->fields.has_partner)
        partner = party_find_partner(x->snapshot->party, &state->fields.partner_sid);
    if (partner == NULL || !party_is_within(partner, caller->partner))
        return exchange_refuse_field(x, ERR_INVALID_VALUE, STR("partner_sid"),
                                     STR("This names neither your partner nor one below it"));
    state->partner = partner;
    return partner_judge_home(x, partner, false, STR("partner_sid"));
}

static RESULT stamp(struct exchange *x, struct write_state *state)
{
    const struct server *server = x->worker->server;
    struct store_request *request = &state->stored.request;
    struct application_row *row = &request->in.application.row;

    *row = state->fields.row;
    TRY(sid_new(server->clock, server->entropy, &row->client_id));
    row->partner_sid = state->partner->partner_sid;
    row->created_ms = row->updated_ms = clock_wall_ms(server->clock);
    TRY(object_name_new(x, &row->client_id, &row->name));
    request->in.application.has_secret = registration_has_secret(row->auth_method);
    if (!request->in.application.has_secret)
        return RESULT_OK;
    return application_secret_new(server, &row->client_id, row->created_ms,
                                  &request->in.application.secret, state->secret);
}

/* What the answer shows, the first secret with it. */
static struct application_view created_view(const struct exchange *x,
                                            const struct write_state *state)
{
    const struct store_request *request = &state->stored.request;
    struct application_view view = {.row = &request->in.application.row, .snapshot = x->snapshot};

    if (request->in.application.has_secret) {
        view.secret_id = request->in.application.secret.secret_id;
        view.client_secret = str_make(state->secret, SECRET_TEXT);
    }
    return view;
}

static enum step_result commit_new(struct exchange *x, struct write_state *state)
{
    struct store_request *request = &state->stored.request;
    bool any;

    request->verb = STORE_APPLICATION_CREATE;
    struct result stamped = stamp(x, state);
    if (!result_ok(stamped))
        return exchange_fault(x, stamped);
    struct audit_event event = event_of(STR("application.create"), &request->in.application.row);
    const struct application_view view = created_view(x, state);
    event.detail = changes_detail(&x->arena, &application_kind_record, application_write, NULL,
                                  &view, untold, &any);
    if (event.detail.ptr == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    return stored_commit(x, &state->stored, &event);
}

static enum step_result create(struct exchange *x)
{
    struct write_state *state = x->state;
    const struct caller *caller = &state->stored.caller.caller;
    const struct application_row defaults = {
        .grant_types = registration_grant_names[REGISTRATION_CLIENT_CREDENTIALS],
        .redirect_uris = STR(""),
        .audiences = x->snapshot->issuer,
        .scopes = STR(""),
        .approved_restricted = STR(""),
        .jwks = STR(""),
    };

    if (manage_require(x, caller, &application_to_create) == STEP_DONE ||
        write_read(x, &application_kind_created, &state->object, &state->shown) == STEP_DONE ||
        application_fields_judge(x, state->object, BODY_CREATE, &defaults, &state->fields) ==
            STEP_DONE ||
        choose_partner(x, state) == STEP_DONE)
        return STEP_DONE;
    const struct audit_event event = {.action = STR("application.create"),
                                      .partner_sid = state->partner->partner_sid};
    const struct application_change change = {
        .fields = &state->fields, .partner = state->partner, .event = &event};
    if (application_rules_judge(x, caller, &change) == STEP_DONE)
        return STEP_DONE;
    return commit_new(x, state);
}

static enum step_result reply_created(struct exchange *x)
{
    struct write_state *state = x->state;

    if (state->stored.request.outcome != STORE_OUTCOME_DONE) /* its id is new, its partner there */
        return exchange_fault(x, FAULT(ERR_FAULT_INTERNAL));
    const struct application_view view = created_view(x, state);
    return application_reply(
        x, view.client_secret.len > 0 ? &application_kind_created : &application_kind, &view,
        &state->shown);
}

/* ---- what PATCH, PUT and DELETE begin with ---- */

static enum step_result find_target(struct exchange *x)
{
    struct write_state *state = x->state;
    const struct caller *caller = &state->stored.caller.caller;
    const struct requirement *needed =
        x->request.method == METHOD_DELETE ? &application_to_delete : &application_to_update;
    const struct party_application *application;

    if (manage_require(x, caller, needed) == STEP_DONE ||
        application_find(x, caller, &application) == STEP_DONE)
        return STEP_DONE;
    state->partner = party_partner_of(x->snapshot->party, application);
    return application_read_row(x, &state->stored, application);
}

/* ---- PATCH and PUT ---- */

/* What it is now, where the body changes nothing. */
static enum step_result reply_unchanged(struct exchange *x, const struct application_row *row)
{
    const struct write_state *state = x->state;
    const struct application_view view = {.row = row, .snapshot = x->snapshot};

    return application_reply(x, &application_kind, &view, &state->shown);
}

static enum step_result commit_update(struct exchange *x, const struct application_row *before)
{
    struct write_state *state = x->state;
    struct store_request *request = &state->stored.request;
    struct application_row *row = &request->in.application.row;
    struct audit_event event = event_of(STR("application.update"), before);
    const struct application_view old = {.row = before, .snapshot = x->snapshot};
    const struct application_view now = {.row = row, .snapshot = x->snapshot};
    bool any;

    *row = state->fields.row;
    row->updated_ms = clock_wall_ms(x->worker->server->clock);
    event.detail =
        changes_detail(&x->arena, &application_kind, application_write, &old, &now, untold, &any);
    if (event.detail.ptr == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    if (!any)
        return reply_unchanged(x, before);
    request->verb = STORE_APPLICATION_UPDATE;
    request->if_revision = before->revision;
    return stored_commit(x, &state->stored, &event);
}

static enum step_result update(struct exchange *x)
{
    struct write_state *state = x->state;
    const struct application_row *before;

    if (application_row_read(x, &state->stored, &before) == STEP_DONE ||
        write_read(x, &application_kind, &state->object, &state->shown) == STEP_DONE ||
        etag_judge(x, before->revision) == STEP_DONE ||
        application_fields_judge(x, state->object, body_verb_of(x), before, &state->fields) ==
            STEP_DONE)
        return STEP_DONE;
    const struct audit_event event = event_of(STR("application.update"), before);
    const struct application_change change = {before, &state->fields, state->partner, &event};
    if (application_rules_judge(x, &state->stored.caller.caller, &change) == STEP_DONE ||
        application_keep_all(x, &state->stored.caller.caller, before, &state->fields.row) ==
            STEP_DONE)
        return STEP_DONE;
    return commit_update(x, before);
}

static enum step_result reply_updated(struct exchange *x)
{
    const struct write_state *state = x->state;
    const struct store_request *request = &state->stored.request;
    const struct application_view view = {.row = &request->in.application.row,
                                          .snapshot = x->snapshot};

    if (request->outcome != STORE_OUTCOME_DONE)
        return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
    return application_reply(x, &application_kind, &view, &state->shown);
}

/* ---- DELETE ---- */

/* Its tokens die with it: the epoch stands until the last of them would have ended. */
static enum step_result commit_delete(struct exchange *x)
{
    struct write_state *state = x->state;
    struct store_request *request = &state->stored.request;
    const struct application_row *before;
    bool any;

    if (application_row_read(x, &state->stored, &before) == STEP_DONE ||
        etag_judge(x, before->revision) == STEP_DONE ||
        application_keep_all(x, &state->stored.caller.caller, before, NULL) == STEP_DONE)
        return STEP_DONE;
    struct audit_event event = event_of(STR("application.delete"), before);
    const struct application_view old = {.row = before, .snapshot = x->snapshot};
    event.detail =
        changes_detail(&x->arena, &application_kind, application_write, &old, NULL, untold, &any);
    if (event.detail.ptr == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    request->verb = STORE_APPLICATION_DELETE;
    request->if_revision = before->revision;
    request->in.application_delete.client_id = before->client_id;
    request->in.application_delete.end_s =
        clock_wall_s(x->worker->server->clock) + x->snapshot->policy.ttl_max_s;
    return stored_commit(x, &state->stored, &event);
}

const struct endpoint manage_application_create = {
    .name = "application_create",
    .state_size = sizeof(struct write_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, create,
              stored_step_committed, reply_created},
};
const struct endpoint manage_application_update = {
    .name = "application_update",
    .state_size = sizeof(struct write_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, find_target,
              stored_step_read, update, stored_step_committed, reply_updated},
};
const struct endpoint manage_application_delete = {
    .name = "application_delete",
    .state_size = sizeof(struct write_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, find_target,
              stored_step_read, commit_delete, stored_step_committed, stored_step_reply_deleted},
};
