/* The server beside us: found by the lock it holds on its store, told to read its files again. The
 * lock file alone proves nothing, since it outlives its process; a lock that somebody holds does,
 * and then the pid in the file is that process's. */
#include "cli/load.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static pid_t read_owner(int file)
{
    struct flock whole = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    char text[32];
    uint64_t pid;

    if (fcntl(file, F_OFD_GETLK, &whole) != 0 || whole.l_type == F_UNLCK)
        return 0;
    ssize_t n = pread(file, text, sizeof(text), 0);
    if (n <= 0 || !str_to_u64(str_trim(str_make(text, (size_t)n), '\n'), INT_MAX, &pid))
        return 0;
    return (pid_t)pid;
}

pid_t cli_store_owner(const struct config *config)
{
    char lock[PATH_MAX + 8];

    if (config->store.kind != CONFIG_STORE_SQLITE)
        return 0;
    char *path = realpath(config->store.path.ptr, NULL);
    if (path == NULL)
        return 0;
    snprintf(lock, sizeof(lock), "%s.lock", path);
    free(path);
    int file = open(lock, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    pid_t owner = read_owner(file);
    close(file);
    return owner;
}

void cli_reload_server(const struct config *config)
{
    if (config->store.kind != CONFIG_STORE_SQLITE) {
        cli_say("the store is in memory, so the server's pid is not known; send it SIGHUP");
        return;
    }
    pid_t owner = cli_store_owner(config);
    if (owner <= 1) {
        cli_say("no server runs on %s; it reads the keys when it starts", config->store.path.ptr);
        return;
    }
    if (kill(owner, SIGHUP) == 0)
        cli_say("told the server (process %d) to read its keys again", (int)owner);
    else
        cli_say("the server (process %d) has not read them: %s; send it SIGHUP", (int)owner,
                strerror(errno));
}
