/* POST /core/v2/partners: a child of the caller's partner, or of one below it. */
#include "exchange/snapshot.h"
#include "manage/endpoints.h"
#include "manage/partners.h"
#include "manage/scope_names.h"
#include "manage/write.h"

/* The scopes that the two fields of a shorter way need (SPEC 3). */
static const struct requirement to_skip_email =
    REQUIRE_ONE_OF(STR_INIT("partners.skip_email_verifications"));
static const struct requirement to_skip_review =
    REQUIRE_ONE_OF(STR_INIT("partners.skip_partner_review"));

struct create_state {
    struct stored stored;            /* first */
    const struct json_value *object; /* the body; NULL: not read yet */
    struct partner_fields fields;
    struct object_fields shown;
    struct audit_event event;
};

static enum step_result find_parent(struct exchange *x, const struct create_state *state,
                                    const struct party_partner **out)
{
    const struct body_value *sent = &state->fields.body.values[FIELD_PARENT_SID];
    const struct party_partner *own = state->stored.caller.caller.partner, *parent = own;

    if (sent->present)
        parent = party_find_partner(x->snapshot->party, &sent->sid);
    if (parent == NULL || !party_is_within(parent, own))
        return exchange_refuse_field(x, ERR_INVALID_VALUE, STR("parent_sid"),
                                     STR("The caller's partner or one below it is taken"));
    if (parent->depth + 1 >= LIMIT_PARTNER_DEPTH)
        return exchange_refuse_field(x, ERR_INVALID_VALUE, STR("parent_sid"),
                                     STR("The tree of partners would become too deep"));
    *out = parent;
    return partner_judge_home(x, parent, false, STR("parent_sid"));
}

static bool is_true(const struct create_state *state, enum partner_field field)
{
    const struct body_value *value = &state->fields.body.values[field];
    return value->present && value->number != 0;
}

/* Both steps skipped: it starts active. One of them is still ahead: unverified. */
static enum step_result judge_skips(struct exchange *x, const struct create_state *state,
                                    enum partner_status *out)
{
    const struct caller *caller = &state->stored.caller.caller;
    bool email = is_true(state, FIELD_SKIP_EMAIL_VERIFICATION);
    bool review = is_true(state, FIELD_SKIP_PARTNER_REVIEW);

    if ((email && manage_require(x, caller, &to_skip_email) == STEP_DONE) ||
        (review && manage_require(x, caller, &to_skip_review) == STEP_DONE))
        return STEP_DONE;
    *out = email && review ? PARTNER_ACTIVE : PARTNER_UNVERIFIED;
    return STEP_NEXT;
}

/* What was asked for, or what a new partner has by default as far as both parent and caller have
 * it. */
static enum step_result judge_scopes(struct exchange *x, struct create_state *state,
                                     const struct party_partner *parent, struct str *out)
{
    static const struct scope_set nothing;
    const struct caller *caller = &state->stored.caller.caller;
    struct scope_set ceiling = party_reach(x->snapshot->party, parent).ceiling, scopes;

    if (state->fields.body.values[FIELD_AVAILABLE_SCOPES].present) {
        if (partner_scopes_judge(x, caller, &state->fields, &ceiling, &nothing, &state->event) ==
            STEP_DONE)
            return STEP_DONE;
        scopes = state->fields.scopes;
    } else {
        scopes = scope_set_intersection(catalogue_defaults(x->snapshot->catalogue), &ceiling);
        scopes = scope_set_intersection(&scopes, &caller->rights);
    }
    struct result written = manage_scopes_text(x, &scopes, out);
    return result_ok(written) ? STEP_NEXT : exchange_fault(x, written);
}

static enum step_result commit(struct exchange *x, struct create_state *state,
                               const struct party_partner *parent, enum partner_status status,
                               struct str scopes)
{
    const struct server *server = x->worker->server;
    const struct body_value *values = state->fields.body.values;
    struct partner_row *row = &state->stored.request.in.partner;
    int64_t now_ms = clock_wall_ms(server->clock);
    bool any;

    *row = (struct partner_row){
        .parent_sid = parent->partner_sid,
        .name = values[FIELD_NAME].text,
        .login = values[FIELD_LOGIN].text,
        .status = status,
        .available_scopes = scopes,
        .acls = state->fields.acls,
        .parent_assigned_acls = state->fields.parent_assigned_acls,
        .created_ms = now_ms,
        .updated_ms = now_ms,
    };
    struct result made = sid_new(server->clock, server->entropy, &row->partner_sid);
    if (!result_ok(made))
        return exchange_fault(x, made);
    state->event.object = state->event.partner_sid = row->partner_sid;
    state->event.detail = partner_detail(x, NULL, row, &any);
    if (state->event.detail.ptr == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    state->stored.request.verb = STORE_PARTNER_CREATE;
    return stored_commit(x, &state->stored, &state->event);
}

static enum step_result decide(struct exchange *x)
{
    struct create_state *state = x->state;
    const struct party_partner *parent = NULL;
    enum partner_status status;
    struct str scopes;

    if (manage_require(x, &state->stored.caller.caller, &partner_to_create) == STEP_DONE)
        return STEP_DONE;
    if (write_read(x, &partner_kind, &state->object, &state->shown) == STEP_DONE ||
        partner_fields_judge(x, state->object, BODY_CREATE, false, &state->fields) == STEP_DONE ||
        find_parent(x, state, &parent) == STEP_DONE ||
        partner_acls_judge(x, parent, &state->fields) == STEP_DONE)
        return STEP_DONE;
    state->event = (struct audit_event){
        .action = STR("partner.create"),
        .partner_sid = parent->partner_sid,
    };
    if (judge_skips(x, state, &status) == STEP_DONE ||
        judge_scopes(x, state, parent, &scopes) == STEP_DONE)
        return STEP_DONE;
    return commit(x, state, parent, status, scopes);
}

static enum step_result reply(struct exchange *x)
{
    const struct create_state *state = x->state;
    const struct store_request *request = &state->stored.request;

    if (request->outcome == STORE_OUTCOME_EXISTS)
        return exchange_refuse_field(x, ERR_CONFLICT, STR("login"),
                                     STR("Another partner has this login"));
    if (request->outcome != STORE_OUTCOME_DONE)
        return exchange_refuse(x, ERR_CONFLICT, STR("The parent is no longer there"));
    return partner_reply(x, &request->in.partner, &state->shown);
}

const struct endpoint manage_partner_create = {
    .name = "partner_create",
    .state_size = sizeof(struct create_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, decide,
              stored_step_committed, reply},
};
