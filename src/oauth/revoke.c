/* POST /oauth/revoke (RFC 7009): read, identify the caller, verify the token, decide, commit,
 * reply. The 200 leaves after the store's commit and after the index knows (P2); where the store
 * cannot, 503 (P4). Unknown, foreign, revoked and expired tokens all answer the same (7009-2.2-e).
 */
#include "exchange/snapshot.h"
#include "oauth/caller.h"
#include "oauth/endpoints.h"
#include "oauth/introspect.h"

struct revoke_state {
    struct caller_state caller; /* first */
    struct form form;
    struct str token;
    struct verification verification;
    struct exchange *exchange;
    struct store_request request;
};

static enum step_result read_request(struct exchange *x)
{
    struct revoke_state *state = x->state;
    struct str hint;

    if (!form_is_media_type(x->request.content_type))
        return exchange_refuse(x, ERR_BAD_MEDIA_TYPE, STR_NONE);
    enum err err = form_parse(x->request.body, &x->arena, &state->form);
    if (err == ERR_NONE)
        err = form_get(&state->form, STR("token"), &state->token);
    if (err == ERR_NONE)
        err = form_get(&state->form, STR("token_type_hint"), &hint); /* 7009-2.2-d */
    if (err_info(err)->kind == ERR_KIND_FAULT)
        return exchange_fault(x, FAULT(err));
    if (err != ERR_NONE)
        return exchange_refuse(x, err, STR_NONE);
    return caller_read(x, &state->caller, &state->form);
}

static enum step_result check_rights(struct exchange *x)
{
    struct revoke_state *state = x->state;
    const struct caller *caller = &state->caller.caller;

    if (caller->is_bearer && !caller_holds(x, caller, STR("scopemint.revoke"))) {
        x->scope_needed = STR("scopemint.revoke");
        return exchange_refuse(x, ERR_INSUFFICIENT_SCOPE, STR_NONE);
    }
    if (state->token.ptr == NULL)
        return exchange_refuse(x, ERR_MISSING_PARAMETER, STR("The parameter token is missing"));
    return STEP_NEXT;
}

static void verify(struct exchange *x)
{
    struct revoke_state *state = x->state;
    verification_run(x, &state->verification);
}

static enum step_result verify_token(struct exchange *x)
{
    struct revoke_state *state = x->state;

    if (verification_begin(x, state->token, &state->verification))
        return STEP_NEXT;
    if (!verification_is_allowed(x, caller_throttle_key(&state->caller.caller)))
        return exchange_refuse(x, ERR_TOO_MANY_UNKNOWN, STR_NONE); /* 7009-5-a */
    return exchange_defer(x, verify);
}

/* A client revokes its own (RFC7009-2.1); a bearer with scopemint.revoke what its partner's subtree
 * holds. */
static bool may_revoke(const struct exchange *x, const struct revoke_state *state)
{
    const struct caller *caller = &state->caller.caller;
    const struct token_claims *claims = &state->verification.token.claims;
    const struct party_partner *partner =
        party_find_partner(x->snapshot->party, &claims->partner_sid);

    if (!caller->is_bearer)
        return sid_eq(&claims->client_id, &caller->application->client_id);
    return partner != NULL && party_is_within(partner, caller->partner);
}

static enum step_result reply_done(struct exchange *x)
{
    return exchange_reply_json(x, 200, STR("{}"));
}

static void committed(struct store_request *request)
{
    struct revoke_state *state =
        (struct revoke_state *)((char *)request - offsetof(struct revoke_state, request));
    exchange_resume(state->exchange);
}

static enum step_result commit(struct exchange *x)
{
    struct revoke_state *state = x->state;
    const struct token_claims *claims = &state->verification.token.claims;
    struct server *server = x->worker->server;

    if (!result_ok(state->verification.result))
        return exchange_fault(x, state->verification.result);
    verification_count(x, &state->verification, caller_throttle_key(&state->caller.caller));
    if (!state->verification.good || !may_revoke(x, state) ||
        claims->exp_s <= clock_wall_s(server->clock)) {
        metrics_add(&x->worker->metrics, METRIC_REVOKE_IGNORED, 1);
        return reply_done(x);
    }
    exchange_hold(x);
    state->exchange = x;
    state->request = (struct store_request){
        .verb = STORE_TOKEN_REVOKE,
        .loop = x->worker->loop,
        .done = committed,
        .in.token_revoke = {claims->token_sid, claims->exp_s},
    };
    store_submit(server->store, &state->request);
    return STEP_WAIT;
}

static enum step_result reply(struct exchange *x)
{
    struct revoke_state *state = x->state;

    if (!result_ok(state->request.result))
        return exchange_fault(x, state->request.result);
    metrics_add(&x->worker->metrics, METRIC_REVOCATIONS, 1);
    return reply_done(x);
}

const struct endpoint revoke_endpoint = {
    .name = "revoke",
    .state_size = sizeof(struct revoke_state),
    .steps = {read_request, caller_step_identify, caller_step_judge, check_rights, verify_token,
              commit, reply},
};
