#include "store/audit.h"

#include <assert.h>
#include <string.h>

#include "store/front.h"

struct digest256 store_audit_link(const struct digest256 *prev, struct str record)
{
    char text[DIGEST256 + STORE_AUDIT_RECORD];

    assert(record.len <= STORE_AUDIT_RECORD);
    memcpy(text, prev->bytes, DIGEST256);
    memcpy(text + DIGEST256, record.ptr, record.len);
    return digest_sha256(str_make(text, DIGEST256 + record.len));
}

static bool is_digest(const struct digest256 *a, const struct digest256 *b)
{
    return memcmp(a->bytes, b->bytes, DIGEST256) == 0;
}

bool store_audit_verify(const struct audit_row *row, struct store_audit_head *at)
{
    if (row->seq != at->seq + 1 || !is_digest(&row->prev, &at->digest) ||
        row->record.len > STORE_AUDIT_RECORD)
        return false;
    struct digest256 digest = store_audit_link(&at->digest, row->record);
    if (!is_digest(&row->digest, &digest))
        return false;
    *at = (struct store_audit_head){.seq = row->seq, .digest = digest};
    return true;
}

struct result store_audit_append(struct store *store, struct str record)
{
    struct store_audit_head *head = &store->batch.progress.audit;
    struct audit_row row = {
        .seq = head->seq + 1,
        .node = str_make(store->node, store->node_len),
        .at_ms = store->batch.wall_ms,
        .prev = head->digest,
        .record = record,
    };

    if (record.len > STORE_AUDIT_RECORD)
        return FAULT(ERR_FAULT_INTERNAL); /* no change without its record */
    row.digest = store_audit_link(&row.prev, record);
    TRY(store->backend->ops->audit_append(store->backend, &row));
    *head = (struct store_audit_head){.seq = row.seq, .digest = row.digest};
    return RESULT_OK;
}
