/* The inside of SQLite's reader, for sqlite_reader.c and sqlite_list.c alone: a second connection,
 * which reads the log as of its transaction's beginning and never waits for the writer's. */
#ifndef STORE_SQLITE_READER_H
#define STORE_SQLITE_READER_H

#include "store/sqlite.h"

enum {
    SQLITE_READ_STEPS = 5000, /* a thousand instructions of SQLite each: some 0.2 s */
};

struct sqlite_reader {
    struct store_reader reader; /* first: the ops cast */
    struct sqlite s;            /* of its parts: db, statements, trouble */
    unsigned steps;             /* of this read */
};

#define SQLITE_TOKEN_COLUMNS                                                                  \
    "t.token_sid, t.client_id, t.partner_sid, t.user_sid, t.name, t.scopes, t.audiences, "    \
    "t.created_ms, t.exp_s, t.exp_signed_s, t.generation, t.revision, t.last_accessed_ms, "   \
    "t.last_accessed_ip, coalesce(e.number, t.ended_number), coalesce(e.at_ms, t.ended_ms), " \
    "t.newest_exp_s, t.newest_epoch, t.newest_kid"
#define SQLITE_TOKEN_REVOKED \
    "LEFT JOIN entries AS e ON e.id = t.token_sid AND e.kind = 'token' AND e.kid = ''"

/* A row of SQLITE_TOKEN_COLUMNS; its text goes into the arena. */
RESULT sqlite_column_token(struct sqlite *s, sqlite3_stmt *statement, struct arena *arena,
                           struct token_row *out);

/* Steps through the statement and hands it to add for each row, with its place; resets it. */
RESULT sqlite_read_rows(struct sqlite *s, sqlite3_stmt *statement,
                        struct result (*add)(struct sqlite *s, sqlite3_stmt *statement,
                                             struct store_read *read, size_t at),
                        struct store_read *read, size_t *out_count);

/* The one number that the statement gives, of the store's own row. */
RESULT sqlite_read_number(struct sqlite *s, sqlite3_stmt *statement, uint64_t *out);

/* STORE_TOKEN_WALK, STORE_REVOCATION_GET and _LIST, STORE_FEED. */
RESULT sqlite_walk_tokens(struct sqlite *s, struct store_read *read);
RESULT sqlite_get_revocation(struct sqlite *s, struct store_read *read);
RESULT sqlite_list_revocations(struct sqlite *s, struct store_read *read);
RESULT sqlite_read_feed(struct sqlite *s, struct store_read *read);

/* STORE_TOKEN_LIST to STORE_TRUNK_LIST. */
RESULT sqlite_list(struct sqlite_reader *reader, struct store_read *read);
/* STORE_RULE_GET, STORE_TRUNK_GROUP_GET, STORE_TRUNK_GET. */
RESULT sqlite_get_row(struct sqlite_reader *reader, enum store_table table,
                      struct store_read *read);

struct result sqlite_reader_open(struct store_backend *backend, struct store_reader **out);

#endif
