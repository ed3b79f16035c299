/* Who owns a store on disk: one process at a time, by a lock on "<path>.lock" that the kernel drops
 * with the process, however it ends. The file holds the owner's pid and stays behind: to remove it
 * would let two processes lock two files of one name. */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, PID_BYTES = 32 };

static RESULT complain(struct buf *error, const char *what, const char *path)
{
    int number = errno;

    buf_cstr(error, what);
    buf_char(error, ' ');
    buf_cstr(error, path);
    buf_cstr(error, ": ");
    buf_cstr(error, strerror(number));
    return FAULT(ERR_FAULT_STORE);
}

/* The folder that path is in, "" where that is the current one. */
static void folder_of(const char *path, char *out)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);

    memcpy(out, path, length);
    out[length] = '\0';
}

/* A file's name is durable once its folder is: SQLite sees to that of its own files alone. */
static bool sync_folder(const char *folder)
{
    int fd = open(folder[0] != '\0' ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return synced;
}

static RESULT make_folder(const char *path, struct buf *error)
{
    char folder[PATH_BYTES];
    char parent[PATH_BYTES];

    folder_of(path, folder);
    folder_of(folder, parent);
    if (folder[0] == '\0')
        return RESULT_OK;
    if (mkdir(folder, 0700) != 0)
        return errno == EEXIST ? RESULT_OK : complain(error, "cannot make the folder", folder);
    return sync_folder(parent) ? RESULT_OK : complain(error, "cannot sync the folder", parent);
}

/* Before the lock, so that the file has a real path to be locked under. SQLite gives its companion
 * files the mode of this one. */
static RESULT make_file(const char *path, struct buf *error)
{
    struct stat found;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return complain(error, "cannot open the store", path);
    bool wide = fstat(fd, &found) == 0 && (found.st_mode & 077) != 0;
    bool narrowed = !wide || fchmod(fd, 0600) == 0;
    close(fd);
    return narrowed ? RESULT_OK
                    : complain(error,
                               "others may read the store, and its mode cannot be changed:", path);
}

static RESULT say_in_use(int fd, const char *path, struct buf *error)
{
    char pid[PID_BYTES];
    ssize_t length = pread(fd, pid, sizeof(pid), 0);

    buf_cstr(error, "store ");
    buf_cstr(error, path);
    buf_cstr(error, " is in use by ");
    if (length > 0) {
        buf_cstr(error, "process ");
        buf_str(error, str_trim(str_make(pid, (size_t)length), '\n'));
    } else {
        buf_cstr(error, "another process"); /* which has not come to writing its pid */
    }
    return FAULT(ERR_FAULT_STORE);
}

static RESULT write_pid(int fd, const char *lock_path, struct buf *error)
{
    char text[PID_BYTES];
    struct buf pid;

    buf_init_fixed(&pid, text, sizeof(text));
    buf_u64(&pid, (uint64_t)getpid());
    buf_char(&pid, '\n');
    if (ftruncate(fd, 0) != 0 || pwrite(fd, pid.ptr, pid.len, 0) != (ssize_t)pid.len)
        return complain(error, "cannot write", lock_path);
    return RESULT_OK;
}

static RESULT lock_file(const char *path, const char *lock_path, int *out_fd, struct buf *error)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct result result = RESULT_OK;

    if (fd < 0)
        return complain(error, "cannot open", lock_path);
    if (fcntl(fd, F_OFD_SETLK, &whole) == 0)
        result = write_pid(fd, lock_path, error);
    else if (errno == EAGAIN || errno == EACCES)
        result = say_in_use(fd, path, error);
    else
        result = complain(error, "cannot lock", lock_path);
    if (result_ok(result))
        *out_fd = fd;
    else
        close(fd);
    return result;
}

struct result sqlite_lock_take(struct str path, char **out_path, int *out_fd, struct buf *error)
{
    char name[PATH_BYTES];
    char lock_path[PATH_BYTES + 8];

    if (path.len >= sizeof(name) || memchr(path.ptr, '\0', path.len) != NULL) {
        buf_cstr(error, "the path of the store is too long, or no path");
        return FAULT(ERR_FAULT_STORE);
    }
    memcpy(name, path.ptr, path.len);
    name[path.len] = '\0';
    TRY(make_folder(name, error));
    TRY(make_file(name, error));
    char *real = realpath(name, NULL);
    if (real == NULL)
        return complain(error, "cannot find", name);
    /* realpath keeps to PATH_MAX, which is PATH_BYTES. */
    snprintf(lock_path, sizeof(lock_path), "%s.lock", real);
    struct result locked = lock_file(real, lock_path, out_fd, error);
    if (result_ok(locked))
        *out_path = real;
    else
        free(real);
    return locked;
}

void sqlite_lock_release(int fd)
{
    /* Empty, the file names no process that has long gone. */
    int emptied = ftruncate(fd, 0);
    (void)emptied;
    close(fd);
}
