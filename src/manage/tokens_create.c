/* POST /core/v2/oauth/token and /core/v2/oauth/token/{partner_sid}: a token of the caller's
 * application for its own partner, or for one below it. What it holds is bound by the grant rule
 * for that partner, and by what the caller holds itself (M3). */
#include "exchange/field_errors.h"
#include "exchange/snapshot.h"
#include "manage/changes.h"
#include "manage/endpoints.h"
#include "manage/list.h"
#include "manage/partners.h"
#include "manage/path.h"
#include "manage/refusal.h"
#include "manage/scope_names.h"
#include "manage/tokens.h"
#include "manage/tokens_form.h"
#include "token/handout.h"

struct create_state {
    struct stored stored; /* first */
    struct sid partner_sid;
    struct object_fields shown;
    struct token_wish wish;
    bool is_read;
    struct issue issue;
};

static enum step_result target_own(struct exchange *x)
{
    struct create_state *state = x->state;
    const struct caller *caller = &state->stored.caller.caller;

    state->partner_sid = caller->partner->partner_sid;
    return manage_require(x, caller, &token_to_create);
}

static enum step_result target_below(struct exchange *x)
{
    struct create_state *state = x->state;
    const struct caller *caller = &state->stored.caller.caller;

    if (manage_require(x, caller, &token_to_create) == STEP_DONE ||
        path_find_sid(x, 0, &state->partner_sid) == STEP_DONE)
        return STEP_DONE;
    const struct party_partner *partner =
        party_find_partner(x->snapshot->party, &state->partner_sid);
    if (partner == NULL || partner == caller->partner || !party_is_within(partner, caller->partner))
        return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
    return STEP_NEXT;
}

/* Once: what it was decided on may move, the request does not. */
static enum step_result read_request(struct exchange *x)
{
    struct create_state *state = x->state;

    if (state->is_read)
        return STEP_NEXT;
    state->is_read = true;
    if (list_fields_read(x, &token_created_kind, &state->shown) == STEP_DONE)
        return STEP_DONE;
    return token_wish_read(x, &state->stored.caller.caller, &state->wish);
}

/* ---- deciding ---- */

static enum step_result refuse_grant(struct exchange *x, struct str message)
{
    if (message.ptr == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    metrics_add(&x->worker->metrics, METRIC_TOKEN_REFUSED, 1);
    return exchange_refuse_field(x, ERR_INVALID_VALUE, STR("scopes"), message);
}

/* All that is allowed: of what the application declares, what the grant rule and the caller's own
 * leave (with what is left of a name that falls out). */
static enum step_result grant_all(struct exchange *x, const struct asked_bound *bound,
                                  struct scope_set *out)
{
    const struct create_state *state = x->state;
    const struct caller *caller = &state->stored.caller.caller;
    struct scope_set allowed = scope_set_intersection(&bound->allowed, &caller->rights);

    *out = scope_surviving(bound->catalogue, &caller->application->declared, &allowed);
    if (scope_set_is_empty(out))
        return refuse_grant(x, STR("Nothing can be granted: no scope is held by the application, "
                                   "the partner and the token that asks"));
    return STEP_NEXT;
}

static enum step_result grant_asked(struct exchange *x, const struct asked_bound *bound,
                                    struct scope_set *out)
{
    const struct create_state *state = x->state;
    const struct caller *caller = &state->stored.caller.caller;
    const struct audit_event event = {.action = STR("token.create"),
                                      .partner_sid = state->partner_sid};
    struct scope_set lacking;
    struct str message;

