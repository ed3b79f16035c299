/* The worker pool: order, bounds and the end. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>

#include "core/pool.h"
#include "support/loop_thread.h"

enum { WAITING = 3, TIMEOUT_MS = 10000 };

/* Threads of the pool stand still in here until the test lets them go. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool open;
    int inside;
};

static struct gate gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, 0};

struct job {
    struct pool_job job; /* first */
    bool waits;
    pthread_t worked_on, done_on;
    int worked, done;
    _Atomic int *order;
    int place; /* in which it was worked on */
};

static void work(struct pool_job *pool_job)
{
    struct job *job = (struct job *)pool_job;
    job->worked++;
    job->worked_on = pthread_self();
    if (job->order != NULL)
        job->place = atomic_fetch_add(job->order, 1);
    if (!job->waits)
        return;
    pthread_mutex_lock(&gate.lock);
    gate.inside++;
    pthread_cond_broadcast(&gate.changed);
    while (!gate.open)
        pthread_cond_wait(&gate.changed, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
}

static void done(struct pool_job *pool_job)
{
    struct job *job = (struct job *)pool_job;
    job->done_on = pthread_self();
    job->done++;
}

static void wait_inside(int n)
{
    pthread_mutex_lock(&gate.lock);
    while (gate.inside < n)
        pthread_cond_wait(&gate.changed, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
}

static void open_gate(void)
{
    pthread_mutex_lock(&gate.lock);
    gate.open = true;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
}

static bool submit(struct pool *pool, struct loop_thread *loop, struct job *job)
{
    job->job = (struct pool_job){.loop = loop_thread_loop(loop), .work = work, .done = done};
    return pool_submit(pool, &job->job);
}

static bool is_done(void *context)
{
    return ((struct job *)context)->done > 0;
}

Test(pool, works_elsewhere_and_answers_on_the_loop)
{
    struct loop_thread *loop = loop_thread_new();
    struct pool *pool;
    struct job job = {.worked = 0};

    cr_assert(result_ok(pool_new(2, WAITING, &pool)));
    for (int round = 1; round <= 3; round++) { /* a job may be used again */
        job.done = 0;
        cr_assert(submit(pool, loop, &job));
        cr_assert(loop_thread_until(loop, is_done, &job, TIMEOUT_MS));
        cr_assert_eq(job.worked, round);
        cr_assert(!pthread_equal(job.worked_on, pthread_self()));
        cr_assert(pthread_equal(job.done_on, pthread_self()));
    }
    pool_free(&pool);
    cr_assert_null(pool);
    loop_thread_free(&loop);
}

Test(pool, full_is_said_at_once_and_order_is_kept)
{
    struct loop_thread *loop = loop_thread_new();
    struct pool *pool;
    _Atomic int order = 0;
    struct job busy = {.waits = true}, queued[WAITING] = {{.worked = 0}}, late = {.worked = 0};

    cr_assert(result_ok(pool_new(1, WAITING, &pool)));
    cr_assert(submit(pool, loop, &busy));
    wait_inside(1); /* it waits no longer, it is worked on */
    for (int i = 0; i < WAITING; i++) {
        queued[i].order = &order;
        cr_assert(submit(pool, loop, &queued[i]));
    }
    cr_assert_not(submit(pool, loop, &late));
    open_gate();
    cr_assert(loop_thread_until(loop, is_done, &queued[WAITING - 1], TIMEOUT_MS));
    for (int i = 0; i < WAITING; i++) {
        cr_assert_eq(queued[i].done, 1);
        cr_assert_eq(queued[i].place, i);
    }
    cr_assert(submit(pool, loop, &late), "there is room again");
    cr_assert(loop_thread_until(loop, is_done, &late, TIMEOUT_MS));
    pool_free(&pool);
    loop_thread_free(&loop);
}

Test(pool, threads_work_side_by_side)
{
    struct loop_thread *loop = loop_thread_new();
    struct pool *pool;
    struct job jobs[2] = {{.waits = true}, {.waits = true}};

    cr_assert(result_ok(pool_new(2, WAITING, &pool)));
    cr_assert(submit(pool, loop, &jobs[0]));
    cr_assert(submit(pool, loop, &jobs[1]));
    wait_inside(2);
    open_gate();
    pool_free(&pool);
    loop_thread_free(&loop);
}

static void *free_pool(void *context)
{
    pool_free(context);
    return NULL;
}

Test(pool, end_answers_what_was_submitted)
{
    struct loop_thread *loop = loop_thread_new();
    struct pool *pool, *still;
    struct job busy = {.waits = true}, queued[WAITING] = {{.worked = 0}};
    pthread_t ender;

    cr_assert(result_ok(pool_new(1, WAITING, &pool)));
    still = pool;
    cr_assert(submit(still, loop, &busy));
    wait_inside(1);
    for (int i = 0; i < WAITING; i++)
        cr_assert(submit(still, loop, &queued[i]));
    cr_assert_eq(pthread_create(&ender, NULL, free_pool, &pool), 0);
    open_gate();
    pthread_join(ender, NULL);
    cr_assert(loop_thread_until(loop, is_done, &queued[WAITING - 1], TIMEOUT_MS));
    for (int i = 0; i < WAITING; i++)
        cr_assert_eq(queued[i].worked + queued[i].done, 2);
    pool_free(&pool); /* NULL by now */
    loop_thread_free(&loop);
}
