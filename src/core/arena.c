#include "core/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define PIECE_EACH 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PIECE_EACH 1
#endif
#endif
#ifndef PIECE_EACH
#define PIECE_EACH 0
#endif

enum { ALIGN = 16, PIECE_MIN = 8192 };

struct arena_piece {
    struct arena_piece *next;
    size_t size;
    _Alignas(ALIGN) char bytes[];
};

static void bump_to(struct arena *a, char *from, size_t size)
{
    size_t skew = (size_t)(-(uintptr_t)from & (ALIGN - 1));
    if (PIECE_EACH || from == NULL || size <= skew) {
        a->at = a->end = NULL;
        return;
    }
    a->at = from + skew;
    a->end = from + size;
}

void arena_init(struct arena *a, void *first, size_t first_size, size_t cap)
{
    *a = (struct arena){.first = first, .first_size = first_size, .cap = cap};
    bump_to(a, first, first_size);
}

void arena_reset(struct arena *a)
{
    if (a->first != NULL) {
        bool inside = a->at >= a->first && a->at <= a->first + a->first_size;
        explicit_bzero(a->first, inside ? (size_t)(a->at - a->first) : a->first_size);
    }
    while (a->pieces != NULL) {
        struct arena_piece *piece = a->pieces;
        size_t size = piece->size;

        a->pieces = piece->next;
        if (a->at >= piece->bytes && a->at <= piece->bytes + size)
            size = (size_t)(a->at - piece->bytes); /* behind it nothing was handed out */
        explicit_bzero(piece->bytes, size);
        free(piece);
    }
    arena_init(a, a->first, a->first_size, a->cap);
}

static void *piece_new(struct arena *a, size_t size)
{
    size_t room = PIECE_EACH || size > PIECE_MIN ? size : PIECE_MIN;
    if (room > a->cap - a->used)
        room = size;
    if (room > a->cap - a->used)
        return NULL;
    struct arena_piece *piece = malloc(sizeof(*piece) + room);
    if (piece == NULL)
        return NULL;
    piece->size = room;
    piece->next = a->pieces;
    a->pieces = piece;
    a->used += room;
    if (room > size)
        bump_to(a, piece->bytes + size, room - size);
    return piece->bytes;
}

void *arena_alloc(struct arena *a, size_t size)
{
    if (size > a->cap)
        return NULL;
    size = size == 0 ? 1 : size;
    size_t rounded = PIECE_EACH ? size : (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (rounded > (size_t)(a->end - a->at) || a->at == NULL)
        return piece_new(a, rounded);
    void *out = a->at;
    a->at += rounded;
    return out;
}

void *arena_zalloc(struct arena *a, size_t size)
{
    void *out = arena_alloc(a, size);
    if (out != NULL)
        memset(out, 0, size);
    return out;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
    if (size != 0 && n > SIZE_MAX / size)
        return NULL;
    return arena_alloc(a, n * size);
}

bool arena_has(const struct arena *a, const void *p)
{
    uintptr_t at = (uintptr_t)p, first = (uintptr_t)a->first;

    if (at - first < a->first_size)
        return true;
    for (const struct arena_piece *piece = a->pieces; piece != NULL; piece = piece->next)
        if (at - (uintptr_t)piece->bytes < piece->size)
            return true;
    return false;
}

struct str arena_str(struct arena *a, struct str s)
{
    char *copy = arena_alloc(a, s.len);
    if (copy == NULL)
        return STR_NONE;
    if (s.len > 0)
        memcpy(copy, s.ptr, s.len);
    return str_make(copy, s.len);
}
