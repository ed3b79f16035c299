/* Threads for what computes too long for an event loop: a signature by a library that parses its
 * key each time, a password's hash. What waits is bounded, and a full pool says so at once: whoever
 * asked then answers 503 instead of keeping more people waiting (P4).
 *
 * A job is embedded in its owner's state and belongs to the pool from pool_submit until its done
 * runs on the loop. Between the two, work runs on some thread of the pool; it touches nothing that
 * others may touch meanwhile. Any number of loops may share a pool. */
#ifndef CORE_POOL_H
#define CORE_POOL_H

#include "core/loop.h"
#include "core/result.h"

struct pool;

enum { POOL_THREADS_MAX = 16 };

struct pool_job {
    struct loop *loop;                  /* where done runs */
    void (*work)(struct pool_job *job); /* on a thread of the pool */
    void (*done)(struct pool_job *job); /* on loop's thread; the job is its owner's again */

    /* the pool's */
    struct pool_job *next;
    struct loop_msg message;
};

/* threads: 1 to POOL_THREADS_MAX. waiting_max: jobs that wait while all threads work, at least 1.
 * ERR_FAULT_MEMORY, also when a thread cannot be had. */
RESULT pool_new(unsigned threads, unsigned waiting_max, struct pool **out);

/* Ends the threads after all that was submitted has been worked on and posted; takes nothing more
 * meanwhile. The loops are still there until this returns. Accepts NULL. */
void pool_free(struct pool **pool);

/* Takes the job over, oldest first; loop, work and done are set. False, and nothing happens: as
 * many wait as may, or the pool is ending. Any thread; never waits for a job. */
__attribute__((warn_unused_result)) bool pool_submit(struct pool *pool, struct pool_job *job);

#endif
