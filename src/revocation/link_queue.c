#include "revocation/link_queue.h"

#include <stdlib.h>

struct result link_queue_init(struct link_queue *queue)
{
    struct store_entry *ring = calloc(LINK_QUEUE_MAX, sizeof(*ring));
    if (ring == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    *queue = (struct link_queue){.ring = ring};
    pthread_mutex_init(&queue->lock, NULL);
    return RESULT_OK;
}

void link_queue_done(struct link_queue *queue)
{
    pthread_mutex_destroy(&queue->lock);
    free(queue->ring);
}

bool link_queue_push(struct link_queue *queue, const struct store_entry *entries, size_t n)
{
    if (n > LINK_QUEUE_MAX) {
        entries += n - LINK_QUEUE_MAX;
        n = LINK_QUEUE_MAX;
    }
    pthread_mutex_lock(&queue->lock);
    if (queue->count + n > LINK_QUEUE_MAX)
        queue->count = 0;
    if (queue->count == 0)
        queue->first = 0; /* a queue that runs empty touches little memory */
    for (size_t i = 0; i < n; i++)
        queue->ring[(queue->first + queue->count++) % LINK_QUEUE_MAX] = entries[i];
    bool wake = !queue->woken && n > 0;
    queue->woken |= wake;
    pthread_mutex_unlock(&queue->lock);
    return wake;
}

void link_queue_is_awake(struct link_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->woken = false;
    pthread_mutex_unlock(&queue->lock);
}

bool link_queue_was_woken(struct link_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    bool woken = queue->woken;
    pthread_mutex_unlock(&queue->lock);
    return woken;
}

bool link_queue_take(struct link_queue *queue, uint64_t after, struct store_entry *out)
{
    bool found = false;

    pthread_mutex_lock(&queue->lock);
    while (!found && queue->count > 0) {
        const struct store_entry *entry = &queue->ring[queue->first];
        found = entry->number > after;
        if (found)
            *out = *entry;
        queue->first = (queue->first + 1) % LINK_QUEUE_MAX;
        queue->count--;
    }
    pthread_mutex_unlock(&queue->lock);
    return found;
}
