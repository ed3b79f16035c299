/* What a fingerprint tells apart: what any token may hold, and nothing else (P2). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "support/leaks.h"
#include "tables.h"

TestSuite(scope_fingerprint);

#define REST                          "\"category\":\"c\",\"description\":\"d\"}"
#define VALUE(name)                   "{\"name\":\"" name "\"," REST
#define VALUE_WITH(name, member)      "{\"name\":\"" name "\"," member "," REST
#define VALUE_INCLUDING(name, values) VALUE_WITH(name, "\"includes\":[" values "]")

#define TABLE VALUE_INCLUDING("a", "\"b\"") "," VALUE_INCLUDING("b", "\"c\"") "," VALUE("c")

static struct digest256 fingerprint(const struct scope_catalogue *catalogue)
{
    struct digest256 out;
    cr_assert(result_ok(catalogue_fingerprint(catalogue, &out)));
    return out;
}

static struct digest256 fingerprint_of(const char *values)
{
    struct scope_catalogue *catalogue = tables_from(values, NULL, NULL);
    struct digest256 out = fingerprint(catalogue);
    catalogue_free(&catalogue);
    return out;
}

Test(scope_fingerprint, P2_tells_what_tokens_may_hold)
{
    static const struct {
        const char *values;
        bool same;
    } rows[] = {
        {TABLE, true},
        /* in another order, by another way, with other words and numbers, given by default */
        {VALUE("c") "," VALUE_INCLUDING("b", "\"c\"") "," VALUE_INCLUDING("a", "\"b\""), true},
        {VALUE_INCLUDING("a", "\"c\",\"b\"") "," VALUE_INCLUDING("b", "\"c\"") "," VALUE("c"),
         true},
        {VALUE_INCLUDING("a", "\"b\"") "," VALUE_INCLUDING("b", "\"c\"") "," VALUE_WITH(
             "c", "\"id\":7,\"title\":\"C\",\"default\":true"),
         true},
        {TABLE "," VALUE("d"), false},
        {VALUE_INCLUDING("b", "\"c\"") "," VALUE("c"), false},
        {VALUE_INCLUDING("a", "\"b\"") "," VALUE("b") "," VALUE("c"), false},
        {VALUE_INCLUDING("a", "\"c\"") "," VALUE_INCLUDING("b", "\"c\"") "," VALUE("c"), false},
        {VALUE_INCLUDING("a", "\"b\"") "," VALUE_INCLUDING("b", "\"d\"") "," VALUE("d"), false},
        {VALUE_INCLUDING("a", "\"b\"") "," VALUE_INCLUDING("b", "\"c\"") "," VALUE_WITH(
             "c", "\"restricted\":true"),
         false},
        {"", false},
    };
    const struct digest256 first = fingerprint_of(TABLE);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct digest256 other = fingerprint_of(rows[i].values);
        cr_assert_eq(memcmp(&first, &other, sizeof(first)) == 0, rows[i].same, "%zu", i);
    }
}

Test(scope_fingerprint, bits_of_a_reload_say_nothing)
{
    struct scope_catalogue *before = tables_from(VALUE("z") "," TABLE, NULL, NULL);
    struct scope_catalogue *reloaded = tables_from(TABLE, before, NULL);
    const struct digest256 here = fingerprint(reloaded), there = fingerprint_of(TABLE);

    cr_assert_neq(catalogue_find(reloaded, STR("a"))->bit, 0);
    cr_assert_arr_eq(here.bytes, there.bytes, DIGEST256);
    catalogue_free(&before);
    catalogue_free(&reloaded);
}

/* Kept in stores: a program that wrote another text would refuse to start behind an older one. */
Test(scope_fingerprint, stays_as_it_is)
{
    const struct digest256 said = digest_sha256(STR("a free 0 1 2\nb free 1 2\nc free 2\n"));
    const struct digest256 made = fingerprint_of(TABLE);

    cr_assert_arr_eq(made.bytes, said.bytes, DIGEST256);
}

/* 512 values, each of which implies all behind it. */
Test(scope_fingerprint, the_largest_catalogue_has_one)
{
    static char text[1 << 20];
    size_t len = 0;

    for (unsigned i = 0; i < LIMIT_SCOPES; i++) {
        const int n =
            i + 1 < LIMIT_SCOPES
                ? snprintf(text + len, sizeof(text) - len,
                           "{\"name\":\"v%04u\",\"includes\":[\"v%04u\"]," REST ",", i, i + 1)
                : snprintf(text + len, sizeof(text) - len, "{\"name\":\"v%04u\"," REST, i);
        len += (size_t)n;
    }
    const struct digest256 made = fingerprint_of(text), zeros = {{0}};
    cr_assert_neq(memcmp(&made, &zeros, sizeof(zeros)), 0);
}
