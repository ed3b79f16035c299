/* The chain of the audit log: each record's digest is SHA-256 over the digest before it and the
 * record's text, from 32 zero bytes on. Who knows a head knows that no record before it was
 * changed, put in or taken out. What the record does not say itself (the columns at_ms and node)
 * the chain does not hold. */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include "store/store.h"

/* record: at most STORE_AUDIT_RECORD. */
struct digest256 store_audit_link(const struct digest256 *prev, struct str record);

/* Walks the chain, row by row in order of seq. *at is the head before the row: of the row before,
 * of a checkpoint, or zero at the chain's beginning. True moves *at to the row; false: it is not
 * the next one, or was changed. */
bool store_audit_verify(const struct audit_row *row, struct store_audit_head *at);

#endif
