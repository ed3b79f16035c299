/* One transaction of the writer: N requests, one commit, N answers.
 *
 * Numbers of the sequence are handed out here, in the order in which the transactions commit: a
 * request that comes to nothing takes none, and a transaction that does not commit gives all of its
 * numbers back, so there is never a hole.
 *
 * A batch first runs without savepoints, which would make every row a quarter dearer. If a request
 * meets a fault, all is rolled back and done again with a savepoint around each, so that the
 * failing one undoes itself alone and the others commit. (A conflict is no fault: it has changed
 * nothing.) */
#include <assert.h>
#include <string.h>

#include "core/log.h"
#include "store/front.h"

struct attempt {
    int64_t wall_ms;
    bool with_savepoints;
    bool interrupted;    /* a request met a fault and there was no savepoint */
    bool wrote;          /* so its commit tells that the store works */
    struct result fault; /* of a request that undid itself */
};

static struct store_entry next_entry(const struct store_batch *batch, enum entry_kind kind,
                                     int64_t end_s, int64_t wall_ms)
{
    return (struct store_entry){
        .number = batch->last_number + 1, .kind = kind, .end_s = end_s, .at_ms = wall_ms};
}

static void append_entry(struct store_batch *batch, const struct store_entry *entry)
{
    batch->entries[batch->entry_count++] = *entry;
    batch->last_number = entry->number;
}

static RESULT create_token(struct store *store, struct store_request *request)
{
    enum store_conflict conflict = STORE_CONFLICT_NONE;

    TRY(store->backend->ops->token_create(store->backend, &request->in.token_create, &conflict));
    if (conflict != STORE_CONFLICT_NONE)
        request->result = FAULT(ERR_FAULT_STORE);
    return RESULT_OK;
}

static RESULT revoke_token(struct store *store, struct store_request *request, int64_t wall_ms)
{
    struct store_batch *batch = &store->batch;
    struct store_entry entry =
        next_entry(batch, ENTRY_TOKEN_REVOKED, request->in.token_revoke.end_s, wall_ms);
    /* While the clock is in doubt nothing counts as over: a revocation too many does no harm, one
     * too few would (P2). */
    int64_t now_s = wall_watch_is_trusted(&store->watch) ? wall_ms / 1000 : INT64_MIN;

    entry.id = request->in.token_revoke.token_sid;
    TRY(store->backend->ops->token_revoke(store->backend, &entry, now_s, &request->out.number));
    if (request->out.number == entry.number)
        append_entry(batch, &entry);
    return RESULT_OK;
}

static RESULT create_epoch(struct store *store, struct store_request *request, int64_t wall_ms)
{
    struct store_batch *batch = &store->batch;
    struct store_entry entry =
        next_entry(batch, request->in.epoch_create.kind, request->in.epoch_create.end_s, wall_ms);
    struct str kid = request->in.epoch_create.kid;

    assert(entry.kind > ENTRY_TOKEN_REVOKED && entry.kind <= ENTRY_EPOCH_KEY);
    assert(kid.len <= LIMIT_KID);
    if (entry.kind == ENTRY_EPOCH_KEY) {
        memcpy(entry.kid, kid.ptr, kid.len);
        entry.kid_len = (uint8_t)kid.len;
    } else {
        entry.id = request->in.epoch_create.id;
    }
    TRY(store->backend->ops->epoch_create(store->backend, &entry));
    append_entry(batch, &entry);
    request->out.number = entry.number;
    return RESULT_OK;
}

/* A fault is the store's; what is wrong with the request alone goes into request->result. */
static RESULT carry_out(struct store *store, struct store_request *request, int64_t wall_ms)
{
    request->result = RESULT_OK;
    switch (request->verb) {
    case STORE_TOKEN_CREATE:
        return create_token(store, request);
    case STORE_TOKEN_REVOKE:
        return revoke_token(store, request, wall_ms);
    case STORE_EPOCH_CREATE:
        return create_epoch(store, request, wall_ms);
    case STORE_ENTRIES_READ:
        return store->backend->ops->read_entries(
            store->backend, request->in.entries_read.after, request->in.entries_read.now_s,
            request->in.entries_read.limit, request->in.entries_read.entries, &request->out.count);
    }
    return FAULT(ERR_FAULT_INTERNAL);
}

