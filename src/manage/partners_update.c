/* PATCH, PUT and DELETE /core/v2/partners/{partner_sid}. DELETE cancels: rows of partners stay, so
 * that what was theirs keeps its place.
 *
 * Order of refusals (SPEC 5): 401; 403 verb; 404; 415, 400; 412; 409 canceled; 422 field; 403 what
 * ancestors write; 409 status; 422 scopes; 403 M3. */
#include "exchange/snapshot.h"
#include "manage/endpoints.h"
#include "manage/etag.h"
#include "manage/partners.h"
#include "manage/scope_names.h"
#include "manage/write.h"
#include "store/row_names.h"

enum { MESSAGE_MAX = 128 };

struct update_state {
    struct stored stored;                /* first */
    const struct party_partner *partner; /* the target */
    const struct json_value *object;     /* the body; NULL: not read yet, or DELETE */
    struct partner_fields fields;
    struct object_fields shown;
    struct partner_row after;
    struct partner_dry_run run;
};

static const struct caller *caller_of(const struct update_state *state)
{
    return &state->stored.caller.caller;
}

static const struct partner_row *before_of(const struct update_state *state)
{
    return &state->stored.read.out.partners[0];
}

static bool is_delete(const struct exchange *x)
{
    return x->request.method == METHOD_DELETE;
}

/* The caller's own, and so whatever its ancestors alone write is not the caller's to write. The
 * root has none: what they write of others never changes of it. */
static bool is_own(const struct update_state *state)
{
    return state->partner == caller_of(state)->partner;
}

static enum step_result begin(struct exchange *x)
{
    struct update_state *state = x->state;

    if (manage_require(x, caller_of(state),
                       is_delete(x) ? &partner_to_delete : &partner_to_update) == STEP_DONE ||
        partner_find(x, caller_of(state), &state->partner) == STEP_DONE ||
        partner_dry_run_read(x, &state->run) == STEP_DONE)
        return STEP_DONE;
    if (!is_delete(x) && write_read(x, &partner_kind, &state->object, &state->shown) == STEP_DONE)
        return STEP_DONE;
    return partner_read_row(x, &state->stored, &state->partner->partner_sid);
}

static enum step_result judge_precondition(struct exchange *x, const struct update_state *state)
{
    if (state->stored.read.out.count == 0)
        return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
    if (etag_judge(x, before_of(state)->revision) == STEP_DONE)
        return STEP_DONE;
    if (before_of(state)->status != PARTNER_CANCELED)
        return STEP_NEXT;
    return is_delete(x)
               ? exchange_reply(x, 204, STR_NONE, STR_NONE)
               : exchange_refuse(x, ERR_CONFLICT, STR("The partner is canceled, which is final"));
}

/* ---- the two authorities ---- */

static bool scopes_differ(const struct exchange *x, const struct update_state *state)
{
    const struct partner_view view = {before_of(state), x->snapshot->catalogue};
    struct scope_set stored = partner_available(&view);

    return state->fields.wrong_scopes.len > 0 || !scope_set_eq(&state->fields.scopes, &stored);
}

/* Of its own object a caller writes name and acls (SPEC 3); the rest may be repeated, so that GET,
 * edit, PUT works. */
static enum step_result judge_own(struct exchange *x, const struct update_state *state)
{
    const struct body_value *values = state->fields.body.values;
    struct str field = STR_NONE;

    if (!is_own(state))
        return STEP_NEXT;
    if (is_delete(x))
        return exchange_refuse(x, ERR_ACCESS_DENIED, STR("An ancestor cancels a partner"));
    if (values[FIELD_LOGIN].present && !str_eq(values[FIELD_LOGIN].text, before_of(state)->login))
        field = STR("login");
    else if (values[FIELD_STATUS].present && state->fields.status != before_of(state)->status)
        field = STR("status");
    else if (values[FIELD_AVAILABLE_SCOPES].present && scopes_differ(x, state))
        field = STR("available_scopes");
    else if (values[FIELD_PARENT_ASSIGNED_ACLS].present &&
             !str_eq(state->fields.parent_assigned_acls, before_of(state)->parent_assigned_acls))
        field = STR("parent_assigned_acls");
    if (field.len == 0)
        return STEP_NEXT;
    return exchange_refuse_field(x, ERR_ACCESS_DENIED, field, STR("An ancestor writes this"));
}

/* SPEC 3: unverified to active, active to suspended and back, any to canceled. */
static bool may_become(enum partner_status from, enum partner_status to)
{
    static const bool ways[PARTNER_STATUSES][PARTNER_STATUSES] = {
        [PARTNER_UNVERIFIED] = {[PARTNER_ACTIVE] = true, [PARTNER_CANCELED] = true},
        [PARTNER_ACTIVE] = {[PARTNER_SUSPENDED] = true, [PARTNER_CANCELED] = true},
        [PARTNER_SUSPENDED] = {[PARTNER_ACTIVE] = true, [PARTNER_CANCELED] = true},
    };
    return from == to || ways[from][to];
}

static enum step_result judge_status(struct exchange *x, const struct update_state *state)
{
    enum partner_status from = before_of(state)->status, to = state->after.status;
    struct buf message;

