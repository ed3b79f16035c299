#include "short.h"

#include <stdlib.h>
#include <sys/mman.h>

_Atomic bool memory_is_short;

void *__real_calloc(size_t n, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__real_mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__wrap_mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset);

void *__wrap_calloc(size_t n, size_t size)
{
    return atomic_load(&memory_is_short) ? NULL : __real_calloc(n, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return atomic_load(&memory_is_short) ? NULL : __real_aligned_alloc(alignment, size);
}

/* mmap's name where off_t is made 64 bits wide, as Meson does. */
void *__wrap_mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    return atomic_load(&memory_is_short) ? MAP_FAILED
                                         : __real_mmap64(at, size, protection, flags, fd, offset);
}
