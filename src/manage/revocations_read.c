/* GET /core/v2/admin/revocations and /core/v2/admin/revocations/{revocation_sid}: those of the
 * caller's partner and, with scopemint.revoke or scopemint.audit, of all below it.
 *
 * Forwards by revocation_sid a request looks at a bounded number of rows, and its next goes on
 * where it stopped. Any other way needs all of them, and there may be that many at most. */
#include "exchange/snapshot.h"
#include "manage/endpoints.h"
#include "manage/list_page.h"
#include "manage/list_rows.h"
#include "manage/path.h"
#include "manage/revocations.h"

enum { ROWS_LOOKED_AT = 5000, ROWS_AT_ONCE = 500 };

struct list_state {
    struct stored stored; /* first */
    struct list_query query;
    struct revocation_reach reach;
    bool is_forwards;
    const struct revocation_row **rows; /* that the caller sees, in order */
    size_t count, looked_at;
    struct sid last; /* that was looked at */
    int64_t now_ms;
    struct list_selection selection;
};

static const struct caller *caller_of(const struct list_state *state)
{
    return &state->stored.caller.caller;
}

static struct revocation_reach reach_of(const struct exchange *x, const struct caller *caller)
{
    struct revocation_reach reach = revocation_reach_of(x, caller);

    reach.is_tree = reach.is_tree || caller_holds(x, caller, STR("scopemint.audit"));
    return reach;
}

static bool sees(const struct exchange *x, const struct revocation_reach *reach,
                 const struct revocation_row *row)
{
    const struct party_partner *partner = party_find_partner(x->snapshot->party, &row->partner_sid);
    return partner != NULL && revocation_reaches(reach, partner);
}

/* ---- the list ---- */

static enum step_result begin(struct exchange *x)
{
    struct list_state *state = x->state;
    struct list_query *query = &state->query;

    if (manage_require(x, caller_of(state), &revocation_to_read) == STEP_DONE ||
        list_query_read(x, &revocation_kind, query) == STEP_DONE)
        return STEP_DONE;
    state->reach = reach_of(x, caller_of(state));
    state->now_ms = clock_wall_ms(x->worker->server->clock);
    state->is_forwards = !query->by_offset && !query->descending && query->from != LIST_BEFORE;
    if (state->is_forwards && query->from == LIST_AFTER)
        state->last = query->cursor.sid;
    exchange_widen_arena(x);
    state->rows = arena_array(&x->arena, ROWS_LOOKED_AT, sizeof(struct revocation_row *));
    return state->rows != NULL ? STEP_NEXT : exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
}

static enum step_result read_page(struct exchange *x)
{
    struct list_state *state = x->state;

    state->stored.read.verb = STORE_REVOCATION_LIST;
    state->stored.read.in.revocation_list.after = state->last;
    state->stored.read.in.revocation_list.limit = ROWS_AT_ONCE;
    return stored_read(x, &state->stored);
}

static void row_value(const void *context, size_t row, unsigned attribute,
                      struct attribute_value *out)
{
    const struct list_state *state = context;
    const struct revocation_row *revocation = state->rows[row];

    switch ((enum revocation_attribute)attribute) {
    case REVOCATION_SID:
        out->sid = revocation->revocation_sid;
        break;
    case REVOCATION_STATE:
        out->text = revocation_state_name(revocation, state->now_ms);
        break;
    case REVOCATION_SEQUENCE:
        out->number = (int64_t)revocation->number;
        out->absent = revocation->number == 0;
        break;
    case REVOCATION_TOKENS:
        out->number = (int64_t)revocation->tokens;
        break;
    case REVOCATION_CLIENT_ID:
        out->sid = revocation->client_id;
        break;
    case REVOCATION_PARTNER_SID:
        out->sid = revocation->partner_sid;
        break;
    case REVOCATION_DATE_CREATED:
        out->number = revocation->created_ms;
        break;
    case REVOCATION_DATE_EXECUTED:
        out->number = revocation->executed_ms;
        out->absent = revocation->executed_ms == 0;
        break;
    default: /* not indexed, so never asked for */
        break;
    }
}

