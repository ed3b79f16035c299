/* The wall clock, moved; the monotonic one is left alone. */
#include <sys/time.h>
#include <time.h>

#include "faults.h"

static const int64_t SECOND_NS = 1000000000;

static void move(struct timespec *at)
{
    struct faults_control *control = faults_control();
    int64_t offset_ns = control != NULL ? atomic_load(&control->wall_offset_ns) : 0;
    int64_t now_ns = (int64_t)at->tv_sec * SECOND_NS + at->tv_nsec + offset_ns;

    *at = (struct timespec){now_ns / SECOND_NS, now_ns % SECOND_NS};
}

EXPORTED int clock_gettime(clockid_t id, struct timespec *out)
{
    int result = REAL(clock_gettime)(id, out);

    if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        move(out);
    return result;
}

EXPORTED int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *out = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

EXPORTED time_t time(time_t *out)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}
