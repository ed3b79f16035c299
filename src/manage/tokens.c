/* GET and DELETE /core/v2/oauth/tokens/{token_sid}: one token shown, one revoked. */
#include "manage/tokens.h"
#include "exchange/sequence.h"
#include "exchange/snapshot.h"
#include "manage/endpoints.h"
#include "manage/etag.h"
#include "manage/list.h"

static enum step_result find_to_read(struct exchange *x)
{
    return token_target_find(x, &token_to_read);
}

static enum step_result show(struct exchange *x)
{
    const struct token_target *target = x->state;
    const struct token_view view = {.row = target->row,
                                    .partner = target->stored.caller.caller.partner};
    struct object_fields fields;

    if (list_fields_read(x, &token_kind, &fields) == STEP_DONE)
        return STEP_DONE;
    return token_view_reply(x, &token_kind, &fields, &view);
}

/* ---- revoking ---- */

static enum step_result find_to_delete(struct exchange *x)
{
    return token_target_find(x, &token_to_delete);
}

static enum step_result reply_none(struct exchange *x, uint64_t number)
{
    exchange_say_sequence(x, number);
    return exchange_reply(x, 204, STR_NONE, STR_NONE);
}

/* Whether it has expired is the store's to say: it knows when the wall clock is in doubt (P2). */
/* By an entry of its own, which ends every JWT of it. What a selector ended is its newest JWT: an
 * earlier one may be of another key or another second (P2). */
static bool has_own_entry(const struct exchange *x, const struct sid *token_sid)
{
    struct entry_set set;
    return revocation_index_find(x->worker->server->index, token_sid, &set) == REVOCATION_REVOKED;
}

static enum step_result revoke(struct exchange *x)
{
    struct token_target *target = x->state;
    const struct token_row *row = target->row;
    const struct audit_event event = {
        .action = STR("token.revoke"), .object = row->token_sid, .partner_sid = row->partner_sid};

    if (etag_judge(x, row->revision) == STEP_DONE)
        return STEP_DONE;
    if (has_own_entry(x, &row->token_sid))
        return reply_none(x, row->revoked_number);
    target->stored.request.verb = STORE_TOKEN_REVOKE;
    if (etag_is_named(x->request.if_match)) /* else whatever it is by then */
        target->stored.request.if_revision = row->revision;
    target->stored.request.in.token_revoke.token_sid = row->token_sid;
    target->stored.request.in.token_revoke.end_s = row->exp_signed_s;
    return stored_commit(x, &target->stored, &event);
}

static enum step_result revoked(struct exchange *x)
{
    const struct token_target *target = x->state;
    uint64_t number = target->stored.request.out.number;

    metrics_add(&x->worker->metrics, number > 0 ? METRIC_REVOCATIONS : METRIC_REVOKE_IGNORED, 1);
    return reply_none(x, number);
}

const struct endpoint manage_token = {
    .name = "token_show",
    .state_size = sizeof(struct token_target),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, find_to_read,
              stored_step_read, token_target_found, show},
};
const struct endpoint manage_token_delete = {
    .name = "token_delete",
    .state_size = sizeof(struct token_target),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, find_to_delete,
              stored_step_read, token_target_found, revoke, stored_step_committed, revoked},
};
