/* GET /metrics: Prometheus text format 0.0.4. Counters come from the threads' blocks; what stands
 * here is read off when asked for. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "acl/tables.h"
#include "core/version.h"
#include "exchange/exchange.h"
#include "exchange/server.h"
#include "exchange/snapshot.h"
#include "manage/endpoints.h"
#include "revocation/index.h"
#include "revocation/link.h"
#include "store/store.h"

enum { METRICS_BODY_MAX = 256 * 1024 };

/* Pages in memory: the second number of /proc/self/statm. -1 when the system will not say. */
static int64_t resident_bytes(void)
{
    char memory[128];
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return -1;
    ssize_t n = read(file, memory, sizeof(memory));
    close(file);

    struct str text = str_make(memory, n > 0 ? (size_t)n : 0), size, resident;
    uint64_t pages;
    if (!str_split(&text, ' ', &size) || !str_split(&text, ' ', &resident) ||
        !str_to_u64(resident, INT64_MAX / 65536, &pages))
        return -1;
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

static int64_t open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL)
        return -1;
    int64_t n = 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        n += entry->d_name[0] != '.';
    closedir(folder);
    return n - 1; /* the one that reads the folder */
}

static void gauge_if_known(struct buf *out, const char *name, const char *help, int64_t value)
{
    if (value >= 0)
        metrics_render_gauge(out, name, help, value);
}

static void render_cpu(struct buf *out)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return;
    int64_t us = ((int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
                 usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    buf_cstr(out, "# HELP process_cpu_seconds_total User and system time of the process.\n"
                  "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total ");
    buf_i64(out, us / 1000000);
    buf_char(out, '.');
    for (int64_t unit = 100000; unit > 0; unit /= 10)
        buf_char(out, (char)('0' + us / unit % 10));
    buf_char(out, '\n');
}

static void render_process(const struct server *server, struct buf *out)
{
    int64_t up_ms = clock_mono_ms(server->clock) - server->started_mono_ms;
    int64_t start_s = (clock_wall_ms(server->clock) - up_ms) / 1000;

    render_cpu(out);
    gauge_if_known(out, "process_resident_memory_bytes", "Memory in use.", resident_bytes());
    gauge_if_known(out, "process_open_fds", "Open files and sockets.", open_files());
    metrics_render_gauge(out, "process_start_time_seconds", "Start, in seconds since 1970.",
                         start_s);
    metrics_render_gauge(out, "scopemint_uptime_seconds", "Time since the start.", up_ms / 1000);
    buf_cstr(out, "# HELP scopemint_build_info The version that runs.\n"
                  "# TYPE scopemint_build_info gauge\nscopemint_build_info{version=\"");
    buf_cstr(out, scopemint_version);
    buf_cstr(out, "\"} 1\n");
}

/* Without a link there is nothing to be behind. */
static void render_redis(const struct server *server, struct buf *out)
{
    const struct revocation_link *link = atomic_load(&server->link);

    metrics_render_gauge(out, "scopemint_redis_following",
                         "1 when Redis holds all that the store does.",
                         link != NULL && revocation_link_state(link) == LINK_FOLLOWING);
    if (link == NULL)
        return;
    struct revocation_link_lag lag = revocation_link_lag(link);
    metrics_render_gauge(out, "scopemint_redis_behind_entries",
                         "Entries of the sequence that Redis is not known to hold.",
                         (int64_t)lag.entries);
    metrics_render_gauge(out, "scopemint_redis_behind_seconds",
                         "Time since Redis was known to hold all there was; 0 when it does.",
                         lag.seconds);
    metrics_render_gauge(out, "scopemint_redis_last_rebuild_timestamp_seconds",
                         "When Redis was last filled from nothing, in seconds since 1970; 0: not "
                         "by this process.",
                         lag.filled_s);
    metrics_render_gauge(out, "scopemint_redis_may_evict",
                         "1 when Redis forgets keys once its memory is full.", lag.may_evict);
}

static void render_revocation(const struct server *server, struct buf *out)
{
    struct revocation_index_stats stats = revocation_index_stats(server->index);
    metrics_render_gauge(out, "scopemint_index_complete",
                         "1 when the revocation index holds all that the store does.",
                         revocation_index_is_complete(server->index));
    metrics_render_gauge(out, "scopemint_index_tokens",
                         "Tokens in the index: revoked ones, and changed ones.",
                         (int64_t)stats.tokens);
    metrics_render_gauge(out, "scopemint_index_epochs", "Epochs in the index.",
                         (int64_t)stats.epochs);
    metrics_render_gauge(out, "scopemint_index_selectors", "Selectors in force in the index.",
                         (int64_t)stats.selectors);
    metrics_render_gauge(out, "scopemint_index_bytes", "Memory of the index.",
                         (int64_t)stats.bytes);
    metrics_render_gauge(out, "scopemint_index_sequence_number",
                         "Last number of the sequence that the index holds.",
                         (int64_t)revocation_index_number(server->index));
    metrics_render_gauge(out, "scopemint_store_sequence_number",
                         "Last number of the sequence that the store has committed.",
                         (int64_t)store_last_number(server->store));
    metrics_render_gauge(out, "scopemint_store_healthy", "1 when the last commit came through.",
                         store_is_healthy(server->store));

    render_redis(server, out);
}

static void render_acls(const struct exchange *x, struct buf *out)
{
    struct acl_counts counts = acl_tables_counts(x->snapshot->acls);

    metrics_render_gauge(out, "scopemint_acl_rules", "Access control rules.",
                         (int64_t)counts.rules);
    metrics_render_gauge(out, "scopemint_acl_objects",
                         "Partners with access control lists, trunk groups and trunks.",
                         (int64_t)(counts.partners + counts.trunk_groups + counts.trunks));
}

static enum step_result answer_metrics(struct exchange *x)
{
    const struct server *server = x->worker->server;
    struct buf body;
    buf_init_arena(&body, &x->arena, 16 * 1024, METRICS_BODY_MAX);
    metrics_render(&server->metrics, &body);
    render_revocation(server, &body);
    render_acls(x, &body);
    render_process(server, &body);
    if (body.failed)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    return exchange_reply(x, 200, STR("text/plain; version=0.0.4; charset=utf-8"), buf_view(&body));
}

const struct endpoint manage_metrics = {.name = "metrics", .steps = {answer_metrics}};
