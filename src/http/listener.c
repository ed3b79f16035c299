#include "http/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* RECEIVE_SIZE: what the kernel takes for a connection before it is read, as it is asked for; it
 * gives twice that. All of it can come in within one turn of a worker's loop, so it is what the
 * memory of requests on their way can go beyond its budget by, times the connections of a turn.
 * Left to itself the kernel grows it to megabytes. */
enum { BACKLOG = 4096, RECEIVE_SIZE = 64 * 1024 };

static bool fail(const struct listener *l, const char *what, int error, struct buf *out_error)
{
    buf_cstr(out_error, "cannot listen on ");
    buf_str(out_error, l->config->text);
    buf_cstr(out_error, ": ");
    buf_cstr(out_error, what);
    if (error != 0) {
        buf_cstr(out_error, ": ");
        buf_cstr(out_error, strerror(error));
    }
    return false;
}

static int new_socket(int family)
{
    return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* A socket that does not share its port: with SO_REUSEPORT alone, a second server of this user
 * would start happily and take half of the connections. */
static bool port_is_free(const struct listen_address *address)
{
    int fd = new_socket(address->socket.ss_family), on = 1;
    if (fd == -1)
        return false;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    bool ok = bind(fd, (const struct sockaddr *)&address->socket, address->socket_len) == 0;
    int error = errno;
    close(fd);
    errno = error;
    return ok;
}

static uint16_t bound_port(int fd)
{
    struct sockaddr_storage name;
    socklen_t len = sizeof(name);

    if (getsockname(fd, (struct sockaddr *)&name, &len) != 0)
        return 0;
    return ntohs(name.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&name)->sin6_port
                                            : ((struct sockaddr_in *)&name)->sin_port);
}

static void set_port(struct listen_address *address, uint16_t port)
{
    if (address->socket.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)&address->socket)->sin6_port = htons(port);
    else
        ((struct sockaddr_in *)&address->socket)->sin_port = htons(port);
}

static bool open_tcp(struct listener *l, unsigned threads, struct buf *out_error)
{
    struct listen_address address = l->config->address;
    int on = 1, size = RECEIVE_SIZE;

    if (!port_is_free(&address))
        return fail(l, "bind", errno, out_error);
    while (l->fd_count < threads) {
        int fd = new_socket(address.socket.ss_family);
        if (fd == -1)
            return fail(l, "socket", errno, out_error);
        l->fds[l->fd_count++] = fd;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)); /* accepted ones inherit it */
        if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0 ||
            bind(fd, (struct sockaddr *)&address.socket, address.socket_len) != 0)
            return fail(l, "bind", errno, out_error);
        if (listen(fd, BACKLOG) != 0)
            return fail(l, "listen", errno, out_error);
        l->port = bound_port(fd);
        set_port(&address, l->port); /* port 0: all threads on the one the kernel chose */
    }
    return true;
}

/* A file left by a server that was killed is removed; one that answers is not ours. */
static bool clear_path(struct listener *l, const struct sockaddr_un *name, struct buf *out_error)
{
    struct stat info;

    if (lstat(name->sun_path, &info) != 0)
        return errno == ENOENT || fail(l, "stat", errno, out_error);
    if (!S_ISSOCK(info.st_mode))
        return fail(l, "a file that is not a socket is in the way", 0, out_error);
    int fd = new_socket(AF_UNIX);
    bool alive = fd != -1 && connect(fd, (const struct sockaddr *)name, sizeof(*name)) == 0;
    if (fd != -1)
        close(fd);
    if (alive)
        return fail(l, "another server answers there", 0, out_error);
    return unlink(name->sun_path) == 0 || fail(l, "unlink", errno, out_error);
}

static bool open_unix(struct listener *l, unsigned threads, struct buf *out_error)
{
    const struct sockaddr_un *name = (const struct sockaddr_un *)&l->config->address.socket;

    if (!clear_path(l, name, out_error))
        return false;
    int fd = new_socket(AF_UNIX);
    if (fd == -1)
        return fail(l, "socket", errno, out_error);
    l->fds[l->fd_count++] = fd;
    if (bind(fd, (const struct sockaddr *)name, l->config->address.socket_len) != 0)
        return fail(l, "bind", errno, out_error);
    /* Nobody can connect before listen, so there is no moment with the wrong mode. */
    if (chmod(name->sun_path, l->config->mode) != 0)
        return fail(l, "chmod", errno, out_error);
    if (listen(fd, BACKLOG) != 0)
        return fail(l, "listen", errno, out_error);
    while (l->fd_count < threads) {
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (copy == -1)
            return fail(l, "dup", errno, out_error);
        l->fds[l->fd_count++] = copy;
    }
    return true;
}

bool listener_open(const struct config_listener *config, bool admin, unsigned threads,
                   struct listener *out, struct buf *out_error)
{
    struct listener l = {.config = config, .admin = admin};

    unsigned wanted = admin ? 1 : threads;
    bool ok = config->address.socket.ss_family == AF_UNIX ? open_unix(&l, wanted, out_error)
                                                          : open_tcp(&l, wanted, out_error);
    if (!ok) {
        for (unsigned i = 0; i < l.fd_count; i++)
            close(l.fds[i]);
        return false;
    }
    *out = l;
    return true;
}

void listener_close(struct listener *listener)
{
    for (unsigned i = 0; i < listener->fd_count; i++)
        if (listener->fds[i] != -1)
            close(listener->fds[i]);
    listener->fd_count = 0;
    listener_unlink(listener);
}

void listener_unlink(struct listener *listener)
{
    if (listener->config->address.socket.ss_family == AF_UNIX && !listener->unlinked)
        unlink(((const struct sockaddr_un *)&listener->config->address.socket)->sun_path);
    listener->unlinked = true;
}
