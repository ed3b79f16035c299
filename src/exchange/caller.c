#include "exchange/caller.h"

#include "client/basic.h"
#include "exchange/authenticate.h"
#include "exchange/snapshot.h"

struct token_facts caller_token_facts(const struct exchange *x)
{
    const struct server *server = x->worker->server;
    return (struct token_facts){
        .catalogue = x->snapshot->catalogue,
        .party = x->snapshot->party,
        .index = server->index,
        .now_s = clock_wall_s(server->clock),
        .ttl_max_s = x->snapshot->policy.ttl_max_s,
    };
}

/* RFC6750-2.1: one token68. */
static bool is_token68(struct str text)
{
    size_t i = 0;

    while (i < text.len &&
           ((text.ptr[i] >= 'a' && text.ptr[i] <= 'z') ||
            (text.ptr[i] >= 'A' && text.ptr[i] <= 'Z') ||
            (text.ptr[i] >= '0' && text.ptr[i] <= '9') || memchr("-._~+/", text.ptr[i], 6) != NULL))
        i++;
    if (i == 0)
        return false;
    while (i < text.len && text.ptr[i] == '=')
        i++;
    return i == text.len;
}

static enum err read_form(struct caller_state *state, const struct form *form,
                          bool *out_token_in_body)
{
    const struct {
        struct str name;
        struct str *out;
    } wanted[] = {
        {STR("client_id"), &state->presented.client_id},
        {STR("client_secret"), &state->presented.client_secret},
        {STR("client_assertion"), &state->presented.client_assertion},
        {STR("client_assertion_type"), &state->presented.client_assertion_type},
    };
    struct str access_token;

    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        enum err err = form_get(form, wanted[i].name, wanted[i].out);
        if (err != ERR_NONE)
            return err;
    }
    enum err err = form_get(form, STR("access_token"), &access_token);
    *out_token_in_body = access_token.ptr != NULL;
    return err;
}

enum step_result caller_read(struct exchange *x, struct caller_state *state,
                             const struct form *form)
{
    struct auth_header header = auth_header_split(x->request.authorization);
    bool token_in_body = false;

    x->takes_bearer = true;
    if (form != NULL) {
        enum err err = read_form(state, form, &token_in_body);
        if (err != ERR_NONE)
            return exchange_refuse(x, err, STR_NONE);
    }
    state->presented.authorization = x->request.authorization;
    if (!str_eq_nocase(header.scheme, STR("Bearer")))
        return STEP_NEXT;
    if (token_in_body || state->presented.client_secret.ptr != NULL ||
        state->presented.client_assertion.ptr != NULL)
        return exchange_refuse(x, ERR_TWO_AUTH_METHODS, STR_NONE); /* 6750-2-a */
    if (!is_token68(header.rest))
        return exchange_refuse(x, ERR_INVALID_REQUEST,
                               STR("The Authorization header holds no single bearer token"));
    state->bearer = header.rest;
    return STEP_NEXT;
}

enum step_result caller_step_read_bearer(struct exchange *x)
{
    struct auth_header header = auth_header_split(x->request.authorization);

    if (!str_eq_nocase(header.scheme, STR("Bearer")))
        return exchange_refuse(x, ERR_NO_BEARER, STR_NONE);
    return caller_read(x, x->state, NULL);
}

static void verify_bearer(struct exchange *x)
{
    struct caller_state *state = x->state;
    verification_run(x, &state->verification);
}

/* Nobody is known yet, so unknown tokens are counted by address. */
static struct str address_key(const struct exchange *x)
{
    const struct in6_addr *address = &x->request.peer.address;
    return str_make((const char *)address->s6_addr, sizeof(address->s6_addr));
}

static enum step_result identify_bearer(struct exchange *x, struct caller_state *state)
{
    if (verification_begin(x, state->bearer, &state->verification))
        return STEP_NEXT;
    if (!verification_is_allowed(x, address_key(x)))
        return exchange_refuse(x, ERR_TOO_MANY_UNKNOWN, STR_NONE);
    return exchange_defer(x, verify_bearer);
}

enum step_result caller_step_identify(struct exchange *x)
{
    struct caller_state *state = x->state;
    if (state->bearer.ptr != NULL)
        return identify_bearer(x, state);
    enum step_result result =
        exchange_authenticate(x, &state->presented, &state->login, &state->caller.application);
    if (result != STEP_NEXT)
        return result;
    state->caller.partner = party_partner_of(x->snapshot->party, state->caller.application);
    return STEP_NEXT;
}

enum step_result caller_step_judge(struct exchange *x)
{
    struct caller_state *state = x->state;
    struct token_standing standing;

    if (state->bearer.ptr == NULL)
        return STEP_NEXT;
    struct token_facts facts = caller_token_facts(x);
    if (!result_ok(state->verification.result))
        return exchange_fault(x, state->verification.result);
    verification_count(x, &state->verification, address_key(x));
    if (!state->verification.good)
        return exchange_refuse(x, ERR_INVALID_TOKEN, STR_NONE);
    struct result judged = token_standing(&facts, state->verification.token, &standing);
    if (!result_ok(judged))
        return exchange_fault(x, judged);
    /* SPEC 3: every endpoint of ours takes a bearer token only if its aud holds the issuer. */
    if (!standing.active ||
        !token_claims_has_audience(&state->verification.token->claims, x->snapshot->issuer))
        return exchange_refuse(x, ERR_INVALID_TOKEN, STR_NONE);
    state->caller = (struct caller){
        .application = standing.application,
        .partner = standing.partner,
        .is_bearer = true,
        .token_sid = state->verification.token->claims.token_sid,
        .user_sid = state->verification.token->claims.user_sid,
        .scopes = standing.scopes,
        .rights = scope_closure(facts.catalogue, &standing.scopes),
    };
    touch_token(x->worker, &state->caller.token_sid, &x->request.peer.address, facts.now_s);
    return STEP_NEXT;
}

bool caller_holds(const struct exchange *x, const struct caller *caller, struct str scope)
{
    const struct scope_value *value = catalogue_find(x->snapshot->catalogue, scope);
    return value != NULL && scope_set_has(&caller->rights, value->bit);
}

struct str caller_throttle_key(const struct caller *caller)
{
    return str_make((const char *)caller->application->client_id.bytes,
                    sizeof(caller->application->client_id.bytes));
}
