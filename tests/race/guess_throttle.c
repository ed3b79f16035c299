/* Threads failing and asking at once. A step may be lost where two meet in one slot, but only
 * there: no count is torn, no window moves, and what is over its limit by far is refused by all. */
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "client/throttle.h"

enum { THREADS = 4, ROUNDS = 200000, HOT = 8, LIMIT = 10, PER_ADDRESS = 200, NOW_MS = 1000 };

static struct guess_throttle *throttle;

/* The same eight callers for all threads, then a stream of others that fills the table. */
static void fail_once(unsigned thread, uint32_t round)
{
    uint8_t address[16] = {[10] = 0xFF, [11] = 0xFF};
    char id[32];
    bool hot = round % 4 == 0;
    uint32_t who = hot ? round / 4 % HOT : HOT + round * THREADS + thread;
    struct guess_caller caller = {.address = address};

    memcpy(address + 12, &who, sizeof(who));
    caller.client_id = str_make(id, (size_t)snprintf(id, sizeof(id), "client-%u", who));
    guess_throttle_failed(throttle, &caller, NOW_MS);
    uint32_t wait_s = guess_throttle_check(throttle, &caller, NOW_MS);
    assert(wait_s == 0 || wait_s == 60);
    assert(hot || wait_s == 0); /* one failure alone never closes the door */
    guess_throttle_token_failed(throttle, caller.client_id, NOW_MS);
    guess_throttle_token_allowed(throttle, caller.client_id, NOW_MS);
}

static void *hammer(void *arg)
{
    for (uint32_t round = 0; round < ROUNDS; round++)
        fail_once(*(unsigned *)arg, round);
    return NULL;
}

/* One caller, whose slot is there already. */
static const uint8_t network[16] = {0x20, 0x01};
static const struct guess_caller somebody = {STR_INIT("somebody"), network};

static void *guess(void *arg)
{
    unsigned *refused = arg;

    for (int i = 0; i < LIMIT; i++) {
        *refused += guess_throttle_check(throttle, &somebody, NOW_MS) > 0;
        guess_throttle_failed(throttle, &somebody, NOW_MS);
    }
    return NULL;
}

static void run(void *(*body)(void *arg), unsigned args[THREADS])
{
    pthread_t threads[THREADS];

    for (unsigned i = 0; i < THREADS; i++) {
        int failed = pthread_create(&threads[i], NULL, body, &args[i]);
        assert(failed == 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void new_throttle(void)
{
    const struct guess_throttle_limits limits = {LIMIT, PER_ADDRESS, LIMIT};
    struct result made = guess_throttle_new(&limits, &entropy_system, &throttle);
    assert(result_ok(made));
}

int main(void)
{
    unsigned numbers[THREADS] = {0, 1, 2, 3}, refused[THREADS] = {0}, sum = 0;

    new_throttle();
    run(hammer, numbers);
    guess_throttle_free(&throttle);

    new_throttle();
    guess_throttle_failed(throttle, &somebody, NOW_MS);
    run(guess, refused);
    for (int i = 0; i < THREADS; i++)
        sum += refused[i];
    /* One has failed before; each thread but one may have looked just before the door closed. */
    assert(sum >= THREADS * LIMIT - (LIMIT - 1) - (THREADS - 1));
    guess_throttle_free(&throttle);
    puts("every failure counted, and none for another caller");
    return 0;
}
