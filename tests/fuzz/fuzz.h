/* A fuzz target: one function that takes any bytes, calls one parser, and asserts what must hold
 * whatever came. With clang it is driven by libFuzzer (scripts/fuzz); everywhere else replay.c runs
 * the corpus through it, as an ordinary test. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FUZZ_ARENA = 8 * 1024 * 1024 };

static inline struct str fuzz_text(const uint8_t *data, size_t size)
{
    return str_make((const char *)data, size);
}

/* Whether piece lies in whole: a parser that does not copy may point nowhere else. */
static inline bool fuzz_is_within(struct str piece, struct str whole)
{
    return piece.ptr == NULL ||
           (piece.ptr >= whole.ptr && piece.ptr + piece.len <= whole.ptr + whole.len);
}

/* Touches every byte, so that a sanitizer sees a piece that reaches too far. */
static inline void fuzz_touch(struct str piece)
{
    const volatile char *bytes = piece.ptr;
    for (size_t i = 0; i < piece.len; i++)
        (void)bytes[i];
}

#endif
