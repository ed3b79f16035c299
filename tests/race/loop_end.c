/* A loop that ends as soon as it has run the last message, while whoever posted that is still on
 * its way to wake it: as a worker's does at the end of a drain, behind the store's last answer. */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "http/loop.h"

enum { ROUNDS = 200, LATE_NS = 500 * 1000 };

struct post {
    struct loop_msg message; /* first */
    struct loop *port;
    _Atomic bool begun, run;
};

ssize_t __real_write(int fd, const void *bytes, size_t n);
ssize_t __wrap_write(int fd, const void *bytes, size_t n);

/* The poster is held up where it matters. */
ssize_t __wrap_write(int fd, const void *bytes, size_t n)
{
    nanosleep(&(struct timespec){.tv_nsec = LATE_NS}, NULL);
    return __real_write(fd, bytes, n);
}

static void note(struct loop_msg *message)
{
    atomic_store(&((struct post *)message)->run, true);
}

static void *post_one(void *argument)
{
    struct post *post = argument;

    while (!atomic_load(&post->begun))
        continue;
    loop_post(post->port, &post->message);
    return NULL;
}

int main(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct http_loop *loop = http_loop_new(&clock_system);
        struct post post = {.message.run = note};
        pthread_t poster;

        assert(loop != NULL);
        post.port = http_loop_port(loop);
        if (pthread_create(&poster, NULL, post_one, &post) != 0)
            return 1;
        atomic_store(&post.begun, true);
        while (!atomic_load(&post.run))
            http_loop_turn(loop, 0);
        http_loop_free(&loop);
        pthread_join(poster, NULL);
    }
    printf("%d loops ended behind their last message\n", ROUNDS);
    return 0;
}
