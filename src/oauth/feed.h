/* Who follows GET /oauth/revocations by event streams, on all workers. A worker has a desk with its
 * streams; the store's writer wakes the desks that have any, behind each commit that made an entry
 * and each change of the tables (P2: the index has heard of it by then). A desk reads a page of the
 * store for all of its streams that stand there, one read at a time, and tells each what it may
 * see. Nothing of this is on the way of an introspection. */
#ifndef OAUTH_FEED_H
#define OAUTH_FEED_H

#include "exchange/server.h"

struct revocation_feed;

/* Before the server's workers start. */
RESULT revocation_feed_new(struct server *server, struct revocation_feed **out);

/* After the store is closed, which may still read for a desk until then. Accepts NULL. */
void revocation_feed_free(struct revocation_feed **feed);

/* On the worker's thread: before it takes requests, and after its last one. */
void revocation_feed_open(struct revocation_feed *feed, struct worker *worker);
void revocation_feed_close(struct revocation_feed *feed, struct worker *worker);

/* There may be something to tell. Any thread, the store's writer above all; accepts NULL. */
void revocation_feed_wake(struct revocation_feed *feed);

/* By the configuration, at the start and at a reload. */
void revocation_feed_set_heartbeat(struct revocation_feed *feed, int heartbeat_s);

/* A text that no other start of a server has. */
struct str revocation_feed_start(const struct revocation_feed *feed);

#endif
