/* When tokens and secrets were used last, written behind (SPEC 3): noted where they are used, sent
 * to the store in portions: what there is about once a second, a full one sooner, with a pause
 * behind the one before. A use is noted at most once a minute for each token and secret, on
 * whatever thread. A crowd waits here for its turn; what comes while as many wait as may is passed
 * over, before anything else suffers, and so does the store drop touches first.
 *
 * The way of an introspection through here is one load and a comparison: no lock, no allocation.
 * What waits when the server stops (a second's worth, of a crowd some three) is lost. */
#ifndef EXCHANGE_TOUCH_H
#define EXCHANGE_TOUCH_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/loop.h"
#include "core/sid.h"

struct worker;

enum {
    TOUCH_SLOTS = 16 * 1024, /* a power of two */
    TOUCH_WAYS = 4,          /* neighbours, in any of which an id may stand */
    TOUCH_PORTION = 32,      /* rows at a time: the writer may have the loop's core */
    TOUCH_WAITING = 1024,    /* tokens, or secrets, of a worker */
    TOUCH_AGAIN_S = 60,
    TOUCH_PORTION_MS = 1000,
    TOUCH_PAUSE_MS = 100, /* behind one, before a full one */
};

/* What was noted in the last minute, of the whole process. Zeroed is empty. A slot holds a part of
 * the id and the second it was noted; one that is younger than a minute keeps its place, so that
 * who finds all of his places held is passed over for the minute. */
struct touch_seen {
    _Atomic uint64_t slots[TOUCH_SLOTS];
};

/* True for one caller, once a minute. now_s: the wall clock. */
bool touch_is_due(struct touch_seen *seen, const struct sid *id, int64_t now_s);

struct touch_note {
    struct sid id;
    int64_t at_ms;
    struct in6_addr address; /* of tokens */
};

/* A ring, in the order in which they were noted. */
struct touch_queue {
    struct touch_note notes[TOUCH_WAITING];
    unsigned first, count;
};

/* A worker's, of its thread alone. */
struct touch_waiting {
    struct touch_queue tokens, secrets;
    struct loop_timer timer;
    bool started;
    int64_t sent_ms; /* the last portion; monotonic */
};

/* The token was used just now, from this address (as struct peer has it). */
void touch_token(struct worker *worker, const struct sid *token_sid, const struct in6_addr *address,
                 int64_t now_s);

void touch_secret(struct worker *worker, const struct sid *secret_id, int64_t now_s);

/* Before the worker's loop goes. */
void touch_waiting_done(struct worker *worker);

#endif
