/* One transaction of the writer: N requests, one commit, N answers.
 *
 * Numbers of the sequence are handed out here, in the order in which the transactions commit: a
 * request that comes to nothing takes none, and a transaction that does not commit gives all of its
 * numbers back, so there is never a hole.
 *
 * A batch first runs without savepoints, which would make every row a quarter dearer. If a request
 * meets a fault, all is rolled back and done again with a savepoint around each, so that the
 * failing one undoes itself alone and the others commit. (A conflict is no fault: it has changed
 * nothing. Among token rows that go in together it counts as one: it may have.) */
#include "core/log.h"
#include "store/front.h"

struct attempt {
    bool with_savepoints;
    bool interrupted;    /* a request met a fault and there was no savepoint */
    bool wrote;          /* so its commit tells that the store works */
    struct result fault; /* of a request that undid itself */
};

static RESULT carry_out_alone(struct store *store, struct store_request *request,
                              struct attempt *attempt)
{
    const struct store_backend_ops *ops = store->backend->ops;

    TRY(ops->savepoint(store->backend));
    struct store_progress before = store->batch.progress;
    struct result result = store_carry_out(store, request);
    if (result_ok(result))
        return ops->release(store->backend);
    store->batch.progress = before;
    request->result = result;
    attempt->fault = result;
    return ops->undo(store->backend);
}

/* One request, or token rows that stand together. */
static RESULT carry_out_next(struct store *store, size_t from, size_t *out_count)
{
    size_t creations = store_count_creations(&store->batch, from);

    *out_count = creations > 1 ? creations : 1;
    return creations > 1 ? store_carry_out_creations(store, from, creations)
                         : store_carry_out(store, store->batch.requests[from]);
}

static RESULT carry_out_all(struct store *store, struct attempt *attempt)
{
    struct store_batch *batch = &store->batch;

    TRY(store->backend->ops->begin(store->backend));
    for (size_t i = 0, count = 1; i < batch->count; i += count) {
        attempt->wrote |= batch->requests[i]->verb != STORE_ENTRIES_READ;
        if (attempt->with_savepoints) {
            TRY(carry_out_alone(store, batch->requests[i], attempt));
            continue;
        }
        struct result result = carry_out_next(store, i, &count);
        attempt->interrupted = !result_ok(result);
        TRY(result);
    }
    TRY(store_telling_begin(store));
    return store->backend->ops->commit(store->backend, batch->progress.last_number);
}

static RESULT run_transaction(struct store *store, struct attempt *attempt)
{
    arena_reset(&store->batch.arena);
    store->batch.progress = (struct store_progress){
        .last_number = store_last_number(store),
        .tables_version = store_tables_version(store),
        .tokens_end_s = store->tokens_end_s,
        .audit = store->audit, /* this thread alone writes it */
    };
    struct result result = carry_out_all(store, attempt);
    if (!result_ok(result))
        store->backend->ops->rollback(store->backend);
    return result;
}

static void tell_entries(struct store *store)
{
    const struct store_batch *batch = &store->batch;

    if (batch->progress.entry_count == 0 || store->hooks.committed == NULL)
        return;
    int64_t committed_ns = clock_mono_ns();
    store->hooks.committed(store->hooks.context, batch->entries, batch->progress.entry_count);
    metrics_revoke_visible(&store->metrics, clock_mono_ns() - committed_ns);
}

/* Entries first: whoever sees the new version of the tables, and decides by it, sees what had to be
 * in force before he did. */
static void publish(struct store *store)
{
    uint64_t before = store_tables_version(store);
    const struct store_batch *batch = &store->batch;
    const struct store_progress *progress = &batch->progress;

    atomic_store(&store->last_number, progress->last_number);
    atomic_store(&store->tables_version, progress->tables_version);
    store->tokens_end_s = progress->tokens_end_s;
    pthread_mutex_lock(&store->audit_lock);
    store->audit = progress->audit;
    pthread_mutex_unlock(&store->audit_lock);
    metrics_add(&store->metrics, METRIC_STORE_COMMITS, 1);
    tell_entries(store);
    if (progress->tables_version != before && store->hooks.changed != NULL)
        store->hooks.changed(store->hooks.context, batch->changes, progress->change_count,
                             progress->tables_version);
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
    struct attempt attempt = {.interrupted = false};

    store->batch.wall_ms = clock_wall_ms(store->clock);
    struct result result = run_transaction(store, &attempt);
    if (attempt.interrupted) {
        attempt = (struct attempt){.with_savepoints = true};
        result = run_transaction(store, &attempt);
    }
    if (result_ok(result)) {
        publish(store);
    } else {
        for (size_t i = 0; i < store->batch.count; i++)
            store->batch.requests[i]->result = result;
    }
    store_telling_end(store, result_ok(result));
    arena_reset(&store->batch.arena);
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
