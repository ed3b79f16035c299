/* Key sets of others: what is taken is written again and read again as the same, within the limits
 * that are promised; what is not is refused with a reason. */
#include "fuzz.h"
#include "jose/key_set.h"

static struct str write_set(struct arena *arena, const struct key_set *set)
{
    struct buf b;

    buf_init_arena(&b, arena, 1024, KEY_SET_TEXT);
    key_set_write(&b, set);
    assert(!b.failed);
    return buf_view(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct key_set *set = NULL, *again = NULL;
    struct str wrong = STR_NONE;
    struct arena arena, bounded;

    arena_init(&arena, NULL, 0, FUZZ_ARENA);
    enum err err = key_set_parse(&arena, fuzz_text(data, size), &set, &wrong);
    assert(err == ERR_NONE || (err == ERR_INVALID_VALUE && wrong.len > 0));
    fuzz_touch(wrong);
    if (err == ERR_NONE) {
        assert(set->count >= 1 && set->count <= KEY_SET_MAX);
        struct str text = write_set(&arena, set);
        arena_init(&bounded, NULL, 0, KEY_SET_ARENA);
        err = key_set_parse(&bounded, text, &again, &wrong);
        assert(err == ERR_NONE && again->count == set->count);
        assert(str_eq(write_set(&arena, again), text));
        arena_reset(&bounded);
    }
    arena_reset(&arena);
    return 0;
}
