#include "manage/stored.h"

#include "exchange/field_errors.h"
#include "exchange/snapshot.h"
#include "exchange/trail.h"
#include "manage/flag.h"

static void read_done(struct store_read *read)
{
    struct stored *stored = (struct stored *)((char *)read - offsetof(struct stored, read));
    exchange_resume(stored->exchange);
}

enum step_result stored_read(struct exchange *x, struct stored *stored)
{
    exchange_hold(x);
    stored->exchange = x;
    stored->read.loop = x->worker->loop;
    stored->read.done = read_done;
    if (stored->read.arena == NULL)
        stored->read.arena = &x->arena;
    store_read_submit(x->worker->server->store, &stored->read);
    return STEP_WAIT;
}

enum step_result stored_step_read(struct exchange *x)
{
    const struct stored *stored = x->state;
    return result_ok(stored->read.result) ? STEP_NEXT : exchange_fault(x, stored->read.result);
}

static void commit_done(struct store_request *request)
{
    struct stored *stored = (struct stored *)((char *)request - offsetof(struct stored, request));
    exchange_resume(stored->exchange);
}

/* A change of a partner that is only tried never comes here; whoever believes that others can be
 * tried too shall lose nothing by it. */
static enum step_result refuse_dry_run(struct exchange *x, enum store_verb verb)
{
    bool wanted;

    if (x->request.query.len == 0 || verb == STORE_PARTNER_UPDATE)
        return STEP_NEXT;
    if (flag_read(x, STR("dry_run"), &wanted) == STEP_DONE)
        return STEP_DONE;
    if (!wanted)
        return STEP_NEXT;
    return exchange_refuse_field(
        x, ERR_INVALID_VALUE, STR("dry_run"),
        STR("Changes of partners alone can be tried; nothing was changed"));
}

/* Ending tokens is right by any tables, so nobody who keeps changing them holds it up (P2). */
static bool ends_tokens(enum store_verb verb)
{
    return verb == STORE_TOKEN_REVOKE || verb == STORE_REVOCATION_PLAN ||
           verb == STORE_REVOCATION_EXECUTE;
}

enum step_result stored_commit(struct exchange *x, struct stored *stored,
                               const struct audit_event *event)
{
    struct store_request *request = &stored->request;

    if (refuse_dry_run(x, request->verb) == STEP_DONE)
        return STEP_DONE;
    request->audit = trail_record(x, &stored->caller.caller, event);
    if (request->audit.ptr == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    exchange_hold(x);
    stored->exchange = x;
    request->loop = x->worker->loop;
    request->done = commit_done;
    if (!ends_tokens(request->verb))
        request->if_tables = x->snapshot->tables_version;
    exchange_submit(x, request);
    return STEP_WAIT;
}

enum step_result stored_step_committed(struct exchange *x)
{
    struct stored *stored = x->state;

    if (!result_ok(stored->request.result))
        return exchange_fault(x, stored->request.result);
    if (stored->request.outcome == STORE_OUTCOME_BUSY)
        return exchange_refuse(x, ERR_FOLLOWING, STR_NONE);
    if (stored->request.outcome != STORE_OUTCOME_CONFLICT)
        return STEP_NEXT;
    if (++stored->attempts == STORED_ATTEMPTS)
        return exchange_refuse(x, ERR_CONFLICT,
                               STR("Others keep changing this at the same time; nothing was "
                                   "changed, try again"));
    exchange_widen_arena(x); /* what this attempt took stays until the end */
    stored->read = (struct store_read){.verb = stored->read.verb, .arena = stored->read.arena};
    stored->request = (struct store_request){.verb = stored->request.verb};
    return exchange_again_from(x, caller_step_identify);
}

enum step_result stored_step_reply_deleted(struct exchange *x)
{
    const struct stored *stored = x->state;

    if (stored->request.outcome != STORE_OUTCOME_DONE)
        return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
    return exchange_reply(x, 204, STR_NONE, STR_NONE);
}
