/* Memory of one exchange: pieces are never freed alone, all go together. It is bounded: past the
 * cap an allocation gives NULL, which callers pass on as ERR_FAULT_MEMORY. Everything is wiped on
 * release, since forms carry secrets. Under AddressSanitizer each piece is its own malloc, so that
 * an overrun is seen. */
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include <stddef.h>

#include "core/str.h"

struct arena_piece;

struct arena {
    char *at, *end; /* room left in the newest piece */
    char *first;    /* the caller's memory, may be NULL */
    size_t first_size;
    struct arena_piece *pieces; /* malloced, newest first */
    size_t used, cap;           /* bytes malloced and their bound */
};

/* first: memory used before any malloc (first_size bytes, may be NULL/0); the caller's, outlives
 * the arena. */
void arena_init(struct arena *a, void *first, size_t first_size, size_t cap);

/* Frees and wipes all; the arena is empty and usable again. */
void arena_reset(struct arena *a);

/* 16-byte aligned, not zeroed; NULL past the cap. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_zalloc(struct arena *a, size_t size);

/* NULL also when n * size overflows. Not zeroed. */
void *arena_array(struct arena *a, size_t n, size_t size);

/* Whether p points into memory of this arena. For a few pieces: it looks at each. */
bool arena_has(const struct arena *a, const void *p);

/* Copies s; ptr is NULL past the cap (also for an empty s, ptr is non-NULL on success). */
struct str arena_str(struct arena *a, struct str s);

#endif
