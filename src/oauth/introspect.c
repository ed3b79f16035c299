/* POST /oauth/introspect (RFC 7662): read, identify the caller, verify the token, answer. No store,
 * no Redis, no lock on the way. */
#include "oauth/introspect.h"
#include "exchange/snapshot.h"
#include "oauth/endpoints.h"
#include "scope/parse.h"

enum { ANSWER_FIRST = 1024, ANSWER_MAX = 32 * 1024 };

struct introspect_state {
    struct caller_state caller; /* first: the caller's steps find it there */
    struct form form;
    struct str token;
    struct str required_text;
    struct scope_set required;
    struct introspection_rights rights;
    struct verification verification;
};

static enum step_result read_request(struct exchange *x)
{
    struct introspect_state *state = x->state;
    struct str hint;

    if (!form_is_media_type(x->request.content_type))
        return exchange_refuse(x, ERR_BAD_MEDIA_TYPE, STR_NONE);
    enum err err = form_parse(x->request.body, &x->arena, &state->form);
    if (err == ERR_NONE)
        err = form_get(&state->form, STR("token"), &state->token);
    if (err == ERR_NONE)
        err = form_get(&state->form, STR("token_type_hint"),
                       &hint); /* 7662-2.1-f: looked at no further */
    if (err == ERR_NONE)
        err = form_get(&state->form, STR("required_scope"), &state->required_text);
    if (err_info(err)->kind == ERR_KIND_FAULT)
        return exchange_fault(x, FAULT(err));
    if (err != ERR_NONE)
        return exchange_refuse(x, err, STR_NONE);
    return caller_read(x, &state->caller, &state->form);
}

static enum step_result check_rights(struct exchange *x)
{
    struct introspect_state *state = x->state;
    struct str unknown;

    if (!state->caller.caller.is_bearer &&
        state->caller.caller.application->auth_method == CLIENT_AUTH_NONE)
        return exchange_refuse(x, ERR_INVALID_CLIENT, STR_NONE); /* 7662-2.1-i */
    if (!introspection_rights(x, &state->caller.caller, &state->rights)) {
        x->scope_needed = STR("scopemint.introspect");
        metrics_add(&x->worker->metrics, METRIC_INTROSPECT_REFUSED, 1);
        return exchange_refuse(x, ERR_INSUFFICIENT_SCOPE, STR_NONE);
    }
    if (state->token.ptr == NULL)
        return exchange_refuse(x, ERR_MISSING_PARAMETER, STR("The parameter token is missing"));
    if (state->required_text.ptr != NULL &&
        scope_parse(x->snapshot->catalogue, state->required_text, &state->required, &unknown) !=
            SCOPE_PARSED_OK)
        return exchange_refuse(x, ERR_BAD_PARAMETER,
                               STR("required_scope names a scope that is unknown"));
    return STEP_NEXT;
}

static void verify(struct exchange *x)
{
    struct introspect_state *state = x->state;
    verification_run(x, &state->verification);
}

static enum step_result verify_token(struct exchange *x)
{
    struct introspect_state *state = x->state;

    if (verification_begin(x, state->token, &state->verification))
        return STEP_NEXT;
    if (!verification_is_allowed(x, caller_throttle_key(&state->caller.caller)))
        return exchange_refuse(x, ERR_TOO_MANY_UNKNOWN, STR_NONE);
    return exchange_defer(x, verify);
}

static enum step_result answer(struct exchange *x)
{
    struct introspect_state *state = x->state;
    struct introspection_question question = {
        .caller = &state->caller.caller,
        .rights = &state->rights,
        .required = state->required_text.ptr != NULL ? &state->required : NULL,
    };
    struct buf b;

    if (!result_ok(state->verification.result))
        return exchange_fault(x, state->verification.result);
    verification_count(x, &state->verification, caller_throttle_key(question.caller));
    buf_init_arena(&b, &x->arena, ANSWER_FIRST, ANSWER_MAX);
    struct result answered = introspection_answer(x, &question, &state->verification, &b);
    if (!result_ok(answered))
        return exchange_fault(x, answered);
    return exchange_reply_json(x, 200, buf_view(&b));
}

const struct endpoint introspect_endpoint = {
    .name = "introspect",
    .state_size = sizeof(struct introspect_state),
    .steps = {read_request, caller_step_identify, caller_step_judge, check_rights, verify_token,
              answer},
};
