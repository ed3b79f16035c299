#include "http/loop.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <h2o.h>

enum { READY_MAX = 64, WANT_READ = 1, WANT_WRITE = 2, WANT_BITS = 2 };

struct timer_place {
    int64_t due_ms;
    struct loop_timer *timer;
};

struct http_loop {
    struct loop port; /* first: the ops cast */
    const struct clock *clock;
    h2o_evloop_t *native;
    pthread_t owner;

    _Atomic(struct loop_msg *) posts; /* newest first */
    _Atomic unsigned posting;         /* other threads within a post: the loop stays for them */
    h2o_socket_t *wake;

    struct timer_place *timers; /* a heap, soonest first */
    size_t timer_count, timer_room;
    int64_t firing_ms; /* now, while timers fire; else -1 */

    int watch_fd; /* the epoll set */
    h2o_socket_t *watch;
    struct epoll_event ready[READY_MAX]; /* of the round that is being dispatched */
    int ready_at, ready_count;
};

/* ---- posts ---- */

/* False: the loop has messages already, and will look. */
static bool put_first(struct http_loop *loop, struct loop_msg *msg)
{
    struct loop_msg *head = atomic_load_explicit(&loop->posts, memory_order_relaxed);

    do
        msg->next = head;
    while (!atomic_compare_exchange_weak_explicit(&loop->posts, &head, msg, memory_order_release,
                                                  memory_order_relaxed));
    return head == NULL;
}

/* From the exchange on the message may have been run, and the loop be at its end because of it. */
static void loop_post_message(struct loop *port, struct loop_msg *msg)
{
    struct http_loop *loop = (struct http_loop *)port;

    if (pthread_equal(loop->owner, pthread_self())) {
        (void)put_first(loop, msg);
        return;
    }
    atomic_fetch_add_explicit(&loop->posting, 1, memory_order_relaxed);
    if (put_first(loop, msg)) {
        uint64_t one = 1;
        ssize_t written = write(h2o_socket_get_fd(loop->wake), &one, sizeof(one));
        assert(written == sizeof(one) || errno == EAGAIN); /* full: it is awake already */
    }
    atomic_fetch_sub_explicit(&loop->posting, 1, memory_order_release);
}

static void run_posts(struct http_loop *loop)
{
    struct loop_msg *newest = atomic_exchange_explicit(&loop->posts, NULL, memory_order_acquire);
    struct loop_msg *oldest = NULL;

    while (newest != NULL) {
        struct loop_msg *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest != NULL) {
        struct loop_msg *msg = oldest;
        oldest = msg->next; /* msg may be posted again, or be gone, from the call on */
        msg->run(msg);
    }
}

static void on_wake(h2o_socket_t *sock, const char *err)
{
    uint64_t count;
    ssize_t got = read(h2o_socket_get_fd(sock), &count, sizeof(count));
    assert(err == NULL && (got == sizeof(count) || errno == EAGAIN));
}

/* ---- timers ---- */

static size_t timer_index(const struct loop_timer *timer)
{
    return (size_t)(uintptr_t)timer->impl - 1;
}

static void timer_put(struct http_loop *loop, size_t i, struct timer_place place)
{
    loop->timers[i] = place;
    place.timer->impl = (void *)(uintptr_t)(i + 1);
}

