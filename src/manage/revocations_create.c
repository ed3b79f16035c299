/* POST /core/v2/admin/revocations: counts and keeps a plan (dry_run), carries out a plan, or does
 * what it says at once. Ending tokens is right by any tables, so nothing that changes them at the
 * same time holds it up (P2). */
#include <assert.h>

#include "exchange/sequence.h"
#include "exchange/snapshot.h"
#include "manage/endpoints.h"
#include "manage/refusal.h"
#include "manage/revocations.h"
#include "manage/revocations_walk.h"

struct create_state {
    struct stored stored; /* first */
    struct revocation_fields fields;
    struct revocation_row row; /* what is planned or carried out */
    struct revocation_count count;
};

static const struct caller *caller_of(const struct create_state *state)
{
    return &state->stored.caller.caller;
}

static bool is_root(const struct create_state *state)
{
    return caller_of(state)->partner->depth == 0;
}

static enum step_result commit(struct exchange *x);

static enum step_result begin(struct exchange *x)
{
    struct create_state *state = x->state;

    if (manage_require(x, caller_of(state), &revocation_to_write) == STEP_DONE ||
        revocation_fields_read(x, caller_of(state), &state->fields) == STEP_DONE)
        return STEP_DONE;
    if (!state->fields.is_plan)
        return exchange_back_to(x, commit);
    state->stored.read.verb = STORE_REVOCATION_GET;
    state->stored.read.in.revocation_sid = state->fields.plan_id;
    return stored_read(x, &state->stored);
}

/* ---- a plan ---- */

static enum step_result refuse_plan(struct exchange *x, enum err code, struct str message)
{
    const struct create_state *state = x->state;
    const struct audit_event event = {.action = STR("revocation.execute"),
                                      .object = state->fields.plan_id,
                                      .partner_sid = caller_of(state)->partner->partner_sid,
                                      .rule = STR("M2")};
    return manage_refuse_rule(x, caller_of(state), &event, code, STR("plan_id"), message);
}

/* Whoever carries it out needs today what its maker needed then. */
static enum step_result find_plan(struct exchange *x)
{
    struct create_state *state = x->state;
    const struct store_read *read = &state->stored.read;
    const struct revocation_reach reach = revocation_reach_of(x, caller_of(state));
    const struct revocation_row *row = read->out.revocations;

    if (read->outcome != STORE_OUTCOME_DONE || !sid_eq(&row->partner_sid, &reach.top->partner_sid))
        return refuse_plan(x, ERR_INVALID_VALUE, STR("A plan of the caller's partner is taken"));
    if (row->state != REVOCATION_PLANNED)
        return exchange_refuse_field(x, ERR_CONFLICT, STR("plan_id"),
                                     STR("This plan was carried out before; nothing was done now"));
    if (row->expires_ms <= clock_wall_ms(x->worker->server->clock))
        return exchange_refuse_field(x, ERR_CONFLICT, STR("plan_id"),
                                     STR("This plan is over: count again with dry_run"));
    if (!revocation_is_within(x->snapshot->party, &reach, &row->selector))
        return refuse_plan(x, ERR_ACCESS_DENIED,
                           STR("The caller no longer reaches all that this plan is about"));
    state->row = *row;
    return STEP_NEXT;
}

/* ---- the decision ---- */

static RESULT make_row(struct exchange *x, struct create_state *state)
{
    const struct server *server = x->worker->server;
    const struct revocation_reach reach = revocation_reach_of(x, caller_of(state));
    struct revocation_row *row = &state->row;
    int64_t now_ms = clock_wall_ms(server->clock), plan_ms = 0;

    if (state->fields.dry_run)
        plan_ms = PLAN_LIFE_MS;
    *row = (struct revocation_row){
        .partner_sid = caller_of(state)->partner->partner_sid,
        .client_id = caller_of(state)->application->client_id,
        .created_ms = now_ms,
        .expires_ms = plan_ms > 0 ? now_ms + plan_ms : 0,
        .end_s = (now_ms + plan_ms) / 1000 + 1 + x->snapshot->policy.ttl_max_s,
    };
    (void)revocation_effective(x->snapshot->party, &reach, &state->fields.selector, &row->selector);
    return sid_new(server->clock, server->entropy, &row->revocation_sid);
}

static enum step_result refuse_too_many(struct exchange *x, enum store_bound bound)
{
    static const struct str said[] = {
        [STORE_BOUND_SELECTORS] = STR_INIT(
            "As many revocations of more than one dimension, or by scope, are in force as there "
            "may be, until the tokens of then have expired; nothing was done. Revoke by one "
            "dimension: client_id, partner_sid or kid"),
        [STORE_BOUND_DATED] = STR_INIT(
            "As many revocations of other dates of the same are in force as there may be, until "
            "the tokens of then have expired; nothing was done. Revoke it without a date"),
        [STORE_BOUND_PARTNER_SELECTORS] = STR_INIT(
            "The caller's partner has 8 revocations of more than one dimension, or by scope, in "
            "force, as many as it may, until the tokens of then have expired; nothing was done. "
            "Revoke by one dimension: client_id or partner_sid"),
        [STORE_BOUND_PARTNER_CEILINGS] = STR_INIT(
            "A partner has one revocation by over_ceiling followed at a time, and the next when "
            "the last is as long ago as it took, ten minutes at most; nothing was done. Try again "
            "then"),
        [STORE_BOUND_PARTNER_EXECUTED] = STR_INIT(
            "The caller's partner has 1000 revocations in force, as many as it may, until the "
            "tokens of then have expired; nothing was done. DELETE single tokens, or have a "
            "partner above revoke"),
    };
    static_assert(STORE_SELECTORS_OF_PARTNER == 8 && STORE_EXECUTED_OF_PARTNER == 1000 &&
                      STORE_CEILING_REST_MS == 10 * 60 * 1000,
                  "what is said");

