/* The way from the store's writer to the link's loop: a bounded ring of entries, with copies of the
 * text that sets and selectors carry. The writer never waits; an overflow forgets what is queued,
 * which the reader notices by the hole in the numbers and mends from the store. Thread-safe. */
#ifndef REVOCATION_LINK_QUEUE_H
#define REVOCATION_LINK_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/result.h"
#include "store/rows.h"

enum { LINK_QUEUE_MAX = 4096 };

struct link_queue {
    pthread_mutex_t lock;
    struct store_entry *ring; /* LINK_QUEUE_MAX of them */
    size_t first, count;
    bool woken;
};

RESULT link_queue_init(struct link_queue *queue);
void link_queue_done(struct link_queue *queue);

/* entries in order of number. True: the reader must be woken; it is not told again until it has
 * called link_queue_is_awake. */
bool link_queue_push(struct link_queue *queue, const struct store_entry *entries, size_t n);

void link_queue_is_awake(struct link_queue *queue);
bool link_queue_was_woken(struct link_queue *queue);

/* The first entry with a number above after; what stands before it is forgotten. False: none. The
 * caller ends *out by link_queue_drop. */
bool link_queue_take(struct link_queue *queue, uint64_t after, struct store_entry *out);

/* False: memory was too short for its text. */
bool link_queue_is_whole(const struct store_entry *entry);

void link_queue_drop(struct store_entry *entry);

#endif
