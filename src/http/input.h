/* What connections hold of requests that are still coming in. The library buffers a body whole,
 * for any path, before the handler runs; without a bound over all connections, whoever opens many
 * and sends to each nearly the longest body there is takes the machine's memory. So each worker
 * has a budget, and what is beyond it is closed. */
#ifndef HTTP_INPUT_H
#define HTTP_INPUT_H

#include "http/worker.h"

/* Each turn. Looks every 100 ms, every 10 ms once half of the budget is taken. Over it, it closes
 * the connections whose request would be refused anyway, then those that hold most, until what is
 * left fits; a closed one's memory comes back in the next turn. */
void input_check(struct http_worker *worker);

#endif