    return exchange_refuse(x, ERR_CONFLICT, said[bound]);
}

static enum step_result refuse_count(struct exchange *x)
{
    return exchange_refuse(x, ERR_OVERLOADED, STR("Other counts are at work; try again"));
}

static void fill_request(struct exchange *x, struct create_state *state)
{
    struct store_request *request = &state->stored.request;

    if (state->fields.dry_run) {
        request->verb = STORE_REVOCATION_PLAN;
        request->in.revocation_plan = state->row;
        return;
    }
    request->verb = STORE_REVOCATION_EXECUTE;
    request->in.revocation_execute.is_plan = state->fields.is_plan;
    request->in.revocation_execute.row = state->row;
    request->in.revocation_execute.is_bounded = !is_root(state);
    request->in.revocation_execute.arena = &x->arena;
}

static enum step_result commit(struct exchange *x)
{
    struct create_state *state = x->state;
    const struct party *party = x->snapshot->party;
    struct audit_event event = {.action = state->fields.dry_run ? STR("revocation.plan")
                                                                : STR("revocation.execute")};

    if (!state->fields.is_plan) {
        struct result made = make_row(x, state);
        if (!result_ok(made))
            return exchange_fault(x, made);
    }
    if (state->fields.dry_run && !revocation_count_has_room(x, is_root(state)))
        return refuse_count(x);
    exchange_widen_arena(x);
    event.object = state->row.revocation_sid;
    event.partner_sid =
        revocation_partner(party, &state->row.selector, &caller_of(state)->partner->partner_sid);
    event.detail = revocation_detail(&x->arena, &state->row.selector);
    if (event.detail.ptr == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    fill_request(x, state);
    return stored_commit(x, &state->stored, &event);
}

/* ---- carried out ---- */

static enum step_result reply_executed(struct exchange *x, struct create_state *state)
{
    static const struct object_fields all = {UINT64_MAX};
    const struct store_request *request = &state->stored.request;
    const struct revocation_view view = {&request->in.revocation_execute.row,
                                         clock_wall_ms(x->worker->server->clock)};

    if (request->outcome == STORE_OUTCOME_TOO_MANY)
        return refuse_too_many(x, request->in.revocation_execute.bound);
    if (request->outcome != STORE_OUTCOME_DONE)
        return exchange_refuse_field(x, ERR_CONFLICT, STR("plan_id"),
                                     STR("This plan is over, or was carried out meanwhile"));
    revocation_walk_wake(x->worker->server->walk);
    metrics_add(&x->worker->metrics, METRIC_REVOCATIONS, 1);
    exchange_say_sequence(x, request->out.number);
    return object_reply(x, &revocation_kind, &all, revocation_write, &view, 0);
}

/* ---- planned: counted now ---- */

static enum step_result count_begin(struct exchange *x)
{
    struct create_state *state = x->state;

    if (!state->fields.dry_run)
        return reply_executed(x, state);
    if (state->stored.request.outcome == STORE_OUTCOME_TOO_MANY)
        return exchange_refuse(x, ERR_CONFLICT,
                               STR("The caller's partner has as many plans as it may; each is over "
                                   "ten minutes after it was made"));
    if (state->stored.request.outcome != STORE_OUTCOME_DONE)
        return exchange_fault(x, FAULT(ERR_FAULT_STORE));
    state->row = state->stored.request.in.revocation_plan;
    if (!revocation_count_begin(x, is_root(state), &state->count))
        return refuse_count(x);
    return STEP_NEXT;
}

static enum step_result count_ask(struct exchange *x)
{
    struct create_state *state = x->state;
    return revocation_count_ask(x, &state->count, &state->row);
}

static enum step_result reply_planned(struct exchange *x, const struct create_state *state)
{
    const struct revocation_row *row = &state->row;
    struct json_writer w;
    struct buf body;

    buf_init_arena(&body, &x->arena, 4096, LIMIT_REPLY);
    json_writer_init(&w, &body);
    json_write_object_begin(&w);
    json_write_key(&w, STR("plan_id"));
    json_write_sid(&w, &row->revocation_sid);
    json_write_member_int(&w, STR("sequence"), (int64_t)row->below);
    json_write_key(&w, STR("date_expiration"));
    json_write_time_ms(&w, row->expires_ms);
    json_write_key(&w, STR("selector"));
    revocation_selector_write(&row->selector, &w);
    revocation_count_write(x, &state->count, &w);
    json_write_object_end(&w);
    if (body.failed)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    exchange_say_sequence(x, row->below);
    return exchange_reply_json(x, 200, buf_view(&body));
}

static enum step_result count_take(struct exchange *x)
{
    struct create_state *state = x->state;
    bool more = false;

    struct result counted = revocation_count_take(x, &state->count, &state->row, &more);
    if (result_ok(counted) && more && !x->forsaken)
        return exchange_back_to(x, count_ask);
    enum step_result replied;
    if (!result_ok(counted))
        replied = exchange_fault(x, counted);
    else if (more) /* nobody reads this */
        replied = exchange_refuse(x, ERR_OVERLOADED, STR_NONE);
    else
        replied = reply_planned(x, state);
    revocation_count_end(&state->count);
    return replied;
}

const struct endpoint manage_revocation_create = {
    .name = "revocation_create",
    .state_size = sizeof(struct create_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, begin,
              stored_step_read, find_plan, commit, stored_step_committed, count_begin, count_ask,
              count_take},
};
