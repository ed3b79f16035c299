/* What the scope tests share: the shipped catalogue, catalogues from texts, sets from names. */
#ifndef TESTS_SCOPE_TABLES_H
#define TESTS_SCOPE_TABLES_H

#include "scope/catalogue.h"
#include "scope/parse.h"
#include "scope/source.h"

/* The caller frees. Fails the test when the files are wrong. */
struct scope_catalogue *tables_shipped(void);

/* One table "t" whose values are the given JSON objects. NULL when refused, with *out_errors (may
 * be NULL; static memory) saying why. */
struct scope_catalogue *tables_from(const char *values, const struct scope_catalogue *previous,
                                    const char **out_errors);

/* The set of these names; fails the test on any other result of parsing. */
struct scope_set names_to_set(const struct scope_catalogue *cat, const char *names);

/* The names of a set, in static memory. */
const char *set_to_names(const struct scope_catalogue *cat, const struct scope_set *set);

uint32_t random_next(uint32_t *state);

/* Each value with a chance of about one in 2^rarity. */
struct scope_set random_set(const struct scope_catalogue *cat, uint32_t *state, int rarity);

#endif
