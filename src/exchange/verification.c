#include "exchange/verification.h"

#include "client/throttle.h"
#include "exchange/snapshot.h"
#include "token/cache.h"

bool verification_begin(struct exchange *x, struct str text, struct verification *out)
{
    const struct verified_token *seen;

    *out = (struct verification){.text = text};
    if (text.len == 0 || text.len > LIMIT_TOKEN)
        return true;
    out->digest = digest_sha256(text);
    seen = token_cache_find(x->worker->server->verified, &out->digest, x->snapshot->verify_version);
    if (seen == NULL)
        return false;
    out->token = seen;
    out->is_cached = true;
    out->good = true;
    return true;
}

void verification_run(struct exchange *x, struct verification *v)
{
    const struct snapshot *s = x->snapshot;

    metrics_add(&x->worker->metrics, METRIC_SIGNATURES_VERIFIED, 1);
    struct verified_token *token = arena_alloc(&x->arena, sizeof(*token));
    v->result = FAULT(ERR_FAULT_MEMORY);
    if (token == NULL)
        return;
    v->token = token;
    v->result =
        token_verify(&s->policy, s->keyring, x->worker->keys, v->text, &x->arena, token, &v->good);
    if (v->good)
        token_cache_put(x->worker->server->verified, &v->digest, s->verify_version, token, false);
}

bool verification_is_allowed(const struct exchange *x, struct str caller_key)
{
    const struct server *server = x->worker->server;
    return guess_throttle_token_allowed(server->throttle, caller_key, clock_mono_ms(server->clock));
}

void verification_count(const struct exchange *x, const struct verification *v,
                        struct str caller_key)
{
    const struct server *server = x->worker->server;
    if (!v->good)
        guess_throttle_token_failed(server->throttle, caller_key, clock_mono_ms(server->clock));
}
