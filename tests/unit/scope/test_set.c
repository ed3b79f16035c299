#include <criterion/criterion.h>

#include "scope/set.h"

TestSuite(scope_set);

static const unsigned edges[] = {0, 1, 63, 64, 65, 127, 128, 255, 256, 510, 511};
enum { EDGES = sizeof(edges) / sizeof(edges[0]) };

Test(scope_set, bits_at_word_edges_come_and_go)
{
    struct scope_set set = SCOPE_SET_EMPTY;
    for (size_t i = 0; i < EDGES; i++) {
        cr_assert(!scope_set_has(&set, edges[i]));
        scope_set_add(&set, edges[i]);
        scope_set_add(&set, edges[i]);
        cr_assert(scope_set_has(&set, edges[i]));
        cr_assert_eq(scope_set_count(&set), i + 1);
    }
    for (size_t i = 0; i < EDGES; i++) {
        scope_set_remove(&set, edges[i]);
        cr_assert(!scope_set_has(&set, edges[i]));
    }
    cr_assert(scope_set_is_empty(&set));
}

Test(scope_set, a_walk_meets_each_bit_once_in_order)
{
    struct scope_set set = SCOPE_SET_EMPTY;
    size_t at = 0;
    cr_assert_eq(scope_set_next(&set, 0), LIMIT_SCOPES);
    for (size_t i = 0; i < EDGES; i++)
        scope_set_add(&set, edges[i]);
    for (unsigned bit = scope_set_next(&set, 0); bit < LIMIT_SCOPES;
         bit = scope_set_next(&set, bit + 1))
        cr_assert_eq(bit, edges[at++]);
    cr_assert_eq(at, EDGES);
    cr_assert_eq(scope_set_next(&set, 512), LIMIT_SCOPES);
    cr_assert_eq(scope_set_next(&set, 511), 511);
}

Test(scope_set, the_algebra_of_two_sets)
{
    struct scope_set a = SCOPE_SET_EMPTY, b = SCOPE_SET_EMPTY, empty = SCOPE_SET_EMPTY;
    scope_set_add(&a, 3);
    scope_set_add(&a, 300);
    scope_set_add(&b, 300);
    scope_set_add(&b, 511);

    struct scope_set both = scope_set_union(&a, &b);
    struct scope_set common = scope_set_intersection(&a, &b);
    struct scope_set rest = scope_set_difference(&a, &b);
    cr_assert_eq(scope_set_count(&both), 3);
    cr_assert(scope_set_count(&common) == 1 && scope_set_has(&common, 300));
    cr_assert(scope_set_count(&rest) == 1 && scope_set_has(&rest, 3));

    cr_assert(scope_set_is_subset(&a, &both) && scope_set_is_subset(&b, &both));
    cr_assert(!scope_set_is_subset(&both, &a) && !scope_set_is_subset(&a, &b));
    cr_assert(scope_set_is_subset(&empty, &a) && scope_set_is_subset(&a, &a));
    cr_assert(scope_set_eq(&a, &a) && !scope_set_eq(&a, &b) && !scope_set_eq(&a, &both));
    cr_assert(scope_set_is_empty(&empty) && !scope_set_is_empty(&a));
}
