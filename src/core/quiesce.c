#include "core/quiesce.h"

#include <assert.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

struct quiesce_garbage {
    struct quiesce_garbage *next;
    uint64_t epoch; /* readers that have seen a later one cannot hold the object */
    void *object;
    void (*free_object)(void *object);
};

void quiesce_init(struct quiesce *q)
{
    atomic_init(&q->epoch, 1);
    atomic_init(&q->reader_count, 0);
    for (size_t i = 0; i < QUIESCE_READERS_MAX; i++)
        atomic_init(&q->readers[i].seen, 0);
    pthread_mutex_init(&q->lock, NULL);
    q->oldest = q->newest = NULL;
}

void quiesce_done(struct quiesce *q)
{
    quiesce_collect(q);
    assert(q->oldest == NULL);
    pthread_mutex_destroy(&q->lock);
}

struct quiesce_reader *quiesce_register(struct quiesce *q)
{
    size_t place = atomic_fetch_add(&q->reader_count, 1);
    assert(place < QUIESCE_READERS_MAX);
    return &q->readers[place];
}

static uint64_t oldest_seen(struct quiesce *q)
{
    uint64_t oldest = UINT64_MAX;
    size_t count = atomic_load(&q->reader_count);
    for (size_t i = 0; i < count; i++) {
        uint64_t seen = atomic_load(&q->readers[i].seen);
        if (seen != 0 && seen < oldest)
            oldest = seen;
    }
    return oldest;
}

void quiesce_retire(struct quiesce *q, void *object, void (*free_object)(void *object))
{
    /* A reader that passes from now on loads the epoch after this step, and so the new pointer too.
     */
    uint64_t epoch = atomic_fetch_add(&q->epoch, 1);
    struct quiesce_garbage *garbage = malloc(sizeof(*garbage));

    if (garbage == NULL) {
        while (oldest_seen(q) <= epoch)
            sched_yield();
        free_object(object);
        return;
    }
    *garbage = (struct quiesce_garbage){NULL, epoch, object, free_object};
    pthread_mutex_lock(&q->lock);
    if (q->newest != NULL)
        q->newest->next = garbage;
    else
        q->oldest = garbage;
    q->newest = garbage;
    pthread_mutex_unlock(&q->lock);
}

static struct quiesce_garbage *take_free(struct quiesce *q)
{
    struct quiesce_garbage *garbage = NULL;
    uint64_t seen = oldest_seen(q);

    pthread_mutex_lock(&q->lock);
    if (q->oldest != NULL && q->oldest->epoch < seen) {
        garbage = q->oldest;
        q->oldest = garbage->next;
        q->newest = q->oldest == NULL ? NULL : q->newest;
    }
    pthread_mutex_unlock(&q->lock);
    return garbage;
}

void quiesce_collect(struct quiesce *q)
{
    for (struct quiesce_garbage *g = take_free(q); g != NULL; g = take_free(q)) {
        g->free_object(g->object);
        free(g);
    }
}
