/* The lifetimes above an exchange: struct server (the process) and struct worker (one event loop
 * thread). app makes the server; http makes its workers. */
#ifndef EXCHANGE_SERVER_H
#define EXCHANGE_SERVER_H

#include <stdatomic.h>

#include "audit/first.h"
#include "core/clock.h"
#include "core/entropy.h"
#include "core/err.h"
#include "core/loop.h"
#include "core/metrics.h"
#include "core/quiesce.h"
#include "exchange/touch.h"

struct config;
struct store;
struct store_request;
struct revocation_index;
struct revocation_link;
struct guess_throttle;
struct snapshot;
struct exchange;
struct keyring_thread;
struct token_cache;
struct acl_matcher;
struct pool;
struct revocation_feed;
struct revocation_walk;

struct server {
    const struct config *config; /* of the start; what a reload changes is in the snapshot, and in
                                    http's settings */
    const struct clock *clock;
    struct entropy *entropy;
    struct metrics_registry metrics;
    struct quiesce quiesce;
    struct store *store;
    struct revocation_index *index;
    /* NULL: no Redis configured. Worker 0 makes and ends it, and alone serves the admin listener,
     * whose endpoints look at it. */
    _Atomic(struct revocation_link *) link;
    struct guess_throttle *throttle;
    struct token_cache *verified;
    struct pool *pool;           /* for what computes too long for a loop */
    struct pool *compiler;       /* of access control rules, which take long: nobody else waits */
    struct audit_first refusals; /* by M1-M3, in this minute */
    struct touch_seen touched;
    struct revocation_walk *walk; /* NULL: nobody marks rows behind revocations by selector */
    struct revocation_feed *feed; /* who follows what is revoked; NULL: nobody can */
    _Atomic unsigned counts;      /* of what plans are about, at work */
    _Atomic(struct snapshot *) snapshot;
    _Atomic bool draining;
    int64_t started_mono_ms;
};

enum { WORKER_DEFER_MAX = 4096, WORKER_DEFER_PER_TURN = 64, WORKER_DEFER_TURN_NS = 1500 * 1000 };

struct worker {
    unsigned number; /* from 0 */
    struct server *server;
    struct loop *loop;
    struct metrics metrics;
    struct quiesce_reader *reader;
    struct keyring_thread *keys; /* signing and verifying contexts; app's to make */
    struct acl_matcher *matcher; /* of access control rules */

    /* faults since the last line about each, and when that was */
    struct {
        uint64_t unsaid;
        int64_t said_ms;
    } faults[ERR_COUNT];

    /* deferred work, oldest first */
    struct exchange *defer_first, *defer_last;
    unsigned defer_count, defer_due; /* due: the loop has turned since they came */
    struct loop_msg defer_turn;
    bool defer_posted, in_turn;
    int64_t defer_turn_ns; /* work that is due is begun for so long; worker_init's */

    /* of this turn, for the store: exchange_submit */
    struct store_request *submit_first, *submit_last;

    size_t claimed; /* exchange_claim: by all of its exchanges */

    unsigned awaited; /* answers that come to nobody's request; the loop stays until then */

    struct touch_waiting touched; /* last uses, until they are sent */
};

/* worker->loop, server and number are set by the caller. On the worker's thread or before it
 * starts. */
RESULT worker_init(struct worker *worker);
void worker_done(struct worker *worker);

#endif
