#include "exchange/exchange.h"

#include <assert.h>

#include "exchange/server.h"
#include "exchange/snapshot.h"

void exchange_let_go(struct exchange *x)
{
    if (x->held)
        snapshot_unref(x->snapshot);
    x->held = false;
    x->snapshot = NULL;
}

void exchange_done(struct exchange *x)
{
    assert(!x->waiting);
    if (x->end != NULL)
        x->end(x);
    x->end = NULL;
    x->worker->claimed -= x->claimed;
    x->claimed = 0;
    exchange_let_go(x);
    arena_reset(&x->arena);
}

static void run(struct exchange *x)
{
    for (;;) {
        enum step_result (*step)(struct exchange * x) = x->route->endpoint->steps[x->next_step];
        if (step == NULL) {
            x->deliver(x);
            return;
        }
        x->next_step++;
        switch (step(x)) {
        case STEP_NEXT:
            break;
        case STEP_WAIT:
            x->waiting = true;
            return;
        case STEP_DONE:
            x->deliver(x);
            return;
        }
    }
}

void exchange_start(struct exchange *x)
{
    x->snapshot = snapshot_now(x->worker->server);
    x->next_step = 0;
    x->end = NULL;
    x->claimed = 0;
    x->waiting = x->gone = x->held = x->forsaken = false;
    if ((x->route->flags & ROUTE_PARAMETERS) != 0) {
        bool matched = route_match(x->route->path, x->request.path, x->request.path_parameters);
        assert(matched); /* the route was found by it */
    }
    if (x->route->endpoint->state_size > 0) {
        x->state = arena_zalloc(&x->arena, x->route->endpoint->state_size);
        if (x->state == NULL) {
            exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
            x->deliver(x);
            return;
        }
    }
    run(x);
}

void exchange_resume(struct exchange *x)
{
    assert(x->waiting);
    x->waiting = false;
    if (x->gone)
        x->deliver(x);
    else
        run(x);
}

void exchange_forsake(struct exchange *x)
{
    x->forsaken = true;
}

bool exchange_abandon(struct exchange *x)
{
    if (!x->waiting)
        return true;
    x->gone = true;
    return false;
}

enum step_result exchange_back_to(struct exchange *x, enum step_result (*step)(struct exchange *x))
{
    unsigned first = 0;

    while (x->route->endpoint->steps[first] != step) {
        assert(x->route->endpoint->steps[first] != NULL);
        first++;
    }
    x->next_step = first;
    return STEP_NEXT;
}

enum step_result exchange_again_from(struct exchange *x,
                                     enum step_result (*step)(struct exchange *x))
{
    exchange_let_go(x);
    x->snapshot = snapshot_now(x->worker->server);
    return exchange_back_to(x, step);
}

static void widen_arena(struct exchange *x, size_t cap)
{
    if (x->arena.cap < cap)
        x->arena.cap = cap;
}

void exchange_widen_arena(struct exchange *x)
{
    widen_arena(x, LIMIT_ARENA_BATCH);
}

void exchange_widen_arena_for_rules(struct exchange *x)
{
    widen_arena(x, LIMIT_ARENA_RULE);
}

enum step_result exchange_claim(struct exchange *x, size_t bytes)
{
    struct worker *worker = x->worker;

    if (bytes < LIMIT_BODY || bytes <= x->claimed)
        return STEP_NEXT;
    if (worker->claimed - x->claimed + bytes > LIMIT_LARGE_WORKER) {
        metrics_add(&worker->metrics, METRIC_HTTP_OVERLOADED, 1);
        return exchange_refuse(x, ERR_OVERLOADED, STR("Too many large answers are on their way"));
    }
    worker->claimed += bytes - x->claimed;
    x->claimed = bytes;
    return STEP_NEXT;
}

void exchange_hold(struct exchange *x)
{
    if (!x->held)
        snapshot_ref(x->snapshot);
    x->held = true;
}
