/* A complete core/loop.h over poll(2), for tests of what lives on a loop. Either its own thread
 * turns it (loop_thread_start), or the test does (loop_thread_until); not both at once. */
#ifndef SUPPORT_LOOP_THREAD_H
#define SUPPORT_LOOP_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/loop.h"

struct loop_thread;

struct loop_thread *loop_thread_new(void);

/* Stops it first where it runs. Timers and watches must be gone, or are dropped. Accepts NULL. */
void loop_thread_free(struct loop_thread **t);

struct loop *loop_thread_loop(struct loop_thread *t);

/* Runs at the top of each turn, on the loop's thread (quiesce_pass). Before start; may be NULL. */
void loop_thread_on_turn(struct loop_thread *t, void (*turn)(void *context), void *context);

void loop_thread_start(struct loop_thread *t);
void loop_thread_stop(struct loop_thread *t); /* after what was posted before; joins */

/* Runs call on the loop's thread, and returns when it has. Not from that thread. */
void loop_thread_call(struct loop_thread *t, void (*call)(void *context), void *context);

/* Turns the loop on the calling thread until is_done says so; false after timeout_ms. */
bool loop_thread_until(struct loop_thread *t, bool (*is_done)(void *context), void *context,
                       uint32_t timeout_ms);

#endif
