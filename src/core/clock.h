/* Time as a value handed in: nothing else in src calls time() or clock_gettime(). Wall time is for
 * what the world sees (iat, exp, dates); durations and deadlines run on the monotonic clock. */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include <stdint.h>

struct clock {
    int64_t (*wall_us)(const struct clock *clock); /* since 1970-01-01 UTC */
    int64_t (*mono_ms)(const struct clock *clock);
};

extern const struct clock clock_system;

/* Its mono_ms is the processor time that the calling thread has used: for bounds to computing,
 * which a machine that is busy with something else must not bring forward. A look is a system call.
 */
extern const struct clock clock_thread;

static inline int64_t clock_wall_us(const struct clock *clock)
{
    return clock->wall_us(clock);
}

static inline int64_t clock_wall_ms(const struct clock *clock)
{
    return clock->wall_us(clock) / 1000;
}

static inline int64_t clock_wall_s(const struct clock *clock)
{
    return clock->wall_us(clock) / 1000000;
}

static inline int64_t clock_mono_ms(const struct clock *clock)
{
    return clock->mono_ms(clock);
}

/* CPU-cheap, nanoseconds, for measuring only. */
int64_t clock_mono_ns(void);

#endif
