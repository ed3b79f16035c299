#include "manage/subtree_list.h"

#include "exchange/field_errors.h"

enum step_result subtree_list_read_of(struct exchange *x, const struct subtree_kind *kind,
                                      const struct store_list *whose)
{
    struct subtree_list *state = x->state;
    struct store_list *list = &state->stored.read.in.list;

    if (list_query_read(x, kind->kind, &state->query) == STEP_DONE)
        return STEP_DONE;
    exchange_widen_arena(x); /* for a page of rows */
    state->stored.read.verb = kind->verb;
    struct result filled = stored_list(&state->query, &kind->columns, &x->arena, list);
    if (!result_ok(filled))
        return exchange_fault(x, filled);
    list->partner_sid = whose->partner_sid;
    list->descendants = whose->descendants;
    list->trunk_group_sid = whose->trunk_group_sid;
    list->max_bytes = LIST_PAGE_BYTES; /* the page would show no more */
    list->want_total = true;
    return stored_read(x, &state->stored);
}

enum step_result subtree_list_read(struct exchange *x, const struct subtree_kind *kind)
{
    const struct subtree_list *state = x->state;
    const struct caller *caller = &state->stored.caller.caller;

    if (manage_require(x, caller, kind->needed) == STEP_DONE)
        return STEP_DONE;
    const struct store_list whose = {.partner_sid = caller->partner->partner_sid,
                                     .descendants = true};
    return subtree_list_read_of(x, kind, &whose);
}

enum step_result subtree_list_reply(struct exchange *x, const struct subtree_kind *kind)
{
    const struct subtree_list *state = x->state;
    const struct store_read *read = &state->stored.read;

    if (read->outcome == STORE_OUTCOME_TOO_COSTLY)
        return exchange_refuse_field(x, ERR_INVALID_VALUE, STR("filter"), kind->too_costly);
    const struct list_page page = {
        .count = read->out.count,
        .has_more = read->out.more,
        .total = (int64_t)read->out.total,
        .context = x,
        .write = kind->write,
        .key = kind->key,
    };
    return list_page_reply(x, &state->query, &page);
}
