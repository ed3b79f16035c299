/* The worker's queue of expensive work: bounded in length, and in work a turn. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>

#include "support/leaks.h"
#include "unit/exchange/bed.h"

enum { TURN = WORKER_DEFER_PER_TURN, FULL = WORKER_DEFER_MAX };

/* The order in which works and ends came, over all riders. */
static struct exchange *ran[512];
static size_t ran_count;

static void work(struct exchange *x)
{
    rider_of(x)->worked++;
    if (ran_count < sizeof(ran) / sizeof(ran[0]))
        ran[ran_count++] = x;
}

static enum step_result later(struct exchange *x)
{
    rider_note(x, 'q');
    return exchange_defer(x, work);
}

static enum step_result in_portions(struct exchange *x)
{
    rider_note(x, 'p');
    if (rider_of(x)->portions-- == 0)
        return STEP_NEXT;
    return exchange_defer_again(x, work);
}

static void work_and_lose_the_client(struct exchange *x)
{
    work(x);
    exchange_forsake(x);
}

static enum step_result later_alone(struct exchange *x)
{
    return exchange_defer(x, work_and_lose_the_client);
}

static enum step_result finish(struct exchange *x)
{
    rider_note(x, 'd');
    return exchange_reply_json(x, 200, STR("{}"));
}

static const struct endpoint once = {.name = "once", .steps = {later, finish}};
static const struct endpoint twice = {.name = "twice", .steps = {later, later, finish}};
static const struct endpoint lost_between = {.name = "lost", .steps = {later_alone, later, finish}};
static const struct endpoint portions = {.name = "portions", .steps = {in_portions, finish}};

static struct rider *come(struct bed *bed, const struct endpoint *endpoint, size_t n)
{
    struct rider *riders = calloc(n, sizeof(*riders));
    cr_assert_not_null(riders);
    ran_count = 0;
    for (size_t i = 0; i < n; i++) {
        rider_init(&riders[i], bed, endpoint);
        exchange_start(&riders[i].exchange);
    }
    return riders;
}

/* And the loop has looked at its connections since. */
static struct rider *start(struct bed *bed, const struct endpoint *endpoint, size_t n)
{
    struct rider *riders = come(bed, endpoint, n);
    bed_turn(bed);
    return riders;
}

static void end(struct rider *riders, size_t n)
{
    for (size_t i = 0; i < n; i++)
        rider_done(&riders[i]);
    free(riders);
}

static size_t delivered(const struct rider *riders, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        cr_assert_leq(riders[i].delivered, 1u, "rider %zu", i);
        count += riders[i].delivered;
    }
    return count;
}

Test(defer, work_waits_for_the_next_turn_and_then_the_following_step_runs)
{
    struct bed bed;
    bed_init(&bed);
    struct rider *rider = start(&bed, &once, 1);
    cr_assert_eq(rider->worked, 0u);
    cr_assert_eq(bed_turn(&bed), 1u);
    cr_assert_eq(rider->worked, 1u);
    cr_assert_str_eq(rider->path, "qd");
    cr_assert_eq(rider->delivered, 1u);
    cr_assert_eq(bed_turn(&bed), 0u, "nothing is posted for an empty queue");
    end(rider, 1);
    bed_done(&bed);
    leaks_check();
}

Test(defer, a_turn_does_a_portion_oldest_first)
{
    enum { N = 3 * TURN + 4 };
    struct bed bed;
    bed_init(&bed);
    struct rider *riders = start(&bed, &once, N);
    for (size_t done = TURN; done < N; done += TURN) {
        cr_assert_eq(bed_turn(&bed), 1u, "one message, however long the queue");
        cr_assert_eq(delivered(riders, N), done);
    }
    cr_assert_eq(bed_turn(&bed), 1u);
    cr_assert_eq(delivered(riders, N), (size_t)N);
    for (size_t i = 0; i < N; i++)
        cr_assert_eq(ran[i], &riders[i].exchange, "%zu", i);
    cr_assert_eq(bed_turn(&bed), 0u);
    end(riders, N);
    bed_done(&bed);
}

Test(defer, a_turn_whose_time_is_up_begins_nothing_more)
{
    enum { N = 3 };
    struct bed bed;
    bed_init(&bed);
    bed.worker.defer_turn_ns = 0;
    struct rider *riders = start(&bed, &once, N);
    for (size_t done = 1; done <= N; done++) {
        cr_assert_eq(bed_turn(&bed), 1u);
        cr_assert_eq(delivered(riders, N), done, "one, or slow work would never end");
    }
    cr_assert_eq(bed_turn(&bed), 0u);
    end(riders, N);
    bed_done(&bed);
}

