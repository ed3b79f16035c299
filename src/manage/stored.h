/* What endpoints share that read and change rows of the store (SPEC 5): read the row, decide on it,
 * commit with what it was decided on. The writer compares the row's revision and the version of the
 * tables; where one has moved meanwhile nothing is changed, and the endpoint's steps run again from
 * the caller's identification on, so that a decision never rests on what is over (M1-M3).
 *
 *   .steps = {caller_step_read_bearer, ..., caller_step_identify, caller_step_judge, <read the
 * row>, stored_step_read, <decide and commit>, stored_step_committed, <reply>}
 *
 * What is read from the request alone (its body) is read in front of caller_step_identify or again
 * behind it; what points into the snapshot is worked out again. */
#ifndef MANAGE_STORED_H
#define MANAGE_STORED_H

#include "audit/record.h"
#include "exchange/caller.h"
#include "store/list.h"

/* One of those that write at the same time gets through each time. */
enum { STORED_ATTEMPTS = 64 };

/* The beginning of such an endpoint's state. */
struct stored {
    struct caller_state caller; /* first */
    struct exchange *exchange;
    struct store_read read;       /* verb and in are the endpoint's to set; arena too, where rows
                                     are not to be in the exchange's */
    struct store_request request; /* verb, in and if_revision are */
    unsigned attempts;
};

/* Hands stored->read to the store's reader: WAIT; stored_step_read comes next. */
enum step_result stored_read(struct exchange *x, struct stored *stored);

/* NEXT with the rows in stored->read.out, or the outcome ABSENT; a fault ends the request. */
enum step_result stored_step_read(struct exchange *x);

/* Hands stored->request to the writer with a record of the event and, unless it revokes, with the
 * tables' version: WAIT; stored_step_committed comes next. DONE: 422 to who asks for a dry run, or
 * 400 to a query that is none. What request points to lives as long as the exchange. */
enum step_result stored_commit(struct exchange *x, struct stored *stored,
                               const struct audit_event *event);

/* NEXT: committed, durable and visible (P2, P3), or the outcome is ABSENT or EXISTS. CONFLICT: all
 * again; after STORED_ATTEMPTS times 409, nothing was changed. A fault, or BUSY: 503, nothing was
 * changed.
 */
enum step_result stored_step_committed(struct exchange *x);

/* Of a deletion. DONE: 204, or 404 where the row went meanwhile. */
enum step_result stored_step_reply_deleted(struct exchange *x);

#endif
