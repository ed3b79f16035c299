#include <criterion/criterion.h>
#include <stdint.h>

#include "core/arena.h"

TestSuite(core_arena);

Test(core_arena, pieces_are_aligned_apart_and_writable)
{
    _Alignas(16) char first[256];
    struct arena a;
    char *pieces[200];

    arena_init(&a, first, sizeof(first), 64 * 1024);
    for (size_t i = 0; i < 200; i++) {
        pieces[i] = arena_alloc(&a, i);
        cr_assert_not_null(pieces[i]);
        cr_assert_eq((uintptr_t)pieces[i] % 16, 0);
        memset(pieces[i], (int)i, i);
    }
    for (size_t i = 0; i < 200; i++)
        for (size_t n = 0; n < i; n++)
            cr_assert_eq((unsigned char)pieces[i][n], i);
    arena_reset(&a);
}

Test(core_arena, past_the_cap_there_is_nothing)
{
    struct arena a;
    arena_init(&a, NULL, 0, 1000);
    cr_assert_null(arena_alloc(&a, 1001));
    cr_assert_null(arena_alloc(&a, SIZE_MAX));
    cr_assert_null(arena_array(&a, SIZE_MAX / 2, 3), "a product that overflows");
    cr_assert_not_null(arena_alloc(&a, 900));
    cr_assert_null(arena_alloc(&a, 200));
    cr_assert_null(arena_zalloc(&a, 200));
    cr_assert_null(arena_str(&a, str_make("x", 200)).ptr);
    cr_assert_not_null(arena_alloc(&a, 50), "what still fits is given");
    arena_reset(&a);
    cr_assert_not_null(arena_alloc(&a, 900), "all is back after a reset");
    arena_reset(&a);
    arena_reset(&a);
}

Test(core_arena, zeroed_arrays_and_copied_text)
{
    struct arena a;
    arena_init(&a, NULL, 0, 64 * 1024);
    char *dirty = arena_alloc(&a, 64);
    memset(dirty, 0xAA, 64);
    const char *clean = arena_zalloc(&a, 64);
    for (size_t i = 0; i < 64; i++)
        cr_assert_eq(clean[i], 0);
    uint64_t *numbers = arena_array(&a, 10, sizeof(*numbers));
    cr_assert_not_null(numbers);
    numbers[9] = 1;
    cr_assert_not_null(arena_array(&a, 0, 8));
    cr_assert_not_null(arena_array(&a, 8, 0));

    char text[] = "secret";
    struct str copy = arena_str(&a, str_from(text));
    text[0] = 'S';
    cr_assert(str_eq(copy, STR("secret")));
    struct str empty = arena_str(&a, STR_NONE);
    cr_assert(empty.ptr != NULL && empty.len == 0);
    arena_reset(&a);
}

/* P5: forms carry secrets. Under AddressSanitizer the first memory is not used. */
Test(core_arena, the_callers_memory_is_wiped)
{
    _Alignas(16) char first[128];
    struct arena a;
    arena_init(&a, first, sizeof(first), 1024);
    struct str copy = arena_str(&a, STR("a client secret"));
    bool inside = copy.ptr >= first && copy.ptr < first + sizeof(first);
    arena_reset(&a);
    if (inside)
        cr_assert_neq(memcmp(first, "a client secret", 15), 0);
}