Test(defer, whoever_comes_again_stands_behind_the_others)
{
    enum { N = TURN / 2 };
    struct bed bed;
    bed_init(&bed);
    struct rider *riders = start(&bed, &twice, N);
    cr_assert_eq(bed_turn(&bed), 1u);
    cr_assert_eq(delivered(riders, N), (size_t)N, "both rounds fit one turn");
    for (size_t i = 0; i < 2 * N; i++)
        cr_assert_eq(ran[i], &riders[i % N].exchange, "%zu", i);
    bed_turn(&bed); /* what the second round had posted finds nothing */
    cr_assert_eq(bed_turn(&bed), 0u);
    end(riders, N);
    bed_done(&bed);
}

Test(defer, a_full_queue_answers_503_at_once)
{
    struct bed bed;
    struct rider extra;
    bed_init(&bed);
    struct rider *riders = start(&bed, &once, FULL);
    rider_init(&extra, &bed, &once);
    exchange_start(&extra.exchange);

    cr_assert_eq(extra.delivered, 1u);
    cr_assert_eq(extra.exchange.reply.status, 503);
    cr_assert(str_eq(rider_header(&extra, STR("retry-after"), 0), STR("1")));
    cr_assert_eq(metrics_sum(&bed.server.metrics, METRIC_HTTP_OVERLOADED), (uint64_t)1);
    rider_done(&extra);
    bed_turn(&bed);
    rider_init(&extra, &bed, &once);
    exchange_start(&extra.exchange);
    cr_assert_eq(extra.delivered, 0u, "there is room again");
    for (int turns = 0; turns <= FULL / TURN; turns++)
        bed_turn(&bed);
    cr_assert_eq(delivered(riders, FULL), (size_t)FULL);
    cr_assert_eq(extra.exchange.reply.status, 200);
    rider_done(&extra);
    end(riders, FULL);
    bed_done(&bed);
    leaks_check();
}

Test(defer, work_for_those_who_left_is_dropped_and_counts_nothing)
{
    enum { N = 3 * TURN };
    struct bed bed;
    bed_init(&bed);
    struct rider *riders = start(&bed, &once, N);
    for (size_t i = 0; i < N; i++)
        if (i % 3 != 0)
            cr_assert(!exchange_abandon(&riders[i].exchange));
    cr_assert_eq(bed_turn(&bed), 1u);
    cr_assert_eq(delivered(riders, N), (size_t)N - 2,
                 "those that count, and those who left between");
    for (size_t i = 0; i < N; i++) {
        cr_assert_eq(riders[i].worked, i % 3 == 0 ? 1u : 0u, "%zu", i);
        cr_assert_str_eq(riders[i].path, i % 3 == 0 ? "qd" : "q", "%zu", i);
    }
    bed_turn(&bed);
    cr_assert_eq(delivered(riders, N), (size_t)N);
    cr_assert(riders[N - 1].delivered_gone);
    end(riders, N);
    bed_done(&bed);
    leaks_check();
}

Test(defer, what_comes_in_a_turn_is_done_in_the_next)
{
    struct bed bed;
    bed_init(&bed);
    struct rider *first = come(&bed, &once, 2);
    cr_assert_eq(bed_turn(&bed), 1u);
    cr_assert_eq(delivered(first, 2), 0u);
    struct rider *second = come(&bed, &once, 1); /* behind them, in the turn that does them */
    cr_assert_eq(bed_turn(&bed), 1u);
    cr_assert(delivered(first, 2) == 2 && delivered(second, 1) == 0);
    cr_assert_eq(bed_turn(&bed), 1u);
    cr_assert_eq(delivered(second, 1), 1u);
    cr_assert_eq(bed_turn(&bed), 0u);
    end(first, 2);
    end(second, 1);
    bed_done(&bed);
}

Test(defer, forsaken_work_is_dropped_now_and_later_and_its_end_delivered)
{
    struct bed bed;
    bed_init(&bed);
    struct rider *queued = come(&bed, &once, 2), *between = come(&bed, &lost_between, 1);
    bed_turn(&bed);
    exchange_forsake(&queued[0].exchange);
    bed_turn(&bed);
    cr_assert(queued[0].worked == 0 && queued[0].delivered == 1 && queued[0].delivered_gone);
    cr_assert(queued[1].worked == 1 && queued[1].delivered == 1 && !queued[1].delivered_gone);
    cr_assert(between->worked == 1 && between->delivered == 1 && between->delivered_gone);
    cr_assert_str_eq(between->path, "q");
    end(queued, 2);
    end(between, 1);
    bed_done(&bed);
    leaks_check();
}

