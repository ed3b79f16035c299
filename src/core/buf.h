/* A byte buffer that is written front to back. One that runs out of room remembers it (failed) and
 * takes nothing more, so a renderer checks once, at its end. Three kinds: over the caller's memory,
 * growing in an arena, growing on the heap (that one alone needs buf_free). */
#ifndef CORE_BUF_H
#define CORE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/str.h"

struct arena;

enum buf_kind { BUF_FIXED, BUF_ARENA, BUF_HEAP };

struct buf {
    char *ptr;
    size_t len, cap;
    size_t max; /* growth stops here */
    enum buf_kind kind;
    bool failed;
    bool full; /* it failed for max, and not for memory */
    struct arena *arena;
};

void buf_init_fixed(struct buf *b, void *memory, size_t size);
void buf_init_arena(struct buf *b, struct arena *arena, size_t first, size_t max);
void buf_init_heap(struct buf *b, size_t max);
void buf_free(struct buf *b); /* heap kind; wipes; harmless on the others */

/* Makes room for n more bytes and returns where they go, or NULL (then failed is set). The caller
 * adds what it wrote to len. */
char *buf_reserve(struct buf *b, size_t n);

void buf_put(struct buf *b, const void *bytes, size_t n);
void buf_char(struct buf *b, char c);
void buf_str(struct buf *b, struct str s);
void buf_cstr(struct buf *b, const char *terminated);
void buf_u64(struct buf *b, uint64_t value);
void buf_i64(struct buf *b, int64_t value);
void buf_hex(struct buf *b, const void *bytes, size_t n); /* lower case */

/* A JSON string with its quotes. Escapes '"', '\', controls and DEL; bytes that are not UTF-8
 * become U+FFFD, so the output is always valid JSON. */
void buf_json(struct buf *b, struct str s);

/* "2026-11-21T08:15:30.123Z" from milliseconds since 1970 (SPEC 3). */
void buf_time_ms(struct buf *b, int64_t wall_ms);

static inline struct str buf_view(const struct buf *b)
{
    return str_make(b->ptr, b->len);
}

#endif
