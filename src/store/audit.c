#include "store/audit.h"

#include <assert.h>
#include <string.h>

#include "store/front.h"

enum { LINK_MAX = DIGEST256 + 8 + 8 + 1 + LIMIT_NAME + STORE_AUDIT_RECORD };

static_assert(LIMIT_NAME <= UINT8_MAX, "a node's length is one byte");

static void put_number(struct buf *b, uint64_t number)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        buf_char(b, (char)(number >> shift & 0xFF));
}

struct digest256 store_audit_link(const struct audit_row *row)
{
    char text[LINK_MAX];
    struct buf b;

    assert(row->record.len <= STORE_AUDIT_RECORD && row->node.len <= LIMIT_NAME);
    buf_init_fixed(&b, text, sizeof(text));
    buf_put(&b, row->prev.bytes, DIGEST256);
    put_number(&b, row->seq);
    put_number(&b, (uint64_t)row->at_ms);
    buf_char(&b, (char)row->node.len);
    buf_str(&b, row->node);
    buf_str(&b, row->record);
    return digest_sha256(buf_view(&b));
}

static bool is_digest(const struct digest256 *a, const struct digest256 *b)
{
    return memcmp(a->bytes, b->bytes, DIGEST256) == 0;
}

bool store_audit_is_head(const struct store_audit_head *a, const struct store_audit_head *b)
{
    return a->seq == b->seq && is_digest(&a->digest, &b->digest);
}

bool store_audit_verify(const struct audit_row *row, struct store_audit_head *at)
{
    if (row->seq != at->seq + 1 || !is_digest(&row->prev, &at->digest) ||
        row->record.len > STORE_AUDIT_RECORD || row->node.len > LIMIT_NAME)
        return false;
    struct digest256 digest = store_audit_link(row);
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
    row.digest = store_audit_link(&row);
    TRY(store->backend->ops->audit_append(store->backend, &row));
    *head = (struct store_audit_head){.seq = row.seq, .digest = row.digest};
    return RESULT_OK;
}
