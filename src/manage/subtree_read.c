#include "manage/subtree_read.h"

#include <string.h>

#include "exchange/field_errors.h"

static const struct subtree_kind *kind_of(const struct exchange *x)
{
    return x->route->endpoint->about;
}

static const void *row_of(const struct exchange *x, size_t item)
{
    const struct subtree_read *state = x->state;
    return (const char *)state->stored.read.out.rows + item * kind_of(x)->row_size;
}

/* ---- the list ---- */

static enum step_result find_whose(struct exchange *x, const struct caller *caller,
                                   struct store_list *out)
{
    if (kind_of(x)->whose != NULL)
        return kind_of(x)->whose(x, caller, out);
    out->partner_sid = caller->partner->partner_sid;
    out->descendants = true;
    return STEP_NEXT;
}

enum step_result subtree_step_list(struct exchange *x)
{
    const struct subtree_kind *kind = kind_of(x);
    struct subtree_read *state = x->state;
    const struct caller *caller = &state->stored.caller.caller;
    struct store_list *list = &state->stored.read.in.list;
    struct store_list whose = {0};

    if (manage_require(x, caller, kind->needed) == STEP_DONE ||
        find_whose(x, caller, &whose) == STEP_DONE ||
        list_query_read(x, kind->kind, &state->query) == STEP_DONE)
        return STEP_DONE;
    exchange_widen_arena(x); /* for a page of rows */
    state->stored.read.verb = kind->verb;
    struct result filled = stored_list(&state->query, &kind->columns, &x->arena, list);
    if (!result_ok(filled))
        return exchange_fault(x, filled);
    list->partner_sid = whose.partner_sid;
    list->descendants = whose.descendants;
    list->trunk_group_sid = whose.trunk_group_sid;
    list->max_bytes = LIST_PAGE_BYTES; /* the page would show no more */
    list->want_total = true;
    return stored_read(x, &state->stored);
}

/* context is the exchange. */
static void write_item(const void *context, size_t item, unsigned attribute, struct json_writer *w)
{
    kind_of(context)->write(context, row_of(context, item), attribute, w);
}

static void item_key(const void *context, size_t item, struct attribute_value *out)
{
    out->sid = *(const struct sid *)row_of(context, item);
}

enum step_result subtree_step_reply_list(struct exchange *x)
{
    const struct subtree_read *state = x->state;
    const struct store_read *read = &state->stored.read;

    if (read->outcome == STORE_OUTCOME_TOO_COSTLY)
        return exchange_refuse_field(x, ERR_INVALID_VALUE, STR("filter"), kind_of(x)->too_costly);
    const struct list_page page = {
        .count = read->out.count,
        .has_more = read->out.more,
        .total = (int64_t)read->out.total,
        .context = x,
        .write = write_item,
        .key = item_key,
    };
    return list_page_reply(x, &state->query, &page);
}

/* ---- one ---- */

enum step_result subtree_step_find(struct exchange *x)
{
    struct subtree_read *state = x->state;

    if (manage_require(x, &state->stored.caller.caller, kind_of(x)->needed) == STEP_DONE)
        return STEP_DONE;
    return kind_of(x)->find(x, &state->stored);
}

static void write_first(const void *context, unsigned attribute, struct json_writer *w)
{
    write_item(context, 0, attribute, w);
}

enum step_result subtree_step_reply_one(struct exchange *x)
{
    const struct subtree_kind *kind = kind_of(x);
    struct subtree_read *state = x->state;
    uint64_t revision;

    if (state->stored.read.out.count == 0)
        return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
    if (list_fields_read(x, kind->kind, &state->query.fields) == STEP_DONE)
        return STEP_DONE;
    memcpy(&revision, (const char *)row_of(x, 0) + kind->revision_at, sizeof(revision));
    return object_reply(x, kind->kind, &state->query.fields, write_first, x, revision);
}
