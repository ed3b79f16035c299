/* The feed for resource servers (SPEC 7): GET /oauth/revocations. A gateway that verifies JWTs by
 * itself follows here what has ended since they were signed, and stays exact: what the feed tells
 * it kills or narrows, what it cannot decide from that alone it asks introspection.
 *
 * The answer is a JSON document, or server-sent events where the caller accepts them. Internal to
 * oauth: how an entry is shown, and to whom. */
#ifndef OAUTH_REVOCATIONS_H
#define OAUTH_REVOCATIONS_H

#include "exchange/server.h"
#include "exchange/snapshot.h"
#include "oauth/introspect.h"
#include "store/list.h"

enum {
    REVOCATIONS_PAGE = 256, /* rows of a read */
    REVOCATIONS_FEED_ID = SID_TEXT,
    REVOCATIONS_VERSION = 48, /* room for a version of the tables as text */
    REVOCATIONS_POSITION = REVOCATIONS_FEED_ID + 1 + 20, /* likewise for a position */
};

/* Where the caller stands: everything up to number is known to it. */
struct revocations_position {
    uint64_t number;
    bool given; /* else it asks for what is to come */
    bool reset; /* what it knows is of another store, or ahead of this one: it begins again, at 0 */
};

/* A Last-Event-ID, or `after`: a number, or a feed's id, a point, and a number. False: it is
 * neither. *out_feed is none where the text has none. */
bool revocations_position_parse(struct str text, struct sid *out_feed, uint64_t *out_number);

/* Differs after each change of the tables, each reload and each start. */
struct str revocations_version(const struct server *server, const struct snapshot *snapshot,
                               char memory[REVOCATIONS_VERSION]);

/* The members feed_id, number and tables_version. */
void revocations_write_head(const struct server *server, const struct snapshot *snapshot,
                            uint64_t number, struct json_writer *w);

/* How far a read of STORE_FEED tells of the sequence. An entry is told when the index has heard of
 * it: whoever asks introspection because of it is answered by it (P2). What the read saw beyond
 * comes with the next one. */
uint64_t revocations_through(const struct store_read *read, uint64_t heard);

/* One JSON object in one line. */
void revocations_write_entry(const struct store_entry *entry, struct json_writer *w);

/* Room for that and for its event around it, unless its texts are full of what JSON escapes: what a
 * buffer begins with, since in an arena one that grows leaves its pieces behind. */
size_t revocations_entry_room(const struct store_entry *entry);

/* Whether the caller could be told at introspection of a token that the entry ends or narrows
 * (F-07, THREATS-31). Where nobody can say any more whose token it was, it is shown: a live one
 * must not be hidden, and an id opens nothing. */
bool revocations_shows(const struct party *party, const struct introspection_question *question,
                       const struct feed_row *row);

#endif
