/* The worker's queue of expensive work. It is bounded in length, so a flood is answered 503 early,
 * and in work a turn, so that between two portions the loop reads and answers what is cheap. What
 * was put off in one turn is done at the end of the next: the loop has then looked at all
 * connections once more, and whoever sent a request and left at once is known to have left. */
#include <assert.h>

#include "acl/pattern.h"
#include "exchange/exchange.h"
#include "exchange/server.h"
#include "store/store.h"

enum { TOGETHER = 8 };

static void post_turn(struct worker *worker)
{
    if (worker->defer_posted || worker->defer_first == NULL)
        return;
    worker->defer_posted = true;
    loop_post(worker->loop, &worker->defer_turn);
}

static struct exchange *take(struct worker *worker)
{
    struct exchange *x = worker->defer_first;
    if (worker->defer_due == 0)
        return NULL;
    worker->defer_due--;
    worker->defer_first = x->queue_next;
    if (worker->defer_first == NULL)
        worker->defer_last = NULL;
    worker->defer_count--;
    return x;
}

/* Some work, and only then the answers to it: one after the other they find the peer awake, where
 * each by itself would have to wake it. Those who left cost nothing and count nothing. Returns how
 * many counted. */
static unsigned work_some(struct worker *worker, unsigned max, int64_t until_ns)
{
    struct exchange *some[TOGETHER];
    unsigned n = 0, counted = 0;

    do {
        struct exchange *x = take(worker);
        if (x == NULL)
            break;
        some[n++] = x;
        x->gone = x->gone || x->forsaken;
        if (x->gone)
            continue;
        x->queue_work(x);
        counted++;
    } while (n < TOGETHER && counted < max && clock_mono_ns() < until_ns);
    for (unsigned i = 0; i < n; i++)
        exchange_resume(some[i]);
    return counted;
}

/* A portion is short by the clock too: RSA signs 40 times as long as ES256. */
static void work_off(struct worker *worker)
{
    int64_t until_ns = clock_mono_ns() + worker->defer_turn_ns;
    unsigned left = WORKER_DEFER_PER_TURN;

    do
        left -= work_some(worker, left, until_ns);
    while (left > 0 && worker->defer_due > 0 && clock_mono_ns() < until_ns);
}

static void send_submitted(struct worker *worker)
{
    struct store_request *first = worker->submit_first;

    worker->submit_first = worker->submit_last = NULL;
    if (first != NULL)
        store_submit_all(worker->server->store, first);
}

/* On the loop's thread. */
static void turn(struct loop_msg *message)
{
    struct worker *worker =
        (struct worker *)((char *)message - offsetof(struct worker, defer_turn));

    worker->defer_posted = false;
    worker->in_turn = true;
    if (worker->defer_due > 0)
        work_off(worker);
    worker->in_turn = false;
    send_submitted(worker);
    worker->defer_due = worker->defer_count;
    post_turn(worker);
}

void exchange_submit(struct exchange *x, struct store_request *request)
{
    struct worker *worker = x->worker;

    if (!worker->in_turn) {
        store_submit(worker->server->store, request);
        return;
    }
    request->next = NULL;
    if (worker->submit_first == NULL)
        worker->submit_first = request;
    else
        worker->submit_last->next = request;
    worker->submit_last = request;
}

struct result worker_init(struct worker *worker)
{
    struct server *server = worker->server;

    worker->matcher = acl_matcher_new(&clock_thread);
    if (worker->matcher == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    worker->reader = quiesce_register(&server->quiesce);
    metrics_register(&server->metrics, &worker->metrics);
    worker->defer_turn.run = turn;
    worker->defer_turn_ns = WORKER_DEFER_TURN_NS;
    return RESULT_OK;
}

void worker_done(struct worker *worker)
{
    assert(worker->defer_first == NULL);
    touch_waiting_done(worker);
    quiesce_offline(worker->reader);
    acl_matcher_free(&worker->matcher);
}

enum step_result exchange_defer(struct exchange *x, void (*work)(struct exchange *x))
{
    struct worker *worker = x->worker;

    if (x->crowded || worker->defer_count >= WORKER_DEFER_MAX) {
        metrics_add(&worker->metrics, METRIC_HTTP_OVERLOADED, 1);
        return exchange_refuse(x, ERR_OVERLOADED, STR_NONE);
    }
    exchange_hold(x);
    x->queue_work = work;
    x->queue_next = NULL;
    if (worker->defer_last != NULL)
        worker->defer_last->queue_next = x;
    else
        worker->defer_first = x;
    worker->defer_last = x;
    if (worker->in_turn && worker->defer_due == worker->defer_count) /* another portion */
        worker->defer_due++;
    worker->defer_count++;
    post_turn(worker);
    return STEP_WAIT;
}

enum step_result exchange_defer_again(struct exchange *x, void (*work)(struct exchange *x))
{
    enum step_result result = exchange_defer(x, work);
    if (result == STEP_WAIT)
        x->next_step--;
    return result;
}
