/* Criterion ends its test processes in a way that skips LeakSanitizer's own check at exit, and
 * takes no notice of what fails in a suite's .fini, so a leak passes unseen unless the test itself
 * asks, in its last line. Without AddressSanitizer it does nothing. What a static pointer still
 * holds is no leak. */
#ifndef SUPPORT_LEAKS_H
#define SUPPORT_LEAKS_H

#include <criterion/criterion.h>

__attribute__((weak)) int __lsan_do_recoverable_leak_check(void);

static inline void leaks_check(void)
{
    if (__lsan_do_recoverable_leak_check != NULL)
        cr_assert_eq(__lsan_do_recoverable_leak_check(), 0, "memory leaked");
}

#endif