static RESULT carry_out_alone(struct store *store, struct store_request *request,
                              struct attempt *attempt)
{
    const struct store_backend_ops *ops = store->backend->ops;

    TRY(ops->savepoint(store->backend));
    struct result result = carry_out(store, request, attempt->wall_ms);
    if (result_ok(result))
        return ops->release(store->backend);
    request->result = result;
    attempt->fault = result;
    return ops->undo(store->backend);
}

static RESULT carry_out_all(struct store *store, struct attempt *attempt)
{
    struct store_batch *batch = &store->batch;

    TRY(store->backend->ops->begin(store->backend));
    for (size_t i = 0; i < batch->count; i++) {
        struct store_request *request = batch->requests[i];
        attempt->wrote |= request->verb != STORE_ENTRIES_READ;
        if (attempt->with_savepoints) {
            TRY(carry_out_alone(store, request, attempt));
            continue;
        }
        struct result result = carry_out(store, request, attempt->wall_ms);
        attempt->interrupted = !result_ok(result);
        TRY(result);
    }
    return store->backend->ops->commit(store->backend, batch->last_number);
}

static RESULT run_transaction(struct store *store, struct attempt *attempt)
{
    store->batch.entry_count = 0;
    store->batch.last_number = store_last_number(store);
    struct result result = carry_out_all(store, attempt);
    if (!result_ok(result)) {
        store->backend->ops->rollback(store->backend);
        store->batch.entry_count = 0;
    }
    return result;
}

static void publish(struct store *store)
{
    struct store_batch *batch = &store->batch;

    atomic_store(&store->last_number, batch->last_number);
    metrics_add(&store->metrics, METRIC_STORE_COMMITS, 1);
    if (batch->entry_count == 0 || store->hooks.committed == NULL)
        return;
    int64_t committed_ns = clock_mono_ns();
    store->hooks.committed(store->hooks.context, batch->entries, batch->entry_count);
    metrics_revoke_visible(&store->metrics, clock_mono_ns() - committed_ns);
}

static void count_requests(struct store *store)
{
    uint64_t failed = 0;

    for (size_t i = 0; i < store->batch.count; i++)
        failed += result_ok(store->batch.requests[i]->result) ? 0 : 1;
    metrics_add(&store->metrics, METRIC_STORE_REQUESTS, store->batch.count);
    metrics_add(&store->metrics, METRIC_STORE_FAILURES, failed);
}

void store_batch_run(struct store *store)
{
    struct attempt attempt = {.wall_ms = clock_wall_ms(store->clock)};

    struct result result = run_transaction(store, &attempt);
    if (attempt.interrupted) {
        attempt = (struct attempt){.wall_ms = attempt.wall_ms, .with_savepoints = true};
        result = run_transaction(store, &attempt);
    }
    if (result_ok(result)) {
        publish(store);
    } else {
        for (size_t i = 0; i < store->batch.count; i++)
            store->batch.requests[i]->result = result;
    }
    if (!result_ok(result) || !result_ok(attempt.fault))
        store_note_health(store, FAULT(ERR_FAULT_STORE));
    else if (attempt.wrote)
        store_note_health(store, RESULT_OK);
    count_requests(store);
}

void store_note_health(struct store *store, struct result result)
{
    bool was = atomic_exchange(&store->healthy, result_ok(result));

    if (was && !result_ok(result))
        LOG(LOG_ERROR, "store_failed", LF_ERR(result.code),
            LF_STR("reason", store->backend->ops->describe(store->backend)));
    if (!was && result_ok(result))
        LOG(LOG_INFO, "store_recovered");
}
