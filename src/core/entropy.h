/* Random bytes as a value handed in, so that tests can repeat them and make them fail. */
#ifndef CORE_ENTROPY_H
#define CORE_ENTROPY_H

#include <stddef.h>

#include "core/result.h"

struct entropy {
    struct result (*fill)(struct entropy *entropy, void *out, size_t n);
};

/* getrandom(2); thread-safe, stateless. */
extern struct entropy entropy_system;

RESULT entropy_fill(struct entropy *entropy, void *out, size_t n);

#endif
