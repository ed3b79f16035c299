/* POST /oauth/token (RFC6749-3.2): read, authenticate, decide, mint, commit, reply. Nothing is
 * answered 2xx before the token's row is durable (P3). */
#include "core/log.h"
#include "exchange/authenticate.h"
#include "exchange/issue.h"
#include "exchange/snapshot.h"
#include "oauth/endpoints.h"
#include "oauth/token_request.h"
#include "scope/parse.h"
#include "token/grant.h"

struct token_state {
    struct token_request request;
    struct assertion_login *login; /* exchange_authenticate's */
    const struct party_application *application;
    struct issue issue;
    struct exchange *exchange;
    struct store_request store;
};

static enum step_result read_request(struct exchange *x)
{
    struct token_state *state = x->state;
    return token_request_read(x, &state->request);
}

static enum step_result authenticate(struct exchange *x)
{
    struct token_state *state = x->state;
    return exchange_authenticate(x, &state->request.presented, &state->login, &state->application);
}

static enum step_result check_grant_type(struct exchange *x)
{
    const struct token_state *state = x->state;
    struct str grant_type = state->request.grant_type;

    if (grant_type.ptr == NULL)
        return exchange_refuse(x, ERR_MISSING_PARAMETER,
                               STR("The parameter grant_type is missing"));
    if (!str_eq(grant_type, STR("client_credentials")))
        return exchange_refuse(x, ERR_UNSUPPORTED_GRANT_TYPE, STR_NONE);
    if (!state->application->client_credentials ||
        state->application->type != APPLICATION_CONFIDENTIAL)
        return exchange_refuse(x, ERR_UNAUTHORIZED_CLIENT, STR_NONE); /* 6749-4.4-a */
    return STEP_NEXT;
}

/* No resource: all of the application's audiences; else those asked for, each one of them (SPEC 3).
 */
static enum step_result decide_audiences(struct exchange *x)
{
    struct token_state *state = x->state;
    const struct party_application *application = state->application;
    struct token_claims *claims = &state->issue.claims;

    claims->audience_count = state->request.resource_count > 0 ? state->request.resource_count
                                                               : application->audience_count;
    if (claims->audience_count > LIMIT_AUDIENCES)
        return exchange_fault(x, FAULT(ERR_FAULT_STORE));
    for (size_t i = 0; i < claims->audience_count; i++) {
        bool asked = state->request.resource_count > 0;
        struct str audience = asked ? state->request.resources[i] : application->audiences[i];
        if (asked && !party_application_has_audience(application, audience))
            return exchange_refuse(x, ERR_INVALID_TARGET, STR_NONE);
        claims->audiences[i] = audience;
    }
    return STEP_NEXT;
}

static enum step_result decide_scope(struct exchange *x)
{
    struct token_state *state = x->state;
    struct scope_set granted;
    struct str detail = STR_NONE;
    struct buf b;

    enum err err = grant_scopes(x->snapshot->catalogue, x->snapshot->party, state->application,
                                state->request.scope, &x->arena, &granted, &detail);
    if (err_info(err)->kind == ERR_KIND_FAULT)
        return exchange_fault(x, FAULT(err));
    if (err != ERR_NONE) {
        metrics_add(&x->worker->metrics, METRIC_TOKEN_REFUSED, 1);
        return exchange_refuse(x, err, detail);
    }
    buf_init_arena(&b, &x->arena, 512, LIMIT_SCOPES * (LIMIT_SCOPE_NAME + 1));
    scope_format(x->snapshot->catalogue, &granted, &b);
    if (b.failed)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    state->issue.claims.scope = buf_view(&b);
    return STEP_NEXT;
}

static void mint(struct exchange *x)
{
    struct token_state *state = x->state;
    const struct party_application *application = state->application;

    struct result begun = issue_new(x, application, &application->partner_sid, &(struct sid){{0}},
                                    state->request.ttl_s, &state->issue);
    state->issue.signed_as = begun.code;
    if (result_ok(begun))
        issue_sign(x, &state->issue);
}

static enum step_result mint_deferred(struct exchange *x)
{
    if (issue_ready(x) == STEP_DONE)
        return STEP_DONE;
    return exchange_defer(x, mint);
}

static void committed(struct store_request *request)
{
    struct token_state *state =
        (struct token_state *)((char *)request - offsetof(struct token_state, store));
    exchange_resume(state->exchange);
}

static enum step_result commit(struct exchange *x)
{
    struct token_state *state = x->state;

    if (issue_signed(x, &state->issue) == STEP_DONE)
        return STEP_DONE;
    state->exchange = x;
    state->store = (struct store_request){
        .verb = STORE_TOKEN_CREATE,
        .loop = x->worker->loop,
        .done = committed,
    };
    struct result row =
        issue_row(x, &state->issue, state->request.name, &state->store.in.token_create);
    if (!result_ok(row))
        return exchange_fault(x, row);
    exchange_submit(x, &state->store);
    return STEP_WAIT;
}

/* RFC6749-5.1 */
static enum step_result reply(struct exchange *x)
{
    const struct token_state *state = x->state;
    const struct issue *issue = &state->issue;
    struct buf b;

    if (!result_ok(state->store.result))
        return exchange_fault(x, state->store.result);
    buf_init_arena(&b, &x->arena, issue->jwt.len + issue->claims.scope.len + 256, LIMIT_REPLY);
    buf_cstr(&b, "{\"access_token\":\"");
    buf_str(&b, buf_view(&issue->jwt));
    buf_cstr(&b, "\",\"token_type\":\"Bearer\",\"expires_in\":");
    buf_i64(&b, issue->claims.exp_s - issue->claims.iat_s);
    buf_cstr(&b, ",\"scope\":\"");
    buf_str(&b, issue->claims.scope);
    buf_cstr(&b, "\"}");
    if (b.failed)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    metrics_add(&x->worker->metrics, METRIC_TOKENS_ISSUED, 1);
    issue_remember(x, issue);
    return exchange_reply_json(x, 200, buf_view(&b));
}

const struct endpoint token_endpoint = {
    .name = "token",
    .state_size = sizeof(struct token_state),
    .steps = {read_request, authenticate, check_grant_type, decide_audiences, decide_scope,
              mint_deferred, commit, reply},
};
