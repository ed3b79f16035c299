/* Failures counted per caller and window (6749-2.3.1-d). Time is the test's. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/throttle.h"
#include "support/fake.h"
#include "support/leaks.h"

enum { PER_CLIENT = 10, PER_ADDRESS = 200, PER_SECOND = 3, BEGAN_MS = 5000 };

static const struct guess_throttle_limits limits = {PER_CLIENT, PER_ADDRESS, PER_SECOND};

struct address {
    uint8_t bytes[16];
};

static const struct address home = {{[10] = 0xFF, [11] = 0xFF, [12] = 192, [14] = 2, [15] = 1}};
static const struct address next_door = {
    {[10] = 0xFF, [11] = 0xFF, [12] = 192, [14] = 2, [15] = 2}};

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
static bool memory_is_short;

void *__wrap_calloc(size_t n, size_t size)
{
    return memory_is_short ? NULL : __real_calloc(n, size);
}

static struct guess_throttle *new_throttle(void)
{
    struct fake_entropy entropy;
    struct guess_throttle *throttle;
    fake_entropy_init(&entropy, 3);
    cr_assert(result_ok(guess_throttle_new(&limits, &entropy.entropy, &throttle)));
    return throttle;
}

static void fail(struct guess_throttle *throttle, const char *id, const struct address *address,
                 int times, int64_t now_ms)
{
    struct guess_caller caller = {str_from(id), address->bytes};
    for (int i = 0; i < times; i++)
        guess_throttle_failed(throttle, &caller, now_ms);
}

static uint32_t check(const struct guess_throttle *throttle, const char *id,
                      const struct address *address, int64_t now_ms)
{
    struct guess_caller caller = {str_from(id), address->bytes};
    return guess_throttle_check(throttle, &caller, now_ms);
}

Test(throttle, ten_failures_close_the_door_for_the_rest_of_a_minute)
{
    struct guess_throttle *t = new_throttle();
    static const struct {
        int64_t at_ms;
        uint32_t wait_s;
    } rows[] = {{0, 60}, {1, 60}, {1000, 59}, {1001, 59}, {59000, 1}, {59999, 1}, {60000, 0}};

    cr_assert_eq(check(t, "a", &home, BEGAN_MS), 0u);
    for (int i = 0; i < PER_CLIENT; i++) {
        cr_assert_eq(check(t, "a", &home, BEGAN_MS), 0u, "attempt %d", i);
        fail(t, "a", &home, 1, BEGAN_MS);
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        cr_assert_eq(check(t, "a", &home, BEGAN_MS + rows[i].at_ms), rows[i].wait_s, "row %zu", i);
    guess_throttle_free(&t);
    cr_assert_null(t);
    leaks_check();
}

Test(throttle, a_window_begins_with_its_first_failure)
{
    struct guess_throttle *t = new_throttle();
    fail(t, "a", &home, PER_CLIENT - 1, BEGAN_MS);
    fail(t, "a", &home, 1, BEGAN_MS + 59999);
    cr_assert_eq(check(t, "a", &home, BEGAN_MS + 59999), 1u);
    fail(t, "a", &home, PER_CLIENT - 1, BEGAN_MS + 60000);
    cr_assert_eq(check(t, "a", &home, BEGAN_MS + 60000), 0u, "the ones before are forgotten");
    fail(t, "a", &home, 1, BEGAN_MS + 61000);
    cr_assert_eq(check(t, "a", &home, BEGAN_MS + 61000), 59u);
    guess_throttle_free(&t);
}

Test(throttle, nobody_locks_another_out)
{
    struct guess_throttle *t = new_throttle();
    fail(t, "a", &home, PER_CLIENT, BEGAN_MS);
    cr_assert_gt(check(t, "a", &home, BEGAN_MS), 0u);
    cr_assert_eq(check(t, "a", &next_door, BEGAN_MS), 0u, "the same client from elsewhere");
    cr_assert_eq(check(t, "b", &home, BEGAN_MS), 0u, "another client from there");
    cr_assert_eq(check(t, "", &home, BEGAN_MS), 0u);
    guess_throttle_free(&t);
}

Test(throttle, an_address_has_a_limit_whatever_the_clients)
{
    struct guess_throttle *t = new_throttle();
    char id[16];
    for (int i = 0; i < PER_ADDRESS; i++) {
        snprintf(id, sizeof(id), "client-%d", i);
        cr_assert_eq(check(t, "somebody", &home, BEGAN_MS), 0u, "failure %d", i);
        fail(t, id, &home, 1, BEGAN_MS);
    }
    cr_assert_eq(check(t, "somebody", &home, BEGAN_MS), 60u);
    cr_assert_eq(check(t, "somebody", &next_door, BEGAN_MS), 0u);
    cr_assert_eq(check(t, "somebody", &home, BEGAN_MS + 60000), 0u);
    guess_throttle_free(&t);
}

static const struct {
    struct address address;
    bool is_same; /* as 2001:db8:0:1::1 */
} six[] = {
    {{{0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 1, [15] = 1}}, true},
    {{{0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 1, [15] = 2}}, true},
    {{{0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 1, 255, 255, 255, 255, 255, 255, 255, 255}}, true},
    {{{0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 2, [15] = 1}}, false},
    {{{0x20, 0x01, 0x0D, 0xB9, 0, 0, 0, 1, [15] = 1}}, false},
    {{{0}}, false},
    {{{[10] = 0xFF, [11] = 0xFF, [12] = 127, [15] = 1}}, false},
};

