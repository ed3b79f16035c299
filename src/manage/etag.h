/* ETags of objects: the row's revision in quotes, raised by each write of a writable field. */
#ifndef MANAGE_ETAG_H
#define MANAGE_ETAG_H

#include <stdint.h>

#include "exchange/exchange.h"

/* Adds the field to the answer. ERR_FAULT_MEMORY. */
RESULT etag_add(struct exchange *x, uint64_t revision);

/* NEXT where If-Match lets a write of this row go on, or DONE with 412. */
enum step_result etag_judge(struct exchange *x, uint64_t revision);

/* Whether If-Match names a revision: then the writer is to compare it too. */
bool etag_is_named(struct str if_match);

/* Whether If-Match lets a write go on: it is absent, "*", or holds the revision's tag. Weak tags
 * match nothing; one that is malformed matches nothing either. No: 412. Source: RFC9110-13.1.1. */
bool etag_if_match(struct str if_match, uint64_t revision);

#endif
