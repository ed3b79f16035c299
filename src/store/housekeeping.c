/* What the writer does beside the requests, about once a second: the hook, the clean-up in small
 * steps between batches, keeping the time, and asking a failed store whether it is back (without
 * that, a server taken out of rotation by /readyz would never find out). */
#include "core/log.h"
#include "store/front.h"

static RESULT transact(struct store *store,
                       struct result (*work)(struct store *store, int64_t *amount), int64_t *amount)
{
    const struct store_backend_ops *ops = store->backend->ops;

    struct result result = ops->begin(store->backend);
    if (result_ok(result))
        result = work(store, amount);
    if (result_ok(result))
        result = ops->commit(store->backend, store_last_number(store));
    if (!result_ok(result))
        ops->rollback(store->backend);
    return result;
}

/* ---- clean-up ---- */

static RESULT prune(struct store *store, int64_t *pruned)
{
    int64_t over_s = store_surely_over_s(store);
    struct store_prune step = {
        .tokens_before_s = over_s - store->expired_kept_s,
        .entries_before_s = over_s,
        .plans_before_ms = over_s * 1000,
        .revocations_before_s = over_s - store->expired_kept_s,
        .assertions_before_s = over_s,
        .audit_before_ms =
            store->audit_kept_s > 0 ? (over_s - store->audit_kept_s) * 1000 : INT64_MIN,
        .limit = STORE_PRUNE_STEP,
    };
    size_t count = 0;

    TRY(store->backend->ops->prune(store->backend, &step, &count));
    *pruned = (int64_t)count;
    return RESULT_OK;
}

static void prune_step(struct store *store)
{
    int64_t pruned = 0;

    store->prune_pending = false;
    if (store_surely_over_s(store) == 0)
        return;
    struct result result = transact(store, prune, &pruned);
    if (!result_ok(result)) {
        store_note_health(store,
                          result); /* the reverse proves nothing: it may have written nothing */
        return;
    }
    metrics_add(&store->metrics, METRIC_STORE_PRUNED, (uint64_t)pruned);
    store->prune_pending = pruned >= STORE_PRUNE_STEP;
}

/* ---- the time ---- */

static RESULT keep(struct store *store, int64_t *wall_ms)
{
    return store->backend->ops->keep_wall(store->backend, *wall_ms);
}

/* A time in doubt is not kept: after a restart it would be believed. */
void store_keep_wall(struct store *store)
{
    int64_t wall_ms = store_last_wall_ms(store);

    wall_watch_look(&store->watch);
    if (wall_watch_is_trusted(&store->watch))
        wall_ms = clock_wall_ms(store->clock);
    struct result result = transact(store, keep, &wall_ms);
    if (result_ok(result))
        atomic_store(&store->last_wall_ms, wall_ms);
    store_note_health(store, result);
}

static void tick(struct store *store, int64_t mono_ms)
{
    if (store->hooks.housekeeping != NULL)
        store->hooks.housekeeping(store->hooks.context, store_surely_over_s(store));
    if (mono_ms - store->kept_ms >= STORE_KEEP_MS || !store_is_healthy(store)) {
        store_keep_wall(store);
        store->kept_ms = mono_ms;
    }
    store->prune_pending = true;
}

bool store_housekeep(struct store *store)
{
    int64_t mono_ms = clock_mono_ms(store->clock);

    if (mono_ms - store->ticked_ms >= STORE_TICK_MS) {
        tick(store, mono_ms);
        store->ticked_ms = mono_ms;
    }
    if (store->prune_pending)
        prune_step(store);
    struct result tidied = store->backend->ops->tidy(store->backend);
    if (!result_ok(tidied))
        LOG(LOG_WARN, "store_tidy_failed",
            LF_STR("reason", store->backend->ops->describe(store->backend)));
    return store->prune_pending;
}
