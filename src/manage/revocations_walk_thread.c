/* How the walk's thread waits: for the store, whose answers are posted to it as to any loop; for a
 * while; for something to do. */
#include <errno.h>

#include "manage/revocations_walk_inside.h"

/* ---- the thread's loop ---- */

static void post(struct loop *loop, struct loop_msg *message)
{
    struct revocation_walk *walk = (struct revocation_walk *)loop;

    message->next = NULL;
    pthread_mutex_lock(&walk->lock);
    if (walk->first == NULL)
        walk->first = message;
    else
        walk->last->next = message;
    walk->last = message;
    pthread_cond_signal(&walk->changed);
    pthread_mutex_unlock(&walk->lock);
}

const struct loop_ops revocation_walk_loop = {.post = post};

/* Until the store has answered, which it always does. */
static void wait_answer(struct revocation_walk *walk)
{
    while (!walk->answered) {
        pthread_mutex_lock(&walk->lock);
        while (walk->first == NULL)
            pthread_cond_wait(&walk->changed, &walk->lock);
        struct loop_msg *message = walk->first;
        walk->first = message->next;
        pthread_mutex_unlock(&walk->lock);
        message->run(message);
    }
}

bool revocation_walk_wait_ms(struct revocation_walk *walk, int64_t ms)
{
    int64_t at_ns = clock_mono_ns() + ms * INT64_C(1000000);
    const struct timespec until = {.tv_sec = (time_t)(at_ns / INT64_C(1000000000)),
                                   .tv_nsec = (long)(at_ns % INT64_C(1000000000))};

    pthread_mutex_lock(&walk->lock);
    while (!walk->stopping &&
           pthread_cond_timedwait(&walk->changed, &walk->lock, &until) != ETIMEDOUT)
        continue;
    bool goes_on = !walk->stopping;
    pthread_mutex_unlock(&walk->lock);
    return goes_on;
}

bool revocation_walk_wait_wake(struct revocation_walk *walk)
{
    pthread_mutex_lock(&walk->lock);
    while (!walk->woken && !walk->stopping)
        pthread_cond_wait(&walk->changed, &walk->lock);
    walk->woken = false;
    bool goes_on = !walk->stopping;
    pthread_mutex_unlock(&walk->lock);
    return goes_on;
}

bool revocation_walk_is_called(struct revocation_walk *walk)
{
    pthread_mutex_lock(&walk->lock);
    bool called = walk->stopping || walk->woken;
    walk->woken = false;
    pthread_mutex_unlock(&walk->lock);
    return called;
}

/* ---- asking the store ---- */

static void read_done(struct store_read *read)
{
    struct revocation_walk *walk =
        (struct revocation_walk *)((char *)read - offsetof(struct revocation_walk, read));
    walk->answered = true;
}

static void request_done(struct store_request *request)
{
    struct revocation_walk *walk =
        (struct revocation_walk *)((char *)request - offsetof(struct revocation_walk, request));
    walk->answered = true;
}

struct result revocation_walk_read(struct revocation_walk *walk, struct arena *arena)
{
    walk->read.loop = &walk->loop;
    walk->read.done = read_done;
    walk->read.arena = arena;
    walk->answered = false;
    store_read_submit(walk->server->store, &walk->read);
    wait_answer(walk);
    return walk->read.result;
}

struct result revocation_walk_commit(struct revocation_walk *walk)
{
    walk->request.loop = &walk->loop;
    walk->request.done = request_done;
    walk->answered = false;
    store_submit(walk->server->store, &walk->request);
    wait_answer(walk);
    return walk->request.result;
}
