#include "support/redis.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void redis_server_init(struct redis_server *server)
{
    strcpy(server->folder, "/tmp/scopemint-redis-XXXXXX");
    const char *made = mkdtemp(server->folder);
    assert(made != NULL);
    snprintf(server->socket, sizeof(server->socket), "%s/redis.sock", server->folder);
    server->pid = 0;
}

static void become_redis(const struct redis_server *server, int out, const char *option,
                         const char *value, const char *value2)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(out, STDOUT_FILENO);
    execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", server->socket, "--dir",
           server->folder, "--save", "", "--appendonly", "no", option, value, value2, (char *)NULL);
    _exit(127);
}

void redis_server_start(struct redis_server *server, const char *option, const char *value,
                        const char *value2)
{
    int ends[2];
    char line[512];
    int failed = pipe(ends);
    bool ready = false;

    assert(failed == 0 && server->pid == 0);
    unlink(server->socket);
    server->pid = fork();
    assert(server->pid >= 0);
    if (server->pid == 0)
        become_redis(server, ends[1], option, value, value2);
    close(ends[1]);
    FILE *log = fdopen(ends[0], "r");
    while (!ready && fgets(line, sizeof(line), log) != NULL)
        ready = strstr(line, "ready to accept connections") != NULL;
    assert(ready);
    /* The pipe stays open, else its next line would end the server. */
}

static void stop(struct redis_server *server)
{
    if (server->pid == 0)
        return;
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    server->pid = 0;
}

void redis_server_kill(struct redis_server *server)
{
    stop(server);
    unlink(server->socket);
}

void redis_server_pause(struct redis_server *server)
{
    kill(server->pid, SIGSTOP);
}

void redis_server_resume(struct redis_server *server)
{
    kill(server->pid, SIGCONT);
}

void redis_server_done(struct redis_server *server)
{
    redis_server_kill(server);
    rmdir(server->folder);
}
