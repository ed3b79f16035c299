#include "core/shared.h"

#include <stdatomic.h>
#include <stdlib.h>

struct head {
    _Alignas(16) _Atomic size_t holders;
};

static struct head *head_of(const void *memory)
{
    return (struct head *)memory - 1;
}

void *shared_new(size_t size)
{
    struct head *head = calloc(1, sizeof(*head) + size);
    if (head == NULL)
        return NULL;
    atomic_init(&head->holders, 1);
    return head + 1;
}

void shared_ref(const void *memory)
{
    atomic_fetch_add_explicit(&head_of(memory)->holders, 1, memory_order_relaxed);
}

bool shared_drop(const void *memory)
{
    return atomic_fetch_sub_explicit(&head_of(memory)->holders, 1, memory_order_acq_rel) == 1;
}

void shared_free(const void *memory)
{
    free(head_of(memory));
}

/* Acquires what the holders before did with it before they let go. */
bool shared_is_own(const void *memory)
{
    return atomic_load_explicit(&head_of(memory)->holders, memory_order_acquire) == 1;
}
