/* The desk of a worker, for the endpoint: see oauth/feed.h. */
#ifndef OAUTH_DESK_H
#define OAUTH_DESK_H

#include "oauth/follower.h"

/* The stream's calls from http; stream is the follower's. */
void desk_join(struct stream *stream);
void desk_serve(struct stream *stream);
void desk_leave(struct stream *stream);

#endif
