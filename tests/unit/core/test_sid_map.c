/* The map by itself: leaves that fill, versions that part, records that are let go. */
#include <criterion/criterion.h>
#include <string.h>

#include "core/shared.h"
#include "core/sid_map.h"
#include "support/leaks.h"

enum { MANY = 500, ANYWHERE = 0, CROWDED = 1 };

struct thing {
    struct sid sid;
    int value;
};

static int things; /* that there are */

static void unref(const void *thing)
{
    if (!shared_drop(thing))
        return;
    things--;
    shared_free(thing);
}

/* Crowded: of one hash, so all in one leaf and all looked for from one slot on. */
static struct sid sid_of(uint64_t n, int kind)
{
    struct sid sid = {{0}};
    uint64_t random = kind == CROWDED ? 42 : n * 0x9e3779b97f4a7c15u;
    memcpy(sid.bytes, &n, sizeof(n));
    memcpy(sid.bytes + 8, &random, sizeof(random));
    return sid;
}

static void put(struct sid_map *map, uint64_t n, int kind, int value)
{
    struct thing *thing = shared_new(sizeof(*thing));
    cr_assert_not_null(thing);
    things++;
    thing->sid = sid_of(n, kind);
    thing->value = value;
    cr_assert(sid_map_put(map, thing));
    unref(thing);
}

static int value_of(const struct sid_map *map, uint64_t n, int kind)
{
    struct sid sid = sid_of(n, kind);
    const struct thing *thing = sid_map_find(map, &sid);
    return thing == NULL ? -1 : thing->value;
}

static void expect(const struct sid_map *map, int kind, int from, int add)
{
    for (int n = 0; n < MANY; n++)
        cr_assert_eq(value_of(map, (uint64_t)n, kind), n < from ? -1 : n + add, "%d", n);
}

static void part_and_compare(int kind)
{
    struct sid_map first = {.unref = unref}, second;

    expect(&first, kind, MANY, 0);
    for (int n = 0; n < MANY; n++)
        put(&first, (uint64_t)n, kind, n);
    cr_assert_eq(first.count, (size_t)MANY);
    cr_assert_eq(things, MANY);
    expect(&first, kind, 0, 0);

    sid_map_share(&first, &second);
    for (int n = 0; n < MANY; n++)
        put(&second, (uint64_t)n, kind, n + 1);
    cr_assert_eq(second.count, (size_t)MANY);
    cr_assert_eq(things, 2 * MANY);
    expect(&first, kind, 0, 0);
    expect(&second, kind, 0, 1);

    for (int n = 0; n < MANY / 2; n++) {
        struct sid sid = sid_of((uint64_t)n, kind);
        cr_assert(sid_map_remove(&second, &sid));
    }
    cr_assert_eq(second.count, (size_t)MANY / 2);
    expect(&second, kind, MANY / 2, 1);
    sid_map_done(&first);
    expect(&second, kind, MANY / 2, 1);
    cr_assert_eq(things, MANY / 2);
    sid_map_done(&second);
    cr_assert_eq(things, 0);
}

Test(sid_map, versions_part)
{
    part_and_compare(ANYWHERE);
    leaks_check();
}

Test(sid_map, a_leaf_takes_as_many_as_come)
{
    part_and_compare(CROWDED);
    leaks_check();
}

Test(sid_map, what_was_removed_can_come_again)
{
    struct sid_map map = {.unref = unref};
    struct sid sid = sid_of(1, ANYWHERE);
    put(&map, 1, ANYWHERE, 5);
    cr_assert(sid_map_remove(&map, &sid));
    cr_assert_null(sid_map_find(&map, &sid));
    put(&map, 1, ANYWHERE, 6);
    cr_assert_eq(value_of(&map, 1, ANYWHERE), 6);
    cr_assert_eq(map.count, (size_t)1);
    sid_map_done(&map);
    cr_assert_eq(things, 0);
}

Test(sid_map, equal_in_their_random_bits_alone_is_not_equal)
{
    struct sid_map map = {.unref = unref};
    struct sid twin = sid_of(1, ANYWHERE);
    twin.bytes[3] = 1;
    put(&map, 1, ANYWHERE, 5);
    cr_assert_null(sid_map_find(&map, &twin));
    sid_map_done(&map);
}

static void sum_up(void *context, const void *record)
{
    int *sum = context;
    *sum += ((const struct thing *)record)->value;
}

Test(sid_map, the_portions_together_are_all_of_it)
{
    struct sid_map map = {.unref = unref};
    int sum = 0;

    for (unsigned i = 0; i < SID_MAP_PORTIONS; i++)
        sid_map_walk(&map, i, sum_up, &sum);
    cr_assert_eq(sum, 0);
    for (int n = 0; n < MANY; n++)
        put(&map, (uint64_t)n, n % 2 == 0 ? ANYWHERE : CROWDED, n);
    for (unsigned i = 0; i < SID_MAP_PORTIONS; i++)
        sid_map_walk(&map, i, sum_up, &sum);
    cr_assert_eq(sum, MANY * (MANY - 1) / 2);
    sid_map_done(&map);
    leaks_check();
}
