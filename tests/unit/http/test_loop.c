/* core/loop.h as http implements it. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define H2O_USE_LIBUV 0
#include <h2o.h>

#include "http/loop.h"
#include "support/fake.h"

static struct http_loop *loop;
static struct loop *port;

static void up(void)
{
    loop = http_loop_new(&clock_system);
    cr_assert_not_null(loop);
    port = http_loop_port(loop);
}

static void down(void)
{
    http_loop_free(&loop);
    cr_assert_null(loop);
}

TestSuite(loop, .init = up, .fini = down, .timeout = 30);

/* ---- posts ---- */

enum { POSTERS = 4, POSTS = 5000 };

struct numbered {
    struct loop_msg msg;
    unsigned poster, number;
};

static struct numbered messages[POSTERS][POSTS];
static unsigned next_number[POSTERS];
static unsigned total;

static void take_number(struct loop_msg *msg)
{
    struct numbered *m = (struct numbered *)msg;
    cr_assert_eq(m->number, next_number[m->poster], "out of order");
    next_number[m->poster]++;
    total++;
}

static void *post_all(void *argument)
{
    unsigned poster = (unsigned)(uintptr_t)argument;
    for (unsigned i = 0; i < POSTS; i++) {
        messages[poster][i] = (struct numbered){{NULL, take_number}, poster, i};
        loop_post(port, &messages[poster][i].msg);
    }
    return NULL;
}

Test(loop, posts_of_each_thread_stay_in_order)
{
    pthread_t threads[POSTERS];

    for (uintptr_t i = 0; i < POSTERS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, post_all, (void *)i), 0);
    while (total < POSTERS * POSTS)
        http_loop_turn(loop, 1000);
    for (size_t i = 0; i < POSTERS; i++)
        pthread_join(threads[i], NULL);
}

static int again_count;

static void post_again(struct loop_msg *msg)
{
    if (++again_count < 3)
        loop_post(port, msg);
}

Test(loop, a_message_may_be_posted_again_from_its_run)
{
    struct loop_msg msg = {.run = post_again};

    loop_post(port, &msg); /* by the loop's own thread: seen without a wake-up */
    http_loop_turn(loop, 10000);
    cr_assert_eq(again_count, 1, "each turn runs what was posted before it");
    http_loop_turn(loop, 10000);
    http_loop_turn(loop, 10000);
    cr_assert_eq(again_count, 3);
}

static void *post_one(void *argument)
{
    loop_post(port, argument);
    return NULL;
}

Test(loop, a_foreign_post_wakes_a_sleeping_loop)
{
    struct loop_msg msg = {.run = post_again};
    pthread_t thread;

    again_count = 2; /* no more of them */
    cr_assert_eq(pthread_create(&thread, NULL, post_one, &msg), 0);
    while (again_count == 2)
        http_loop_turn(loop, 20000);
    pthread_join(thread, NULL);
}

/* ---- timers ---- */

struct mark {
    struct loop_timer timer;
    int id;
};

static int fired[64], fired_count;

static void note(struct loop_timer *timer)
{
    cr_assert_null(timer->impl);
    fired[fired_count++] = ((struct mark *)timer)->id;
}

static struct fake_clock fake;

static void up_fake(void)
{
    fake_clock_init(&fake, 1000000);
    loop = http_loop_new(&fake.clock);
    port = http_loop_port(loop);
}

TestSuite(timers, .init = up_fake, .fini = down, .timeout = 30);

static void pass(int64_t ms)
{
    fake_clock_pass(&fake, ms);
    http_loop_turn(loop, 0);
}

Test(timers, fire_in_order_of_their_time)
{
    static const uint32_t after[] = {50, 10, 30, 20, 40, 10};
    struct mark marks[6];

    for (int i = 0; i < 6; i++) {
        marks[i] = (struct mark){{note, NULL}, i};
        cr_assert(loop_timer_start(port, &marks[i].timer, after[i]));
        cr_assert_not_null(marks[i].timer.impl);
    }
    pass(9);
    cr_assert_eq(fired_count, 0);
    pass(1);
    cr_assert_eq(fired_count, 2);
    pass(100);
    cr_assert_eq(fired_count, 6);
    cr_assert(fired[2] == 3 && fired[3] == 2 && fired[4] == 4 && fired[5] == 0);
}

Test(timers, start_again_moves_and_stop_stops)
{
    struct mark a = {{note, NULL}, 1}, b = {{note, NULL}, 2}, c = {{note, NULL}, 3};

    loop_timer_start(port, &a.timer, 10);
    loop_timer_start(port, &b.timer, 20);
    loop_timer_start(port, &c.timer, 30);
    loop_timer_start(port, &a.timer, 25); /* later */
    loop_timer_start(port, &c.timer, 5);  /* sooner */
    loop_timer_stop(port, &b.timer);
    cr_assert_null(b.timer.impl);
    loop_timer_stop(port, &b.timer); /* harmless */
    pass(5);
    cr_assert(fired_count == 1 && fired[0] == 3);
    pass(15);
    cr_assert_eq(fired_count, 1);
    pass(5);
    cr_assert(fired_count == 2 && fired[1] == 1);
}

static struct mark victim;

static void restart(struct loop_timer *timer)
{
    note(timer);
    loop_timer_stop(port, &victim.timer);
    loop_timer_start(port, timer, 0);
}

Test(timers, may_start_and_stop_from_their_fire)
{
    struct mark a = {{restart, NULL}, 1};

    victim = (struct mark){{note, NULL}, 2};
    loop_timer_start(port, &a.timer, 1);
    loop_timer_start(port, &victim.timer, 2);
    pass(5);
    cr_assert_eq(fired_count, 1, "one that restarts itself waits for a later turn");
    pass(1);
    cr_assert(fired_count == 2 && fired[1] == 1);
    loop_timer_stop(port, &a.timer);
}

