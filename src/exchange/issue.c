#include "exchange/issue.h"

#include "exchange/snapshot.h"
#include "revocation/index.h"
#include "token/cache.h"
#include "token/mint.h"

enum { JWT_FIRST = 2048 };

enum step_result issue_ready(struct exchange *x)
{
    if (!revocation_index_is_complete(x->worker->server->index))
        return exchange_fault(x, FAULT(ERR_FAULT_INDEX));
    return STEP_NEXT;
}

/* What a new token and a new generation have in common. */
static RESULT begin(struct exchange *x, const struct sid *client_id, const struct sid *partner_sid,
                    const struct sid *user_sid, struct token_claims *claims)
{
    const struct server *server = x->worker->server;
    char *subject = arena_alloc(&x->arena, SID_TEXT);

    if (subject == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    sid_format(sid_is_none(user_sid) ? client_id : user_sid, subject);
    claims->issuer = x->snapshot->issuer;
    claims->subject = str_make(subject, SID_TEXT);
    claims->client_id = *client_id;
    claims->partner_sid = *partner_sid;
    claims->user_sid = *user_sid;
    claims->iat_s = clock_wall_s(server->clock);
    claims->epoch = revocation_index_number(server->index);
    return RESULT_OK;
}

struct result issue_new(struct exchange *x, const struct party_application *application,
                        const struct sid *partner_sid, const struct sid *user_sid,
                        uint64_t asked_ttl_s, struct issue *issue)
{
    const struct server *server = x->worker->server;
    struct token_claims *claims = &issue->claims;

    TRY(begin(x, &application->client_id, partner_sid, user_sid, claims));
    TRY(sid_new(server->clock, server->entropy, &claims->token_sid));
    claims->generation = 1;
    claims->exp_s = claims->iat_s + token_policy_ttl_s(&x->snapshot->policy, asked_ttl_s,
                                                       application->access_token_ttl_s);
    return RESULT_OK;
}

struct result issue_next(struct exchange *x, const struct token_row *row, struct issue *issue)
{
    struct token_claims *claims = &issue->claims;

    TRY(begin(x, &row->client_id, &row->partner_sid, &row->user_sid, claims));
    claims->token_sid = row->token_sid;
    claims->generation = row->generation + 1;
    claims->exp_s = row->exp_s;
    return RESULT_OK;
}

void issue_sign(struct exchange *x, struct issue *issue)
{
    buf_init_arena(&issue->jwt, &x->arena, JWT_FIRST, LIMIT_TOKEN);
    issue->signed_as = token_mint(&x->snapshot->policy, x->snapshot->keyring, x->worker->keys,
                                  &issue->claims, &issue->jwt);
    issue->kid = keyring_key_kid(keyring_active(x->snapshot->keyring));
}

enum step_result issue_signed(struct exchange *x, const struct issue *issue)
{
    if (issue->signed_as == ERR_NONE)
        return STEP_NEXT;
    if (issue->signed_as != ERR_TOKEN_TOO_LARGE)
        return exchange_fault(x, FAULT(issue->signed_as));
    metrics_add(&x->worker->metrics, METRIC_TOKEN_REFUSED, 1);
    return exchange_refuse(x, ERR_TOKEN_TOO_LARGE, STR_NONE);
}

struct token_newest issue_newest(const struct issue *issue)
{
    return (struct token_newest){issue->claims.exp_s, issue->claims.epoch, issue->kid};
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

struct result issue_row(struct exchange *x, const struct issue *issue, struct str name,
                        struct token_row *out)
{
    const struct token_claims *claims = &issue->claims;

    *out = (struct token_row){
        .token_sid = claims->token_sid,
        .client_id = claims->client_id,
        .partner_sid = claims->partner_sid,
        .user_sid = claims->user_sid,
        .name = name,
        .scopes = claims->scope,
        .audiences = join_audiences(x, claims),
        .created_ms = claims->iat_s * 1000,
        .exp_s = claims->exp_s,
        .exp_signed_s = claims->exp_s,
        .generation = claims->generation,
        .newest = issue_newest(issue),
        .revision = 1,
    };
    return out->audiences.ptr != NULL ? RESULT_OK : FAULT(ERR_FAULT_MEMORY);
}

void issue_remember(struct exchange *x, const struct issue *issue)
{
    const struct verified_token token = {.claims = issue->claims, .kid = issue->kid};
    struct digest256 digest = digest_sha256(buf_view(&issue->jwt));

    token_cache_put(x->worker->server->verified, &digest, x->snapshot->verify_version, &token,
                    true);
}
