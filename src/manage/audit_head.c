/* GET /core/v2/admin/audit/head: the head of the audit log, signed now (audit/head.h). For whoever
 * may read of the log: it tells how far the log has come, and nothing of what is in it. */
#include "audit/head.h"
#include "exchange/snapshot.h"
#include "manage/endpoints.h"
#include "manage/require.h"
#include "json/write.h"

struct head_state {
    struct caller_state caller; /* first */
    struct audit_head head;
    struct buf jws;
    struct result result;
};

/* Deferred: a signature. */
static void sign(struct exchange *x)
{
    struct head_state *state = x->state;
    const struct server *server = x->worker->server;

    state->head = (struct audit_head){
        .at = store_audit_head(server->store),
        .node = server->config->node.name,
        .iat_s = clock_wall_s(server->clock),
    };
    buf_init_arena(&state->jws, &x->arena, 1024, LIMIT_TOKEN);
    state->result = audit_head_sign(&state->head, x->snapshot->issuer, x->snapshot->keyring,
                                    x->worker->keys, &state->jws);
}

static enum step_result begin(struct exchange *x)
{
    static const struct requirement needed = REQUIRE_ONE_OF(STR_INIT("scopemint.audit"));
    const struct head_state *state = x->state;

    if (manage_require(x, &state->caller.caller, &needed) == STEP_DONE)
        return STEP_DONE;
    return exchange_defer(x, sign);
}

static enum step_result reply(struct exchange *x)
{
    const struct head_state *state = x->state;
    char digest[AUDIT_DIGEST_TEXT];
    struct json_writer w;
    struct buf body;

    if (!result_ok(state->result))
        return exchange_fault(x, state->result);
    buf_init_arena(&body, &x->arena, 1024, 2 * LIMIT_TOKEN);
    json_writer_init(&w, &body);
    json_write_object_begin(&w);
    json_write_member_string(&w, STR("node"), state->head.node);
    json_write_member_int(&w, STR("seq"), (int64_t)state->head.at.seq);
    json_write_member_string(&w, STR("digest"), audit_digest_text(&state->head.at.digest, digest));
    json_write_member_string(&w, STR("head"), buf_view(&state->jws));
    json_write_object_end(&w);
    if (body.failed)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    return exchange_reply_json(x, 200, buf_view(&body));
}

const struct endpoint manage_audit_head = {
    .name = "audit_head",
    .state_size = sizeof(struct head_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, begin, reply},
};