Test(throttle, an_ipv6_network_is_one_caller_and_an_ipv4_address_another)
{
    struct guess_throttle *t = new_throttle();
    fail(t, "a", &six[0].address, PER_CLIENT, BEGAN_MS);
    for (size_t i = 0; i < sizeof(six) / sizeof(six[0]); i++)
        cr_assert_eq(check(t, "a", &six[i].address, BEGAN_MS) > 0, six[i].is_same, "row %zu", i);
    guess_throttle_free(&t);
}

Test(throttle, unknown_tokens_count_by_the_second)
{
    struct guess_throttle *t = new_throttle();
    struct str caller = STR("0123456789abcdef"), other = STR("0123456789abcdeg");
    for (int i = 0; i < PER_SECOND; i++) {
        cr_assert(guess_throttle_token_allowed(t, caller, BEGAN_MS));
        guess_throttle_token_failed(t, caller, BEGAN_MS);
    }
    cr_assert(!guess_throttle_token_allowed(t, caller, BEGAN_MS));
    cr_assert(!guess_throttle_token_allowed(t, caller, BEGAN_MS + 999));
    cr_assert(guess_throttle_token_allowed(t, other, BEGAN_MS));
    cr_assert(guess_throttle_token_allowed(t, caller, BEGAN_MS + 1000));
    guess_throttle_free(&t);
}

/* One table holds three kinds of counters: none can be fed or read by way of another. */
Test(throttle, kinds_of_counters_do_not_meet) /* THREATS-32 */
{
    struct guess_throttle *t = new_throttle();
    const char address_as_id[] = "0123456789abcdef";
    struct address id_as_address;
    memcpy(id_as_address.bytes, address_as_id, 16);

    for (int i = 0; i < 2 * PER_ADDRESS; i++)
        guess_throttle_token_failed(t, str_from(address_as_id), BEGAN_MS);
    cr_assert_eq(check(t, address_as_id, &home, BEGAN_MS), 0u);
    cr_assert_eq(check(t, "", &id_as_address, BEGAN_MS), 0u);

    fail(t, "", &id_as_address, PER_CLIENT, BEGAN_MS);
    cr_assert_gt(check(t, "", &id_as_address, BEGAN_MS), 0u);
    cr_assert_eq(check(t, "a", &id_as_address, BEGAN_MS), 0u,
                 "a client without name is not its address");
    fail(t, "0123456789abcdeh", &home, PER_ADDRESS, BEGAN_MS);
    cr_assert(guess_throttle_token_allowed(t, STR("0123456789abcdeh"), BEGAN_MS));
    guess_throttle_free(&t);
}

Test(throttle, names_that_begin_alike_are_told_apart)
{
    static const char *const ids[] = {"",          "a",         "aa",        "aaaaaaaa",
                                      "aaaaaaaaa", "aaaaaaaab", "baaaaaaaa", "aaaaaaaaaaaaaaaa"};
    enum { IDS = sizeof(ids) / sizeof(ids[0]) };
    for (size_t i = 0; i < IDS; i++) {
        struct guess_throttle *t = new_throttle();
        fail(t, ids[i], &home, PER_CLIENT, BEGAN_MS);
        for (size_t j = 0; j < IDS; j++)
            cr_assert_eq(check(t, ids[j], &home, BEGAN_MS) > 0, i == j, "%zu, %zu", i, j);
        guess_throttle_free(&t);
    }
}

Test(throttle, a_full_table_takes_over_its_oldest)
{
    struct guess_throttle *t = new_throttle();
    char id[16];
    struct address from = home;
    for (uint32_t i = 0; i < 300000; i++) { /* four times what it holds */
        snprintf(id, sizeof(id), "%u", i);
        memcpy(from.bytes + 12, &i, sizeof(i));
        fail(t, id, &from, 1, BEGAN_MS + i / 10);
    }
    int64_t now_ms = BEGAN_MS + 30000;
    fail(t, "the last", &home, PER_CLIENT, now_ms);
    cr_assert_eq(check(t, "the last", &home, now_ms), 60u, "whoever goes on guessing is seen");
    guess_throttle_free(&t);
}

Test(throttle, a_counter_that_is_full_stays_full)
{
    struct guess_throttle *t = new_throttle();
    fail(t, "a", &home, (1 << 20) + 5, BEGAN_MS);
    cr_assert_eq(check(t, "a", &home, BEGAN_MS), 60u, "and does not move its window");
    cr_assert_eq(check(t, "a", &home, BEGAN_MS + 60000), 0u);
    guess_throttle_free(&t);
}

Test(throttle, faults_leave_nothing_behind)
{
    struct fake_entropy entropy;
    struct guess_throttle *t = NULL;
    fake_entropy_init(&entropy, 3);
    entropy.fail_after = 0;
    cr_assert_eq(guess_throttle_new(&limits, &entropy.entropy, &t).code, ERR_FAULT_ENTROPY);
    memory_is_short = true;
    struct result made = guess_throttle_new(&limits, &entropy.entropy, &t);
    memory_is_short = false;
    cr_assert_eq(made.code, ERR_FAULT_MEMORY);
    cr_assert_null(t);
    guess_throttle_free(&t);
    leaks_check();
}