Test(defer, a_flood_that_left_is_gone_in_one_turn)
{
    enum { N = 20 * TURN };
    struct bed bed;
    bed_init(&bed);
    struct rider *riders = start(&bed, &once, N);
    for (size_t i = 0; i < N; i++)
        exchange_abandon(&riders[i].exchange);
    bed_turn(&bed);
    cr_assert_eq(delivered(riders, N), (size_t)N);
    cr_assert_eq(bed.worker.defer_count, 0u);
    cr_assert_eq(bed_turn(&bed), 0u);
    end(riders, N);
    bed_done(&bed);
}

Test(defer, portions_run_the_same_step_again)
{
    enum { PORTIONS = 5 };
    struct bed bed;
    struct rider rider, other;
    bed_init(&bed);
    ran_count = 0;
    rider_init(&rider, &bed, &portions);
    rider_init(&other, &bed, &portions);
    rider.portions = PORTIONS;
    other.portions = 2;
    exchange_start(&rider.exchange);
    exchange_start(&other.exchange);
    bed_turn(&bed);
    bed_turn(&bed);
    cr_assert_str_eq(rider.path, "ppppppd");
    cr_assert_str_eq(other.path, "pppd");
    cr_assert_eq(rider.worked, (unsigned)PORTIONS);
    cr_assert_eq(ran[1], &other.exchange, "portions of two take turns");
    cr_assert_eq(ran[3], &other.exchange);
    bed_turn(&bed);
    rider_done(&rider);
    rider_done(&other);
    bed_done(&bed);
}

Test(defer, many_portions_take_many_turns)
{
    struct bed bed;
    struct rider rider;
    bed_init(&bed);
    rider_init(&rider, &bed, &portions);
    rider.portions = 20;
    rider_of(&rider.exchange)->path[0] = '\0';
    exchange_start(&rider.exchange);
    struct rider *others = start(&bed, &once, TURN);
    bed_turn(&bed);
    cr_assert_eq(rider.worked, 1u, "one portion, then the others");
    cr_assert_eq(delivered(others, TURN), (size_t)TURN - 1);
    bed_turn(&bed);
    cr_assert_eq(rider.delivered, 1u);
    bed_turn(&bed);
    rider_done(&rider);
    end(others, TURN);
    bed_done(&bed);
}

Test(defer, a_client_may_leave_between_portions)
{
    struct bed bed;
    struct rider rider;
    bed_init(&bed);
    rider_init(&rider, &bed, &portions);
    rider.portions = 3;
    exchange_start(&rider.exchange);
    exchange_abandon(&rider.exchange);
    bed_turn(&bed);
    bed_turn(&bed);
    cr_assert_eq(rider.worked, 0u);
    cr_assert_eq(rider.delivered, 1u);
    cr_assert_str_eq(rider.path, "p");
    rider_done(&rider);
    bed_done(&bed);
}

Test(defer, portions_end_where_the_queue_is_full)
{
    struct bed bed;
    struct rider rider;
    bed_init(&bed);
    struct rider *riders = start(&bed, &once, FULL);
    rider_init(&rider, &bed, &portions);
    rider.portions = 3;
    exchange_start(&rider.exchange);
    cr_assert_eq(rider.exchange.reply.status, 503);
    cr_assert_eq(rider.delivered, 1u);
    while (bed_turn(&bed) > 0)
        ;
    rider_done(&rider);
    end(riders, FULL);
    bed_done(&bed);
}

Test(defer, queued_work_keeps_its_snapshot)
{
    struct bed bed;
    bed_init(&bed);
    unsigned before = bed_snapshots_freed();
    struct rider *rider = start(&bed, &once, 1);
    snapshot_publish(&bed.server, bed_snapshot(&bed, "https://new.example"));
    bed_turn(&bed);
    bed_turn(&bed);
    cr_assert_eq(bed_snapshots_freed(), before);
    cr_assert(str_eq(rider->exchange.snapshot->issuer, STR(BED_ISSUER)));
    end(rider, 1);
    cr_assert_eq(bed_snapshots_freed(), before + 1);
    bed_done(&bed);
    leaks_check();
}

Test(defer, a_worker_that_ends_with_work_queued_is_a_bug, .signal = SIGABRT)
{
    struct bed bed;
    bed_init(&bed);
    start(&bed, &once, 1);
    worker_done(&bed.worker);
}
