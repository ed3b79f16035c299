/* One event stream of GET /oauth/revocations: who follows, how far it has been told, and what is
 * written to it. Lives in the arena of its exchange; the desk of its worker has it in a list while
 * the stream is open. Internal to oauth.
 *
 * Everything up to `position` that the caller may see has been written; an event's id says so, and
 * a heartbeat's too. No heartbeat is sent that would not be true: while the index, the tables or
 * the stream are behind the store, silence tells the consumer not to rely on what it has. */
#ifndef OAUTH_FOLLOWER_H
#define OAUTH_FOLLOWER_H

#include "exchange/stream.h"
#include "oauth/revocations.h"

struct feed_desk;

/* What an application proved itself with: when any of it is another, it has to come again. */
struct follower_proof {
    uint64_t revision;
    struct sid secrets[PARTY_SECRETS_MAX];
    size_t secret_count;
    int64_t expires_ms; /* the earliest end of a secret; 0: none ends */
};

struct follower {
    struct stream stream; /* first */
    struct follower *previous, *next;
    struct feed_desk *desk; /* NULL: not begun */
    struct worker *worker;

    struct caller *caller; /* of its exchange; tables as of the last judging */
    struct introspection_question *question;
    struct str bearer; /* ptr NULL: an application */
    struct sid client_id, partner_sid;
    struct follower_proof proof;

    struct revocations_position from; /* where it begins */
    uint64_t position;
    uint64_t goal;             /* once it is there, it is told to be current */
    uint64_t version;          /* of the tables it has been told of */
    int64_t told_ms, begun_ms; /* monotonic */
    bool is_current, ending;
};

/* A page of the store for all who stand within it: entries behind `after` up to `through`. */
struct follower_page {
    uint64_t after, through;
    const struct feed_row *rows;
    const struct str *events; /* of each row, whole */
    size_t count;
};

/* Before the stream begins: who it is, by the exchange's tables. */
void follower_init(struct follower *f, struct exchange *x, const struct caller_state *state);

/* The stream has begun: says where it stands. */
void follower_greet(struct follower *f);

/* Takes no more before it has sent some of what it has. */
bool follower_is_full(const struct follower *f);

/* The event of an entry. */
void follower_write_event(const struct sid *feed_id, const struct store_entry *entry,
                          struct buf *out);

void follower_take(struct follower *f, const struct follower_page *page);

/* The tables may have changed. */
void follower_tell_tables(struct follower *f);

/* Some times a second: whether it may go on, and is alive. heartbeat_ms of silence are ended. */
void follower_tick(struct follower *f, int64_t heartbeat_ms);

#endif
