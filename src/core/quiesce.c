#include "core/quiesce.h"

#include <assert.h>
#include <sched.h>
#include <stdlib.h>

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

/* A reader that passes from here on loads the epoch after this step, and so the new pointer too. */
static uint64_t next_epoch(struct quiesce *q)
{
    return atomic_fetch_add(&q->epoch, 1);
}

static void append(struct quiesce *q, struct quiesce_garbage *garbage)
{
    pthread_mutex_lock(&q->lock);
    if (q->newest != NULL)
        q->newest->next = garbage;
    else
        q->oldest = garbage;
    q->newest = garbage;
    pthread_mutex_unlock(&q->lock);
}

void quiesce_retire(struct quiesce *q, void *object, void (*free_object)(void *object))
{
    uint64_t epoch = next_epoch(q);
    struct quiesce_garbage *garbage = malloc(sizeof(*garbage));

    if (garbage == NULL) {
        while (oldest_seen(q) <= epoch)
            sched_yield();
        free_object(object);
        return;
    }
    *garbage = (struct quiesce_garbage){NULL, epoch, object, free_object, true};
    append(q, garbage);
}

void quiesce_retire_noted(struct quiesce *q, struct quiesce_garbage *note, void *object,
                          void (*free_object)(void *object))
{
    *note = (struct quiesce_garbage){NULL, next_epoch(q), object, free_object, false};
    append(q, note);
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
        struct quiesce_garbage garbage = *g; /* which may lie in the object */
        garbage.free_object(garbage.object);
        if (garbage.is_own)
            free(g);
    }
}