    if (may_become(from, to))
        return STEP_NEXT;
    buf_init_arena(&message, &x->arena, MESSAGE_MAX, MESSAGE_MAX);
    buf_cstr(&message, "A partner that is ");
    buf_str(&message, partner_status_names[from]);
    buf_cstr(&message, " cannot become ");
    buf_str(&message, partner_status_names[to]);
    if (message.failed)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    return exchange_refuse_field(x, ERR_CONFLICT, STR("status"), buf_view(&message));
}

/* A PUT that repeats the set does not write it (SPEC 5): it may still hold what the parent has lost
 * meanwhile. */
static enum step_result judge_scopes(struct exchange *x, struct update_state *state)
{
    const struct partner_view view = {before_of(state), x->snapshot->catalogue};
    const struct party *party = x->snapshot->party;
    const struct party_partner *parent = party_parent(party, state->partner);
    struct scope_set stored = partner_available(&view);
    const struct audit_event event = {
        .action = STR("partner.update"),
        .object = state->after.partner_sid,
        .partner_sid = state->after.partner_sid,
    };

    if (is_own(state) || !state->fields.body.values[FIELD_AVAILABLE_SCOPES].present)
        return STEP_NEXT;
    if (x->request.method == METHOD_PUT && !scopes_differ(x, state))
        return STEP_NEXT;
    struct scope_set ceiling = party_reach(party, parent).ceiling;
    if (partner_scopes_judge(x, caller_of(state), &state->fields, &ceiling, &stored, &event) ==
        STEP_DONE)
        return STEP_DONE;
    if (!scopes_differ(x, state))
        return STEP_NEXT;
    struct result written =
        manage_scopes_text(x, &state->fields.scopes, &state->after.available_scopes);
    return result_ok(written) ? STEP_NEXT : exchange_fault(x, written);
}

/* ---- the decision ---- */

static void fill_after(struct update_state *state)
{
    const struct body_value *values = state->fields.body.values;
    struct partner_row *after = &state->after;

    *after = *before_of(state);
    if (values[FIELD_NAME].present)
        after->name = values[FIELD_NAME].text;
    if (values[FIELD_LOGIN].present)
        after->login = values[FIELD_LOGIN].is_null ? STR("") : values[FIELD_LOGIN].text;
    if (values[FIELD_STATUS].present)
        after->status = state->fields.status;
    if (values[FIELD_ACLS].present)
        after->acls = state->fields.acls;
    if (values[FIELD_PARENT_ASSIGNED_ACLS].present)
        after->parent_assigned_acls = state->fields.parent_assigned_acls;
}

static enum step_result decide(struct exchange *x)
{
    struct update_state *state = x->state;

    if (judge_precondition(x, state) == STEP_DONE)
        return STEP_DONE;
    if (!is_delete(x) && partner_fields_judge(x, state->object, body_verb_of(x), is_own(state),
                                              &state->fields) == STEP_DONE)
        return STEP_DONE;
    if (!is_delete(x) && partner_acls_judge(x, state->partner, &state->fields) == STEP_DONE)
        return STEP_DONE;
    if (judge_own(x, state) == STEP_DONE)
        return STEP_DONE;
    fill_after(state);
    if (is_delete(x))
        state->after.status = PARTNER_CANCELED;
    if (judge_status(x, state) == STEP_DONE)
        return STEP_DONE;
    return judge_scopes(x, state);
}

/* ---- without dry_run these two pass on at once ---- */

static enum step_result ask_tokens(struct exchange *x)
{
    struct update_state *state = x->state;
    return state->run.wanted ? partner_dry_run_ask(x, &state->run, state->partner) : STEP_NEXT;
}

static enum step_result take_tokens(struct exchange *x)
{
    struct update_state *state = x->state;

    if (!state->run.wanted)
        return STEP_NEXT;
    if (partner_dry_run_take(x, &state->run, &state->after) == STEP_DONE)
        return STEP_DONE;
    return exchange_back_to(x, ask_tokens);
}

/* ---- doing it ---- */

static enum step_result commit(struct exchange *x)
{
    struct update_state *state = x->state;
    struct audit_event event = {
        .action =
            state->after.status == PARTNER_CANCELED ? STR("partner.cancel") : STR("partner.update"),
        .object = state->after.partner_sid,
        .partner_sid = state->after.partner_sid,
    };
    bool any;

    event.detail = partner_detail(x, before_of(state), &state->after, &any);
    if (event.detail.ptr == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    if (!any) /* and the revision stays */
        return partner_reply(x, before_of(state), &state->shown);
    state->after.updated_ms = clock_wall_ms(x->worker->server->clock);
    state->stored.request.verb = STORE_PARTNER_UPDATE;
    state->stored.request.if_revision = before_of(state)->revision;
    state->stored.request.in.partner = state->after;
    return stored_commit(x, &state->stored, &event);
}

static enum step_result reply(struct exchange *x)
{
    const struct update_state *state = x->state;
    const struct store_request *request = &state->stored.request;

    if (request->outcome == STORE_OUTCOME_EXISTS)
        return exchange_refuse_field(x, ERR_CONFLICT, STR("login"),
                                     STR("Another partner has this login"));
    if (request->outcome != STORE_OUTCOME_DONE)
        return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
    return is_delete(x) ? exchange_reply(x, 204, STR_NONE, STR_NONE)
                        : partner_reply(x, &request->in.partner, &state->shown);
}

const struct endpoint manage_partner_update = {
    .name = "partner_update",
    .state_size = sizeof(struct update_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, begin,
              stored_step_read, decide, ask_tokens, take_tokens, commit, stored_step_committed,
              reply},
};
