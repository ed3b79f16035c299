/* POST /core/v2/oauth/revoke: revokes the token in the form, or the presented one. 204 whatever it
 * was; what M2 does not let the caller address is left alone. */
#include "exchange/field_errors.h"
#include "exchange/sequence.h"
#include "exchange/snapshot.h"
#include "manage/endpoints.h"
#include "manage/refusal.h"
#include "manage/tokens.h"
#include "manage/tokens_form.h"

struct revoke_state {
    struct stored stored; /* first */
    struct str token;     /* ptr NULL: the presented one */
    struct verification verification;
};

static enum step_result read_form(struct exchange *x)
{
    struct revoke_state *state = x->state;
    struct token_client client;
    struct form form;
    struct str type;

    if (manage_require(x, &state->stored.caller.caller, &token_to_revoke) == STEP_DONE)
        return STEP_DONE;
    if (x->request.body.len > 0 && !form_is_media_type(x->request.content_type))
        return exchange_refuse(x, ERR_UNSUPPORTED_MEDIA_TYPE,
                               STR("The Content-Type of the body must be "
                                   "application/x-www-form-urlencoded"));
    enum err err = form_parse(x->request.body, &x->arena, &form);
    if (err == ERR_NONE)
        err = form_get(&form, STR("token"), &state->token);
    if (err == ERR_NONE)
        err = form_get(&form, STR("token_type"), &type); /* there is one place to look */
    if (err == ERR_NONE)
        err = token_client_form(&form, &client);
    if (err_info(err)->kind == ERR_KIND_FAULT)
        return exchange_fault(x, FAULT(err));
    if (err != ERR_NONE)
        return exchange_refuse(x, err, STR_NONE);
    return token_client_check(x, &state->stored.caller.caller, &client);
}

static void verify_now(struct exchange *x)
{
    struct revoke_state *state = x->state;
    verification_run(x, &state->verification);
}

static enum step_result verify(struct exchange *x)
{
    struct revoke_state *state = x->state;

    if (state->token.ptr == NULL) {
        state->verification = state->stored.caller.verification;
        return STEP_NEXT;
    }
    if (verification_begin(x, state->token, &state->verification))
        return STEP_NEXT;
    if (!verification_is_allowed(x, caller_throttle_key(&state->stored.caller.caller)))
        return exchange_refuse(x, ERR_TOO_MANY_UNKNOWN, STR_NONE);
    return exchange_defer(x, verify_now);
}

/* number: of the entry, 0 where nothing was revoked, which the answer shall not show. */
static enum step_result reply_none(struct exchange *x, uint64_t number)
{
    metrics_add(&x->worker->metrics, number > 0 ? METRIC_REVOCATIONS : METRIC_REVOKE_IGNORED, 1);
    exchange_say_sequence_reached(x, number);
    return exchange_reply(x, 204, STR_NONE, STR_NONE);
}

static enum step_result commit(struct exchange *x)
{
    struct revoke_state *state = x->state;
    const struct caller *caller = &state->stored.caller.caller;
    const struct address_caller address = token_address(x, caller);

    if (!result_ok(state->verification.result))
        return exchange_fault(x, state->verification.result);
    verification_count(x, &state->verification, caller_throttle_key(caller));
    if (!state->verification.good)
        return reply_none(x, 0);
    const struct token_claims *claims = &state->verification.token->claims;
    struct audit_event event = {.action = STR("token.revoke"),
                                .object = claims->token_sid,
                                .partner_sid = claims->partner_sid};
    if (!address_holds(&address, &claims->token_sid, &claims->partner_sid)) {
        event.partner_sid = caller->partner->partner_sid; /* its own log, nobody else's */
        event.rule = STR("M2");
        manage_note_refusal(x, caller, &event);
        return reply_none(x, 0);
    }
    state->stored.request.verb = STORE_TOKEN_REVOKE;
    state->stored.request.in.token_revoke.token_sid = claims->token_sid;
    state->stored.request.in.token_revoke.end_s = claims->exp_s;
    return stored_commit(x, &state->stored, &event);
}

static enum step_result reply(struct exchange *x)
{
    const struct revoke_state *state = x->state;

    return reply_none(x, state->stored.request.out.number); /* 0: it had expired */
}

const struct endpoint manage_token_revoke = {
    .name = "token_revoke",
    .state_size = sizeof(struct revoke_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, read_form, verify,
              commit, stored_step_committed, reply},
};
