/* The inside of struct store, for store.c, writer.c, batch.c and housekeeping.c alone.
 *
 * Who touches what: the opener everything until store_start; from then on the writer thread the
 * backend, the watch and batch; any thread the queue under its lock, and the atomics. */
#ifndef STORE_FRONT_H
#define STORE_FRONT_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/backend.h"
#include "store/wall_watch.h"

enum {
    STORE_BATCH = 256,        /* requests in one transaction */
    STORE_QUEUE = 64 * 1024,  /* requests waiting; more are refused */
    STORE_PRUNE_STEP = 500,   /* rows removed in one transaction */
    STORE_TICK_MS = 1000,     /* between two rounds of housekeeping */
    STORE_KEEP_MS = 60 * 1000 /* between two times kept */
};

struct store_queue {
    pthread_mutex_t lock; /* a leaf: nothing is locked or called under it */
    pthread_cond_t filled;
    struct store_request *first, *last;
    size_t count;
    bool closing;
    struct store_visit *visit; /* one at a time; NULL: none waits */
    pthread_cond_t visited;
};

/* Of store_run_on_writer: on its caller's stack, the writer's while it is in queue.visit. */
struct store_visit {
    void (*run)(struct store *store, void *context);
    void *context;
    size_t behind; /* requests in the queue that came before it */
};

/* One transaction's requests and what came of them. */
struct store_batch {
    struct store_request *requests[STORE_BATCH];
    size_t count;
    struct store_entry entries[STORE_BATCH]; /* the new ones */
    size_t entry_count;
    uint64_t last_number;
};

struct store {
    struct store_backend *backend;
    struct sid feed_id;
    int64_t expired_kept_s;
    const struct clock *clock;
    struct wall_watch watch;
    struct store_hooks hooks;
    struct metrics metrics;

    _Atomic uint64_t last_number;
    _Atomic int64_t last_wall_ms;
    _Atomic bool healthy;

    struct store_queue queue;
    struct store_batch batch;
    pthread_t thread;
    bool started;
    int64_t ticked_ms, kept_ms; /* on the monotonic clock */
    bool prune_pending;
};

/* ---- writer.c ---- */

RESULT store_writer_start(struct store *store);
void store_writer_stop(struct store *store); /* when all that was submitted has been answered */

/* ---- batch.c, on the writer thread ---- */

/* Carries out store->batch, commits, calls the hook, answers. */
void store_batch_run(struct store *store);

/* Notes whether a transaction came through, for store_is_healthy; logs when that changes. */
void store_note_health(struct store *store, struct result result);

/* ---- housekeeping.c, on the writer thread ---- */

/* Does what is due. True when clean-up has more to do at once. */
bool store_housekeep(struct store *store);

/* Keeps the time, as the store closes. */
void store_keep_wall(struct store *store);

#endif
