/* Time and randomness for tests: both stand still until the test moves them. Thread-safe, since the
 * code under test reads them from its own threads. */
#ifndef SUPPORT_FAKE_H
#define SUPPORT_FAKE_H

#include <stdatomic.h>
#include <stdint.h>

#include "core/clock.h"
#include "core/entropy.h"

struct fake_clock {
    struct clock clock; /* hand out &fake.clock */
    _Atomic int64_t mono_ms;
    _Atomic int64_t ahead_ms; /* the wall clock, of the monotonic one */
};

void fake_clock_init(struct fake_clock *fake, int64_t wall_ms);

/* Both clocks, as time does. */
void fake_clock_pass(struct fake_clock *fake, int64_t ms);

/* The wall clock alone, as an operator or a broken NTP does. */
void fake_clock_leap(struct fake_clock *fake, int64_t ms);

struct fake_entropy {
    struct entropy entropy; /* hand out &fake.entropy */
    _Atomic uint64_t counter;
    _Atomic int64_t fail_after; /* calls that still succeed; below 0: all do */
};

/* The same seed gives the same bytes. */
void fake_entropy_init(struct fake_entropy *fake, uint64_t seed);

#endif
