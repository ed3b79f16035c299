/* Of refusals by the rules M1-M3 the audit log gets the first of each caller, rule and minute; a
 * caller that keeps trying fills a counter, not the log. What was seen in this minute is kept here:
 * a table of fixed size, shared by all threads, without a lock. All zero is empty.
 *
 * Trap: when more callers are refused in one minute than the table has room for, those beyond count
 * as seen. */
#ifndef AUDIT_FIRST_H
#define AUDIT_FIRST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/sid.h"
#include "core/str.h"

enum { AUDIT_FIRST_SETS = 1024, AUDIT_FIRST_WAYS = 4 };

struct audit_first {
    _Atomic uint64_t slots[AUDIT_FIRST_SETS][AUDIT_FIRST_WAYS]; /* minute, then tag of the key */
};

/* True once for each caller and rule in each minute of the monotonic clock. Any thread. */
bool audit_first_is(struct audit_first *seen, const struct sid *caller, struct str rule,
                    int64_t mono_ms);

#endif
