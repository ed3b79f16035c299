/* The driver alone owns the flow: steps in order, one delivery, nothing into a dead exchange. */
#include <criterion/criterion.h>
#include <signal.h>

#include "core/limits.h"
#include "support/leaks.h"
#include "unit/exchange/bed.h"

static enum step_result go_on(struct exchange *x)
{
    rider_note(x, 'n');
    return STEP_NEXT;
}

static enum step_result wait(struct exchange *x)
{
    rider_note(x, 'w');
    return STEP_WAIT;
}

static enum step_result finish(struct exchange *x)
{
    rider_note(x, 'd');
    return exchange_reply_json(x, 200, STR("{}"));
}

static const struct {
    struct endpoint endpoint;
    unsigned waits;
    const char *path;
} flows[] = {
    {{.steps = {NULL}}, 0, ""},
    {{.steps = {go_on}}, 0, "n"},
    {{.steps = {finish}}, 0, "d"},
    {{.steps = {go_on, go_on, finish, go_on}}, 0, "nnd"},
    {{.steps = {wait}}, 1, "w"},
    {{.steps = {wait, finish}}, 1, "wd"},
    {{.steps = {go_on, wait, go_on, wait, wait, finish, wait}}, 3, "nwnwwd"},
    {{.steps = {go_on, go_on, go_on, go_on, go_on, go_on, go_on, go_on, go_on, go_on, finish}},
     0,
     "nnnnnnnnnnd"},
};

Test(driver, steps_run_in_order_and_the_reply_leaves_once)
{
    struct bed bed;
    bed_init(&bed);
    for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
        struct rider rider;
        rider_init(&rider, &bed, &flows[i].endpoint);
        exchange_start(&rider.exchange);
        for (unsigned waits = 0; waits < flows[i].waits; waits++) {
            cr_assert_eq(rider.delivered, 0u, "flow %zu", i);
            exchange_resume(&rider.exchange);
        }
        cr_assert_eq(rider.delivered, 1u, "flow %zu", i);
        cr_assert(!rider.delivered_gone);
        cr_assert_str_eq(rider.path, flows[i].path);
        rider_done(&rider);
    }
    bed_done(&bed);
    leaks_check();
}

enum { STATE_SIZE = 100 };

static enum step_result look_at_state(struct exchange *x)
{
    static const char zeroes[STATE_SIZE];
    cr_assert_eq(memcmp(x->state, zeroes, STATE_SIZE), 0);
    memset(x->state, 1, STATE_SIZE);
    return STEP_NEXT;
}

Test(driver, each_request_has_a_state_of_its_own_all_zero)
{
    static const struct endpoint endpoint = {.state_size = STATE_SIZE, .steps = {look_at_state}};
    struct bed bed;
    struct rider riders[2];
    bed_init(&bed);
    for (int i = 0; i < 2; i++) {
        rider_init(&riders[i], &bed, &endpoint);
        exchange_start(&riders[i].exchange);
    }
    cr_assert_neq(riders[0].exchange.state, riders[1].exchange.state);
    rider_done(&riders[0]);
    rider_done(&riders[1]);
    bed_done(&bed);
}

Test(driver, a_state_that_does_not_fit_is_a_fault)
{
    static const struct endpoint endpoint = {
        .name = "large", .state_size = LIMIT_ARENA + 1, .steps = {go_on}};
    struct bed bed;
    struct rider rider;
    bed_init(&bed);
    rider_init(&rider, &bed, &endpoint);
    exchange_start(&rider.exchange);
    cr_assert_eq(rider.delivered, 1u);
    cr_assert_eq(rider.exchange.reply.status, 503);
    cr_assert_str_eq(rider.path, "", "no step ran without its state");
    rider_done(&rider);
    bed_done(&bed);
}

Test(driver, a_client_that_leaves_while_nobody_waits_is_freed_at_once)
{
    static const struct endpoint endpoint = {.steps = {finish}};
    struct bed bed;
    struct rider rider;
    bed_init(&bed);
    rider_init(&rider, &bed, &endpoint);
    cr_assert(exchange_abandon(&rider.exchange), "before it began");
    exchange_start(&rider.exchange);
    cr_assert(exchange_abandon(&rider.exchange), "after its end");
    cr_assert_eq(rider.delivered, 1u);
    rider_done(&rider);
    bed_done(&bed);
}

