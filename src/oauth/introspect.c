/* POST /oauth/introspect (RFC 7662): read, identify the caller, verify the token, answer. No store
 * and no Redis on the way. */
#include "oauth/introspect.h"
#include "oauth/endpoints.h"
#include "oauth/presented.h"

/* The scope of an answer may be longer than the token's: what was lost is replaced by what it
 * implied (P1). */
enum {
    ANSWER_FIRST = 1024,
    ANSWER_MAX = LIMIT_SCOPES * (LIMIT_SCOPE_NAME + 1) + 2 * LIMIT_TOKEN,
};

struct introspect_state {
    struct presented presented; /* first */
    struct introspection_question question;
};

static enum step_result read_question(struct exchange *x)
{
    struct introspect_state *state = x->state;
    const struct form *form = &state->presented.form;
    struct str client_ip, min_sequence;

    enum err err = form_get(form, STR("required_scope"), &state->question.required_text);
    if (err == ERR_NONE)
        err = form_get(form, STR("client_ip"), &client_ip);
    if (err == ERR_NONE)
        err = form_get(form, STR("min_sequence"), &min_sequence);
    if (err != ERR_NONE)
        return exchange_refuse(x, err, STR_NONE);
    if (introspection_read_sequence(x, min_sequence, &state->question) == STEP_DONE)
        return STEP_DONE;
    return introspection_read_client(x, client_ip, &state->question);
}

static enum step_result check_rights(struct exchange *x)
{
    struct introspect_state *state = x->state;
    return introspection_ask(x, &state->presented.caller.caller, &state->question);
}

static enum step_result answer(struct exchange *x)
{
    struct introspect_state *state = x->state;
    struct buf b;

    buf_init_arena(&b, &x->arena, ANSWER_FIRST, ANSWER_MAX);
    struct result answered =
        introspection_answer(x, &state->question, &state->presented.verification, &b);
    if (!result_ok(answered))
        return exchange_fault(x, answered);
    return exchange_reply_json(x, 200, buf_view(&b));
}

const struct endpoint introspect_endpoint = {
    .name = "introspect",
    .state_size = sizeof(struct introspect_state),
    .steps = {presented_step_read, read_question, caller_step_identify, caller_step_judge,
              check_rights, presented_step_verify, answer},
};
