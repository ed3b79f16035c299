/* core/loop.h on the event loop of libh2o. One per worker thread; the thread that makes it turns
 * and frees it.
 *
 * Posts wait in a lock-free stack and an eventfd wakes the loop; a post by the loop's own thread
 * costs no system call, since the turn looks at the stack before it sleeps. Timers are a heap in
 * which a timer's impl is its place; they run on the clock handed in, not on the library's, which
 * follows the wall clock. Watched descriptors sit in an epoll set of their own, which the library
 * sees as one readable descriptor, so removing one is exact whatever the library has pending. */
#ifndef HTTP_LOOP_H
#define HTTP_LOOP_H

#include "core/clock.h"
#include "core/loop.h"

struct http_loop;
struct st_h2o_evloop_t;

/* NULL when the system gives no descriptor or memory. */
struct http_loop *http_loop_new(const struct clock *clock);

/* After the last turn, and after everything of the library on it is gone. Timers and watches left
 * are dropped; no post may begin any more, and one whose message was run is waited for. Accepts
 * NULL. */
void http_loop_free(struct http_loop **loop);

struct loop *http_loop_port(struct http_loop *loop);
struct st_h2o_evloop_t *http_loop_native(struct http_loop *loop);

/* Waits at most max_wait_ms for something to do, and does it. */
void http_loop_turn(struct http_loop *loop, int max_wait_ms);

#endif
