/* The store that forgets: for tests, and to try the server without a disk. Tests also make it fail.
 */
#ifndef STORE_MEMORY_H
#define STORE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

struct store;

/* The n-th call of the backend from now on fails, alone: 1 is the next; 0 switches that off. For a
 * store opened with "memory:" only. Thread-safe. */
void store_memory_fail_after(struct store *store, size_t n);

/* While down every call fails, as with a disk that went away. Likewise. */
void store_memory_set_down(struct store *store, bool down);

#endif
