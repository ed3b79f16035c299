/* Memory reclamation for read-mostly structures (snapshot, revocation index): readers take a
 * pointer with one atomic load and may use it until they next pass a quiescent point; writers swap
 * the pointer and hand the old object to quiesce_retire, which frees it once every reader has
 * passed one. No reader waits or writes shared memory on the way of a request.
 *
 * A reader is an event loop; its quiescent point is the top of each turn, when no pointer from the
 * turn before is held. A loop may sleep at most 100 ms in a turn, which bounds how long garbage
 * lives. */
#ifndef CORE_QUIESCE_H
#define CORE_QUIESCE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QUIESCE_READERS_MAX = 64 };

struct quiesce_reader {
    _Alignas(64) _Atomic uint64_t seen; /* epoch at the last quiescent point; 0 while offline */
};

/* A note about an object that waits to be freed. */
struct quiesce_garbage {
    struct quiesce_garbage *next;
    uint64_t epoch; /* readers that have seen a later one cannot hold the object */
    void *object;
    void (*free_object)(void *object);
    bool is_own; /* the note's memory is quiesce's */
};

struct quiesce {
    _Alignas(64) _Atomic uint64_t epoch;
    struct quiesce_reader readers[QUIESCE_READERS_MAX];
    _Atomic size_t reader_count;
    pthread_mutex_t lock; /* of the garbage list; taken by writers only */
    struct quiesce_garbage *oldest, *newest;
};

void quiesce_init(struct quiesce *q);
void quiesce_done(struct quiesce *q); /* no reader may be online; frees all that waits */

/* A place for one reader thread, for the life of q; starts offline. */
struct quiesce_reader *quiesce_register(struct quiesce *q);

/* The reader holds no pointer from before this call. */
static inline void quiesce_pass(struct quiesce *q, struct quiesce_reader *reader)
{
    atomic_store(&reader->seen, atomic_load(&q->epoch));
}

/* The reader holds nothing and will not read until it passes again. */
static inline void quiesce_offline(struct quiesce_reader *reader)
{
    atomic_store_explicit(&reader->seen, 0, memory_order_release);
}

/* Frees object by free_object once no reader can hold it. Called after the pointer to it was
 * swapped away. When memory for the note is short it waits for the readers instead, so a reader
 * must not call this. */
void quiesce_retire(struct quiesce *q, void *object, void (*free_object)(void *object));

/* Likewise with the note in memory that lives as long as object, usually inside it. Never waits:
 * any thread, readers too. */
void quiesce_retire_noted(struct quiesce *q, struct quiesce_garbage *note, void *object,
                          void (*free_object)(void *object));

/* Frees what may be freed now. Any thread; called from a timer. */
void quiesce_collect(struct quiesce *q);

#endif
