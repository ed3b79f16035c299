/* What a request did, or was refused, as a record of the audit log (audit/record.h). */
#ifndef EXCHANGE_TRAIL_H
#define EXCHANGE_TRAIL_H

#include "audit/record.h"
#include "exchange/caller.h"

/* The event by this caller, from where the request came, now. Lives as long as the exchange; ptr
 * NULL: ERR_FAULT_MEMORY, and no change without its record. */
struct str trail_record(struct exchange *x, const struct caller *caller,
                        const struct audit_event *event);

#endif
