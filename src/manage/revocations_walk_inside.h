/* What revocations_walk.c and revocations_walk_thread.c share: the walk, and how its thread waits.
 */
#ifndef MANAGE_REVOCATIONS_WALK_INSIDE_H
#define MANAGE_REVOCATIONS_WALK_INSIDE_H

#include <pthread.h>

#include "manage/revocations_walk.h"
#include "store/list.h"

struct revocation_walk {
    struct loop loop; /* first; the store posts its answers there, and this thread runs them */
    struct server *server;
    struct quiesce_reader *reader;
    pthread_t thread;

    pthread_mutex_t lock; /* of what follows. A leaf */
    pthread_cond_t changed;
    struct loop_msg *first, *last;
    bool woken, stopping;

    /* the thread's */
    bool answered;
    struct arena memory, rows; /* of the revocation, of a page */
    struct store_read read;
    struct store_request request;
    struct revocation_row revocation;
    uint64_t tables_version; /* when it was taken up, at least */
    struct sid tokens[STORE_REVOCATION_ROWS], cursor;
    size_t count;
    uint64_t marked;
    unsigned pages;
};

extern const struct loop_ops revocation_walk_loop; /* of walk->loop */

/* False when it is to end, at once or while it waited. */
bool revocation_walk_wait_ms(struct revocation_walk *walk, int64_t ms);

/* Until there is something new to follow. False likewise. */
bool revocation_walk_wait_wake(struct revocation_walk *walk);

/* To end, or because something new may be more urgent. */
bool revocation_walk_is_called(struct revocation_walk *walk);

/* walk->read, rows into the arena; walk->request. Return when the store has answered, with its
 * fault. */
RESULT revocation_walk_read(struct revocation_walk *walk, struct arena *arena);
RESULT revocation_walk_commit(struct revocation_walk *walk);

#endif
