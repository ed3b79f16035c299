#include "core/metrics.h"

#include <string.h>

static const struct {
    const char *type, *name, *labels, *help;
} rows[] = {
#define X(id, type, name, labels, help) {#type, name, labels, help},
#include "core/metrics.def"
#undef X
};

/* Upper bounds in nanoseconds and as Prometheus prints them, in seconds. */
static const struct {
    int64_t ns;
    const char *le;
} bounds[METRIC_REVOKE_BUCKETS] = {
    {10000, "1e-05"},    {25000, "2.5e-05"},  {50000, "5e-05"},    {100000, "0.0001"},
    {250000, "0.00025"}, {500000, "0.0005"},  {1000000, "0.001"},  {2500000, "0.0025"},
    {5000000, "0.005"},  {25000000, "0.025"}, {250000000, "0.25"}, {1000000000, "1.0"},
};

void metrics_register(struct metrics_registry *registry, struct metrics *block)
{
    struct metrics *head = atomic_load(&registry->blocks);
    do {
        block->next = head;
    } while (!atomic_compare_exchange_weak(&registry->blocks, &head, block));
}

void metrics_revoke_visible(struct metrics *m, int64_t ns)
{
    size_t i = 0;
    while (i < METRIC_REVOKE_BUCKETS && ns > bounds[i].ns)
        i++;
    atomic_fetch_add_explicit(&m->revoke_buckets[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&m->revoke_ns, (uint64_t)ns, memory_order_relaxed);
}

uint64_t metrics_sum(const struct metrics_registry *registry, enum metric id)
{
    uint64_t sum = 0;
    for (const struct metrics *m = atomic_load(&registry->blocks); m != NULL; m = m->next)
        sum += atomic_load_explicit(&m->counters[id], memory_order_relaxed);
    return sum;
}

static void header(struct buf *out, const char *name, const char *help, const char *type)
{
    buf_cstr(out, "# HELP ");
    buf_cstr(out, name);
    buf_char(out, ' ');
    buf_cstr(out, help);
    buf_cstr(out, "\n# TYPE ");
    buf_cstr(out, name);
    buf_char(out, ' ');
    buf_cstr(out, type);
    buf_char(out, '\n');
}

static void render_revoke_histogram(const struct metrics_registry *registry, struct buf *out)
{
    static const char name[] = "scopemint_revocation_visible_seconds";
    uint64_t cumulative = 0, total_ns = 0, counts[METRIC_REVOKE_BUCKETS + 1] = {0};

    for (const struct metrics *m = atomic_load(&registry->blocks); m != NULL; m = m->next) {
        for (size_t i = 0; i <= METRIC_REVOKE_BUCKETS; i++)
            counts[i] += atomic_load_explicit(&m->revoke_buckets[i], memory_order_relaxed);
        total_ns += atomic_load_explicit(&m->revoke_ns, memory_order_relaxed);
    }
    header(out, name, "Time from a revocation's commit to its visibility on this node.",
           "histogram");
    for (size_t i = 0; i <= METRIC_REVOKE_BUCKETS; i++) {
        cumulative += counts[i];
        buf_cstr(out, name);
        buf_cstr(out, "_bucket{le=\"");
        buf_cstr(out, i < METRIC_REVOKE_BUCKETS ? bounds[i].le : "+Inf");
        buf_cstr(out, "\"} ");
        buf_u64(out, cumulative);
        buf_char(out, '\n');
    }
    buf_cstr(out, name);
    buf_cstr(out, "_sum ");
    buf_u64(out, total_ns / 1000000000);
    buf_char(out, '.');
    for (uint64_t digit = 100000000; digit > 0; digit /= 10)
        buf_u64(out, total_ns / digit % 10);
    buf_char(out, '\n');
    buf_cstr(out, name);
    buf_cstr(out, "_count ");
    buf_u64(out, cumulative);
    buf_char(out, '\n');
}

void metrics_render(const struct metrics_registry *registry, struct buf *out)
{
    for (int id = 0; id < METRIC_COUNT; id++) {
        if (id == 0 || strcmp(rows[id].name, rows[id - 1].name) != 0)
            header(out, rows[id].name, rows[id].help, rows[id].type);
        buf_cstr(out, rows[id].name);
        if (rows[id].labels[0] != '\0') {
            buf_char(out, '{');
            buf_cstr(out, rows[id].labels);
            buf_char(out, '}');
        }
        buf_char(out, ' ');
        buf_u64(out, metrics_sum(registry, (enum metric)id));
        buf_char(out, '\n');
    }
    render_revoke_histogram(registry, out);
}

void metrics_render_gauge(struct buf *out, const char *name, const char *help, int64_t value)
{
    header(out, name, help, "gauge");
    buf_cstr(out, name);
    buf_char(out, ' ');
    buf_i64(out, value);
    buf_char(out, '\n');
}