    *out = asked_known(bound->catalogue, &state->wish.scopes);
    if (!asked_is_granted(bound, &state->wish.scopes, STR(""), out, &x->arena, &message))
        return refuse_grant(x, message);
    if (!handout_is_held(out, &caller->rights, &lacking))
        return manage_refuse_handout(x, caller, &event, STR("scopes"), &lacking);
    return STEP_NEXT;
}

/* The application's, as far as the token that asks is addressed to them: one that was kept to some
 * audiences begets none for others. */
static bool fill_audiences(const struct token_claims *asking,
                           const struct party_application *application, struct token_claims *out)
{
    out->audience_count = 0;
    for (size_t i = 0; i < application->audience_count; i++)
        if (token_claims_has_audience(asking, application->audiences[i]))
            out->audiences[out->audience_count++] = application->audiences[i];
    return out->audience_count > 0;
}

static enum step_result decide(struct exchange *x)
{
    struct create_state *state = x->state;
    const struct party_application *application = state->stored.caller.caller.application;
    const struct party *party = x->snapshot->party;
    const struct party_partner *partner = party_find_partner(party, &state->partner_sid);
    const struct asked_bound bound =
        asked_bound_now(x->snapshot->catalogue, party, application, partner);
    struct token_claims *claims = &state->issue.claims;
    struct scope_set granted;

    if (partner_judge_home(x, partner, true, STR_NONE) == STEP_DONE)
        return STEP_DONE;
    if ((state->wish.has_scopes ? grant_asked : grant_all)(x, &bound, &granted) == STEP_DONE)
        return STEP_DONE;
    struct result written = manage_scopes_text(x, &granted, &claims->scope);
    if (!result_ok(written))
        return exchange_fault(x, written);
    if (fill_audiences(&state->stored.caller.verification.token->claims, application, claims))
        return STEP_NEXT;
    return exchange_refuse(x, ERR_CONFLICT,
                           STR("The application has none of the audiences of the token that asks"));
}

/* ---- issuing ---- */

static void sign_now(struct exchange *x)
{
    struct create_state *state = x->state;
    const struct caller *caller = &state->stored.caller.caller;

    struct result begun = issue_new(x, caller->application, &state->partner_sid, &caller->user_sid,
                                    state->wish.ttl_s, &state->issue);
    state->issue.signed_as = begun.code;
    if (result_ok(begun))
        issue_sign(x, &state->issue);
}

static enum step_result sign(struct exchange *x)
{
    if (issue_ready(x) == STEP_DONE)
        return STEP_DONE;
    return exchange_defer(x, sign_now);
}

static enum step_result commit(struct exchange *x)
{
    struct create_state *state = x->state;
    struct token_row *row = &state->stored.request.in.token_create;
    const struct token_view after = {.row = row};
    bool differs;

    if (token_signed(x, &state->issue) == STEP_DONE)
        return STEP_DONE;
    state->stored.request.verb = STORE_TOKEN_CREATE;
    struct result filled = issue_row(x, &state->issue, state->wish.name, row);
    if (!result_ok(filled))
        return exchange_fault(x, filled);
    const struct audit_event event = {
        .action = STR("token.create"),
        .object = row->token_sid,
        .partner_sid = row->partner_sid,
        .detail =
            changes_detail(&x->arena, &token_kind, token_view_write, NULL, &after, 0, &differs),
    };
    if (event.detail.ptr == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    return stored_commit(x, &state->stored, &event);
}

static enum step_result reply(struct exchange *x)
{
    const struct create_state *state = x->state;
    const struct token_row *row = &state->stored.request.in.token_create;
    const struct token_view view = {
        .row = row,
        .partner = party_find_partner(x->snapshot->party, &state->partner_sid),
        .access_token = buf_view(&state->issue.jwt),
        .expires_in_s = state->issue.claims.exp_s - state->issue.claims.iat_s,
    };

    metrics_add(&x->worker->metrics, METRIC_TOKENS_ISSUED, 1);
    issue_remember(x, &state->issue);
    return token_view_reply(x, &token_created_kind, &state->shown, &view);
}

const struct endpoint manage_token_create = {
    .name = "token_create",
    .state_size = sizeof(struct create_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, target_own,
              read_request, decide, sign, commit, stored_step_committed, reply},
};
const struct endpoint manage_token_create_below = {
    .name = "token_create_below",
    .state_size = sizeof(struct create_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, target_below,
              read_request, decide, sign, commit, stored_step_committed, reply},
};
