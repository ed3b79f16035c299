#include "core/clock.h"

#include <time.h>

static int64_t read_us(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t system_wall_us(const struct clock *clock)
{
    (void)clock;
    return read_us(CLOCK_REALTIME);
}

static int64_t system_mono_ms(const struct clock *clock)
{
    (void)clock;
    return read_us(CLOCK_MONOTONIC) / 1000;
}

static int64_t thread_mono_ms(const struct clock *clock)
{
    (void)clock;
    return read_us(CLOCK_THREAD_CPUTIME_ID) / 1000;
}

const struct clock clock_system = {system_wall_us, system_mono_ms};
const struct clock clock_thread = {system_wall_us, thread_mono_ms};

int64_t clock_mono_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