/* Rows that the filter leaves out are not kept either. */
static void take_rows(struct exchange *x, struct list_state *state)
{
    const struct store_read *read = &state->stored.read;

    for (size_t i = 0; i < read->out.count && state->looked_at < ROWS_LOOKED_AT; i++) {
        const struct revocation_row *row = &read->out.revocations[i];
        const struct list_rows rows = {state->count + 1, state, row_value};

        if (state->is_forwards && state->count > state->query.limit)
            return; /* one more than the page shows */
        state->looked_at++;
        state->last = row->revocation_sid;
        state->rows[state->count] = row;
        if (sees(x, &state->reach, row) && list_rows_wants(&state->query, &rows, state->count))
            state->count++;
    }
}

static bool is_full(const struct list_state *state)
{
    return state->looked_at == ROWS_LOOKED_AT ||
           (state->is_forwards && state->count > state->query.limit);
}

static enum step_result take_page(struct exchange *x)
{
    struct list_state *state = x->state;
    const struct store_read *read = &state->stored.read;

    take_rows(x, state);
    if (read->out.more && !is_full(state))
        return exchange_back_to(x, read_page);
    if (state->looked_at == ROWS_LOOKED_AT && !state->is_forwards)
        return exchange_refuse_field(
            x, ERR_INVALID_VALUE, STR("order"),
            STR("There are too many for this way: page by after, in the order of revocation_sid"));
    return STEP_NEXT;
}

static void write_item(const void *context, size_t item, unsigned attribute, struct json_writer *w)
{
    const struct list_state *state = context;
    const struct revocation_view view = {state->rows[state->selection.rows[item]], state->now_ms};
    revocation_write(&view, attribute, w);
}

static void item_key(const void *context, size_t item, struct attribute_value *out)
{
    const struct list_state *state = context;
    out->sid = state->rows[state->selection.rows[item]]->revocation_sid;
}

static enum step_result reply_list(struct exchange *x)
{
    struct list_state *state = x->state;
    const struct attribute_value resume = {.sid = state->last};
    const struct list_rows rows = {state->count, state, row_value};
    bool is_bounded = state->is_forwards && is_full(state);

    struct result selected = list_rows_select(&state->query, &rows, &x->arena, &state->selection);
    if (!result_ok(selected))
        return exchange_fault(x, selected);
    const struct list_page page = {
        .count = state->selection.count,
        .has_more = state->selection.has_more || is_bounded,
        .total = is_bounded || state->query.from != LIST_FROM_START
                     ? -1
                     : (int64_t)state->selection.total,
        .resume = is_bounded && !state->selection.has_more ? &resume : NULL,
        .context = state,
        .write = write_item,
        .key = item_key,
    };
    return list_page_reply(x, &state->query, &page);
}

/* ---- one ---- */

static enum step_result read_one(struct exchange *x)
{
    struct list_state *state = x->state;

    if (manage_require(x, caller_of(state), &revocation_to_read) == STEP_DONE ||
        path_find_sid(x, 0, &state->stored.read.in.revocation_sid) == STEP_DONE ||
        list_fields_read(x, &revocation_kind, &state->query.fields) == STEP_DONE)
        return STEP_DONE;
    state->stored.read.verb = STORE_REVOCATION_GET;
    return stored_read(x, &state->stored);
}

static enum step_result reply_one(struct exchange *x)
{
    const struct list_state *state = x->state;
    const struct store_read *read = &state->stored.read;
    const struct revocation_reach reach = reach_of(x, caller_of(state));

    if (read->outcome != STORE_OUTCOME_DONE || !sees(x, &reach, read->out.revocations))
        return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
    const struct revocation_view view = {read->out.revocations,
                                         clock_wall_ms(x->worker->server->clock)};
    return object_reply(x, &revocation_kind, &state->query.fields, revocation_write, &view, 0);
}

const struct endpoint manage_revocations = {
    .name = "revocations",
    .state_size = sizeof(struct list_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, begin, read_page,
              stored_step_read, take_page, reply_list},
};
const struct endpoint manage_revocation = {
    .name = "revocation",
    .state_size = sizeof(struct list_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, read_one,
              stored_step_read, reply_one},
};
