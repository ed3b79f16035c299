/* Memory that several versions of the tables hold together: it is counted how many, and the last
 * one frees it. What is held by more than one is not written to any more.
 *
 * The count stands before the memory, so that what is shared needs no field for it. */
#ifndef CORE_SHARED_H
#define CORE_SHARED_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed, 16-byte aligned, with one holder; NULL when out of memory. */
void *shared_new(size_t size);

/* One holder more. Any thread that is a holder, or is kept alive by one. */
void shared_ref(const void *memory);

/* One holder less. True: it was the last, who lets go of what the memory refers to and then calls
 * shared_free. Any thread. */
bool shared_drop(const void *memory);
void shared_free(const void *memory);

/* The caller is the only holder, so it may write. */
bool shared_is_own(const void *memory);

#endif
