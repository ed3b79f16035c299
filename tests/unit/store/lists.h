/* Rows for the tests of lists: tokens of two partners, a tree, applications. */
#ifndef STORE_LISTS_H
#define STORE_LISTS_H

#include "fixture.h"

enum { LISTS_TOKENS = 60 };

/* Seeds, starts, and puts in: tokens 100 to 159, of partner 2 where n % 4 != 0, else of 3; client
 * 20 + n % 3; names from a few; some revoked, some touched. Partners 40 to 49 below 3, 50 below 40.
 */
void lists_fill(struct fixture *f);

struct store_read lists_read(enum store_read_verb verb, unsigned partner, enum store_column order);

/* The last bytes of the rows' keys, in order. */
size_t lists_ids(const struct store_read *read, unsigned *out);

#endif