Test(driver, a_client_that_leaves_while_a_step_waits_is_freed_by_the_completion)
{
    static const struct endpoint endpoint = {.steps = {wait, go_on, finish}};
    struct bed bed;
    struct rider rider;
    bed_init(&bed);
    rider_init(&rider, &bed, &endpoint);
    exchange_start(&rider.exchange);
    cr_assert(!exchange_abandon(&rider.exchange));
    cr_assert_eq(rider.delivered, 0u, "the memory is still the completion's");
    exchange_resume(&rider.exchange);
    cr_assert_eq(rider.delivered, 1u);
    cr_assert(rider.delivered_gone);
    cr_assert_str_eq(rider.path, "w", "nothing more is done for who is not there");
    rider_done(&rider);
    bed_done(&bed);
}

static enum step_result hold_and_wait(struct exchange *x)
{
    exchange_hold(x);
    exchange_hold(x); /* one reference, however often */
    return wait(x);
}

static enum step_result refuse(struct exchange *x)
{
    return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
}

Test(driver, a_held_snapshot_outlives_its_successor) /* P1: no request sees half a change */
{
    static const struct endpoint endpoint = {.steps = {hold_and_wait, refuse}};
    struct bed bed;
    struct rider rider, next;
    bed_init(&bed);
    unsigned before = bed_snapshots_freed();
    rider_init(&rider, &bed, &endpoint);
    rider_init(&next, &bed, &endpoint);
    exchange_start(&rider.exchange);
    snapshot_publish(&bed.server, bed_snapshot(&bed, "https://new.example"));
    exchange_start(&next.exchange);
    bed_turn(&bed);
    bed_turn(&bed);

    cr_assert_eq(bed_snapshots_freed(), before);
    cr_assert(str_eq(rider.exchange.snapshot->issuer, STR(BED_ISSUER)));
    cr_assert(str_eq(next.exchange.snapshot->issuer, STR("https://new.example")));
    exchange_resume(&rider.exchange);
    rider_done(&rider);
    cr_assert_eq(bed_snapshots_freed(), before + 1);
    exchange_resume(&next.exchange);
    rider_done(&next);
    cr_assert_eq(bed_snapshots_freed(), before + 1, "the new one is still published");
    bed_done(&bed);
    cr_assert_eq(bed_snapshots_freed(), before + 2);
    leaks_check();
}

Test(driver, the_end_leaves_nothing_in_memory) /* P5 */
{
    static const struct endpoint endpoint = {.state_size = STATE_SIZE, .steps = {look_at_state}};
    struct bed bed;
    struct rider rider;
    char memory[1024] = {0};
    bed_init(&bed);
    rider_init(&rider, &bed, &endpoint);
    arena_init(&rider.exchange.arena, memory, sizeof(memory), LIMIT_ARENA);
    exchange_start(&rider.exchange);
    rider_done(&rider);
    for (size_t i = 0; i < sizeof(memory); i++)
        cr_assert_eq(memory[i], 0, "byte %zu", i);
    bed_done(&bed);
}

Test(driver, to_resume_what_does_not_wait_is_a_bug, .signal = SIGABRT)
{
    static const struct endpoint endpoint = {.steps = {finish}};
    struct bed bed;
    struct rider rider;
    bed_init(&bed);
    rider_init(&rider, &bed, &endpoint);
    exchange_start(&rider.exchange);
    exchange_resume(&rider.exchange);
}

Test(driver, to_free_what_waits_is_a_bug, .signal = SIGABRT)
{
    static const struct endpoint endpoint = {.steps = {wait}};
    struct bed bed;
    struct rider rider;
    bed_init(&bed);
    rider_init(&rider, &bed, &endpoint);
    exchange_start(&rider.exchange);
    rider_done(&rider);
}
