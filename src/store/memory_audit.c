/* The audit log and used assertions in memory. */
#include "store/memory_inside.h"

/* No secret, once it was presented. */
static struct str jti_of(const struct store_assertion *assertion)
{
    return str_make((const char *)assertion->digest.bytes, DIGEST256);
}

static int compare_assertion(const void *a, const void *b)
{
    const struct store_assertion *x = a;
    const struct store_assertion *y = b;
    int order = memory_compare_sid(&x->client_id, &y->client_id);

    return order != 0 ? order : str_compare(jti_of(x), jti_of(y));
}

static int compare_seq(const void *a, const void *b)
{
    uint64_t x = ((const struct audit_row *)a)->seq;
    uint64_t y = ((const struct audit_row *)b)->seq;
    return x < y ? -1 : x > y;
}

void memory_audit_init(struct memory *m)
{
    m->assertions.compare = compare_assertion;
    m->audit.compare = compare_seq;
}

struct result memory_assertion_use(struct store_backend *backend,
                                   const struct store_assertion *assertion, enum store_outcome *out)
{
    struct memory *m = memory_of(backend);

    TRY(memory_falter(m));
    *out = memory_table_find(&m->assertions, assertion) != NULL ? STORE_OUTCOME_EXISTS
                                                                : STORE_OUTCOME_DONE;
    if (*out != STORE_OUTCOME_DONE)
        return RESULT_OK;
    return memory_put(m, &m->assertions, memory_copy_row(assertion, sizeof(*assertion), NULL, 0));
}

struct result memory_audit_append(struct store_backend *backend, const struct audit_row *row)
{
    static const size_t texts[] = {offsetof(struct audit_row, node),
                                   offsetof(struct audit_row, record)};
    struct memory *m = memory_of(backend);

    TRY(memory_falter(m));
    return memory_put(m, &m->audit, memory_copy_row(row, sizeof(*row), texts, 2));
}

struct result memory_assertions_prune(struct memory *m, int64_t before_s, size_t limit,
                                      size_t *out_count)
{
    size_t count = 0;

    for (size_t i = m->assertions.count; i-- > 0 && count < limit;) {
        const struct store_assertion *assertion = m->assertions.rows[i];
        if (assertion->expires_s >= before_s)
            continue;
        if (!memory_table_remove(&m->assertions, &m->journal, i))
            return FAULT(ERR_FAULT_MEMORY);
        count++;
    }
    *out_count = count;
    return RESULT_OK;
}

/* From the chain's beginning, which never gets a hole: what is younger than a record behind it (the
 * clock went back) goes with that one. */
struct result memory_audit_prune(struct memory *m, int64_t before_ms, size_t limit,
                                 size_t *out_count)
{
    size_t count = 0;

    for (size_t i = 0; i < m->audit.count && i < limit; i++) {
        const struct audit_row *row = m->audit.rows[i];
        if (row->at_ms < before_ms)
            count = i + 1;
    }
    for (size_t i = 0; i < count; i++) {
        const struct audit_row *row = m->audit.rows[0];
        m->checkpoint = (struct store_audit_head){.seq = row->seq, .digest = row->digest};
        if (!memory_table_remove(&m->audit, &m->journal, 0))
            return FAULT(ERR_FAULT_MEMORY);
    }
    *out_count = count;
    return RESULT_OK;
}
