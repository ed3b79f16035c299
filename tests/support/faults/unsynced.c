/* A SIGKILL leaves what was written to the kernel; a loss of power does not, and neither does a
 * failed sync on most file systems, which throw the pages away. So the bytes that a write covers
 * are kept until the file is synced, and put back when that is to be lost. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faults.h"

struct piece {
    struct piece *before;
    int fd;
    int64_t place;
    off_t offset, size; /* size: the file's */
    size_t n;
    char bytes[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct piece *newest;

static bool is_kept(void)
{
    struct faults_control *control = faults_control();
    return control == NULL || atomic_load(&control->keeps_unsynced) != 0;
}

static void note(int fd, int64_t place, off_t offset, size_t n)
{
    struct piece *piece = malloc(sizeof(*piece) + n);
    struct stat file;

    if (piece == NULL || fstat(fd, &file) != 0)
        abort();
    *piece = (struct piece){.fd = fd, .place = place, .offset = offset, .size = file.st_size};
    ssize_t got = n > 0 ? pread(fd, piece->bytes, n, offset) : 0;
    piece->n = got > 0 ? (size_t)got : 0;
    pthread_mutex_lock(&lock);
    piece->before = newest;
    newest = piece;
    pthread_mutex_unlock(&lock);
}

void unsynced_note_write(int fd, int64_t place, off_t offset, size_t n)
{
    if (!is_kept() && (place & (FAULTS_STORE | FAULTS_WAL)) != 0)
        note(fd, place, offset, n);
}

void unsynced_note_size(int fd, int64_t place, off_t size)
{
    struct stat file;

    if (is_kept() || (place & (FAULTS_STORE | FAULTS_WAL)) == 0 || fstat(fd, &file) != 0)
        return;
    note(fd, place, size, file.st_size > size ? (size_t)(file.st_size - size) : 0);
}

static void put_back(const struct piece *piece)
{
    ssize_t written = REAL(pwrite64)(piece->fd, piece->bytes, piece->n, piece->offset);

    if (written != (ssize_t)piece->n || REAL(ftruncate64)(piece->fd, piece->size) != 0)
        abort();
}

static void drop(int64_t places, bool puts_back)
{
    pthread_mutex_lock(&lock);
    for (struct piece **at = &newest; *at != NULL;) {
        struct piece *piece = *at;
        if ((piece->place & places) == 0) {
            at = &piece->before;
            continue;
        }
        if (puts_back)
            put_back(piece);
        *at = piece->before;
        free(piece);
    }
    pthread_mutex_unlock(&lock);
}

void unsynced_forget(int64_t place)
{
    drop(place, false);
}

void unsynced_lose(int64_t places)
{
    drop(places, !is_kept());
}
