/* A connection while its request waits for deferred work or the store. The library has stopped
 * reading it and would start again after the answer: two changes of the epoll set for each request,
 * and a client that left would be noticed only when the answer is written. So it goes on being read
 * here, in the same turn, before the library has told the kernel anything.
 *
 * A reset is surely the end of the client: what is deferred is dropped, what was handed to the
 * store is carried out, and the answer ends the connection. An end of input is not: whoever sent
 * all of a request may close that direction and still read (RFC9112-9.6), and is answered as if
 * nothing had happened. Such a connection is not read any further, nor is one with LIMIT_HEAD bytes
 * of the requests behind this one, so their clients are seen to leave only at the answer.
 *
 * The library starts to read with its own callback after the answer, and looks first at what came
 * meanwhile. Its input may move while more comes; a request without a body points into it, so for
 * those the library's way stands. */
#ifndef HTTP_WAITING_H
#define HTTP_WAITING_H

#include "http/request.h"

/* Once, from within the library's handler: the exchange has begun and not yet been answered. */
void waiting_begin(struct slot *slot);

/* Bytes of the input that came while a request waits; 0 when none waits. */
size_t waiting_held(const struct connection *c);

#endif
