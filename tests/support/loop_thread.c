#include "support/loop_thread.h"

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/clock.h"

enum { WATCHES_MAX = 64 };

struct timer_entry {
    struct timer_entry *next; /* by due_ms */
    struct loop_timer *timer;
    int64_t due_ms;
};

struct watch_entry {
    struct loop_fd *watch; /* NULL: free place */
    int fd;
    bool read, write;
};

struct loop_thread {
    struct loop loop;     /* first: the ops cast */
    pthread_mutex_t lock; /* of the messages and stopping */
    struct loop_msg *first, *last;
    bool stopping;
    int wake_fd;
    struct timer_entry *timers;
    struct watch_entry watches[WATCHES_MAX];
    void (*turn)(void *context);
    void *turn_context;
    pthread_t thread;
    bool running;
};

static void wake(struct loop_thread *t)
{
    uint64_t one = 1;
    ssize_t written = write(t->wake_fd, &one, sizeof(one));
    assert(written == sizeof(one));
}

static void post(struct loop *loop, struct loop_msg *msg)
{
    struct loop_thread *t = (struct loop_thread *)loop;

    pthread_mutex_lock(&t->lock);
    msg->next = NULL;
    if (t->first == NULL)
        t->first = msg;
    else
        t->last->next = msg;
    t->last = msg;
    wake(t);
    pthread_mutex_unlock(&t->lock);
}

static void timer_stop(struct loop *loop, struct loop_timer *timer)
{
    struct loop_thread *t = (struct loop_thread *)loop;
    struct timer_entry *entry = timer->impl;

    if (entry == NULL)
        return;
    for (struct timer_entry **at = &t->timers; *at != NULL; at = &(*at)->next) {
        if (*at == entry) {
            *at = entry->next;
            break;
        }
    }
    free(entry);
    timer->impl = NULL;
}

static bool timer_start(struct loop *loop, struct loop_timer *timer, uint32_t after_ms)
{
    struct loop_thread *t = (struct loop_thread *)loop;
    struct timer_entry *entry = malloc(sizeof(*entry));
    struct timer_entry **at = &t->timers;

    if (entry == NULL)
        return false;
    timer_stop(loop, timer);
    *entry =
        (struct timer_entry){.timer = timer, .due_ms = clock_mono_ms(&clock_system) + after_ms};
    while (*at != NULL && (*at)->due_ms <= entry->due_ms)
        at = &(*at)->next;
    entry->next = *at;
    *at = entry;
    timer->impl = entry;
    return true;
}

static bool fd_add(struct loop *loop, struct loop_fd *watch, int fd)
{
    struct loop_thread *t = (struct loop_thread *)loop;

    for (size_t i = 0; i < WATCHES_MAX; i++) {
        if (t->watches[i].watch == NULL) {
            t->watches[i] = (struct watch_entry){.watch = watch, .fd = fd};
            watch->impl = &t->watches[i];
            return true;
        }
    }
    return false;
}

static void fd_want(struct loop *loop, struct loop_fd *watch, bool read, bool write)
{
    struct watch_entry *entry = watch->impl;

    (void)loop;
    assert(entry != NULL);
    entry->read = read;
    entry->write = write;
}

static void fd_remove(struct loop *loop, struct loop_fd *watch)
{
    struct watch_entry *entry = watch->impl;

    (void)loop;
    if (entry != NULL)
        entry->watch = NULL;
    watch->impl = NULL;
}

static const struct loop_ops ops = {post, timer_start, timer_stop, fd_add, fd_want, fd_remove};

struct loop_thread *loop_thread_new(void)
{
    struct loop_thread *t = calloc(1, sizeof(*t));

