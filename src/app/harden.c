#include "app/harden.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"

bool harden_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", O_RDWR) != fd) /* the lowest free */
            return false;
    return true;
}

static void raise_files(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

/* By default the allocator keeps buffers larger than this once some were freed, in a heap for each
 * thread: a wave of large requests would stay in memory for good. Set, the bound stands still. */
static void give_back_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, 128 * 1024);
}

void harden_process(void)
{
    const struct rlimit no_core = {0, 0};

    if (setrlimit(RLIMIT_CORE, &no_core) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0)
        LOG(LOG_WARN, "core_dumps_not_disabled", LF_BOOL("harmful", true)); /* THREATS-59 */
    umask(077);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a write past the file limit fails like one on a full disk */
    raise_files();
    give_back_memory();
}
