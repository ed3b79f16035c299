/* The scope catalogue: every value that can be granted, from the table files (conf/scopes), and
 * what each implies. Immutable once loaded, so any thread reads it without a lock; a reload makes a
 * new one from the files and the old one. A name keeps its bit across reloads, and the bit of a
 * name that went is never given to another, so sets made under an older catalogue stay true; only
 * closures must be taken anew. Catalogue order is table name, then file order. */
#ifndef SCOPE_CATALOGUE_H
#define SCOPE_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/str.h"
#include "crypto/digest.h"
#include "scope/set.h"

struct scope_source;

struct scope_value {
    struct str name, table, category, title, description;
    struct scope_set includes; /* as the file says; scope_closure has the rest */
    int64_t id;                /* the platform's number, not unique; -1 when there is none */
    uint16_t bit, rank;        /* rank: place in catalogue order, from 0 */
    bool restricted;           /* a grant to an application needs an approval */
    bool by_default;           /* a new partner holds it */
};

struct scope_catalogue;

/* Reads every dir/<table>.json. previous (may be NULL) keeps its bits, and is not kept hold of.
 * False: errors has a line for each thing wrong, with file, line and value. The caller frees *out.
 */
bool catalogue_load(const char *dir, const struct scope_catalogue *previous,
                    struct scope_catalogue **out, struct buf *errors);

/* The same from texts in memory; sources in any order, their names are the tables'. */
bool catalogue_build(const struct scope_source *sources, size_t source_count,
                     const struct scope_catalogue *previous, struct scope_catalogue **out,
                     struct buf *errors);

void catalogue_free(struct scope_catalogue **catalogue);

/* Exact and case-sensitive; NULL when there is none. */
const struct scope_value *catalogue_find(const struct scope_catalogue *catalogue, struct str name);

/* NULL for a bit that has no value (any more). */
const struct scope_value *catalogue_value(const struct scope_catalogue *catalogue, unsigned bit);

/* The values with this number: none, one, or several, and then the number names nothing (SPEC 2:
 * five values carry 74). Returns how many; *out is always written. */
unsigned catalogue_find_id(const struct scope_catalogue *catalogue, int64_t id,
                           struct scope_set *out);

size_t catalogue_count(const struct scope_catalogue *catalogue);

/* In catalogue order, rank < catalogue_count. */
const struct scope_value *catalogue_at(const struct scope_catalogue *catalogue, size_t rank);

/* The bits of a set in catalogue order; bits without a value are left out. Returns how many. */
size_t catalogue_order(const struct scope_catalogue *catalogue, const struct scope_set *set,
                       uint16_t out_bits[LIMIT_SCOPES]);

const struct scope_set *catalogue_all(const struct scope_catalogue *catalogue);
const struct scope_set *catalogue_restricted(const struct scope_catalogue *catalogue);
const struct scope_set *catalogue_defaults(const struct scope_catalogue *catalogue);

/* Empty for a table that is not there. */
struct scope_set catalogue_table(const struct scope_catalogue *catalogue, struct str table);

/* SHA-256 over the values' names, what each implies and whether it is restricted: the same wherever
 * any token may hold the same. Never zero. ERR_FAULT_MEMORY. */
RESULT catalogue_fingerprint(const struct scope_catalogue *catalogue, struct digest256 *out);

/* The set and all it implies; bits without a value imply nothing, not even themselves. */
struct scope_set scope_closure(const struct scope_catalogue *catalogue,
                               const struct scope_set *set);

/* What is left of granted names within a bound (P1): the names inside it, plus, for those outside,
 * the largest values they imply that are inside and that no name inside implies already. bound is
 * closed (an intersection of closures). Then closure(result) = closure(names) ∩ bound, and
 * result ⊆ bound. */
struct scope_set scope_surviving(const struct scope_catalogue *catalogue,
                                 const struct scope_set *names, const struct scope_set *bound);

#endif
