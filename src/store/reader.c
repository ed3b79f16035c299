/* The reader: one thread that answers reads in order. A read belongs to the store from
 * store_read_submit until its message is posted. */
#include <assert.h>
#include <stddef.h>

#include "store/front.h"

static void run_done(struct loop_msg *message)
{
    struct store_read *read =
        (struct store_read *)((char *)message - offsetof(struct store_read, message));
    read->done(read);
}

static void answer(struct store_read *read)
{
    read->message.run = run_done;
    loop_post(read->loop, &read->message);
}

static void check(const struct store_read *read)
{
    const struct store_list *list = &read->in.list;

    assert(read->loop != NULL && read->arena != NULL);
    if (read->verb < STORE_TOKEN_LIST || read->verb > STORE_TRUNK_LIST)
        return;
    assert(list->limit >= 1 && list->limit <= STORE_PAGE && list->filter_count <= STORE_FILTERS);
    assert(store_column_table(list->order) ==
           (enum store_table)(read->verb - STORE_TOKEN_LIST + STORE_TOKENS));
    assert(read->verb != STORE_RULE_LIST ||
           (list->partner_count >= 1 && list->partner_count <= STORE_LIST_PARTNERS));
    for (size_t i = 0; i < list->filter_count; i++) {
        enum store_column column = list->filters[i].column;
        assert(store_column_table(column) == store_column_table(list->order));
        assert(list->filters[i].operator!= STORE_IS_LIKE ||
               store_column_kind(column) == STORE_VALUE_TEXT);
    }
}

void store_read_submit(struct store *store, struct store_read *read)
{
    struct store_read_queue *queue = &store->reads;

    check(read);
    read->next = NULL;
    pthread_mutex_lock(&queue->lock);
    bool taken = !queue->closing && queue->count < STORE_READS;
    if (taken) {
        if (queue->first == NULL)
            queue->first = read;
        else
            queue->last->next = read;
        queue->last = read;
        queue->count++;
        pthread_cond_signal(&queue->filled);
    }
    pthread_mutex_unlock(&queue->lock);
    if (!taken) {
        read->result = FAULT(ERR_FAULT_STORE);
        answer(read);
    }
}

static struct store_read *take(struct store_read_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    while (queue->first == NULL && !queue->closing)
        pthread_cond_wait(&queue->filled, &queue->lock);
    struct store_read *read = queue->first;
    if (read != NULL) {
        queue->first = read->next;
        queue->count--;
    }
    pthread_mutex_unlock(&queue->lock);
    return read;
}

static void *run(void *argument)
{
    struct store *store = argument;
    struct store_read *read;

    while ((read = take(&store->reads)) != NULL) {
        read->outcome = STORE_OUTCOME_DONE;
        read->out.count = read->out.total = read->out.scanned = 0;
        read->out.more = read->out.is_cut = false;
        read->out.number = 0;
        read->out.walked = (struct sid){{0}};
        read->result = store->reads.reader->ops->read(store->reads.reader, read);
        store_telling_wait(store);
        answer(read);
    }
    return NULL;
}

struct result store_reader_start(struct store *store)
{
    TRY(store->backend->ops->reader_open(store->backend, &store->reads.reader));
    store->reads.started = pthread_create(&store->reads.thread, NULL, run, store) == 0;
    return store->reads.started ? RESULT_OK : FAULT(ERR_FAULT_INTERNAL);
}

void store_reader_stop(struct store *store)
{
    struct store_read_queue *queue = &store->reads;

    pthread_mutex_lock(&queue->lock);
    queue->closing = true;
    pthread_cond_signal(&queue->filled);
    pthread_mutex_unlock(&queue->lock);
    if (queue->started)
        pthread_join(queue->thread, NULL);
    queue->started = false;
    while (queue->first != NULL) { /* it never started */
        struct store_read *read = queue->first;
        queue->first = read->next;
        read->result = FAULT(ERR_FAULT_STORE);
        answer(read);
    }
    if (queue->reader != NULL)
        queue->reader->ops->close(queue->reader);
    queue->reader = NULL;
}
