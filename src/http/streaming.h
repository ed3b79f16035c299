/* exchange/stream.h on the library's generator: a chunked answer (to HTTP/1.0: one that ends with
 * the connection) that is written to as long as either side likes.
 *
 * A stream is no request under way: it has a bound of its own (feed.streams_max, of all workers
 * together), is at most half of a worker's connections, and no time-out ends it while it is silent.
 * One whose peer does not take what was sent within body_timeout_s is cut, as any other answer is.
 * The connection closes behind it, so that what its client goes on to send is thrown away. */
#ifndef HTTP_STREAMING_H
#define HTTP_STREAMING_H

#include "http/request.h"

/* Whether there is room for the reply's stream, which then is the slot's. The head is not sent. */
bool streaming_begin(struct slot *slot);

/* What the library gets instead of a body, once the head's fields are set. */
void streaming_send_head(struct slot *slot);

/* Ends it as it ought to end. */
void streaming_end(struct slot *slot);

/* Closes its connection, whatever is unsent. */
void streaming_cut(struct slot *slot);

/* The sweep: cuts it when the peer takes nothing. */
void streaming_sweep(struct slot *slot);

/* The slot is released: tells the endpoint, frees. */
void streaming_gone(struct slot *slot);

#endif
