/* Parameters of a query string that are true or false: dry_run, force. */
#ifndef MANAGE_FLAG_H
#define MANAGE_FLAG_H

#include "exchange/exchange.h"

/* Absent: false. NEXT, or DONE after refusing: 400 for a query that cannot be read or has it twice,
 * 422 for another word. */
enum step_result flag_read(struct exchange *x, struct str name, bool *out);

#endif
