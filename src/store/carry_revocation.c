/* Revocations by selector within the writer's transaction: the plan, what puts one in force, and
 * the steps by which the rows follow. What ends tokens is the entry alone: the steps only write it
 * into their rows. */
#include <assert.h>
#include <string.h>

#include "store/front.h"

/* ---- the plan ---- */

struct result store_carry_revocation_plan(struct store *store, struct store_request *request)
{
    struct store_batch *batch = &store->batch;
    struct revocation_row *row = &request->in.revocation_plan;
    struct store_entry entry = store_next_entry(batch, ENTRY_PLAN, row->expires_ms / 1000 + 1);
    enum store_conflict conflict = STORE_CONFLICT_NONE;
    size_t plans = 0;

    TRY(store->backend->ops->plans_count(store->backend, &row->partner_sid, store->batch.wall_ms,
                                         &plans));
    if (plans >= STORE_PLANS) {
        request->outcome = STORE_OUTCOME_TOO_MANY;
        return RESULT_OK;
    }
    row->state = REVOCATION_PLANNED;
    row->below = entry.number;
    row->number = 0;
    TRY(store->backend->ops->revocation_create(store->backend, row, &conflict));
    if (conflict != STORE_CONFLICT_NONE) {
        request->outcome = STORE_OUTCOME_EXISTS;
        return RESULT_OK;
    }
    entry.id = row->revocation_sid;
    TRY(store_put_entry(store, &entry, &request->outcome));
    request->out.number = entry.number;
    return RESULT_OK;
}

/* The wall clock says when a plan is over, in doubt too: one that is carried out late ends nothing
 * that was made after it counted, and one that is refused early can be made again. A clock that was
 * set back behind its beginning does not keep it alive for as long. */
static bool is_usable(const struct store *store, const struct revocation_row *plan,
                      const struct sid *partner_sid)
{
    int64_t wall_ms = store->batch.wall_ms;

    return plan->state == REVOCATION_PLANNED && sid_eq(&plan->partner_sid, partner_sid) &&
           wall_ms < plan->expires_ms && wall_ms >= plan->created_ms - WALL_LEAP_MS;
}

/* ---- in force ---- */

enum entry_kind store_selector_kind(const struct revocation_selector *selector)
{
    bool partner = !sid_is_none(&selector->partner_sid);
    bool client = !sid_is_none(&selector->client_id);
    bool user = !sid_is_none(&selector->user_sid);
    bool key = selector->kid.len > 0;

    if (partner + client + user + key != 1 || selector->scopes.len > 0 || selector->over_ceiling)
        return ENTRY_SELECTOR;
    if (partner)
        return selector->descendants ? ENTRY_EPOCH_PARTNER_TREE : ENTRY_EPOCH_PARTNER;
    return client ? ENTRY_EPOCH_APPLICATION : user ? ENTRY_EPOCH_USER : ENTRY_EPOCH_KEY;
}

static void name_subject(const struct revocation_row *row, struct store_entry *entry)
{
    const struct revocation_selector *selector = &row->selector;

    switch ((int)entry->kind) {
    case ENTRY_EPOCH_APPLICATION:
        entry->id = selector->client_id;
        break;
    case ENTRY_EPOCH_PARTNER:
    case ENTRY_EPOCH_PARTNER_TREE:
        entry->id = selector->partner_sid;
        break;
    case ENTRY_EPOCH_USER:
        entry->id = selector->user_sid;
        break;
    case ENTRY_EPOCH_KEY:
        assert(selector->kid.len <= LIMIT_KID);
        memcpy(entry->kid, selector->kid.ptr, selector->kid.len);
        entry->kid_len = (uint8_t)selector->kid.len;
        break;
    default:
        entry->id = row->revocation_sid;
        entry->selector = *selector;
    }
}

/* A selector's entry is no older than any token that is there, whatever the clock did since: by
 * that a change of a token knows whether the selector was about it (P2). */
static RESULT note_time(struct store *store, struct store_entry *entry)
{
    struct sid last;

    TRY(store->backend->ops->token_last(store->backend, &last));
    if (sid_time_ms(&last) > entry->at_ms)
        entry->at_ms = sid_time_ms(&last);
    return RESULT_OK;
}

/* The entry that the row asks for, unless there are too many. */
static RESULT put_in_force(struct store *store, struct revocation_row *row, enum entry_kind kind,
                           struct store_request *request)
{
    struct store_entry entry = store_next_entry(&store->batch, kind, row->end_s);

    TRY(store_judge_bounds(store, row, kind, request));
    if (request->outcome != STORE_OUTCOME_DONE)
        return RESULT_OK;
    row->state = REVOCATION_FOLLOWING;
    row->number = entry.number;
    row->executed_ms = store->batch.wall_ms;
    row->below = row->below != 0 ? row->below : entry.number;
    entry.below = row->below;
    name_subject(row, &entry);
    if (row->selector.over_ceiling)
        row->tables = store->scope_tables;
    if (kind == ENTRY_SELECTOR)
        TRY(note_time(store, &entry));
    else
        entry.before_s = row->selector.before_s;
    request->in.revocation_execute.bound = STORE_BOUND_DATED;
    TRY(store_put_entry(store, &entry, &request->outcome));
    row->end_s = entry.end_s;
    return RESULT_OK;
}

