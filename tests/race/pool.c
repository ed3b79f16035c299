/* Loops and other threads hand work to one small pool at once, and the pool ends while some still
 * waits: each job that was taken is worked on once and answered once on its own loop, and none that
 * was refused is touched. */
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/pool.h"
#include "support/loop_thread.h"

enum { SUBMITTERS = 4, JOBS = 5000, THREADS = 3, WAITING = 16 };

struct job {
    struct pool_job job; /* first */
    bool taken;
    int worked, done; /* plain: the pool's hand-overs alone keep them apart */
};

struct submitter {
    struct loop_thread *loop;
    struct job *jobs;
    pthread_t thread;
};

static struct pool *pool;

static void work(struct pool_job *job)
{
    ((struct job *)job)->worked++;
}

static void done(struct pool_job *job)
{
    assert(((struct job *)job)->worked == 1);
    ((struct job *)job)->done++;
}

static void *submit_all(void *argument)
{
    struct submitter *me = argument;

    for (int i = 0; i < JOBS; i++) {
        struct job *job = &me->jobs[i];
        job->job =
            (struct pool_job){.loop = loop_thread_loop(me->loop), .work = work, .done = done};
        job->taken = pool_submit(pool, &job->job);
    }
    return NULL;
}

static int count_taken(const struct submitter *submitter)
{
    int taken = 0;

    for (int i = 0; i < JOBS; i++) {
        const struct job *job = &submitter->jobs[i];
        assert(job->worked == job->taken && job->done == job->taken);
        taken += job->taken;
    }
    return taken;
}

int main(void)
{
    struct submitter submitters[SUBMITTERS];
    int taken = 0;

    bool made = result_ok(pool_new(THREADS, WAITING, &pool));
    assert(made);
    for (int i = 0; i < SUBMITTERS; i++) {
        submitters[i].loop = loop_thread_new();
        submitters[i].jobs = calloc(JOBS, sizeof(struct job));
        loop_thread_start(submitters[i].loop);
        int failed = pthread_create(&submitters[i].thread, NULL, submit_all, &submitters[i]);
        assert(failed == 0);
    }
    for (int i = 0; i < SUBMITTERS; i++)
        pthread_join(submitters[i].thread, NULL);
    pool_free(&pool); /* while jobs of the last still wait */
    for (int i = 0; i < SUBMITTERS; i++) {
        loop_thread_free(&submitters[i].loop); /* after what was posted */
        taken += count_taken(&submitters[i]);
        free(submitters[i].jobs);
    }
    printf("%d of %d jobs were taken\n", taken, SUBMITTERS * JOBS);
    return taken > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
