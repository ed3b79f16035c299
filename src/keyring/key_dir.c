#include "keyring/key_dir.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/limits.h"
#include "keyring/say.h"

static const char manifest_name[] = "keyring.json";
static const char manifest_new[] = "keyring.json.new";
static const char lock_name[] = ".lock";

enum { FILE_NAME = JWK_THUMBPRINT + sizeof(".pem") };

static void key_name(struct str kid, char out[FILE_NAME])
{
    assert(kid.len == JWK_THUMBPRINT);
    memcpy(out, kid.ptr, JWK_THUMBPRINT);
    memcpy(out + JWK_THUMBPRINT, ".pem", sizeof(".pem"));
}

static bool say_errno(const struct key_dir *dir, const char *name, const char *what,
                      struct buf *why)
{
    return say(why, "%s/%s: cannot be %s: %s", dir->path, name, what, strerror(errno));
}

bool key_dir_open(const char *path, struct key_dir *out, struct buf *why)
{
    struct stat st;
    struct key_dir dir = {.path = path, .lock_fd = -1};

    dir.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir.fd < 0)
        return say(why, "%s: %s; `scopemint init` makes it, keys.dir says where it is", path,
                   strerror(errno));
    if (fstat(dir.fd, &st) != 0 || (st.st_mode & 022) != 0) {
        key_dir_close(&dir);
        return say(why, "%s: group or others can write to it (mode %04o); run: chmod go-w %s", path,
                   st.st_mode & 07777, path);
    }
    *out = dir;
    return true;
}

void key_dir_close(struct key_dir *dir)
{
    if (dir->lock_fd >= 0)
        close(dir->lock_fd);
    if (dir->fd >= 0)
        close(dir->fd);
    dir->fd = dir->lock_fd = -1;
}

bool key_dir_lock(struct key_dir *dir, struct buf *why)
{
    int fd = openat(dir->fd, lock_name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int done;

    if (fd < 0)
        return say_errno(dir, lock_name, "opened", why);
    do
        done = flock(fd, LOCK_EX);
    while (done != 0 && errno == EINTR);
    if (done != 0) {
        say_errno(dir, lock_name, "locked", why);
        close(fd);
        return false;
    }
    dir->lock_fd = fd;
    return true;
}

static bool read_all(int fd, size_t size, struct buf *out)
{
    char *at = buf_reserve(out, size + 1); /* one more, to see whether it grew */
    ssize_t got = 1;

    while (at != NULL && out->len <= size && got > 0) {
        got = read(fd, out->ptr + out->len, size + 1 - out->len);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            out->len += (size_t)got;
    }
    return at != NULL && got == 0;
}

/* forbidden: mode bits that the file must not have. */
static bool read_file(const struct key_dir *dir, const char *name, mode_t forbidden, size_t max,
                      struct buf *out, struct buf *why)
{
    struct stat st;
    int fd = openat(dir->fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool ok = false;

    if (fd < 0)
        return say_errno(dir, name, "opened", why);
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        say(why, "%s/%s: is not a file", dir->path, name);
    else if ((st.st_mode & forbidden) != 0)
        say(why, "%s/%s: others than its owner can touch it (mode %04o); run: chmod 600 %s/%s",
            dir->path, name, st.st_mode & 07777, dir->path, name);
    else if ((size_t)st.st_size > max)
        say(why, "%s/%s: is larger than %zu bytes", dir->path, name, max);
    else if (!read_all(fd, (size_t)st.st_size, out))
        say(why, "%s/%s: cannot be read", dir->path, name);
    else
        ok = true;
    close(fd);
    return ok;
}

static bool write_all(int fd, struct str text)
{
    while (text.len > 0) {
        ssize_t done = write(fd, text.ptr, text.len);
        if (done < 0 && errno != EINTR)
            return false;
        if (done > 0)
            text = str_slice(text, (size_t)done, text.len);
    }
    return true;
}

/* A file of mode 0600 that is on disk when this returns true; what failed is removed again. */
static bool write_file(const struct key_dir *dir, const char *name, int flags, struct str text,
                       struct buf *why)
{
    int fd = openat(dir->fd, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, 0600);

    if (fd < 0)
        return say_errno(dir, name, "written", why);
    bool ok = fchmod(fd, 0600) == 0 && write_all(fd, text) && fsync(fd) == 0;
    if (!ok)
        say_errno(dir, name, "written", why);
    if (close(fd) != 0 && ok)
        ok = say_errno(dir, name, "written", why);
    if (!ok)
        unlinkat(dir->fd, name, 0);
    return ok;
}

bool key_dir_read_manifest(const struct key_dir *dir, struct keyring_manifest *out,
                           bool *out_exists, struct buf *why)
{
    struct buf text, reason;
    struct arena arena;
    char memory[256];

    if (faccessat(dir->fd, manifest_name, F_OK, 0) != 0 && errno == ENOENT) {
        *out_exists = false;
        *out = (struct keyring_manifest){0};
        return true;
    }
    buf_init_heap(&text, KEYRING_MANIFEST_MAX + 1);
    buf_init_fixed(&reason, memory, sizeof(memory));
    arena_init(&arena, NULL, 0, LIMIT_ARENA);
    bool ok = read_file(dir, manifest_name, 022, KEYRING_MANIFEST_MAX, &text, why);
    if (ok && !manifest_read(&arena, buf_view(&text), out, &reason))
        ok = say(why, "%s/%s: %.*s", dir->path, manifest_name, STR_ARG(buf_view(&reason)));
    arena_reset(&arena);
    buf_free(&text);
    if (ok)
        *out_exists = true;
    return ok;
}

bool key_dir_write_manifest(const struct key_dir *dir, const struct keyring_manifest *m,
                            struct buf *why)
{
    struct buf text;

    assert(dir->lock_fd >= 0);
    buf_init_heap(&text, KEYRING_MANIFEST_MAX);
    manifest_write(m, &text);
    bool ok = !text.failed;
    if (!ok)
        say(why, "%s/%s: has no room for more keys", dir->path, manifest_name);
    ok = ok && write_file(dir, manifest_new, O_TRUNC, buf_view(&text), why);
    buf_free(&text);
    if (!ok)
        return false;
    if (renameat(dir->fd, manifest_new, dir->fd, manifest_name) != 0 || fsync(dir->fd) != 0)
        return say_errno(dir, manifest_name, "replaced", why);
    return true;
}

bool key_dir_read_key(const struct key_dir *dir, struct str kid, struct buf *pem, struct buf *why)
{
    char name[FILE_NAME];

    key_name(kid, name);
    if (faccessat(dir->fd, name, F_OK, 0) != 0 && errno == ENOENT)
        return say(why,
                   "%s/%s: is missing; restore it from a backup or run: scopemint key withdraw "
                   "--replace %.*s",
                   dir->path, name, STR_ARG(kid));
    return read_file(dir, name, 077, KEY_PEM_MAX, pem, why);
}

bool key_dir_write_key(const struct key_dir *dir, struct str kid, const struct buf *pem,
                       struct buf *why)
{
    char name[FILE_NAME];

    key_name(kid, name);
    if (!write_file(dir, name, O_EXCL, buf_view(pem), why))
        return false;
    return fsync(dir->fd) == 0 || say_errno(dir, name, "kept", why);
}

bool key_dir_remove_key(const struct key_dir *dir, struct str kid, struct buf *why)
{
    char name[FILE_NAME];

    key_name(kid, name);
    return unlinkat(dir->fd, name, 0) == 0 || errno == ENOENT ||
           say_errno(dir, name, "removed", why);
}
