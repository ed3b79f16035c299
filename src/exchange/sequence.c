#include "exchange/sequence.h"

#include "exchange/server.h"
#include "revocation/index.h"

enum { NUMBER_MAX = 20 /* digits of 2^64 - 1 */ };

static uint64_t heard_of(const struct exchange *x)
{
    return revocation_index_number(x->worker->server->index);
}

/* Without memory the answer goes without: what it tells of is done all the same. */
void exchange_say_sequence(struct exchange *x, uint64_t number)
{
    struct buf b;

    buf_init_arena(&b, &x->arena, NUMBER_MAX, NUMBER_MAX);
    buf_u64(&b, number > 0 ? number : heard_of(x));
    if (!b.failed)
        exchange_add_header(x, STR("scopemint-sequence"), buf_view(&b));
}

void exchange_say_sequence_reached(struct exchange *x, uint64_t number)
{
    uint64_t heard = heard_of(x);
    exchange_say_sequence(x, number > heard ? number : heard);
}

bool sequence_parse(struct str text, uint64_t *out)
{
    return str_to_u64(text, UINT64_MAX, out);
}

enum step_result sequence_require(struct exchange *x, uint64_t min_sequence)
{
    if (heard_of(x) >= min_sequence)
        return STEP_NEXT;
    metrics_add(&x->worker->metrics, METRIC_INTROSPECT_BEHIND, 1);
    return exchange_refuse(x, ERR_BEHIND, STR_NONE);
}
