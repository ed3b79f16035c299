/* The laws of the scope algebra, over random sets of the shipped catalogue and over random
 * catalogues. A failure names the seed. */
#include <criterion/criterion.h>

#include "tables.h"

TestSuite(scope_laws);

enum { SEED = 0x50A1D, ROUNDS = 4000 };

#define LAW(holds, law) cr_assert(holds, "%s (seed %u)", law, (unsigned)SEED)

static void closure_laws(const struct scope_catalogue *cat, uint32_t *state)
{
    struct scope_set a = random_set(cat, state, 4), b = random_set(cat, state, 3);
    struct scope_set ca = scope_closure(cat, &a), cb = scope_closure(cat, &b);
    struct scope_set cca = scope_closure(cat, &ca);
    struct scope_set ab = scope_set_union(&a, &b), cab = scope_closure(cat, &ab);
    struct scope_set ca_cb = scope_set_union(&ca, &cb);
    struct scope_set part = scope_set_intersection(&a, &b), cpart = scope_closure(cat, &part);
    struct scope_set common = scope_set_intersection(&ca, &cb);
    struct scope_set ccommon = scope_closure(cat, &common);

    LAW(scope_set_is_subset(&a, &ca), "reflexive");
    LAW(scope_set_eq(&ca, &cca), "idempotent");
    LAW(scope_set_is_subset(&cpart, &ca), "monotone");
    LAW(scope_set_eq(&cab, &ca_cb), "distributes over union");
    LAW(scope_set_eq(&common, &ccommon), "closed sets meet in closed sets");
}

/* P1. */
static void surviving_laws(const struct scope_catalogue *cat, uint32_t *state)
{
    struct scope_set names = random_set(cat, state, 3), seed = random_set(cat, state, 2);
    struct scope_set bound = scope_closure(cat, &seed);
    struct scope_set left = scope_surviving(cat, &names, &bound);
    struct scope_set left_closure = scope_closure(cat, &left);
    struct scope_set names_closure = scope_closure(cat, &names);
    struct scope_set reach = scope_set_intersection(&names_closure, &bound);
    struct scope_set kept = scope_set_intersection(&names, &bound);
    struct scope_set added = scope_set_difference(&left, &kept);
    struct scope_set again = scope_surviving(cat, &left, &bound);

    LAW(scope_set_is_subset(&left, &bound), "never wider than the bound");
    LAW(scope_set_eq(&left_closure, &reach), "reaches just what names and bound share");
    LAW(scope_set_is_subset(&kept, &left), "names inside the bound stay");
    LAW(scope_set_eq(&left, &again), "stable");
    for (unsigned bit = scope_set_next(&added, 0); bit < LIMIT_SCOPES;
         bit = scope_set_next(&added, bit + 1)) {
        struct scope_set rest = left;
        scope_set_remove(&rest, bit);
        rest = scope_closure(cat, &rest);
        LAW(!scope_set_has(&rest, bit), "nothing is added that the rest implies");
    }
}

static void text_laws(const struct scope_catalogue *cat, uint32_t *state)
{
    static char memory[LIMIT_SCOPES * (LIMIT_SCOPE_NAME + 1)];
    struct scope_set set = random_set(cat, state, 2), back = SCOPE_SET_EMPTY;
    struct str unknown;
    struct buf text;

    buf_init_fixed(&text, memory, sizeof(memory));
    scope_format(cat, &set, &text);
    if (scope_set_is_empty(&set)) {
        cr_assert_eq(scope_parse(cat, buf_view(&text), &back, &unknown), SCOPE_PARSED_EMPTY);
        return;
    }
    cr_assert_eq(scope_parse(cat, buf_view(&text), &back, &unknown), SCOPE_PARSED_OK);
    LAW(scope_set_eq(&set, &back), "parsing undoes formatting");
    back = scope_read(cat, buf_view(&text));
    LAW(scope_set_eq(&set, &back), "reading undoes formatting");
}

Test(scope_laws, hold_over_the_shipped_catalogue)
{
    struct scope_catalogue *cat = tables_shipped();
    uint32_t state = SEED;
    for (int round = 0; round < ROUNDS; round++) {
        closure_laws(cat, &state);
        surviving_laws(cat, &state);
        text_laws(cat, &state);
    }
    catalogue_free(&cat);
}

/* Values v0..v(n-1), each including some of the later ones: deep, shared and without cycles. */
static struct scope_catalogue *random_catalogue(uint32_t *state)
{
    static char memory[512 * 1024];
    struct buf text;
    unsigned n = 2 + random_next(state) % 80;

    buf_init_fixed(&text, memory, sizeof(memory) - 1);
    for (unsigned i = 0; i < n; i++) {
        const char *separator = "";
        buf_cstr(&text, i == 0 ? "{\"name\":\"v" : ",{\"name\":\"v");
        buf_u64(&text, i);
        buf_cstr(&text, "\",\"category\":\"c\",\"description\":\"d\",\"includes\":[");
        for (unsigned j = i + 1; j < n; j++) {
            if (random_next(state) % 8 != 0)
                continue;
            buf_cstr(&text, separator);
            buf_cstr(&text, "\"v");
            buf_u64(&text, j);
            buf_cstr(&text, "\"");
            separator = ",";
        }
        buf_cstr(&text, "]}");
    }
    cr_assert(!text.failed);
    memory[text.len] = 0;
    return tables_from(memory, NULL, NULL);
}

Test(scope_laws, hold_over_random_catalogues)
{
    uint32_t state = SEED;
    for (int i = 0; i < 60; i++) {
        struct scope_catalogue *cat = random_catalogue(&state);
        LAW(cat != NULL, "a graph without cycles loads");
        for (int round = 0; round < 100; round++) {
            closure_laws(cat, &state);
            surviving_laws(cat, &state);
            text_laws(cat, &state);
        }
        catalogue_free(&cat);
    }
}
