/* Counters and one histogram. Each thread adds to its own block, so nothing is shared on the way of
 * a request; readers sum the blocks. */
#ifndef CORE_METRICS_H
#define CORE_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#include "core/buf.h"

enum metric {
#define X(id, type, name, labels, help) METRIC_##id,
#include "core/metrics.def"
#undef X
    METRIC_COUNT
};

enum { METRIC_REVOKE_BUCKETS = 12 };

struct metrics {
    _Atomic uint64_t counters[METRIC_COUNT];
    /* Time from a revocation's commit to its visibility in this node's index. */
    _Atomic uint64_t revoke_buckets[METRIC_REVOKE_BUCKETS + 1]; /* not cumulative; last is +Inf */
    _Atomic uint64_t revoke_ns;
    struct metrics *next;
};

struct metrics_registry {
    _Atomic(struct metrics *) blocks;
};

/* The block must outlive the registry. Thread-safe. */
void metrics_register(struct metrics_registry *registry, struct metrics *block);

/* On the block's own thread: nobody else writes to it, so it need not be a locked addition, of
 * which an introspection would have several. */
static inline void metrics_add(struct metrics *m, enum metric id, uint64_t n)
{
    uint64_t sum = atomic_load_explicit(&m->counters[id], memory_order_relaxed) + n;
    atomic_store_explicit(&m->counters[id], sum, memory_order_relaxed);
}

void metrics_revoke_visible(struct metrics *m, int64_t ns);

uint64_t metrics_sum(const struct metrics_registry *registry, enum metric id);

/* Prometheus text format 0.0.4. Gauges are the caller's: metrics_render_gauge. */
void metrics_render(const struct metrics_registry *registry, struct buf *out);
void metrics_render_gauge(struct buf *out, const char *name, const char *help, int64_t value);

#endif
