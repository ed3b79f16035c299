#include "exchange/peer.h"
#include "exchange/sequence.h"
#include "exchange/snapshot.h"
#include "oauth/introspect.h"
#include "scope/parse.h"
#include "token/cache.h"

enum { ANSWER_FIRST = 1024 };

bool introspection_find_rights(const struct exchange *x, struct introspection_question *q)
{
    const struct caller *caller = q->caller;

    if (!caller->is_bearer) {
        q->by_audience = caller->application->introspection &&
                         caller->application->type == APPLICATION_CONFIDENTIAL;
        return q->by_audience;
    }
    q->by_audience = caller_holds(x, caller, STR("scopemint.introspect"));
    q->all_own = caller_holds(x, caller, STR("oauth.manage_all_tokens"));
    q->own_token =
        caller_holds(x, caller, STR("oauth.manage")) || caller_holds(x, caller, STR("oauth.read"));
    return q->by_audience || q->all_own || q->own_token;
}

enum step_result introspection_read_client(struct exchange *x, struct str client_ip,
                                           struct introspection_question *q)
{
    q->client = x->request.peer.address;
    return client_ip.ptr == NULL || peer_parse(client_ip, &q->client)
               ? STEP_NEXT
               : exchange_refuse(x, ERR_BAD_PARAMETER,
                                 STR("client_ip must be an IPv4 or IPv6 address and nothing else"));
}

enum step_result introspection_read_sequence(struct exchange *x, struct str min_sequence,
                                             struct introspection_question *q)
{
    return min_sequence.ptr == NULL || sequence_parse(min_sequence, &q->min_sequence)
               ? STEP_NEXT
               : exchange_refuse(x, ERR_BAD_PARAMETER,
                                 STR("min_sequence must be the number of a Scopemint-Sequence "
                                     "header, in decimal digits"));
}

enum step_result introspection_ask(struct exchange *x, const struct caller *caller,
                                   struct introspection_question *q)
{
    struct str unknown;

    q->caller = caller;
    if (!caller->is_bearer && caller->application->auth_method == CLIENT_AUTH_NONE)
        return exchange_refuse(x, ERR_INVALID_CLIENT, STR_NONE); /* 7662-2.1-i */
    if (!introspection_find_rights(x, q)) {
        x->scope_needed =
            STR("scopemint.introspect oauth.manage_all_tokens oauth.manage oauth.read");
        metrics_add(&x->worker->metrics, METRIC_INTROSPECT_REFUSED, 1);
        return exchange_refuse(x, ERR_INSUFFICIENT_SCOPE, STR_NONE);
    }
    if (q->required_text.len > 0 && scope_parse(x->snapshot->catalogue, q->required_text,
                                                &q->required, &unknown) != SCOPE_PARSED_OK)
        return exchange_refuse(x, ERR_BAD_PARAMETER,
                               STR("required_scope names a scope that is unknown"));
    return sequence_require(x, q->min_sequence);
}

static bool addresses(const struct token_claims *claims,
                      const struct party_application *application)
{
    bool found = false;
    for (size_t i = 0; i < claims->audience_count; i++)
        found |= party_application_has_audience(application, claims->audiences[i]);
    return found;
}

/* F-07, THREATS-31: both the audience and the subtree must fit. */
static bool may_see(const struct introspection_question *q, const struct token_claims *claims,
                    const struct token_standing *standing)
{
    const struct caller *caller = q->caller;

    if (standing->partner == NULL)
        return false;
    if (q->by_audience && addresses(claims, caller->application) &&
        party_is_within(standing->partner, caller->partner))
        return true;
    if (q->all_own && standing->partner == caller->partner)
        return true;
    return (q->own_token || q->all_own) && sid_eq(&claims->token_sid, &caller->token_sid);
}

/* From the cache where it is; else made for this once. */
static struct token_answer answer_of(const struct verification *verification, struct arena *arena)
{
    struct token_answer answer = {STR_NONE, STR_NONE};
    struct buf b;

    if (verification->is_cached && token_cache_answer(verification->token, &answer))
        return answer;
    buf_init_arena(&b, arena, ANSWER_FIRST, 2 * LIMIT_TOKEN);
    token_answer_write(&verification->token->claims, &b, &answer);
    return answer;
}

/* RFC7662-2.2. Names of scopes need no escapes. */
static void write_active(struct exchange *x, const struct introspection_question *q,
                         const struct verification *verification,
                         const struct token_standing *standing, struct buf *out)
{
    struct token_answer answer = answer_of(verification, &x->arena);

    if (answer.before_exp.ptr == NULL) {
        out->failed = true;
        return;
    }
    buf_str(out, STR("{\"active\":true,\"scope\":\""));
    scope_format(x->snapshot->catalogue, &standing->scopes, out);
    buf_str(out, STR("\","));
    buf_str(out, answer.before_exp);
    buf_i64(out, standing->exp_s);
    buf_str(out, answer.behind_exp);
    if (q->required_text.len > 0) {
        struct scope_set held = scope_closure(x->snapshot->catalogue, &standing->scopes);
        buf_str(out, scope_set_is_subset(&q->required, &held) ? STR(",\"sufficient\":true")
                                                              : STR(",\"sufficient\":false"));
    }
    buf_char(out, '}');
}

struct result introspection_answer(struct exchange *x,
                                   const struct introspection_question *question,
                                   const struct verification *verification, struct buf *out)
{
    const struct verified_token *token = verification->token;
    struct token_facts facts = caller_token_facts(x);
    struct token_standing standing = {.active = false};
    bool visible = false;

    TRY(verification->result);
    verification_count(x, verification, caller_throttle_key(question->caller));
    if (verification->good) {
        TRY(token_standing(&facts, token, &standing));
        visible = may_see(question, &token->claims, &standing);
    } else if (!revocation_index_is_complete(facts.index)) {
        return FAULT(ERR_FAULT_INDEX);
    }
    bool active = standing.active & visible;
    metrics_add(&x->worker->metrics, active ? METRIC_INTROSPECT_ACTIVE : METRIC_INTROSPECT_INACTIVE,
                1);
    if (!active) {
        buf_cstr(out, "{\"active\":false}");
    } else {
        write_active(x, question, verification, &standing, out);
        touch_token(x->worker, &token->claims.token_sid, &question->client, facts.now_s);
    }
    return out->failed ? FAULT(ERR_FAULT_MEMORY) : RESULT_OK;
}
