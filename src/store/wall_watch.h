/* Whether the wall clock may be believed when something is to be forgotten for good (SPEC 6). It
 * may not after it leapt against the monotonic clock by more than a minute, nor when the process
 * starts behind the last time kept in the store or a day ahead of it, until it then ran an hour
 * without a leap; this doubt is shown to operators. Nor may it in the first hour after any start: a
 * clock that is ahead by less than a day looks like time that passed, and what was forgotten by it
 * would be alive again once it is put right (P2). An hour is the longest life of a token by
 * default, so what was there at the start is over by then whatever the clock says.
 *
 * The clean-up asks, and whatever makes or tells no entry of what is over: everything else takes
 * the clock as it is. */
#ifndef STORE_WALL_WATCH_H
#define STORE_WALL_WATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/clock.h"

enum {
    WALL_LEAP_MS = 60 * 1000,
    WALL_AHEAD_MS = 24 * 60 * 60 * 1000,
    WALL_PROBATION_MS = 60 * 60 * 1000,
};

struct wall_watch {
    const struct clock *clock;
    int64_t wall_ms, mono_ms; /* when both last agreed: at the start or after a leap */
    int64_t began_mono_ms;
    _Atomic bool trusted; /* written by the writer, read by anyone */
};

/* last_wall_ms: the time the store has kept, 0 when it is new. */
void wall_watch_init(struct wall_watch *watch, const struct clock *clock, int64_t last_wall_ms);

/* Compares the clocks. Cheap; before every decision that rests on the time. */
void wall_watch_look(struct wall_watch *watch);

static inline bool wall_watch_is_trusted(const struct wall_watch *watch)
{
    return atomic_load(&watch->trusted);
}

/* What ended before this is over and may be forgotten: a leap's length behind the wall clock; 0
 * while nothing may be. Thread-safe. */
int64_t wall_watch_over_ms(const struct wall_watch *watch);

#endif
