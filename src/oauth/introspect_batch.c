/* POST /oauth/introspect/batch: JSON {"tokens":[...]} answers {"items":[...]} in the same order.
 * One item that is no string makes all of it 400; one that cannot be decided makes all of it 503
 * (SPEC 4). Tokens are verified one a portion, so that a full batch holds nobody up. */
#include "oauth/endpoints.h"
#include "oauth/introspect.h"
#include "json/read.h"

struct batch_state {
    struct caller_state caller;    /* first */
    const struct json_value *item; /* the next to be verified */
    struct introspection_question question;
    struct verification verification; /* of item */
    bool asked, begun;                /* item is being verified; an answer has been written */
    struct buf out;
};

static bool is_json(struct str content_type)
{
    struct str type = str_slice(content_type, 0, str_find(content_type, ';'));
    return str_eq_nocase(str_trim(type, ' '), STR("application/json"));
}

/* The client's parameters as in a form, for whoever does not use the header. */
static bool read_client(const struct json_value *body, struct client_presented *out)
{
    const struct {
        struct str name;
        struct str *out;
    } wanted[] = {
        {STR("client_id"), &out->client_id},
        {STR("client_secret"), &out->client_secret},
        {STR("client_assertion"), &out->client_assertion},
        {STR("client_assertion_type"), &out->client_assertion_type},
    };

    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        if (json_find_string(body, wanted[i].name, wanted[i].out) == JSON_WRONG)
            return false;
    return true;
}

/* A number, or its digits as a string: that is what a header and a number past 2^53 come as. */
static enum step_result read_sequence(struct exchange *x, const struct json_value *body)
{
    struct batch_state *state = x->state;
    const struct json_value *value = json_member(body, STR("min_sequence"));
    struct str text = STR_NONE;

    if (value != NULL && !json_number(value, &text) && !json_string(value, &text))
        return exchange_refuse(x, ERR_BAD_JSON, STR("min_sequence must be a number or a string"));
    return introspection_read_sequence(x, text, &state->question);
}

static enum step_result read_question(struct exchange *x, const struct json_value *body)
{
    struct batch_state *state = x->state;
    struct str client_ip = STR_NONE;

    if (json_find_string(body, STR("required_scope"), &state->question.required_text) == JSON_WRONG)
        return exchange_refuse(x, ERR_BAD_JSON, STR("required_scope must be a string"));
    if (json_find_string(body, STR("client_ip"), &client_ip) == JSON_WRONG)
        return exchange_refuse(x, ERR_BAD_JSON, STR("client_ip must be a string"));
    if (read_sequence(x, body) == STEP_DONE)
        return STEP_DONE;
    return introspection_read_client(x, client_ip, &state->question);
}

static enum step_result read_request(struct exchange *x)
{
    static const struct str known[] = {
        STR_INIT("tokens"),           STR_INIT("required_scope"),
        STR_INIT("client_ip"),        STR_INIT("min_sequence"),
        STR_INIT("client_id"),        STR_INIT("client_secret"),
        STR_INIT("client_assertion"), STR_INIT("client_assertion_type"),
    };
    struct batch_state *state = x->state;
    const struct json_value *body, *tokens;
    struct json_error error;

    if (!is_json(x->request.content_type))
        return exchange_refuse(x, ERR_BAD_MEDIA_TYPE, STR_NONE);
    enum err err =
        json_parse_object(&x->arena, x->request.body, &json_limits_request, &body, &error);
    if (err == ERR_BAD_JSON)
        return exchange_refuse_json(x, &error);
    if (err != ERR_NONE)
        return exchange_fault(x, FAULT(err));
    if (json_find_unknown(body, known, sizeof(known) / sizeof(known[0])) != NULL)
        return exchange_refuse(x, ERR_BAD_JSON,
                               STR("The body holds a member other than tokens, required_scope, "
                                   "client_ip, min_sequence and the client's"));
    tokens = json_member(body, STR("tokens"));
    if (!json_is(tokens, JSON_ARRAY) || json_count(tokens) > LIMIT_BATCH_TOKENS)
        return exchange_refuse(x, ERR_BAD_JSON,
                               STR("tokens must be an array of at most 100 strings"));
    for (const struct json_value *v = json_first(tokens); v != NULL; v = json_next(v))
        if (!json_is(v, JSON_STRING))
            return exchange_refuse(x, ERR_BAD_JSON,
                                   STR("tokens must be an array of at most 100 strings"));
    if (read_question(x, body) == STEP_DONE)
        return STEP_DONE;
    if (!read_client(body, &state->caller.presented))
        return exchange_refuse(x, ERR_BAD_JSON, STR("The client's parameters must be strings"));
    state->item = json_first(tokens);
    return caller_read(x, &state->caller, NULL);
}

static enum step_result check_rights(struct exchange *x)
{
    struct batch_state *state = x->state;

    buf_init_arena(&state->out, &x->arena, 64 * 1024, LIMIT_REPLY);
    buf_cstr(&state->out, "{\"items\":[");
    return introspection_ask(x, &state->caller.caller, &state->question);
}

static void verify_item(struct exchange *x)
{
    struct batch_state *state = x->state;
    verification_run(x, &state->verification);
}

static struct result append_answer(struct exchange *x, struct batch_state *state)
{
    if (state->begun)
        buf_char(&state->out, ',');
    state->begun = true;
    return introspection_answer(x, &state->question, &state->verification, &state->out);
}

/* Runs once more for each token that has to be verified: answers it, and goes on to the next such.
 */
static enum step_result next_items(struct exchange *x)
{
    struct batch_state *state = x->state;

    while (state->item != NULL) {
        struct str token = STR_NONE;
        json_string(state->item, &token);
        if (!state->asked && !verification_begin(x, token, &state->verification)) {
            if (!verification_is_allowed(x, caller_throttle_key(&state->caller.caller)))
                return exchange_refuse(x, ERR_TOO_MANY_UNKNOWN, STR_NONE);
            state->asked = true;
            return exchange_defer_again(x, verify_item);
        }
        state->asked = false;
        struct result appended = append_answer(x, state);
        if (!result_ok(appended))
            return exchange_fault(x, appended);
        state->item = json_next(state->item);
    }
    return STEP_NEXT;
}

static enum step_result reply(struct exchange *x)
{
    struct batch_state *state = x->state;

    buf_cstr(&state->out, "]}");
    if (state->out.failed)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    return exchange_reply_json(x, 200, buf_view(&state->out));
}

const struct endpoint introspect_batch_endpoint = {
    .name = "introspect_batch",
    .state_size = sizeof(struct batch_state),
    .steps = {read_request, caller_step_identify, caller_step_judge, check_rights, next_items,
              reply},
};
