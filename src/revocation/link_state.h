/* The inside of a link, shared by link.c (connection, phases), link_answers.c (what Redis says) and
 * link_fill.c (entries from the store and from the queue). Everything but the queue and the two
 * published words belongs to the loop.
 *
 * The invariant is the cursor: every entry up to it that the store held was sent over this
 * connection, or was there when it opened. So a lost queue, a refused read or a hole in the numbers
 * needs no bookkeeping: the next number is not cursor + 1, and the store is read from the cursor
 * on. */
#ifndef REVOCATION_LINK_STATE_H
#define REVOCATION_LINK_STATE_H

#include <stdatomic.h>

#include "revocation/link.h"
#include "revocation/link_commands.h"
#include "revocation/link_fields.h"
#include "revocation/link_queue.h"
#include "revocation/wire.h"

enum {
    LINK_PAGE = 512, /* entries read from the store at a time */
    /* Commands without an answer: bounds hiredis' buffer to about 1 MB, or 16 MB where each carries
     * as many scopes as a token can. */
    LINK_WINDOW = 2048,
    LINK_SILENCE_MS = 2000, /* with commands unanswered: the connection is dead */
    LINK_BACKOFF_MS = 50,   /* doubling */
    LINK_BACKOFF_MAX_MS = 1000,
    LINK_POLL_MS = 500,
    LINK_POLL_MAX_MS = 1000,
    LINK_POLLS_MEMORY = 16, /* every so many, how Redis is set when its memory is full */
    LINK_DROPS = 256,       /* fields of the hashes taken away at a time */
};

enum link_phase {
    PHASE_WAITING, /* for the retry timer, connected or not */
    PHASE_OPENING,
    PHASE_CHECKING,  /* what Redis knows of us */
    PHASE_FILLING,   /* from the store */
    PHASE_FILLED,    /* everything was sent; is it there? */
    PHASE_FOLLOWING, /* from the queue */
};

struct revocation_link {
    struct loop *loop;
    struct store *store;
    const struct clock *clock;
    struct metrics *metrics;
    struct wire_address address;
    struct str username, password;
    unsigned database;
    char *texts; /* what the four above point into */
    size_t texts_bytes;
    uint32_t poll_ms;
    struct sid feed_id;

    struct wire wire;
    struct loop_timer tick, retry;
    enum link_phase phase;
    bool closed;
    uint32_t backoff_ms;
    int64_t progress_ms; /* last answer, or since when there is something to answer; monotonic */

    uint64_t cursor;
    uint64_t feed_top; /* highest number that was sent to the stream */

    bool must_clear;       /* what Redis holds of ours cannot be added to */
    unsigned checks;       /* without an answer; the last one counts */
    uint64_t check_top;    /* what feed_top was when that one was sent */
    struct str check_feed; /* the answer's first half */
    char check_text[LINK_TEXT_FILLING];

    bool fill_is_full; /* from nothing, else from the cursor on */
    bool fill_is_read; /* to its end */
    bool reading;      /* read is with the store */
    unsigned fill;     /* counts them: a page read for an earlier one is of no use */
    unsigned read_fill;
    uint64_t read_bound; /* every number up to here had been committed before the read */
    struct store_request read;
    struct store_entry *page; /* LINK_PAGE, while filling */
    struct arena names;       /* of scopes that the page's sets carry */

    struct link_fields fields;
    unsigned polls;
    bool memory_is_hidden; /* an ACL keeps INFO from us */

    struct link_queue queue;
    struct loop_msg wake;
    /* Read by any thread. */
    _Atomic int state;
    _Atomic(const char *) reason;
    _Atomic uint64_t held;     /* every entry up to here is known to be there */
    _Atomic int64_t level_ms;  /* when that was all there is; monotonic */
    _Atomic int64_t filled_ms; /* when it was filled from nothing; wall clock, 0: never */
    _Atomic bool may_evict;
};

/* ---- link.c ---- */

void link_enter(struct revocation_link *link, enum link_phase phase);

/* Checks again on this connection: at once the first time, later more slowly. reason: constant. */
void link_again(struct revocation_link *link, const char *reason);

/* Drops the connection and opens another after a while. */
void link_give_up(struct revocation_link *link, const char *reason, const char *detail);

/* Keeps the reason, "" for none, and logs it when it is new. */
void link_tell(struct revocation_link *link, const char *reason, const char *detail);

/* Before commands are sent: silence is measured from the first that waits. */
void link_sent(struct revocation_link *link);
void link_check(struct revocation_link *link);

/* Entries up to number are there. */
void link_holds(struct revocation_link *link, uint64_t number);

/* There is room in the window, or something in the queue. */
void link_go_on(struct revocation_link *link);

/* Frees a closed link, once neither the store nor the loop will call it any more. */
void link_release(struct revocation_link *link);

/* ---- link_answers.c ---- */

/* struct wire_events.answered; tag: enum link_ask. */
void link_take_answer(void *link, unsigned tag, const redisReply *reply);

/* ---- link_fill.c ---- */

void link_fill_start(struct revocation_link *link, uint64_t after, bool is_full);
void link_fill_go_on(struct revocation_link *link);
void link_fill_stop(struct revocation_link *link);
void link_follow(struct revocation_link *link);

#endif