/* Moves place to where it belongs, from the hole at i. */
static void timer_sift(struct http_loop *loop, size_t i, struct timer_place place)
{
    while (i > 0 && loop->timers[(i - 1) / 2].due_ms > place.due_ms) {
        timer_put(loop, i, loop->timers[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= loop->timer_count)
            break;
        if (child + 1 < loop->timer_count &&
            loop->timers[child + 1].due_ms < loop->timers[child].due_ms)
            child++;
        if (loop->timers[child].due_ms >= place.due_ms)
            break;
        timer_put(loop, i, loop->timers[child]);
        i = child;
    }
    timer_put(loop, i, place);
}

static bool timer_room(struct http_loop *loop)
{
    if (loop->timer_count < loop->timer_room)
        return true;
    size_t room = loop->timer_room == 0 ? 16 : 2 * loop->timer_room;
    struct timer_place *grown = realloc(loop->timers, room * sizeof(*grown));
    if (grown == NULL)
        return false;
    loop->timers = grown;
    loop->timer_room = room;
    return true;
}

static bool timer_start(struct loop *port, struct loop_timer *timer, uint32_t after_ms)
{
    struct http_loop *loop = (struct http_loop *)port;
    struct timer_place place = {clock_mono_ms(loop->clock) + after_ms, timer};

    if (place.due_ms <= loop->firing_ms)
        place.due_ms = loop->firing_ms + 1; /* or one that restarts itself would never let go */
    if (timer->impl != NULL) {
        timer_sift(loop, timer_index(timer), place);
        return true;
    }
    if (!timer_room(loop))
        return false;
    loop->timer_count++;
    timer_sift(loop, loop->timer_count - 1, place);
    return true;
}

static void timer_stop(struct loop *port, struct loop_timer *timer)
{
    struct http_loop *loop = (struct http_loop *)port;

    if (timer->impl == NULL)
        return;
    size_t hole = timer_index(timer);
    timer->impl = NULL;
    loop->timer_count--;
    if (hole < loop->timer_count)
        timer_sift(loop, hole, loop->timers[loop->timer_count]);
}

/* Those that are due now. */
static void run_timers(struct http_loop *loop)
{
    if (loop->timer_count == 0)
        return;
    loop->firing_ms = clock_mono_ms(loop->clock);
    while (loop->timer_count > 0 && loop->timers[0].due_ms <= loop->firing_ms) {
        struct loop_timer *timer = loop->timers[0].timer;
        timer_stop(&loop->port, timer);
        timer->fire(timer);
    }
    loop->firing_ms = -1;
}

/* What a timer or a message has written is done for the library, but it says so in its own next
 * turn alone: a kept connection would not be read again before that. */
static bool has_pending(const h2o_evloop_t *native)
{
    return native->_pending_as_client != NULL || native->_pending_as_server != NULL;
}

static int wait_for(struct http_loop *loop, int max_wait_ms)
{
    if (atomic_load_explicit(&loop->posts, memory_order_relaxed) != NULL ||
        has_pending(loop->native))
        return 0;
    if (loop->timer_count == 0)
        return max_wait_ms;
    int64_t left_ms = loop->timers[0].due_ms - clock_mono_ms(loop->clock);
    return left_ms <= 0 ? 0 : left_ms < max_wait_ms ? (int)left_ms : max_wait_ms;
}

/* ---- descriptors; impl holds the descriptor plus one, and what is wanted ---- */

static int watch_fd(const struct loop_fd *watch)
{
    return (int)((uintptr_t)watch->impl >> WANT_BITS) - 1;
}

static bool fd_add(struct loop *port, struct loop_fd *watch, int fd)
{
    (void)port;
    assert(fd >= 0);
    watch->impl = (void *)(((uintptr_t)fd + 1) << WANT_BITS);
    return true;
}

static void fd_want(struct loop *port, struct loop_fd *watch, bool read, bool write)
{
    struct http_loop *loop = (struct http_loop *)port;
    uintptr_t old = (uintptr_t)watch->impl & (WANT_READ | WANT_WRITE);
    uintptr_t want = (read ? WANT_READ : 0u) | (write ? WANT_WRITE : 0u);
    struct epoll_event event = {
        .events = (read ? EPOLLIN | EPOLLRDHUP : 0u) | (write ? EPOLLOUT : 0u), .data.ptr = watch};

    if (want == old)
        return;
    watch->impl = (void *)(((uintptr_t)watch->impl & ~(uintptr_t)(WANT_READ | WANT_WRITE)) | want);
    /* Out of the set while nothing is wanted, since a hang-up is reported whatever is wanted. */
    int op = want == 0 ? EPOLL_CTL_DEL : old == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    (void)epoll_ctl(loop->watch_fd, op, watch_fd(watch), &event);
}

static void fd_remove(struct loop *port, struct loop_fd *watch)
{
    struct http_loop *loop = (struct http_loop *)port;

    if (watch->impl == NULL)
        return;
    fd_want(port, watch, false, false);
    for (int i = loop->ready_at; i < loop->ready_count; i++)
        if (loop->ready[i].data.ptr == watch)
            loop->ready[i].data.ptr = NULL;
    watch->impl = NULL;
}

static void on_watch(h2o_socket_t *sock, const char *err)
{
    struct http_loop *loop = sock->data;

    assert(err == NULL);
    loop->ready_count = epoll_wait(loop->watch_fd, loop->ready, READY_MAX, 0);
    for (loop->ready_at = 0; loop->ready_at < loop->ready_count;) {
        struct epoll_event *event = &loop->ready[loop->ready_at++];
        struct loop_fd *watch = event->data.ptr;
        if (watch == NULL)
            continue;
        uintptr_t want = (uintptr_t)watch->impl;
        bool broken = (event->events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0;
        watch->ready(watch, (want & WANT_READ) != 0 && (broken || (event->events & EPOLLIN) != 0),
                     (want & WANT_WRITE) != 0 && (broken || (event->events & EPOLLOUT) != 0));
    }
    loop->ready_at = loop->ready_count = 0;
}

/* ---- the loop ---- */

static const struct loop_ops ops = {
    .post = loop_post_message,
    .timer_start = timer_start,
    .timer_stop = timer_stop,
    .fd_add = fd_add,
    .fd_want = fd_want,
    .fd_remove = fd_remove,
};

static h2o_socket_t *listen_to(struct http_loop *loop, int fd, h2o_socket_cb on_ready)
{
    h2o_socket_t *sock = h2o_evloop_socket_create(loop->native, fd, H2O_SOCKET_FLAG_DONT_READ);
    sock->data = loop;
    h2o_socket_read_start(sock, on_ready);
    return sock;
}

struct http_loop *http_loop_new(const struct clock *clock)
{
    struct http_loop *loop = calloc(1, sizeof(*loop));
    int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int set_fd = epoll_create1(EPOLL_CLOEXEC);

    if (loop == NULL || wake_fd == -1 || set_fd == -1) {
        if (wake_fd != -1)
            close(wake_fd);
        if (set_fd != -1)
            close(set_fd);
        free(loop);
        return NULL;
    }
    loop->port.ops = &ops;
    loop->clock = clock;
    loop->firing_ms = -1;
    loop->owner = pthread_self();
    loop->native = h2o_evloop_create();
    loop->watch_fd = set_fd;
    loop->wake = listen_to(loop, wake_fd, on_wake);
    loop->watch = listen_to(loop, set_fd, on_watch);
    return loop;
}

void http_loop_free(struct http_loop **slot)
{
    struct http_loop *loop = *slot;

    *slot = NULL;
    if (loop == NULL)
        return;
    while (atomic_load_explicit(&loop->posting, memory_order_acquire) != 0)
        sched_yield();
    h2o_socket_close(loop->wake);
    h2o_socket_close(loop->watch);
    h2o_evloop_run(loop->native, 0); /* frees what was closed */
    h2o_evloop_destroy(loop->native);
    free(loop->timers);
    free(loop);
}

struct loop *http_loop_port(struct http_loop *loop)
{
    return &loop->port;
}

struct st_h2o_evloop_t *http_loop_native(struct http_loop *loop)
{
    return loop->native;
}

void http_loop_turn(struct http_loop *loop, int max_wait_ms)
{
    h2o_evloop_run(loop->native, wait_for(loop, max_wait_ms));
    run_timers(loop);
    run_posts(loop);
}
