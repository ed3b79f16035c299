/* How many revocations by selector may be in force: of all partners together, and of one that is
 * not the root, so that nobody takes the room from the others. Counted in the transaction that
 * makes one more, so that a crowd that asks in one moment gets no further than one after the other.
 */
#include "store/front.h"

/* Between two by over_ceiling of one partner as much time passes as the first took, so that it does
 * not hold up changes of scopes for good. A clock that was set back does not prolong it. */
static bool rests(const struct store *store, const struct store_asked *asked)
{
    int64_t left_ms = asked->rest_until_ms - store->batch.wall_ms;
    return left_ms > 0 && left_ms <= STORE_CEILING_REST_MS;
}

/* False: *out_bound is met. */
static bool partner_has_room(const struct store *store, const struct revocation_row *row,
                             enum entry_kind kind, const struct store_asked *asked,
                             enum store_bound *out_bound)
{
    if (row->selector.over_ceiling &&
        (asked->ceilings >= STORE_CEILINGS_OF_PARTNER || rests(store, asked)))
        *out_bound = STORE_BOUND_PARTNER_CEILINGS;
    else if (kind == ENTRY_SELECTOR && asked->selectors >= STORE_SELECTORS_OF_PARTNER)
        *out_bound = STORE_BOUND_PARTNER_SELECTORS;
    else if (asked->executed >= STORE_EXECUTED_OF_PARTNER)
        *out_bound = STORE_BOUND_PARTNER_EXECUTED;
    else
        return true;
    return false;
}

struct result store_judge_bounds(struct store *store, const struct revocation_row *row,
                                 enum entry_kind kind, struct store_request *request)
{
    const struct store_backend_ops *ops = store->backend->ops;
    enum store_bound *bound = &request->in.revocation_execute.bound;
    bool is_bounded = request->in.revocation_execute.is_bounded;
    size_t selectors = 0, kept = is_bounded ? STORE_SELECTORS_OF_ROOT : 0;
    bool has_room = true;

    if (is_bounded) {
        struct store_asked asked;
        TRY(ops->asked_count(store->backend, &row->partner_sid, store->batch.wall_ms, &asked));
        has_room = partner_has_room(store, row, kind, &asked, bound);
    }
    if (has_room && kind == ENTRY_SELECTOR) {
        TRY(ops->selectors_count(store->backend, &selectors));
        has_room = selectors + kept < STORE_SELECTORS;
        *bound = STORE_BOUND_SELECTORS;
    }
    if (!has_room)
        request->outcome = STORE_OUTCOME_TOO_MANY;
    return RESULT_OK;
}
