#include "core/pool.h"

#include <assert.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

struct pool {
    pthread_mutex_t lock; /* of all that follows but the threads */
    pthread_cond_t changed;
    struct pool_job *first, *last;
    unsigned waiting, waiting_max;
    bool ending;

    unsigned thread_count;
    pthread_t threads[];
};

static void run_done(struct loop_msg *message)
{
    struct pool_job *job =
        (struct pool_job *)((char *)message - offsetof(struct pool_job, message));
    job->done(job);
}

/* The oldest that waits; NULL: there will be none. */
static struct pool_job *take(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    while (pool->first == NULL && !pool->ending)
        pthread_cond_wait(&pool->changed, &pool->lock);
    struct pool_job *job = pool->first;
    if (job != NULL) {
        pool->first = job->next;
        pool->waiting--;
    }
    pthread_mutex_unlock(&pool->lock);
    return job;
}

static void *run(void *argument)
{
    struct pool *pool = argument;
    struct pool_job *job;

    while ((job = take(pool)) != NULL) {
        job->work(job);
        job->message.run = run_done;
        loop_post(job->loop, &job->message); /* not ours any more */
    }
    return NULL;
}

bool pool_submit(struct pool *pool, struct pool_job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&pool->lock);
    bool taken = pool->waiting < pool->waiting_max && !pool->ending;
    if (taken) {
        if (pool->first == NULL)
            pool->first = job;
        else
            pool->last->next = job;
        pool->last = job;
        pool->waiting++;
        pthread_cond_signal(&pool->changed);
    }
    pthread_mutex_unlock(&pool->lock);
    return taken;
}

struct result pool_new(unsigned threads, unsigned waiting_max, struct pool **out)
{
    assert(threads >= 1 && threads <= POOL_THREADS_MAX && waiting_max >= 1);
    struct pool *pool = calloc(1, sizeof(*pool) + threads * sizeof(pool->threads[0]));

    if (pool == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->changed, NULL);
    pool->waiting_max = waiting_max;
    while (pool->thread_count < threads) {
        if (pthread_create(&pool->threads[pool->thread_count], NULL, run, pool) != 0) {
            pool_free(&pool);
            return FAULT(ERR_FAULT_MEMORY);
        }
        pool->thread_count++;
    }
    *out = pool;
    return RESULT_OK;
}

void pool_free(struct pool **pool)
{
    struct pool *ending = *pool;

    *pool = NULL;
    if (ending == NULL)
        return;
    pthread_mutex_lock(&ending->lock);
    ending->ending = true;
    pthread_cond_broadcast(&ending->changed);
    pthread_mutex_unlock(&ending->lock);
    for (unsigned i = 0; i < ending->thread_count; i++)
        pthread_join(ending->threads[i], NULL);
    pthread_cond_destroy(&ending->changed);
    pthread_mutex_destroy(&ending->lock);
    free(ending);
}
