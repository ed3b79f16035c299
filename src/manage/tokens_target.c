/* What the endpoints of one token share: who may, which token is meant, and its row (M2). */
#include "exchange/field_errors.h"
#include "exchange/snapshot.h"
#include "manage/path.h"
#include "manage/refusal.h"
#include "manage/tokens.h"

const struct requirement token_to_create =
    REQUIRE_ONE_OF(STR_INIT(ADDRESS_ALL), STR_INIT("oauth.manage"), STR_INIT("oauth.create"));
const struct requirement token_to_read =
    REQUIRE_ONE_OF(STR_INIT(ADDRESS_ALL), STR_INIT("oauth.manage"), STR_INIT("oauth.read"));
const struct requirement token_to_update =
    REQUIRE_ONE_OF(STR_INIT(ADDRESS_ALL), STR_INIT("oauth.manage"), STR_INIT("oauth.update"));
const struct requirement token_to_delete =
    REQUIRE_ONE_OF(STR_INIT(ADDRESS_ALL), STR_INIT("oauth.manage"), STR_INIT("oauth.delete"));
const struct requirement token_to_revoke =
    REQUIRE_ONE_OF(STR_INIT(ADDRESS_ALL), STR_INIT("oauth.manage"));

struct address_caller token_address(const struct exchange *x, const struct caller *caller)
{
    return (struct address_caller){
        .token_sid = caller->token_sid,
        .partner_sid = caller->partner->partner_sid,
        .holds_all = caller_holds(x, caller, STR(ADDRESS_ALL)),
    };
}

enum step_result token_path_sid(struct exchange *x, const struct caller *caller, struct sid *out)
{
    struct str text;
    enum path_found found = path_text(x, 0, &text);

    if (found != PATH_FOUND || !str_eq(text, STR("current")))
        return path_find_sid(x, 0, out);
    *out = caller->token_sid;
    return STEP_NEXT;
}

enum step_result token_refuse_address(struct exchange *x, const struct caller *caller,
                                      struct str action, const struct sid *token_sid)
{
    const struct audit_event event = {.action = action,
                                      .object = *token_sid,
                                      .partner_sid = caller->partner->partner_sid,
                                      .rule = STR("M2")};
    return manage_refuse_rule(x, caller, &event, ERR_NOT_FOUND, STR_NONE, STR_NONE);
}

static enum step_result refuse_target(struct exchange *x)
{
    const struct token_target *target = x->state;
    struct str action = STR("token.update");

    if (x->request.method == METHOD_GET)
        action = STR("token.read");
    else if (x->request.method == METHOD_DELETE)
        action = STR("token.revoke");
    return token_refuse_address(x, &target->stored.caller.caller, action,
                                &target->stored.read.in.token_sid);
}

enum step_result token_target_find(struct exchange *x, const struct requirement *rights)
{
    struct token_target *target = x->state;
    const struct caller *caller = &target->stored.caller.caller;
    const struct address_caller address = token_address(x, caller);
    struct sid token_sid;

    if (manage_require(x, caller, rights) == STEP_DONE ||
        token_path_sid(x, caller, &token_sid) == STEP_DONE)
        return STEP_DONE;
    target->stored.read.verb = STORE_TOKEN_GET;
    target->stored.read.in.token_sid = token_sid;
    /* Whose it is, is seen in its row; the rest of M2 is known by now. */
    if (!address_holds(&address, &token_sid, &address.partner_sid))
        return refuse_target(x);
    return stored_read(x, &target->stored);
}

enum step_result token_target_found(struct exchange *x)
{
    struct token_target *target = x->state;
    const struct store_read *read = &target->stored.read;
    const struct address_caller address = token_address(x, &target->stored.caller.caller);
    const struct token_facts facts = caller_token_facts(x);

    if (read->outcome != STORE_OUTCOME_DONE ||
        !address_holds(&address, &read->out.tokens->token_sid, &read->out.tokens->partner_sid))
        return refuse_target(x);
    target->row = read->out.tokens;
    struct result judged = token_state_of(&facts, target->row, &target->state);
    return result_ok(judged) ? STEP_NEXT : exchange_fault(x, judged);
}

enum step_result token_signed(struct exchange *x, const struct issue *issue)
{
    if (issue->signed_as != ERR_TOKEN_TOO_LARGE)
        return issue_signed(x, issue);
    metrics_add(&x->worker->metrics, METRIC_TOKEN_REFUSED, 1);
    return exchange_refuse_field(x, ERR_INVALID_VALUE, STR("scopes"),
                                 str_from(err_info(ERR_TOKEN_TOO_LARGE)->text));
}
