/* Writing, syncing and cutting: of the database's three files, and of sockets. */
#undef _FILE_OFFSET_BITS /* both names of each are wanted */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "faults.h"

static int64_t place_of_socket(int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);

    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return 0;
    return address.ss_family == AF_UNIX ? FAULTS_REDIS : FAULTS_CLIENT;
}

static bool is_file(const struct stat *open, const char *store, const char *ending)
{
    char path[4096];
    struct stat named;

    snprintf(path, sizeof(path), "%s%s", store, ending);
    return stat(path, &named) == 0 && named.st_ino == open->st_ino && named.st_dev == open->st_dev;
}

static int64_t place_of(int fd)
{
    const char *store = getenv("FAULTS_STORE");
    struct stat open;

    if (faults_control() == NULL || fstat(fd, &open) != 0)
        return 0;
    if (S_ISSOCK(open.st_mode))
        return place_of_socket(fd);
    if (store == NULL || !S_ISREG(open.st_mode))
        return 0;
    return is_file(&open, store, "-wal")   ? FAULTS_WAL
           : is_file(&open, store, "")     ? FAULTS_STORE
           : is_file(&open, store, "-shm") ? FAULTS_SHM
                                           : 0;
}

/* ---- writing: one call of each kind behind one shape ---- */

struct writing {
    int fd;
    off_t offset; /* below 0: where the file stands */
    const struct iovec *pieces;
    int count;
};

static size_t bytes_of(const struct writing *w)
{
    size_t n = 0;

    for (int i = 0; i < w->count; i++)
        n += w->pieces[i].iov_len;
    return n;
}

static ssize_t pass_on(const struct writing *w)
{
    if (w->count != 1)
        return REAL(writev)(w->fd, w->pieces, w->count);
    const struct iovec *piece = &w->pieces[0];
    return w->offset < 0 ? REAL(write)(w->fd, piece->iov_base, piece->iov_len)
                         : REAL(pwrite64)(w->fd, piece->iov_base, piece->iov_len, w->offset);
}

static ssize_t write_half(const struct writing *w)
{
    struct iovec half = w->pieces[0];
    struct writing shorter = {w->fd, w->offset, &half, 1};

    half.iov_len = (half.iov_len + 1) / 2;
    return pass_on(&shorter);
}

static ssize_t act(const struct writing *w, const struct faults_rule *rule)
{
    ssize_t written;

    switch (atomic_load(&rule->action)) {
    case FAULTS_FAIL:
        errno = (int)atomic_load(&rule->error);
        return -1;
    case FAULTS_SHORT:
        return write_half(w);
    case FAULTS_KILL_TORN:
        written = write_half(w);
        break;
    case FAULTS_KILL_AFTER:
        written = pass_on(w);
        break;
    default:
        written = 0;
    }
    (void)written;
    faults_kill();
}

static ssize_t do_write(const struct writing *w)
{
    faults_stop_if_dying();
    int64_t place = place_of(w->fd);
    const struct faults_rule *rule = place != 0 ? faults_look(FAULTS_WRITE, place) : NULL;

    if (w->offset >= 0)
        unsynced_note_write(w->fd, place, w->offset, bytes_of(w));
    return rule != NULL ? act(w, rule) : pass_on(w);
}

EXPORTED ssize_t write(int fd, const void *bytes, size_t n)
{
    struct iovec piece = {(void *)bytes, n};
    return do_write(&(struct writing){fd, -1, &piece, 1});
}

EXPORTED ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    return do_write(&(struct writing){fd, -1, pieces, count});
}

EXPORTED ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t offset)
{
    struct iovec piece = {(void *)bytes, n};
    return do_write(&(struct writing){fd, offset, &piece, 1});
}

EXPORTED ssize_t pwrite(int fd, const void *bytes, size_t n, off_t offset)
{
    return pwrite64(fd, bytes, n, offset);
}

/* ---- syncing and cutting ---- */

static void sleep_ms(int64_t ms)
{
    struct timespec rest = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    while (nanosleep(&rest, &rest) != 0 && errno == EINTR)
        continue;
}

static int sync_by(int fd, int (*call)(int fd))
{
    int64_t place = place_of(fd);
    const struct faults_rule *rule = place != 0 ? faults_look(FAULTS_SYNC, place) : NULL;
    int64_t action = rule != NULL ? atomic_load(&rule->action) : -1;

    if (action == FAULTS_KILL_BEFORE)
        faults_kill();
    if (action == FAULTS_SLOW)
        sleep_ms(atomic_load(&rule->error));
    if (action == FAULTS_PRETEND)
        return 0;
    if (action == FAULTS_FAIL) {
        unsynced_lose(place);
        errno = (int)atomic_load(&rule->error);
        return -1;
    }
    int result = call(fd);
    unsynced_forget(place);
    faults_stop_if_dying();
    if (action == FAULTS_KILL_AFTER)
        faults_kill();
    return result;
}

EXPORTED int fsync(int fd)
{
    return sync_by(fd, REAL(fsync));
}

EXPORTED int fdatasync(int fd)
{
    return sync_by(fd, REAL(fdatasync));
}

EXPORTED int ftruncate64(int fd, off64_t size)
{
    int64_t place = place_of(fd);
    const struct faults_rule *rule = place != 0 ? faults_look(FAULTS_TRUNCATE, place) : NULL;

    if (rule != NULL && atomic_load(&rule->action) == FAULTS_FAIL) {
        errno = (int)atomic_load(&rule->error);
        return -1;
    }
    if (rule != NULL)
        faults_kill();
    unsynced_note_size(fd, place, size);
    return REAL(ftruncate64)(fd, size);
}

EXPORTED int ftruncate(int fd, off_t size)
{
    return ftruncate64(fd, size);
}
