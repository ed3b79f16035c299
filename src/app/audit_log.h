/* The head of the audit log as a line of the server's log, signed: every hour on a worker's loop,
 * and once more at the end. A line that has left the machine proves what the log held then. */
#ifndef APP_AUDIT_LOG_H
#define APP_AUDIT_LOG_H

#include "core/loop.h"
#include "core/result.h"
#include "exchange/server.h"

struct audit_log {
    struct loop_timer timer;
    struct worker *worker; /* NULL: not started */
};

/* On the worker's thread. ERR_FAULT_MEMORY. */
RESULT audit_log_start(struct audit_log *log, struct worker *worker);
void audit_log_stop(struct audit_log *log); /* harmless when it was not started */

/* The last line: no loop runs any more, the store's writer still does, and has nothing left to do.
 */
void audit_log_finish(struct server *server);

#endif
