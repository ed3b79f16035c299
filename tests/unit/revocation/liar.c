#include "liar.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* False once the other side has gone or the test stops. What it sends is read away. */
static int listen_on(struct liar *liar, int fd, int wait_ms)
{
    char waste[4096];
    struct pollfd polled = {.fd = fd, .events = POLLIN};

    if (atomic_load(&liar->stopping))
        return 0;
    if (poll(&polled, 1, wait_ms) > 0)
        return recv(fd, waste, sizeof(waste), 0) > 0;
    return 1;
}

static int say(struct liar *liar, int fd)
{
    const struct liar_script *script = &liar->script;
    size_t piece = script->piece > 0 ? script->piece : script->len;

    for (size_t i = 0; i < script->repeat; i++) {
        for (size_t at = 0; at < script->len; at += piece) {
            size_t n = script->len - at < piece ? script->len - at : piece;
            if (send(fd, script->text + at, n, MSG_NOSIGNAL) < 0)
                return 0;
            if (script->piece > 0 && !listen_on(liar, fd, 1))
                return 0;
        }
    }
    return 1;
}

static void *serve(void *argument)
{
    struct liar *liar = argument;

    for (;;) {
        int fd = accept(liar->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        if (listen_on(liar, fd, 1000) && say(liar, fd)) {
            if (liar->script.end == LIAR_HALF_CLOSE)
                shutdown(fd, SHUT_WR);
            while (liar->script.end != LIAR_CLOSE && listen_on(liar, fd, 20))
                continue;
        }
        close(fd);
        atomic_fetch_add(&liar->finished, 1);
    }
}

void liar_start(struct liar *liar, const char *path, const struct liar_script *script)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    *liar = (struct liar){.script = *script, .path = path};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    liar->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int failed = bind(liar->listener, (struct sockaddr *)&address, sizeof(address)) ||
                 listen(liar->listener, 16) || pthread_create(&liar->thread, NULL, serve, liar);
    assert(!failed);
}

void liar_stop(struct liar *liar)
{
    atomic_store(&liar->stopping, 1);
    shutdown(liar->listener, SHUT_RDWR); /* ends accept */
    pthread_join(liar->thread, NULL);
    close(liar->listener);
    unlink(liar->path);
}
