#include "oauth/presented.h"

enum step_result presented_step_read(struct exchange *x)
{
    struct presented *state = x->state;
    struct str hint;

    if (!form_is_media_type(x->request.content_type))
        return exchange_refuse(x, ERR_BAD_MEDIA_TYPE, STR_NONE);
    enum err err = form_parse(x->request.body, &x->arena, &state->form);
    if (err == ERR_NONE)
        err = form_get(&state->form, STR("token"), &state->token);
    if (err == ERR_NONE)
        err = form_get(&state->form, STR("token_type_hint"), &hint);
    if (err_info(err)->kind == ERR_KIND_FAULT)
        return exchange_fault(x, FAULT(err));
    if (err != ERR_NONE)
        return exchange_refuse(x, err, STR_NONE);
    return caller_read(x, &state->caller, &state->form);
}

static void verify(struct exchange *x)
{
    struct presented *state = x->state;
    verification_run(x, &state->verification);
}

enum step_result presented_step_verify(struct exchange *x)
{
    struct presented *state = x->state;

    if (state->token.ptr == NULL)
        return exchange_refuse(x, ERR_MISSING_PARAMETER, STR("The parameter token is missing"));
    if (verification_begin(x, state->token, &state->verification))
        return STEP_NEXT;
    if (!verification_is_allowed(x, caller_throttle_key(&state->caller.caller)))
        return exchange_refuse(x, ERR_TOO_MANY_UNKNOWN, STR_NONE);
    return exchange_defer(x, verify);
}
