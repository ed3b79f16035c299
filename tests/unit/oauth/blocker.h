/* A thread of a pool that stands still until it may go on, so that tests see a pool that is full.
 */
#ifndef TESTS_OAUTH_BLOCKER_H
#define TESTS_OAUTH_BLOCKER_H

#include <pthread.h>

#include "core/loop.h"
#include "core/pool.h"

struct blocker {
    struct pool_job job; /* first */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool inside, open;
};

/* Returns when the thread stands still. loop: outlives the job. */
void blocker_occupy(struct blocker *blocker, struct pool *pool, struct loop *loop);
void blocker_let_go(struct blocker *blocker);

#endif
