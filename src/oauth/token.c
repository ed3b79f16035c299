/* POST /oauth/token (RFC6749-3.2): read, authenticate, decide, mint, commit, reply. Nothing is
 * answered 2xx before the token's row is durable (P3). */
#include "core/log.h"
#include "exchange/authenticate.h"
#include "exchange/snapshot.h"
#include "oauth/endpoints.h"
#include "oauth/token_request.h"
#include "revocation/index.h"
#include "scope/parse.h"
#include "token/cache.h"
#include "token/grant.h"
#include "token/mint.h"

enum { REPLY_FIRST = 2048 };

struct token_state {
    struct token_request request;
    struct assertion_login *login; /* exchange_authenticate's */
    const struct party_application *application;
    struct token_claims claims;
    struct buf jwt;
    enum err minted;
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
    struct token_claims *claims = &state->claims;

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
    state->claims.scope = buf_view(&b);
    return STEP_NEXT;
}

static struct result fill_claims(struct exchange *x)
{
    struct token_state *state = x->state;
    const struct server *server = x->worker->server;
    const struct party_application *application = state->application;
    struct token_claims *claims = &state->claims;
    char *subject = arena_alloc(&x->arena, SID_TEXT);

    if (subject == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    TRY(sid_new(server->clock, server->entropy, &claims->token_sid));
    sid_format(&application->client_id, subject);
    claims->issuer = x->snapshot->issuer;
    claims->subject = str_make(subject, SID_TEXT);
    claims->client_id = application->client_id;
    claims->partner_sid = application->partner_sid;
    claims->generation = 1;
    claims->iat_s = clock_wall_s(server->clock);
    claims->exp_s = claims->iat_s + token_policy_ttl_s(&x->snapshot->policy, state->request.ttl_s,
                                                       application->access_token_ttl_s);
    claims->epoch = revocation_index_number(server->index);
    return RESULT_OK;
}

static void mint(struct exchange *x)
{
    struct token_state *state = x->state;

    buf_init_arena(&state->jwt, &x->arena, REPLY_FIRST, LIMIT_TOKEN);
    struct result filled = fill_claims(x);
    state->minted = result_ok(filled) ? token_mint(&x->snapshot->policy, x->snapshot->keyring,
                                                   x->worker->keys, &state->claims, &state->jwt)
                                      : filled.code;
}

static enum step_result mint_deferred(struct exchange *x)
{
    if (!revocation_index_is_complete(x->worker->server->index))
        return exchange_fault(x, FAULT(ERR_FAULT_INDEX)); /* there is no true epoch to put in */
    return exchange_defer(x, mint);
}

static void committed(struct store_request *request)
{
    struct token_state *state =
        (struct token_state *)((char *)request - offsetof(struct token_state, store));
    exchange_resume(state->exchange);
}

static struct str join_audiences(struct exchange *x, const struct token_claims *claims)
{
    struct buf b;

    buf_init_arena(&b, &x->arena, 256, LIMIT_AUDIENCES * (LIMIT_AUDIENCE + 1));
    for (size_t i = 0; i < claims->audience_count; i++) {
        if (i > 0)
            buf_char(&b, ' ');
        buf_str(&b, claims->audiences[i]);
    }
    return b.failed ? STR_NONE : buf_view(&b);
}

static enum step_result commit(struct exchange *x)
{
    struct token_state *state = x->state;
    const struct token_claims *claims = &state->claims;

    if (state->minted == ERR_TOKEN_TOO_LARGE) {
        metrics_add(&x->worker->metrics, METRIC_TOKEN_REFUSED, 1);
        return exchange_refuse(x, ERR_TOKEN_TOO_LARGE, STR_NONE);
    }
    if (state->minted != ERR_NONE)
        return exchange_fault(x, FAULT(state->minted));
    state->exchange = x;
    state->store = (struct store_request){
        .verb = STORE_TOKEN_CREATE,
        .loop = x->worker->loop,
        .done = committed,
        .in.token_create =
            {
                .token_sid = claims->token_sid,
                .client_id = claims->client_id,
                .partner_sid = claims->partner_sid,
                .name = state->request.name,
                .scopes = claims->scope,
                .audiences = join_audiences(x, claims),
                .created_ms = claims->iat_s * 1000,
                .exp_s = claims->exp_s,
                .exp_signed_s = claims->exp_s,
                .generation = claims->generation,
                .revision = 1,
            },
    };
    if (state->store.in.token_create.audiences.ptr == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    store_submit(x->worker->server->store, &state->store);
    return STEP_WAIT;
}

/* What was just signed need not be verified here when it is asked about. */
static void remember(struct exchange *x)
{
    const struct token_state *state = x->state;
    struct verified_token token = {
        .claims = state->claims,
        .kid = keyring_key_kid(keyring_active(x->snapshot->keyring)),
    };
    struct digest256 digest = digest_sha256(buf_view(&state->jwt));

    token_cache_put(x->worker->server->verified, &digest, x->snapshot->verify_version, &token,
                    true);
}

/* RFC6749-5.1 */
static enum step_result reply(struct exchange *x)
{
    const struct token_state *state = x->state;
    struct buf b;

    if (!result_ok(state->store.result))
        return exchange_fault(x, state->store.result);
    buf_init_arena(&b, &x->arena, state->jwt.len + state->claims.scope.len + 256, LIMIT_REPLY);
    buf_cstr(&b, "{\"access_token\":\"");
    buf_str(&b, buf_view(&state->jwt));
    buf_cstr(&b, "\",\"token_type\":\"Bearer\",\"expires_in\":");
    buf_i64(&b, state->claims.exp_s - state->claims.iat_s);
    buf_cstr(&b, ",\"scope\":\"");
    buf_str(&b, state->claims.scope);
    buf_cstr(&b, "\"}");
    if (b.failed)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    metrics_add(&x->worker->metrics, METRIC_TOKENS_ISSUED, 1);
    remember(x);
    return exchange_reply_json(x, 200, buf_view(&b));
}

const struct endpoint token_endpoint = {
    .name = "token",
    .state_size = sizeof(struct token_state),
    .steps = {read_request, authenticate, check_grant_type, decide_audiences, decide_scope,
              mint_deferred, commit, reply},
};
