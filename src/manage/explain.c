/* GET /core/v2/admin/tokens/{token_sid}/explain: for whoever M2 lets read the token, and for
 * scopemint.audit over its partner; for all others there is no such token. */
#include "manage/explain.h"

#include "core/limits.h"
#include "exchange/snapshot.h"
#include "manage/audit_scan.h"
#include "manage/endpoints.h"
#include "manage/require.h"
#include "manage/revocations.h"
#include "manage/tokens.h"
#include "scope/parse.h"

enum {
    BODY_FIRST = 8 * 1024,
    REVOKED_SLACK_MS = 60 * 1000, /* between an entry's time and its record's: the same commit */
};

struct explain_state {
    struct stored stored; /* first */
    struct audit_scan scan;
    struct revocation_search search;
    struct sid token_sid;
    struct str revoked_by;
};

static enum step_result begin(struct exchange *x)
{
    static const struct requirement needed =
        REQUIRE_ONE_OF(STR_INIT("oauth.read"), STR_INIT(ADDRESS_ALL), STR_INIT("scopemint.audit"));
    struct explain_state *state = x->state;

    if (manage_require(x, &state->stored.caller.caller, &needed) == STEP_DONE ||
        token_path_sid(x, &state->stored.caller.caller, &state->token_sid) == STEP_DONE)
        return STEP_DONE;
    state->stored.read.verb = STORE_TOKEN_GET;
    state->stored.read.in.token_sid = state->token_sid;
    return stored_read(x, &state->stored);
}

static bool may_read(const struct exchange *x, const struct caller *caller,
                     const struct token_row *row)
{
    const struct address_caller address = token_address(x, caller);
    const struct party_partner *partner = party_find_partner(x->snapshot->party, &row->partner_sid);

    if (caller_holds(x, caller, STR("scopemint.audit")) && partner != NULL &&
        party_is_within(partner, caller->partner))
        return true;
    return (address.holds_all || caller_holds(x, caller, STR("oauth.read"))) &&
           address_holds(&address, &row->token_sid, &row->partner_sid);
}

/* The newest record of a revocation of this token. What is older than the revocation cannot be it.
 */
static bool take(struct audit_scan *scan, const struct audit_row *row,
                 const struct audit_view *view)
{
    struct explain_state *state =
        (struct explain_state *)((char *)scan - offsetof(struct explain_state, scan));
    const struct token_row *token = state->stored.read.out.tokens;
    char sid[SID_TEXT];

    sid_format(&state->token_sid, sid);
    if (!str_eq(view->action, STR("token.revoke")) || !str_eq(view->result, STR("done")) ||
        !str_eq(view->object, str_make(sid, sizeof(sid))))
        return row->at_ms > token->revoked_ms - REVOKED_SLACK_MS;
    state->revoked_by =
        arena_str(&scan->exchange->arena,
                  audit_actor_seen(scan->exchange, &state->stored.caller.caller, view));
    return false;
}

static enum step_result find(struct exchange *x)
{
    struct explain_state *state = x->state;
    const struct store_read *read = &state->stored.read;

    if (read->outcome != STORE_OUTCOME_DONE ||
        !may_read(x, &state->stored.caller.caller, read->out.tokens))
        return token_refuse_address(x, &state->stored.caller.caller, STR("token.explain"),
                                    &state->token_sid);
    if (read->out.tokens->revoked_number == 0)
        return STEP_NEXT;
    state->scan.take = take;
    return audit_scan_start(x, 0, true, &state->scan);
}

/* A row that was revoked by itself may still have been so by a selector. */
static enum step_result find_selector(struct exchange *x)
{
    struct explain_state *state = x->state;
    const struct token_row *row = state->stored.read.out.tokens;
    const struct token_facts facts = caller_token_facts(x);
    enum token_state now;

    if (!result_ok(state->scan.result))
        return exchange_fault(x, state->scan.result);
    struct result judged = token_state_of(&facts, row, &now);
    if (!result_ok(judged))
        return exchange_fault(x, judged);
    if (now != TOKEN_REVOKED || state->revoked_by.len > 0)
        return STEP_NEXT;
    return revocation_search_start(x, row, &state->search);
}

static void write_body(const struct explanation *e, struct arena *arena, struct buf *body)
{
    const struct token_row *row = e->row;
    struct json_writer w;
    struct buf scope;

    json_writer_init(&w, body);
    json_write_object_begin(&w);
    json_write_key(&w, STR("token_sid"));
    json_write_sid(&w, &row->token_sid);
    json_write_key(&w, STR("client_id"));
    json_write_sid(&w, &row->client_id);
    json_write_key(&w, STR("partner_sid"));
    json_write_sid(&w, &row->partner_sid);
    json_write_member_string(&w, STR("name"), row->name);
    json_write_key(&w, STR("checks"));
    bool active = explain_checks(e, &w);
    json_write_member_bool(&w, STR("active"), active);
    buf_init_arena(&scope, arena, 256, LIMIT_SCOPES * (LIMIT_SCOPE_NAME + 1));
    if (active)
        scope_format(e->facts.catalogue, &e->standing.scopes, &scope);
    body->failed = body->failed || scope.failed;
    json_write_member_string(&w, STR("scope"), buf_view(&scope));
    json_write_key(&w, STR("scopes"));
    explain_scopes(e, arena, &w);
    json_write_object_end(&w);
}

static enum step_result reply(struct exchange *x)
{
    struct explain_state *state = x->state;
    struct explanation *e = arena_alloc(&x->arena, sizeof(*e));
    struct buf body;

    if (e == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    if (!result_ok(state->search.result))
        return exchange_fault(x, state->search.result);
    struct result explained =
        explain_init(x, &state->stored.caller.caller, state->stored.read.out.tokens, e);
    if (!result_ok(explained))
        return exchange_fault(x, explained);
    e->revoked_by = state->revoked_by;
    e->revocation = state->search.found;
    exchange_widen_arena(x);
    buf_init_arena(&body, &x->arena, BODY_FIRST, LIMIT_REPLY);
    write_body(e, &x->arena, &body);
    if (body.failed)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    return exchange_reply_json(x, 200, buf_view(&body));
}

const struct endpoint manage_explain = {
    .name = "explain",
    .state_size = sizeof(struct explain_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, begin,
              stored_step_read, find, find_selector, reply},
};
