/* POST /oauth/revoke (RFC 7009): read, identify the caller, verify the token, decide, commit,
 * reply. The 200 leaves after the store's commit and after the index knows (P2); where the store
 * cannot, 503 (P4). Unknown, foreign, revoked and expired tokens all answer the same (7009-2.2-e).
 */
#include "exchange/sequence.h"
#include "exchange/snapshot.h"
#include "exchange/trail.h"
#include "oauth/endpoints.h"
#include "oauth/presented.h"

struct revoke_state {
    struct presented presented; /* first */
    struct exchange *exchange;
    struct store_request request;
};

static enum step_result check_rights(struct exchange *x)
{
    struct revoke_state *state = x->state;
    const struct caller *caller = &state->presented.caller.caller;

    if (!caller->is_bearer || caller_holds(x, caller, STR("scopemint.revoke")))
        return STEP_NEXT;
    x->scope_needed = STR("scopemint.revoke");
    return exchange_refuse(x, ERR_INSUFFICIENT_SCOPE, STR_NONE);
}

/* A client revokes its own (RFC7009-2.1); a bearer with scopemint.revoke what its partner's subtree
 * holds. */
static bool may_revoke(const struct exchange *x, const struct revoke_state *state)
{
    const struct caller *caller = &state->presented.caller.caller;
    const struct token_claims *claims = &state->presented.verification.token->claims;
    const struct party_partner *partner =
        party_find_partner(x->snapshot->party, &claims->partner_sid);

    if (!caller->is_bearer)
        return sid_eq(&claims->client_id, &caller->application->client_id);
    return partner != NULL && party_is_within(partner, caller->partner);
}

/* number: of the entry, 0 where nothing was revoked, which the answer shall not show. */
static enum step_result reply_done(struct exchange *x, uint64_t number)
{
    exchange_say_sequence_reached(x, number);
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

    if (!result_ok(state->presented.verification.result))
        return exchange_fault(x, state->presented.verification.result);
    verification_count(x, &state->presented.verification,
                       caller_throttle_key(&state->presented.caller.caller));
    if (!state->presented.verification.good || !may_revoke(x, state)) {
        metrics_add(&x->worker->metrics, METRIC_REVOKE_IGNORED, 1);
        return reply_done(x, 0);
    }
    const struct token_claims *claims = &state->presented.verification.token->claims;
    const struct audit_event event = {
        .action = STR("token.revoke"),
        .object = claims->token_sid,
        .partner_sid = claims->partner_sid,
    };
    struct str record = trail_record(x, &state->presented.caller.caller, &event);
    if (record.ptr == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    /* Whether it has expired is the store's to say: it knows when the wall clock is in doubt, and
     * then nothing has (P2). */
    exchange_hold(x);
    state->exchange = x;
    state->request = (struct store_request){
        .verb = STORE_TOKEN_REVOKE,
        .loop = x->worker->loop,
        .done = committed,
        .audit = record, /* of the first revocation alone: a repeated one changes nothing */
        .in.token_revoke = {claims->token_sid, claims->exp_s},
    };
    store_submit(x->worker->server->store, &state->request);
    return STEP_WAIT;
}

static enum step_result reply(struct exchange *x)
{
    struct revoke_state *state = x->state;

    if (!result_ok(state->request.result))
        return exchange_fault(x, state->request.result);
    bool over = state->request.out.number == 0; /* it had expired, and nothing was left to revoke */
    metrics_add(&x->worker->metrics, over ? METRIC_REVOKE_IGNORED : METRIC_REVOCATIONS, 1);
    return reply_done(x, state->request.out.number);
}

const struct endpoint revoke_endpoint = {
    .name = "revoke",
    .state_size = sizeof(struct revoke_state),
    .steps = {presented_step_read, caller_step_identify, caller_step_judge, check_rights,
              presented_step_verify, commit, reply},
};
