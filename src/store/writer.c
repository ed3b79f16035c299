/* The writer: one thread that takes what waits, up to a batch, carries it out in one transaction,
 * and looks again. While it waits for the disk the next batch gathers, so under load requests share
 * an fsync, and an idle store answers at once: no timer ever holds a request back.
 *
 * A request belongs to the store from store_submit until its message is posted; then it is the
 * caller's again, and is not touched any more. */
#include <assert.h>
#include <stddef.h>
#include <time.h>

#include "store/front.h"

static void run_done(struct loop_msg *message)
{
    struct store_request *request =
        (struct store_request *)((char *)message - offsetof(struct store_request, message));
    request->done(request);
}

static void answer(struct store_request *request)
{
    if (request->loop == NULL) {
        if (request->done != NULL)
            request->done(request);
        return;
    }
    request->message.run = run_done;
    loop_post(request->loop, &request->message);
}

static bool is_touch(const struct store_request *request)
{
    return request->verb == STORE_TOKENS_TOUCH || request->verb == STORE_SECRETS_TOUCH;
}

/* Under the queue's lock. False: it is not taken. */
static bool enqueue(struct store_queue *queue, struct store_request *request)
{
    size_t room = is_touch(request) ? STORE_TOUCH_QUEUE : STORE_QUEUE;

    if (queue->closing || queue->count >= room)
        return false;
    request->next = NULL;
    if (queue->first == NULL)
        queue->first = request;
    else
        queue->last->next = request;
    queue->last = request;
    if (queue->count++ == 0)
        pthread_cond_signal(&queue->filled);
    return true;
}

static void turn_away(struct store_request *request, bool closing)
{
    bool dropped = !closing && is_touch(request);

    request->result = dropped ? RESULT_OK : FAULT(ERR_FAULT_STORE);
    request->outcome = STORE_OUTCOME_DROPPED;
    answer(request);
}

void store_submit_all(struct store *store, struct store_request *first)
{
    struct store_queue *queue = &store->queue;
    struct store_request *refused = NULL;

    pthread_mutex_lock(&queue->lock);
    bool closing = queue->closing;
    while (first != NULL) {
        struct store_request *request = first;
        first = request->next;
        request->store = store;
        if (enqueue(queue, request))
            continue;
        request->next = refused;
        refused = request;
    }
    pthread_mutex_unlock(&queue->lock);
    while (refused != NULL) {
        struct store_request *request = refused;
        refused = request->next;
        turn_away(request, closing);
    }
}

void store_submit(struct store *store, struct store_request *request)
{
    request->next = NULL;
    store_submit_all(store, request);
}

static struct timespec next_tick(void)
{
    int64_t at_ns = clock_mono_ns() + STORE_TICK_MS * INT64_C(1000000);
    return (struct timespec){.tv_sec = (time_t)(at_ns / 1000000000),
                             .tv_nsec = (long)(at_ns % 1000000000)};
}

/* Whether the batch has room for the request too, which is counted then. */
static bool has_room(struct store_weight *taken, const struct store_request *request)
{
    struct store_weight weight = store_weigh(request);

    taken->entries += weight.entries;
    taken->changes += weight.changes;
    taken->bytes += weight.bytes;
    return taken->entries <= STORE_BATCH_ENTRIES && taken->changes <= STORE_BATCH_CHANGES &&
           taken->bytes <= STORE_BATCH_BYTES;
}

/* Fills the batch; waits, until the next tick at most, only when there is nothing and may_wait.
 * False when the store closes and nothing is left. */
static bool take_batch(struct store *store, bool may_wait)
{
    struct store_queue *queue = &store->queue;
    struct store_batch *batch = &store->batch;
    struct timespec until = next_tick();
    struct store_weight taken = {.entries = 0};

    batch->count = 0;
    pthread_mutex_lock(&queue->lock);
    while (may_wait && queue->first == NULL && queue->visit == NULL && !queue->closing) {
        if (pthread_cond_timedwait(&queue->filled, &queue->lock, &until) != 0)
            break;
    }
    while (queue->first != NULL && batch->count < STORE_BATCH) {
        if (!has_room(&taken, queue->first) && batch->count > 0)
            break;
        batch->requests[batch->count++] = queue->first;
        queue->first = queue->first->next;
        queue->count--;
        if (queue->visit != NULL && queue->visit->behind > 0)
            queue->visit->behind--;
    }
    bool more = batch->count > 0 || !queue->closing;
    pthread_mutex_unlock(&queue->lock);
    return more;
}

/* Runs what store_run_on_writer left, outside the lock: only this thread takes it away. */
static void receive_visit(struct store *store)
{
    struct store_queue *queue = &store->queue;

    pthread_mutex_lock(&queue->lock);
    struct store_visit *visit = queue->visit;
    bool due = visit != NULL && visit->behind == 0;
    pthread_mutex_unlock(&queue->lock);
    if (!due)
        return;
    visit->run(store, visit->context);
    pthread_mutex_lock(&queue->lock);
    queue->visit = NULL;
    pthread_cond_signal(&queue->visited);
    pthread_mutex_unlock(&queue->lock);
}

void store_run_on_writer(struct store *store, void (*run_it)(struct store *store, void *context),
                         void *context)
{
    struct store_queue *queue = &store->queue;
    struct store_visit visit = {.run = run_it, .context = context};

    assert(store->started);
    pthread_mutex_lock(&queue->lock);
    assert(queue->visit == NULL && !queue->closing);
    visit.behind = queue->count;
    queue->visit = &visit;
    pthread_cond_signal(&queue->filled);
    while (queue->visit == &visit)
        pthread_cond_wait(&queue->visited, &queue->lock);
    pthread_mutex_unlock(&queue->lock);
}

static void *run(void *argument)
{
    struct store *store = argument;
    bool busy = false;

    while (take_batch(store, !busy)) {
        wall_watch_look(&store->watch);
        if (store->batch.count > 0) {
            store_batch_run(store);
            for (size_t i = 0; i < store->batch.count; i++)
                answer(store->batch.requests[i]);
        }
        receive_visit(store);
        busy = store_housekeep(store);
    }
    return NULL;
}

struct result store_writer_start(struct store *store)
{
    store->ticked_ms = store->kept_ms = clock_mono_ms(store->clock);
    /* The thread's first step takes the lock, so it sees both. */
    pthread_mutex_lock(&store->queue.lock);
    store->started = pthread_create(&store->thread, NULL, run, store) == 0;
    pthread_mutex_unlock(&store->queue.lock);
    return store->started ? RESULT_OK : FAULT(ERR_FAULT_INTERNAL);
}

void store_writer_stop(struct store *store)
{
    struct store_queue *queue = &store->queue;

    pthread_mutex_lock(&queue->lock);
    queue->closing = true;
    pthread_cond_signal(&queue->filled);
    pthread_mutex_unlock(&queue->lock);
    if (store->started)
        pthread_join(store->thread, NULL);
    store->started = false;
    while (queue->first != NULL) { /* it never started */
        struct store_request *request = queue->first;
        queue->first = request->next;
        request->result = FAULT(ERR_FAULT_STORE);
        answer(request);
    }
}