    assert(t != NULL);
    t->loop.ops = &ops;
    t->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert(t->wake_fd >= 0);
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

void loop_thread_free(struct loop_thread **t)
{
    if (*t == NULL)
        return;
    loop_thread_stop(*t);
    while ((*t)->timers != NULL)
        timer_stop(&(*t)->loop, (*t)->timers->timer);
    close((*t)->wake_fd);
    pthread_mutex_destroy(&(*t)->lock);
    free(*t);
    *t = NULL;
}

struct loop *loop_thread_loop(struct loop_thread *t)
{
    return &t->loop;
}

void loop_thread_on_turn(struct loop_thread *t, void (*turn)(void *context), void *context)
{
    t->turn = turn;
    t->turn_context = context;
}

static void run_messages(struct loop_thread *t)
{
    uint64_t count;
    ssize_t got = read(t->wake_fd, &count, sizeof(count));

    (void)got; /* nothing there is as good */
    pthread_mutex_lock(&t->lock);
    struct loop_msg *msg = t->first;
    t->first = NULL;
    pthread_mutex_unlock(&t->lock);
    while (msg != NULL) {
        struct loop_msg *next = msg->next; /* run may free msg or post it again */
        msg->run(msg);
        msg = next;
    }
}

static void run_timers(struct loop_thread *t)
{
    int64_t now_ms = clock_mono_ms(&clock_system);

    while (t->timers != NULL && t->timers->due_ms <= now_ms) {
        struct loop_timer *timer = t->timers->timer;
        timer_stop(&t->loop, timer);
        timer->fire(timer);
    }
}

static void run_watches(struct loop_thread *t, const struct pollfd *polled, const size_t *places,
                        size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct watch_entry *entry = &t->watches[places[i]];
        short events = polled[i].revents;
        bool readable = entry->read && (events & (POLLIN | POLLHUP | POLLERR)) != 0;
        bool writable = entry->write && (events & (POLLOUT | POLLHUP | POLLERR)) != 0;
        /* One removed in this turn is gone; its place may hold another already. */
        if (entry->watch != NULL && entry->fd == polled[i].fd && (readable || writable))
            entry->watch->ready(entry->watch, readable, writable);
    }
}

static void turn(struct loop_thread *t, int64_t wait_ms)
{
    struct pollfd polled[WATCHES_MAX + 1];
    size_t places[WATCHES_MAX];
    size_t n = 0;

    if (t->turn != NULL)
        t->turn(t->turn_context);
    if (t->timers != NULL) {
        int64_t due_ms = t->timers->due_ms - clock_mono_ms(&clock_system);
        wait_ms = due_ms < wait_ms ? (due_ms > 0 ? due_ms : 0) : wait_ms;
    }
    for (size_t i = 0; i < WATCHES_MAX; i++) {
        const struct watch_entry *entry = &t->watches[i];
        if (entry->watch == NULL || (!entry->read && !entry->write))
            continue;
        places[n] = i;
        polled[n++] = (struct pollfd){
            .fd = entry->fd,
            .events = (short)((entry->read ? POLLIN : 0) | (entry->write ? POLLOUT : 0))};
    }
    polled[n] = (struct pollfd){.fd = t->wake_fd, .events = POLLIN};
    if (poll(polled, n + 1, (int)wait_ms) > 0)
        run_watches(t, polled, places, n);
    run_messages(t);
    run_timers(t);
}

static bool is_stopping(struct loop_thread *t)
{
    pthread_mutex_lock(&t->lock);
    bool stopping = t->stopping && t->first == NULL;
    pthread_mutex_unlock(&t->lock);
    return stopping;
}

static void *run(void *arg)
{
    struct loop_thread *t = arg;

    while (!is_stopping(t))
        turn(t, 50);
    return NULL;
}

void loop_thread_start(struct loop_thread *t)
{
    int failed = pthread_create(&t->thread, NULL, run, t);

    assert(failed == 0);
    t->running = true;
}

void loop_thread_stop(struct loop_thread *t)
{
    if (!t->running)
        return;
    pthread_mutex_lock(&t->lock);
    t->stopping = true;
    wake(t);
    pthread_mutex_unlock(&t->lock);
    pthread_join(t->thread, NULL);
    t->running = false;
    t->stopping = false;
}

struct call {
    struct loop_msg msg;
    void (*call)(void *context);
    void *context;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done;
};

static void run_call(struct loop_msg *msg)
{
    struct call *c = (struct call *)msg;

    c->call(c->context);
    pthread_mutex_lock(&c->lock);
    c->done = true;
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

void loop_thread_call(struct loop_thread *t, void (*call)(void *context), void *context)
{
    struct call c = {.msg.run = run_call, .call = call, .context = context};

    pthread_mutex_init(&c.lock, NULL);
    pthread_cond_init(&c.changed, NULL);
    loop_post(&t->loop, &c.msg);
    pthread_mutex_lock(&c.lock);
    while (!c.done)
        pthread_cond_wait(&c.changed, &c.lock);
    pthread_mutex_unlock(&c.lock);
    pthread_cond_destroy(&c.changed);
    pthread_mutex_destroy(&c.lock);
}

bool loop_thread_until(struct loop_thread *t, bool (*is_done)(void *context), void *context,
                       uint32_t timeout_ms)
{
    int64_t deadline_ms = clock_mono_ms(&clock_system) + timeout_ms;

    while (!is_done(context)) {
        if (clock_mono_ms(&clock_system) >= deadline_ms)
            return false;
        turn(t, 20);
    }
    return true;
}