/* Against a plain model: whatever is started, moved and stopped, each fires once, when it is due.
 */
Test(timers, many_at_random)
{
    enum { N = 50, STEPS = 2000 };
    static struct mark marks[N];
    int64_t due[N], now = 0;
    bool running[N] = {false};

    srand(7);
    for (int i = 0; i < N; i++)
        marks[i] = (struct mark){{note, NULL}, i};
    for (int step = 0; step < STEPS; step++) {
        int i = rand() % N;
        if (rand() % 3 != 0) {
            uint32_t after = (uint32_t)(1 + rand() % 40);
            cr_assert(loop_timer_start(port, &marks[i].timer, after));
            due[i] = now + after;
            running[i] = true;
        } else {
            loop_timer_stop(port, &marks[i].timer);
            running[i] = false;
        }
        fired_count = 0;
        pass(1);
        now++;
        for (int f = 0; f < fired_count; f++) {
            cr_assert(running[fired[f]] && due[fired[f]] == now);
            running[fired[f]] = false;
        }
        for (int t = 0; t < N; t++) {
            cr_assert(!running[t] || due[t] > now);
            cr_assert_eq(running[t], marks[t].timer.impl != NULL);
        }
    }
    for (int i = 0; i < N; i++)
        loop_timer_stop(port, &marks[i].timer);
}

/* ---- descriptors ---- */

struct seen {
    struct loop_fd watch;
    int reads, writes;
    struct loop_fd *remove; /* on the first call */
};

static void see(struct loop_fd *watch, bool readable, bool writable)
{
    struct seen *s = (struct seen *)watch;
    s->reads += readable;
    s->writes += writable;
    if (s->remove != NULL) {
        loop_fd_remove(port, s->remove);
        s->remove = NULL;
    }
}

static void turns(int n)
{
    for (int i = 0; i < n; i++)
        http_loop_turn(loop, 10);
}

Test(loop, watches_only_what_is_wanted)
{
    struct seen s = {.watch.ready = see};
    int ends[2];

    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(write(ends[1], "x", 1), 1);
    cr_assert(loop_fd_add(port, &s.watch, ends[0]));
    turns(2);
    cr_assert_eq(s.reads, 0);
    loop_fd_want(port, &s.watch, true, false);
    turns(2);
    cr_assert_gt(s.reads, 0);
    cr_assert_eq(s.writes, 0);
    loop_fd_want(port, &s.watch, false, false);
    s.reads = 0;
    close(ends[1]); /* a hang-up nobody wants to hear of */
    turns(3);
    cr_assert_eq(s.reads, 0);
    loop_fd_want(port, &s.watch, true, false);
    turns(2);
    cr_assert_gt(s.reads, 0);
    loop_fd_remove(port, &s.watch);
    loop_fd_remove(port, &s.watch);
    cr_assert_null(s.watch.impl);
    close(ends[0]);
}

Test(loop, watches_writes)
{
    struct seen s = {.watch.ready = see};
    int ends[2];

    cr_assert_eq(pipe(ends), 0);
    loop_fd_add(port, &s.watch, ends[1]);
    loop_fd_want(port, &s.watch, false, true);
    turns(2);
    cr_assert_gt(s.writes, 0);
    cr_assert_eq(s.reads, 0);
    loop_fd_remove(port, &s.watch);
    close(ends[0]);
    close(ends[1]);
}

Test(loop, one_ready_watch_may_remove_another)
{
    struct seen a = {.watch.ready = see}, b = {.watch.ready = see};
    int ends[2];

    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(write(ends[1], "x", 1), 1);
    int twin = dup(ends[0]);
    loop_fd_add(port, &a.watch, ends[0]);
    loop_fd_add(port, &b.watch, twin);
    loop_fd_want(port, &a.watch, true, false);
    loop_fd_want(port, &b.watch, true, false);
    a.remove = &b.watch;
    b.remove = &a.watch;
    turns(1); /* both are ready in one round; the second is gone before its turn */
    cr_assert_eq(a.reads + b.reads, 1);
    loop_fd_remove(port, &a.watch);
    loop_fd_remove(port, &b.watch);
    close(twin);
    close(ends[0]);
    close(ends[1]);
}

/* ---- the library's sockets ---- */

struct speaker {
    struct loop_msg msg;
    h2o_socket_t *sock;
    bool told;
};

static void note_written(h2o_socket_t *sock, const char *err)
{
    struct speaker *s = sock->data;
    cr_assert_null(err);
    s->told = true;
}

static void speak(struct loop_msg *msg)
{
    struct speaker *s = (struct speaker *)msg;
    h2o_iovec_t text = h2o_iovec_init(H2O_STRLIT("x"));
    h2o_socket_write(s->sock, &text, 1, note_written);
}

/* The answer of a step that waited is written by a message; only when the library has told that it
 * is out does it read the kept connection again. The turn after may not sleep on that. */
Test(loop, what_a_message_wrote_is_told_without_a_sleep)
{
    struct speaker s = {.msg.run = speak};
    int ends[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    s.sock = h2o_evloop_socket_create(http_loop_native(loop), ends[0], 0);
    s.sock->data = &s;
    loop_post(port, &s.msg);
    http_loop_turn(loop, 0);
    cr_assert_not(s.told);
    http_loop_turn(loop, 600000); /* longer than the suite may take */
    cr_assert(s.told);
    h2o_socket_close(s.sock);
    close(ends[1]);
}
