#include "revocation/link_queue.h"

#include <stdlib.h>
#include <string.h>

struct result link_queue_init(struct link_queue *queue)
{
    struct store_entry *ring = calloc(LINK_QUEUE_MAX, sizeof(*ring));
    if (ring == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    *queue = (struct link_queue){.ring = ring};
    pthread_mutex_init(&queue->lock, NULL);
    return RESULT_OK;
}

/* What the text of an entry is copied into begins where this points; NULL: it has no text. */
static const char *const *text_at(const struct store_entry *entry)
{
    if (entry->kind == ENTRY_TOKEN_SET)
        return &entry->set.scopes.ptr;
    return entry->kind == ENTRY_SELECTOR ? &entry->selector.kid.ptr : NULL;
}

bool link_queue_is_whole(const struct store_entry *entry)
{
    const char *const *text = text_at(entry);
    return text == NULL || *text != NULL;
}

void link_queue_drop(struct store_entry *entry)
{
    const char *const *text = text_at(entry);
    if (text != NULL)
        free((char *)*text);
}

static struct store_entry *take_first(struct link_queue *queue)
{
    struct store_entry *entry = &queue->ring[queue->first];

    queue->first = (queue->first + 1) % LINK_QUEUE_MAX;
    queue->count--;
    return entry;
}

static void forget_all(struct link_queue *queue)
{
    while (queue->count > 0)
        link_queue_drop(take_first(queue));
    queue->first = 0; /* a queue that runs empty touches little memory */
}

void link_queue_done(struct link_queue *queue)
{
    forget_all(queue);
    pthread_mutex_destroy(&queue->lock);
    free(queue->ring);
}

/* One copy of both, the second behind the first; empty text is a copy too: NULL means that there
 * is none. */
static void copy_texts(struct str *first, struct str *second)
{
    size_t second_len = second != NULL ? second->len : 0;
    char *copy = calloc(1, first->len + second_len + 1);

    if (copy != NULL && first->len > 0)
        memcpy(copy, first->ptr, first->len);
    if (copy != NULL && second_len > 0)
        memcpy(copy + first->len, second->ptr, second_len);
    first->ptr = copy;
    if (second != NULL)
        second->ptr = copy != NULL ? copy + first->len : NULL;
}

static struct store_entry copy_of(const struct store_entry *entry)
{
    struct store_entry copy = *entry;

    if (entry->kind == ENTRY_TOKEN_SET)
        copy_texts(&copy.set.scopes, NULL);
    else if (entry->kind == ENTRY_SELECTOR)
        copy_texts(&copy.selector.kid, &copy.selector.scopes);
    return copy;
}

bool link_queue_push(struct link_queue *queue, const struct store_entry *entries, size_t n)
{
    if (n > LINK_QUEUE_MAX) {
        entries += n - LINK_QUEUE_MAX;
        n = LINK_QUEUE_MAX;
    }
    pthread_mutex_lock(&queue->lock);
    if (queue->count == 0 || queue->count + n > LINK_QUEUE_MAX)
        forget_all(queue);
    for (size_t i = 0; i < n; i++)
        queue->ring[(queue->first + queue->count++) % LINK_QUEUE_MAX] = copy_of(&entries[i]);
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
        struct store_entry *entry = take_first(queue);
        found = entry->number > after;
        if (found)
            *out = *entry;
        else
            link_queue_drop(entry);
    }
    pthread_mutex_unlock(&queue->lock);
    return found;
}