static RESULT find_plan(struct store *store, struct store_request *request,
                        struct revocation_row *out)
{
    const struct revocation_row *asked = &request->in.revocation_execute.row;
    bool found = false;

    TRY(store->backend->ops->revocation_find(store->backend, &asked->revocation_sid,
                                             request->in.revocation_execute.arena, out, &found));
    if (!found || !is_usable(store, out, &asked->partner_sid))
        request->outcome = STORE_OUTCOME_ABSENT;
    return RESULT_OK;
}

/* After its entry, which may be refused. Nobody makes an id twice. */
static RESULT create_row(struct store *store, const struct revocation_row *row)
{
    enum store_conflict conflict = STORE_CONFLICT_NONE;

    TRY(store->backend->ops->revocation_create(store->backend, row, &conflict));
    return conflict == STORE_CONFLICT_NONE ? RESULT_OK : FAULT(ERR_FAULT_STORE);
}

struct result store_carry_revocation_execute(struct store *store, struct store_request *request)
{
    const struct store_backend_ops *ops = store->backend->ops;
    bool is_plan = request->in.revocation_execute.is_plan;
    struct revocation_row row = request->in.revocation_execute.row;

    if (is_plan) {
        TRY(find_plan(store, request, &row));
        if (request->outcome != STORE_OUTCOME_DONE)
            return RESULT_OK;
    } else {
        row.below = row.tokens = 0; /* it may have been carried out and undone before */
        row.cursor = (struct sid){{0}};
        row.done_ms = 0;
        row.tables = (struct digest256){{0}};
    }
    enum entry_kind kind = store_selector_kind(&row.selector);
    wall_watch_look(&store->watch); /* whoever follows it asks whether the clock leapt */
    TRY(put_in_force(store, &row, kind, request));
    if (request->outcome != STORE_OUTCOME_DONE)
        return RESULT_OK;
    if (is_plan)
        TRY(ops->revocation_update(store->backend, &row));
    else
        TRY(create_row(store, &row));
    store->batch.progress.tables_version++;
    request->in.revocation_execute.row = row;
    request->in.revocation_execute.kind = kind;
    request->out.number = row.number;
    return RESULT_OK;
}

/* ---- the rows follow ---- */

/* Its entry ends with its row; where that is gone, so is the token. */
static RESULT revoke_each(struct store *store, const struct sid *token_sid, bool *out_changed)
{
    struct store_entry entry = store_next_entry(&store->batch, ENTRY_TOKEN_REVOKED, 0);
    enum store_outcome outcome;
    uint64_t number = 0;

    entry.id = *token_sid;
    TRY(store->backend->ops->token_revoke(store->backend, &entry, store_surely_over_s(store), 0,
                                          &number, &outcome));
    *out_changed = number == entry.number;
    if (*out_changed)
        store_append_entry(&store->batch, &entry);
    return RESULT_OK;
}

static RESULT end_selector(struct store *store, const struct revocation_row *row)
{
    struct store_entry entry = store_next_entry(&store->batch, ENTRY_SELECTOR, 0);

    store->batch.progress.ceilings_were_asked = true;
    entry.id = row->revocation_sid;
    return store_end_entry(store, &entry);
}

static RESULT step_rows(struct store *store, struct store_request *request,
                        struct revocation_row *row)
{
    bool each = request->in.revocation_step.each;

    assert(request->in.revocation_step.n <= STORE_REVOCATION_ROWS);
    for (size_t i = 0; i < request->in.revocation_step.n; i++) {
        const struct sid *token_sid = &request->in.revocation_step.tokens[i];
        bool changed = false;
        TRY(each ? revoke_each(store, token_sid, &changed)
                 : store->backend->ops->token_mark(store->backend, token_sid, row, &changed));
        row->tokens += changed;
    }
    return RESULT_OK;
}

struct result store_carry_revocation_step(struct store *store, struct store_request *request)
{
    const struct store_backend_ops *ops = store->backend->ops;
    const struct sid *revocation_sid = &request->in.revocation_step.revocation_sid;
    struct revocation_row row;
    bool found = false;

    TRY(ops->revocation_find(store->backend, revocation_sid, NULL, &row, &found));
    if (!found || row.state != REVOCATION_FOLLOWING) {
        request->outcome = STORE_OUTCOME_ABSENT;
        return RESULT_OK;
    }
    TRY(step_rows(store, request, &row));
    row.cursor = request->in.revocation_step.cursor;
    if (request->in.revocation_step.done) {
        row.state = REVOCATION_DONE;
        row.done_ms = store->batch.wall_ms;
        if (request->in.revocation_step.each && row.selector.over_ceiling)
            TRY(end_selector(store, &row));
    }
    return ops->revocation_update(store->backend, &row);
}
