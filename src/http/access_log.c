#include "http/access_log.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/clock.h"
#include "exchange/peer.h"

enum {
    RING_SIZE = 4096,
    BATCH_MAX = 64 * 1024,
    LINE_MAX_BYTES = 4096,
    IDLE_MS = 100,
    STALL_MS = 1000
};

static_assert((RING_SIZE & (RING_SIZE - 1)) == 0, "a power of two");

struct access_ring {
    _Alignas(64) _Atomic uint64_t written; /* by the loop */
    _Alignas(64) _Atomic uint64_t taken;   /* by the log's thread */
    struct access_log *log;
    struct access_entry *entries; /* RING_SIZE */
};

struct access_log {
    int fd;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping;
    unsigned ring_count;
    struct access_ring *rings;
};

/* ---- a line ---- */

static struct str method_name(enum method method)
{
    static const char *const names[] = {"GET",    "POST",    "PUT",  "PATCH",
                                        "DELETE", "OPTIONS", "OTHER"};
    return str_from(names[method]);
}

static void put_address(struct buf *b, const struct access_entry *entry)
{
    char text[PEER_TEXT];
    buf_json(b, peer_format(&entry->address, text));
}

void access_entry_render(const struct access_entry *entry, struct buf *out)
{
    buf_cstr(out, "{\"time\":\"");
    buf_time_ms(out, entry->wall_ms);
    buf_cstr(out, "\",\"event\":\"request\",\"method\":");
    buf_json(out, method_name(entry->method));
    buf_cstr(out, ",\"path\":");
    buf_json(out, str_make(entry->path, entry->path_len));
    buf_cstr(out, entry->path_cut ? ",\"path_cut\":true,\"status\":" : ",\"status\":");
    buf_i64(out, entry->status);
    buf_cstr(out, ",\"took_us\":");
    buf_i64(out, entry->took_us);
    buf_cstr(out, ",\"bytes_in\":");
    buf_u64(out, entry->bytes_in);
    buf_cstr(out, ",\"bytes_out\":");
    buf_u64(out, entry->bytes_out);
    buf_cstr(out, ",\"address\":");
    put_address(out, entry);
    buf_cstr(out, ",\"endpoint\":");
    buf_json(out, str_from(entry->endpoint));
    buf_cstr(out, ",\"request_id\":");
    buf_json(out, str_make(entry->id, entry->id_len));
    buf_cstr(out, "}\n");
}

void access_entry_text(struct access_entry *entry, struct str path, struct str id)
{
    entry->path_cut = path.len > ACCESS_PATH_MAX;
    entry->path_len = (uint16_t)(entry->path_cut ? ACCESS_PATH_MAX : path.len);
    entry->id_len = (uint8_t)(id.len > REQUEST_ID_MAX ? REQUEST_ID_MAX : id.len);
    if (entry->path_len > 0)
        memcpy(entry->path, path.ptr, entry->path_len);
    if (entry->id_len > 0)
        memcpy(entry->id, id.ptr, entry->id_len);
}

/* ---- the loop's end ---- */

struct access_entry *access_ring_reserve(struct access_ring *ring)
{
    uint64_t at = atomic_load_explicit(&ring->written, memory_order_relaxed);
    uint64_t used = at - atomic_load_explicit(&ring->taken, memory_order_acquire);

    if (used == RING_SIZE)
        return NULL;
    if (used == RING_SIZE / 2)
        pthread_cond_signal(&ring->log->wake); /* before its time */
    return &ring->entries[at & (RING_SIZE - 1)];
}

void access_ring_commit(struct access_ring *ring)
{
    uint64_t at = atomic_load_explicit(&ring->written, memory_order_relaxed);
    atomic_store_explicit(&ring->written, at + 1, memory_order_release);
}

/* ---- the thread ---- */

static bool is_stopping(struct access_log *log)
{
    pthread_mutex_lock(&log->lock);
    bool stopping = log->stopping;
    pthread_mutex_unlock(&log->lock);
    return stopping;
}

