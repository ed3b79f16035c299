/* The durable store: the truth behind every answer 2xx (P3). One process has it open at a time.
 * Reads at start-up are plain calls; everything after that is a request handed to the store's
 * writer thread, which carries out many of them in one transaction (group commit), a failing one
 * undone alone, and answers each by a message to the loop that asked, after the commit.
 *
 * The writer also is the only thread that changes the revocation index: it calls hooks.committed
 * with the new entries of the sequence after the commit and before any answer leaves, so that what
 * has been answered is visible (P2).
 *
 * Backends (sqlite.c, memory.c) implement store/backend.h; what is here is common to them. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stddef.h>

#include "core/buf.h"
#include "core/clock.h"
#include "core/entropy.h"
#include "core/loop.h"
#include "core/metrics.h"
#include "core/result.h"
#include "store/rows.h"

struct store;

struct store_hooks {
    /* On the writer thread. entries are in order of number and live for the call. */
    void (*committed)(void *context, const struct store_entry *entries, size_t n);
    /* On the writer thread, about once a second while idle or busy. What ended at or before over_s
     * may be forgotten: a minute behind the wall clock, and 0 while that is not to be relied on. */
    void (*housekeeping)(void *context, int64_t over_s);
    void *context;
};

struct store_options {
    struct str url; /* "sqlite:PATH" or "memory:" */
    const struct clock *clock;
    struct entropy *entropy;
    struct metrics_registry
        *metrics;           /* may be NULL; not summed any more once the store is closed */
    int64_t expired_kept_s; /* expired token rows stay this long */
};

/* Opens (creating and migrating where needed) and takes the lock. On a fault *error says in one
 * line what is wrong, with the pid of the process that holds the store where that is the reason. */
RESULT store_open(const struct store_options *options, struct store **out, struct buf *error);

/* Ends the writer after what was submitted before was answered, closes, frees. The loops of those
 * requests are still there until this returns. Accepts NULL. */
void store_close(struct store **store);

/* ---- before store_start, on the opening thread ---- */

struct store_seed {
    const struct partner_row *partners; /* parents before children */
    size_t partner_count;
    const struct application_row *applications;
    size_t application_count;
    const struct secret_row *secrets;
    size_t secret_count;
};

/* All or nothing, one transaction. ERR_FAULT_STORE also when an id or login exists, for a second
 * root, and where a parent, partner or application is missing; *error names the row. */
RESULT store_seed(struct store *store, const struct store_seed *seed, struct buf *error);

struct store_party_visitor {
    struct result (*partner)(void *context,
                             const struct partner_row *row); /* parents before children */
    struct result (*application)(void *context, const struct application_row *row);
    struct result (*secret)(void *context, const struct secret_row *row);
    void *context;
};
/* All partners, then all applications, then all secrets. The visitor's fault ends it and is
 * returned. */
RESULT store_read_party(struct store *store, const struct store_party_visitor *visitor);

/* Entries with number > after, in order, at most limit of them, leaving out those whose end_s <=
 * now_s. */
RESULT store_read_entries(struct store *store, uint64_t after, int64_t now_s, size_t limit,
                          struct store_entry *out, size_t *out_count);

uint64_t store_last_number(struct store *store); /* thread-safe: the last committed number */
struct sid
store_feed_id(const struct store *store); /* made with the store; a new store has a new one */

/* The latest wall time the store has kept (once a minute and at close), 0 when new. Thread-safe. */
int64_t store_last_wall_ms(struct store *store);

/* ---- the writer ---- */

RESULT store_start(struct store *store, const struct store_hooks *hooks);

enum store_verb {
    STORE_TOKEN_CREATE,
    STORE_TOKEN_REVOKE, /* makes an entry unless the token is revoked already or over */
    STORE_EPOCH_CREATE,
    STORE_ENTRIES_READ,
};

/* Embedded in the caller's state, which lives until done ran. One of the unions by verb. */
struct store_request {
    enum store_verb verb;
    struct loop *loop;                           /* where done runs; NULL: no answer wanted */
    void (*done)(struct store_request *request); /* on loop's thread, after the commit */

    union {
        struct token_row token_create;
        struct {
            struct sid token_sid;
            int64_t end_s; /* highest exp the token was signed with */
        } token_revoke;
        struct {
            enum entry_kind kind;
            struct sid id;
            struct str kid;
            int64_t end_s;
        } epoch_create;
        struct {
            uint64_t after;
            int64_t now_s;
            size_t limit;
            struct store_entry *entries; /* the caller's, room for limit */
        } entries_read;
    } in;

    struct result result; /* ERR_NONE: committed */
    union {
        uint64_t number; /* of the entry; for a token revoked before, that entry's */
        size_t count;    /* of entries read */
    } out;

    /* the store's */
    struct store_request *next;
    struct loop_msg message;
    struct store *store;
};

/* Takes over *request until done runs. Any thread. When the queue is full (or the store is closing)
 * done is posted with ERR_FAULT_STORE. */
void store_submit(struct store *store, struct store_request *request);

/* Runs the function on the writer's thread between two transactions, when all that was submitted
 * before has been answered, and returns when it is done; inside, the start-up reads above may be
 * used. Blocks: not for an event loop. One caller at a time, while the writer runs. */
void store_run_on_writer(struct store *store, void (*run)(struct store *store, void *context),
                         void *context);

/* False after a commit failed, until one succeeds. For /readyz. Thread-safe. */
bool store_is_healthy(struct store *store);

/* False while the wall clock is in doubt (SPEC 6) and clean-up waits. For /readyz. Thread-safe. */
bool store_clock_is_trusted(const struct store *store);

#endif
