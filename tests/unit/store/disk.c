#include "disk.h"

#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool fails, held, reached;
    size_t syncs;
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

__attribute__((visibility("default"))) int fdatasync(int fd)
{
    pthread_mutex_lock(&disk.lock);
    disk.syncs++;
    disk.reached = true;
    pthread_cond_broadcast(&disk.changed);
    while (disk.held)
        pthread_cond_wait(&disk.changed, &disk.lock);
    bool fails = disk.fails;
    pthread_mutex_unlock(&disk.lock);
    if (fails) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

void disk_fail(void)
{
    pthread_mutex_lock(&disk.lock);
    disk.fails = true;
    pthread_mutex_unlock(&disk.lock);
}

size_t disk_syncs(void)
{
    pthread_mutex_lock(&disk.lock);
    size_t syncs = disk.syncs;
    pthread_mutex_unlock(&disk.lock);
    return syncs;
}

void disk_hold(void)
{
    pthread_mutex_lock(&disk.lock);
    disk.held = true;
    disk.reached = false;
    pthread_mutex_unlock(&disk.lock);
}

void disk_await(void)
{
    pthread_mutex_lock(&disk.lock);
    while (!disk.reached)
        pthread_cond_wait(&disk.changed, &disk.lock);
    pthread_mutex_unlock(&disk.lock);
}

void disk_release(void)
{
    pthread_mutex_lock(&disk.lock);
    disk.held = false;
    pthread_cond_broadcast(&disk.changed);
    pthread_mutex_unlock(&disk.lock);
}