/* Pieces of PIPE_BUF after poll never block, so a reader that hangs cannot hold up the stop. */
static void flush(struct access_log *log, struct buf *batch)
{
    size_t at = 0;

    while (at < batch->len) {
        struct pollfd ready = {.fd = log->fd, .events = POLLOUT};
        int polled = poll(&ready, 1, STALL_MS);
        if (polled == 0 && !is_stopping(log))
            continue;
        if (polled == 0)
            break;
        size_t left = batch->len - at;
        ssize_t n = write(log->fd, batch->ptr + at, left < PIPE_BUF ? left : PIPE_BUF);
        if (n == -1 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0)
            break; /* nowhere to write to: the lines are lost, the server is not */
        at += (size_t)n;
    }
    batch->len = 0;
}

static void take_all(struct access_log *log, struct access_ring *ring, struct buf *batch)
{
    uint64_t at = atomic_load_explicit(&ring->taken, memory_order_relaxed);
    uint64_t end = atomic_load_explicit(&ring->written, memory_order_acquire);

    while (at != end) {
        if (batch->cap - batch->len < LINE_MAX_BYTES)
            flush(log, batch);
        access_entry_render(&ring->entries[at & (RING_SIZE - 1)], batch);
        atomic_store_explicit(&ring->taken, ++at, memory_order_release);
    }
}

static bool wait_a_little(struct access_log *log)
{
    int64_t until_ns = clock_mono_ns() + IDLE_MS * INT64_C(1000000);
    struct timespec until = {.tv_sec = (time_t)(until_ns / 1000000000),
                             .tv_nsec = (long)(until_ns % 1000000000)};

    pthread_mutex_lock(&log->lock);
    if (!log->stopping)
        pthread_cond_timedwait(&log->wake, &log->lock, &until);
    bool go_on = !log->stopping;
    pthread_mutex_unlock(&log->lock);
    return go_on;
}

static void *run(void *argument)
{
    struct access_log *log = argument;
    struct buf batch;
    bool go_on = true;
    char *memory = malloc(BATCH_MAX);

    if (memory == NULL)
        return NULL; /* the rings fill up, and what is dropped is counted */
    buf_init_fixed(&batch, memory, BATCH_MAX);
    while (go_on) {
        go_on = wait_a_little(log);
        for (unsigned i = 0; i < log->ring_count; i++)
            take_all(log, &log->rings[i], &batch);
        flush(log, &batch);
    }
    free(memory);
    return NULL;
}

static void free_all(struct access_log *log)
{
    for (unsigned i = 0; log->rings != NULL && i < log->ring_count; i++)
        free(log->rings[i].entries);
    free(log->rings);
    pthread_cond_destroy(&log->wake);
    pthread_mutex_destroy(&log->lock);
    free(log);
}

static bool make_rings(struct access_log *log, unsigned rings)
{
    log->ring_count = rings;
    log->rings = aligned_alloc(64, rings * sizeof(*log->rings));
    if (log->rings == NULL)
        return false;
    memset(log->rings, 0, rings * sizeof(*log->rings));
    for (unsigned i = 0; i < rings; i++) {
        log->rings[i].log = log;
        log->rings[i].entries = malloc(RING_SIZE * sizeof(struct access_entry));
        if (log->rings[i].entries == NULL)
            return false;
    }
    return true;
}

struct access_log *access_log_start(int fd, unsigned rings)
{
    struct access_log *log = calloc(1, sizeof(*log));
    pthread_condattr_t attributes;
    sigset_t all, old;

    if (log == NULL)
        return NULL;
    log->fd = fd;
    pthread_mutex_init(&log->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&log->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    bool ok = make_rings(log, rings) && pthread_create(&log->thread, NULL, run, log) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (!ok) {
        free_all(log);
        return NULL;
    }
    return log;
}

void access_log_stop(struct access_log **slot)
{
    struct access_log *log = *slot;

    *slot = NULL;
    if (log == NULL)
        return;
    pthread_mutex_lock(&log->lock);
    log->stopping = true;
    pthread_cond_signal(&log->wake);
    pthread_mutex_unlock(&log->lock);
    pthread_join(log->thread, NULL);
    free_all(log);
}

struct access_ring *access_log_ring(struct access_log *log, unsigned index)
{
    return &log->rings[index];
}
