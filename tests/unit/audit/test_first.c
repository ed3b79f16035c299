/* The first of each caller, rule and minute, and no more. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>

#include "audit/first.h"

enum { MINUTE_MS = 60 * 1000 };

static struct sid caller(unsigned n)
{
    struct sid out = {{0}};
    memcpy(out.bytes, &n, sizeof(n));
    return out;
}

Test(first, is_once_for_caller_rule_and_minute)
{
    static struct audit_first seen;
    struct sid a = caller(1), b = caller(2);

    cr_assert(audit_first_is(&seen, &a, STR("M1"), 0), "also in the clock's first minute");
    cr_assert_not(audit_first_is(&seen, &a, STR("M1"), 0));
    cr_assert(audit_first_is(&seen, &a, STR("M2"), 1));
    cr_assert(audit_first_is(&seen, &b, STR("M1"), 2));
    cr_assert_not(audit_first_is(&seen, &a, STR("M1"), MINUTE_MS - 1));
    cr_assert(audit_first_is(&seen, &a, STR("M1"), MINUTE_MS));
    cr_assert_not(audit_first_is(&seen, &a, STR("M1"), MINUTE_MS + 1));
    cr_assert_not(audit_first_is(&seen, &a, STR("M1"), 2 * MINUTE_MS - 1));
    cr_assert(audit_first_is(&seen, &b, STR("M2"), INT64_C(1) << 40));
}

Test(first, reads_no_more_of_a_rule_than_there_is_room_for)
{
    static struct audit_first seen;
    struct sid a = caller(1);
    struct str longest = STR("a rule of sixteen and more");

    cr_assert(audit_first_is(&seen, &a, longest, 0));
    cr_assert_not(audit_first_is(&seen, &a, longest, 0));
    cr_assert(audit_first_is(&seen, &a, STR(""), 0));
}

/* Beyond the table's room a caller counts as seen; the next minute is as good as new. */
Test(first, is_bounded)
{
    static struct audit_first seen;
    enum { MANY = 4 * AUDIT_FIRST_SETS * AUDIT_FIRST_WAYS };

    for (int64_t minute = 0; minute < 2; minute++) {
        unsigned firsts = 0;
        for (unsigned i = 0; i < MANY; i++) {
            struct sid sid = caller(i);
            firsts += audit_first_is(&seen, &sid, STR("M3"), minute * MINUTE_MS);
        }
        cr_assert_leq(firsts, AUDIT_FIRST_SETS * AUDIT_FIRST_WAYS);
        cr_assert_gt(firsts, AUDIT_FIRST_SETS * AUDIT_FIRST_WAYS * 9 / 10);
    }
}

enum { THREADS = 4, CALLERS = 500 };

static struct audit_first shared;
static _Atomic unsigned told[CALLERS];

static void *ask(void *argument)
{
    for (unsigned i = 0; i < CALLERS; i++) {
        struct sid sid = caller(i);
        if (audit_first_is(&shared, &sid, STR("M1"), 0))
            told[i]++;
    }
    return argument;
}

Test(first, of_threads_one_is_told)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, ask, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < CALLERS; i++)
        cr_assert_eq(told[i], 1, "caller %u", i);
}
