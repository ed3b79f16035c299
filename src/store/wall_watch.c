#include "store/wall_watch.h"

#include "core/log.h"

static void doubt(struct wall_watch *watch, int64_t before_ms, int64_t wall_ms)
{
    atomic_store(&watch->trusted, false);
    LOG(LOG_WARN, "wall_clock_doubted", LF_INT("expected_ms", before_ms),
        LF_INT("wall_ms", wall_ms), LF_INT("cleanup_waits_s", WALL_PROBATION_MS / 1000));
}

void wall_watch_init(struct wall_watch *watch, const struct clock *clock, int64_t last_wall_ms)
{
    int64_t wall_ms = clock_wall_ms(clock);
    int64_t mono_ms = clock_mono_ms(clock);

    *watch = (struct wall_watch){
        .clock = clock, .wall_ms = wall_ms, .mono_ms = mono_ms, .began_mono_ms = mono_ms};
    atomic_init(&watch->trusted, true);
    if (last_wall_ms != 0 && (wall_ms < last_wall_ms || wall_ms > last_wall_ms + WALL_AHEAD_MS))
        doubt(watch, last_wall_ms, wall_ms);
}

/* Both clocks at one time: a process that was stopped between the two readings has not seen a leap.
 */
static void read_both(const struct clock *clock, int64_t *wall_ms, int64_t *mono_ms)
{
    do {
        *mono_ms = clock_mono_ms(clock);
        *wall_ms = clock_wall_ms(clock);
    } while (clock_mono_ms(clock) - *mono_ms >= 1000);
}

void wall_watch_look(struct wall_watch *watch)
{
    int64_t wall_ms;
    int64_t mono_ms;

    read_both(watch->clock, &wall_ms, &mono_ms);
    int64_t expected_ms = watch->wall_ms + (mono_ms - watch->mono_ms);
    int64_t leap_ms = wall_ms - expected_ms;

    if (leap_ms > WALL_LEAP_MS || leap_ms < -WALL_LEAP_MS) {
        doubt(watch, expected_ms, wall_ms);
        watch->wall_ms = wall_ms;
        watch->mono_ms = mono_ms;
    } else if (!wall_watch_is_trusted(watch) && mono_ms - watch->mono_ms >= WALL_PROBATION_MS) {
        atomic_store(&watch->trusted, true);
        LOG(LOG_INFO, "wall_clock_trusted", LF_INT("wall_ms", wall_ms));
    }
}

int64_t wall_watch_over_ms(const struct wall_watch *watch)
{
    bool ran_in = clock_mono_ms(watch->clock) - watch->began_mono_ms >= WALL_PROBATION_MS;

    return ran_in && wall_watch_is_trusted(watch) ? clock_wall_ms(watch->clock) - WALL_LEAP_MS : 0;
}
