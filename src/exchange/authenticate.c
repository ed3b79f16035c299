#include "exchange/authenticate.h"

#include "client/assertion.h"
#include "core/log.h"
#include "core/pool.h"
#include "exchange/snapshot.h"

enum login_stage { LOGIN_SIGNATURE, LOGIN_USE, LOGIN_PROVEN };

struct assertion_login {
    enum login_stage stage; /* what is under way */
    struct exchange *exchange;
    struct client_assertion assertion;
    struct str jwks; /* in the arena: it outlives a snapshot that is let go */

    /* LOGIN_SIGNATURE: the pool's until it is done */
    struct pool_job job;
    struct result verified;
    bool holds;

    struct store_request use; /* LOGIN_USE */
};

static struct client_context context_of(const struct exchange *x)
{
    const struct server *server = x->worker->server;
    return (struct client_context){
        .party = x->snapshot->party,
        .throttle = server->throttle,
        .address = x->request.peer.address.s6_addr,
        .wall_ms = clock_wall_ms(server->clock),
        .mono_ms = clock_mono_ms(server->clock),
    };
}

static enum step_result refuse(struct exchange *x, enum err err)
{
    if (err == ERR_INVALID_CLIENT)
        metrics_add(&x->worker->metrics, METRIC_CLIENT_AUTH_FAILED, 1);
    if (err == ERR_TOO_MANY_GUESSES)
        metrics_add(&x->worker->metrics, METRIC_GUESSES_THROTTLED, 1);
    if (err_info(err)->kind == ERR_KIND_FAULT)
        return exchange_fault(x, FAULT(err));
    return exchange_refuse(x, err, STR_NONE);
}

/* Why is for us: the caller hears the same whatever it was. */
static enum step_result refuse_assertion(struct exchange *x, enum err err, const char *why)
{
    if (err == ERR_INVALID_CLIENT)
        LOG(LOG_DEBUG, "assertion_refused", LF_STR("request_id", x->request.request_id),
            LF_CSTR("why", why));
    return refuse(x, err);
}

/* Likewise, where it counts as a failure of this client from this address. */
static enum step_result fail(struct exchange *x, const struct assertion_login *login,
                             const char *why)
{
    struct client_context context = context_of(x);
    client_assertion_failed(&context, &login->assertion);
    return refuse_assertion(x, ERR_INVALID_CLIENT, why);
}

/* The step that waits runs once more when what it waits for has come. */
static enum step_result wait_and_run_again(struct exchange *x)
{
    x->next_step--;
    return STEP_WAIT;
}

static void check_signature(struct pool_job *job)
{
    struct assertion_login *login =
        (struct assertion_login *)((char *)job - offsetof(struct assertion_login, job));
    login->verified = inbound_verify(&login->assertion.inbound, login->jwks, &login->holds);
}

static void signature_checked(struct pool_job *job)
{
    struct assertion_login *login =
        (struct assertion_login *)((char *)job - offsetof(struct assertion_login, job));
    exchange_resume(login->exchange);
}

static void use_written(struct store_request *request)
{
    struct assertion_login *login =
        (struct assertion_login *)((char *)request - offsetof(struct assertion_login, use));
    exchange_resume(login->exchange);
}

/* One audience, a single string (7523-3-c): the issuer, or the token endpoint's URL for whoever is
 * registered so, at every endpoint. */
static bool expected_audience(struct exchange *x, const struct party_application *application,
                              struct str *out)
{
    struct buf b;

    buf_init_arena(&b, &x->arena, x->snapshot->issuer.len + sizeof(TOKEN_ENDPOINT_PATH),
                   LIMIT_AUDIENCE * 2);
    buf_str(&b, x->snapshot->issuer);
    if (application->auth_audience == CLIENT_AUDIENCE_TOKEN_ENDPOINT)
        buf_cstr(&b, TOKEN_ENDPOINT_PATH);
    *out = buf_view(&b);
    return !b.failed;
}

static enum step_result begin_signature(struct exchange *x, struct assertion_login *login)
{
    login->job = (struct pool_job){
        .loop = x->worker->loop, .work = check_signature, .done = signature_checked};
    if (!pool_submit(x->worker->server->pool, &login->job)) {
        metrics_add(&x->worker->metrics, METRIC_HTTP_OVERLOADED, 1);
        return exchange_refuse(x, ERR_OVERLOADED, STR_NONE);
    }
    return wait_and_run_again(x);
}

/* Everything that costs little, before the signature. */
static enum step_result begin(struct exchange *x, const struct client_credentials *credentials,
                              struct assertion_login **out_login)
{
    struct client_context context = context_of(x);
    const struct party_application *application;
    struct str audience;
    const char *why = NULL;
    struct assertion_login *login = arena_zalloc(&x->arena, sizeof(*login));

