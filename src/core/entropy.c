#include "core/entropy.h"

#include <errno.h>
#include <sys/random.h>

static struct result system_fill(struct entropy *entropy, void *out, size_t n)
{
    char *at = out;
    (void)entropy;
    while (n > 0) {
        ssize_t got = getrandom(at, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return FAULT(ERR_FAULT_ENTROPY);
        at += got;
        n -= (size_t)got;
    }
    return RESULT_OK;
}

struct entropy entropy_system = {system_fill};

struct result entropy_fill(struct entropy *entropy, void *out, size_t n)
{
    return entropy->fill(entropy, out, n);
}
