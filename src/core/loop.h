/* The port to an event loop; src/http implements it with h2o's. All functions but loop_post belong
 * to the loop's own thread. Callers embed the structs; the loop never allocates for them. */
#ifndef CORE_LOOP_H
#define CORE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;

struct loop_msg {
    struct loop_msg *next;
    void (*run)(struct loop_msg *msg); /* on the loop's thread; msg may be reused from here on */
};

struct loop_timer {
    void (*fire)(struct loop_timer *timer);
    void *impl; /* the loop's */
};

struct loop_fd {
    void (*ready)(struct loop_fd *fd, bool readable, bool writable);
    void *impl; /* the loop's */
};

struct loop_ops {
    void (*post)(struct loop *loop, struct loop_msg *msg);
    bool (*timer_start)(struct loop *loop, struct loop_timer *timer, uint32_t after_ms);
    void (*timer_stop)(struct loop *loop, struct loop_timer *timer);
    bool (*fd_add)(struct loop *loop, struct loop_fd *watch, int fd);
    void (*fd_want)(struct loop *loop, struct loop_fd *watch, bool read, bool write);
    void (*fd_remove)(struct loop *loop, struct loop_fd *watch);
};

struct loop {
    const struct loop_ops *ops;
};

/* From any thread: runs msg->run on the loop's thread, in the order of the posts of one thread. */
static inline void loop_post(struct loop *loop, struct loop_msg *msg)
{
    loop->ops->post(loop, msg);
}

/* Once, after_ms from now; starting a running timer moves it. False when out of memory. A timer
 * whose impl is NULL is not running. */
static inline bool loop_timer_start(struct loop *loop, struct loop_timer *timer, uint32_t after_ms)
{
    return loop->ops->timer_start(loop, timer, after_ms);
}

static inline void loop_timer_stop(struct loop *loop, struct loop_timer *timer)
{
    loop->ops->timer_stop(loop, timer);
}

/* Watches fd, which stays the caller's (hiredis closes its own), until fd_remove. Nothing is wanted
 * at first. */
static inline bool loop_fd_add(struct loop *loop, struct loop_fd *watch, int fd)
{
    return loop->ops->fd_add(loop, watch, fd);
}

static inline void loop_fd_want(struct loop *loop, struct loop_fd *watch, bool read, bool write)
{
    loop->ops->fd_want(loop, watch, read, write);
}

static inline void loop_fd_remove(struct loop *loop, struct loop_fd *watch)
{
    loop->ops->fd_remove(loop, watch);
}

#endif
