/* Which call meets which rule. */
#include "faults.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static struct faults_control *_Atomic control;

struct faults_control *faults_control(void)
{
    return atomic_load_explicit(&control, memory_order_relaxed);
}

__attribute__((constructor)) static void map_control(void)
{
    const char *path = getenv("FAULTS_CONTROL");
    int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;

    if (fd < 0)
        return;
    void *mapped =
        mmap(NULL, sizeof(struct faults_control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped == MAP_FAILED)
        abort();
    atomic_store(&control, mapped);
}

bool faults_covers(int64_t operation)
{
    struct faults_control *c = faults_control();

    for (size_t i = 0; c != NULL && i < FAULTS_RULES; i++)
        if (atomic_load(&c->rules[i].times) != 0 &&
            (atomic_load(&c->rules[i].operations) & operation) != 0)
            return true;
    return false;
}

static bool is_met(struct faults_rule *rule, int64_t operation, int64_t place)
{
    int64_t times = atomic_load(&rule->times);

    if (times == 0 || (atomic_load(&rule->operations) & operation) == 0 ||
        (atomic_load(&rule->places) & place) == 0)
        return false;
    int64_t since = atomic_fetch_add(&rule->seen, 1) + 1 - atomic_load(&rule->after);
    if (since < 0 || (times > 0 && since >= times))
        return false;
    atomic_fetch_add(&rule->fired, 1);
    return true;
}

const struct faults_rule *faults_look(int64_t operation, int64_t place)
{
    struct faults_control *c = faults_control();

    for (size_t i = 0; c != NULL && i < FAULTS_RULES; i++)
        if (is_met(&c->rules[i], operation, place))
            return &c->rules[i];
    return NULL;
}

static _Atomic bool dying;

void faults_stop_if_dying(void)
{
    while (atomic_load(&dying))
        pause();
}

void faults_kill(void)
{
    atomic_store(&dying, true);
    unsynced_lose(FAULTS_STORE | FAULTS_WAL);
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}
