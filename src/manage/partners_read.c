/* GET /core/v2/partners and /core/v2/partners/{partner_sid}. */
#include "exchange/snapshot.h"
#include "manage/endpoints.h"
#include "manage/list_page.h"
#include "manage/partners.h"
#include "manage/stored_list.h"

static const struct requirement to_read = {
    {{{STR_INIT("partners.manage"), STR_INIT("partners.read")}}}};

static const enum store_column columns[PARTNER_ATTRIBUTES] = {
    [PARTNER_SID] = STORE_PARTNER_SID,
    [PARTNER_PARENT_SID] = STORE_PARTNER_PARENT_SID,
    [PARTNER_NAME] = STORE_PARTNER_NAME,
    [PARTNER_LOGIN] = STORE_PARTNER_LOGIN,
    [PARTNER_STATUS] = STORE_PARTNER_STATUS,
    [PARTNER_AVAILABLE_SCOPES] = STORE_COLUMNS,
    [PARTNER_ACLS] = STORE_COLUMNS,
    [PARTNER_PARENT_ASSIGNED_ACLS] = STORE_COLUMNS,
    [PARTNER_DATE_CREATED] = STORE_PARTNER_CREATED,
    [PARTNER_DATE_UPDATED] = STORE_PARTNER_UPDATED,
};

struct read_state {
    struct stored stored; /* first */
    struct list_query query;
};

/* ---- the list ---- */

static enum step_result read_list(struct exchange *x)
{
    struct read_state *state = x->state;
    const struct caller *caller = &state->stored.caller.caller;
    const struct stored_columns known = {columns};

    if (manage_require(x, caller, &to_read) == STEP_DONE)
        return STEP_DONE;
    if (list_query_read(x, &partner_kind, &state->query) == STEP_DONE)
        return STEP_DONE;
    exchange_widen_arena(x);
    state->stored.read.verb = STORE_PARTNER_LIST;
    struct store_list *list = &state->stored.read.in.list;
    struct result filled = stored_list(&state->query, &known, &x->arena, list);
    if (!result_ok(filled))
        return exchange_fault(x, filled);
    list->partner_sid = caller->partner->partner_sid;
    list->descendants = true;
    list->want_total = true;
    return stored_read(x, &state->stored);
}

static void write_item(const void *context, size_t item, unsigned attribute, struct json_writer *w)
{
    const struct exchange *x = context;
    const struct read_state *state = x->state;
    const struct partner_view view = {&state->stored.read.out.partners[item],
                                      x->snapshot->catalogue};
    partner_write(&view, attribute, w);
}

static void item_key(const void *context, size_t item, struct attribute_value *out)
{
    const struct read_state *state = ((const struct exchange *)context)->state;
    out->sid = state->stored.read.out.partners[item].partner_sid;
}

static enum step_result reply_list(struct exchange *x)
{
    const struct read_state *state = x->state;
    const struct store_read *read = &state->stored.read;

    if (read->outcome == STORE_OUTCOME_TOO_COSTLY)
        return exchange_refuse_field(x, ERR_INVALID_VALUE, STR("filter"),
                                     STR("This filter would go through too many partners"));
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

static enum step_result read_one(struct exchange *x)
{
    struct read_state *state = x->state;
    const struct caller *caller = &state->stored.caller.caller;
    const struct party_partner *partner;

    if (manage_require(x, caller, &to_read) == STEP_DONE ||
        partner_find(x, caller, &partner) == STEP_DONE ||
        list_fields_read(x, &partner_kind, &state->query.fields) == STEP_DONE)
        return STEP_DONE;
    return partner_read_row(x, &state->stored, &partner->partner_sid);
}

static enum step_result reply_one(struct exchange *x)
{
    const struct read_state *state = x->state;

    if (state->stored.read.out.count == 0)
        return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
    return partner_reply(x, &state->stored.read.out.partners[0], &state->query.fields);
}

const struct endpoint manage_partners = {
    .name = "partners",
    .state_size = sizeof(struct read_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, read_list,
              stored_step_read, reply_list},
};
const struct endpoint manage_partner = {
    .name = "partner",
    .state_size = sizeof(struct read_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, read_one,
              stored_step_read, reply_one},
};
