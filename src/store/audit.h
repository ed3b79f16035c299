/* The chain of the audit log: each row's digest is SHA-256 over the digest before it, from 32 zero
 * bytes on, and all that the row says:
 *
 *   prev (32 bytes), seq (8, big-endian), at_ms (8, big-endian), length of node (1), node, record
 *
 * Who knows a head knows that no row up to it was changed, moved, put in or taken out. Without one
 * known from elsewhere the chain is only consistent with itself: whoever may write the file can cut
 * its end off, or make another. That is what signed heads are for (audit/head.h). */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include "store/store.h"

/* The digest of the row: of all its members but digest. record: at most STORE_AUDIT_RECORD; node:
 * at most LIMIT_NAME. */
struct digest256 store_audit_link(const struct audit_row *row);

/* Walks the chain, row by row in order of seq. *at is the head before the row: of the row before,
 * of a checkpoint, or zero at the chain's beginning. True moves *at to the row; false: it is not
 * the next one, or was changed. */
bool store_audit_verify(const struct audit_row *row, struct store_audit_head *at);

/* Whether both are the same place of the same chain. */
bool store_audit_is_head(const struct store_audit_head *a, const struct store_audit_head *b);

struct store_audit_visitor {
    /* First, once: the head before the first row: zero, or the last record that was pruned. */
    void (*begin)(void *context, const struct store_audit_head *checkpoint);
    /* In the order of seq; false ends the walk. Text lives for the call. What no version of this
     * program has written comes as a row that does not verify. */
    bool (*row)(void *context, const struct audit_row *row);
    void *context;
};

/* The audit log of a store in SQLite, read from outside: beside a running server or without one,
 * all of one moment. Nothing is written, made or locked. ERR_FAULT_STORE: *error says in one line
 * why not; the visitor may have seen a part. */
RESULT store_audit_walk(struct str path, const struct store_audit_visitor *visitor,
                        struct buf *error);

#endif