    if (login == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    enum err err = client_assertion_read(&x->arena, credentials->assertion, credentials->client_id,
                                         &login->assertion, &why);
    if (err == ERR_NONE)
        err = client_assertion_find(&context, &login->assertion, &application, &x->retry_after_s,
                                    &why);
    if (err != ERR_NONE)
        return refuse_assertion(x, err, why);
    login->jwks = arena_str(&x->arena, application->jwks);
    if (login->jwks.ptr == NULL || !expected_audience(x, application, &audience))
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    why = client_assertion_judge(&login->assertion, audience, context.wall_ms / 1000);
    if (why != NULL)
        return fail(x, login, why);
    exchange_hold(x);
    login->exchange = x;
    *out_login = login;
    return begin_signature(x, login);
}

static enum step_result begin_use(struct exchange *x, struct assertion_login *login)
{
    const struct client_assertion *assertion = &login->assertion;

    if (!result_ok(login->verified))
        return exchange_fault(x, login->verified);
    if (!login->holds)
        return fail(x, login, "none of its keys made the signature");
    login->stage = LOGIN_USE;
    login->use = (struct store_request){
        .verb = STORE_ASSERTION_USE,
        .loop = x->worker->loop,
        .done = use_written,
        .in.assertion_use =
            {
                .client_id = assertion->client_id,
                .digest = digest_sha256(assertion->jti),
                .expires_s = assertion->exp_s,
            },
    };
    store_submit(x->worker->server->store, &login->use);
    return wait_and_run_again(x);
}

/* In the tables that the exchange sees now. */
static enum step_result end(struct exchange *x, struct assertion_login *login,
                            const struct party_application **out)
{
    const struct party *party = x->snapshot->party;
    const struct party_application *application =
        party_find_application(party, &login->assertion.client_id);

    login->stage = LOGIN_PROVEN;
    if (application == NULL || application->auth_method != CLIENT_AUTH_PRIVATE_KEY ||
        !str_eq(application->jwks, login->jwks) || !party_application_works(party, application))
        return refuse_assertion(x, ERR_INVALID_CLIENT, "the client has changed meanwhile");
    *out = application;
    return STEP_NEXT;
}

static enum step_result end_use(struct exchange *x, struct assertion_login *login,
                                const struct party_application **out)
{
    if (!result_ok(login->use.result))
        return exchange_fault(x, login->use.result);
    if (login->use.outcome == STORE_OUTCOME_EXISTS)
        return fail(x, login, "its jti was used before");
    if (login->use.outcome != STORE_OUTCOME_DONE)
        return exchange_fault(x, FAULT(ERR_FAULT_STORE));
    return end(x, login, out);
}

static enum step_result by_assertion(struct exchange *x,
                                     const struct client_credentials *credentials,
                                     struct assertion_login **login,
                                     const struct party_application **out)
{
    if (*login == NULL)
        return begin(x, credentials, login);
    switch ((*login)->stage) {
    case LOGIN_SIGNATURE:
        return begin_use(x, *login);
    case LOGIN_USE:
        return end_use(x, *login, out);
    case LOGIN_PROVEN:
        break;
    }
    return end(x, *login, out);
}

/* Or by nothing, as public clients do. */
static enum err by_secret(struct exchange *x, const struct client_credentials *credentials,
                          const struct party_application **out)
{
    const struct client_context context = context_of(x);
    struct sid secret_id;

    enum err err = client_authenticate(&context, credentials, out, &secret_id, &x->retry_after_s);
    if (err == ERR_NONE && !sid_is_none(&secret_id))
        touch_secret(x->worker, &secret_id, context.wall_ms / 1000);
    return err;
}

enum step_result exchange_authenticate(struct exchange *x, const struct client_presented *presented,
                                       struct assertion_login **login,
                                       const struct party_application **out)
{
    struct client_credentials credentials;

    if (party_is_outdated(x->snapshot->party))
        return exchange_fault(x, FAULT(ERR_FAULT_TABLES)); /* it may be suspended by now (P1) */
    enum err err = client_credentials_read(presented, &x->arena, &credentials);
    if (err == ERR_NONE && credentials.method == CLIENT_AUTH_PRIVATE_KEY)
        return by_assertion(x, &credentials, login, out);
    if (err == ERR_NONE)
        err = by_secret(x, &credentials, out);
    return err == ERR_NONE ? STEP_NEXT : refuse(x, err);
}

enum step_result exchange_check_secret(struct exchange *x,
                                       const struct party_application *application,
                                       struct str secret)
{
    const struct party_application *found;
    char client_id[SID_TEXT];

    sid_format(&application->client_id, client_id);
    const struct client_credentials credentials = {
        .method = application->auth_method,
        .client_id = str_make(client_id, sizeof(client_id)),
        .secret = secret,
    };
    if (credentials.method != CLIENT_AUTH_BASIC && credentials.method != CLIENT_AUTH_POST)
        return refuse(x, ERR_INVALID_CLIENT);
    enum err err = by_secret(x, &credentials, &found);
    return err == ERR_NONE ? STEP_NEXT : refuse(x, err);
}
