/* GET /core/v2/oauth/tokens: those that the caller addresses (M2), judged row by row by the index,
 * epochs and expiry.
 *
 * The store leaves out what its rows show not to have the status, and gives up what would take it
 * through too many. Then, and for revoked tokens, which its rows do not show all, a page is made of
 * the next STORE_PAGE rows: it may be short or empty and yet say has_more, and its next goes on
 * where it stopped. So each request looks at a bounded number of rows. */
#include "exchange/field_errors.h"
#include "exchange/snapshot.h"
#include "manage/endpoints.h"
#include "manage/list_page.h"
#include "manage/list_rows.h"
#include "manage/stored_list.h"
#include "manage/tokens.h"

static const enum store_column column_of[TOKEN_ATTRIBUTES] = {
    [TOKEN_ACCESS_TOKEN] = STORE_COLUMNS,
    [TOKEN_CLIENT_ID] = STORE_TOKEN_CLIENT_ID,
    [TOKEN_DATE_CREATED] = STORE_TOKEN_CREATED,
    [TOKEN_DATE_EXPIRATION_ACCESS_TOKEN] = STORE_TOKEN_EXP,
    [TOKEN_DATE_EXPIRATION_REFRESH_TOKEN] = STORE_COLUMNS,
    [TOKEN_DATE_LAST_ACCESSED] = STORE_TOKEN_ACCESSED,
    [TOKEN_IP_LAST_ACCESSED] = STORE_COLUMNS,
    [TOKEN_NAME] = STORE_TOKEN_NAME,
    [TOKEN_PARTNER] = STORE_COLUMNS,
    [TOKEN_PARTNER_SID] = STORE_COLUMNS,
    [TOKEN_REFRESH_TOKEN] = STORE_COLUMNS,
    [TOKEN_SCOPES] = STORE_COLUMNS,
    [TOKEN_TOKEN_SID] = STORE_TOKEN_SID,
    [TOKEN_TOKEN_TYPE] = STORE_COLUMNS,
};
static const struct stored_columns columns = {column_of};

struct list_state {
    struct stored stored; /* first */
    struct list_query query;
    bool own_alone;  /* M2 lets the caller see the presented token and no other */
    bool is_scanned; /* all rows are looked at, a bounded number of them */
};

static enum store_token_status status_of(enum list_status status)
{
    static const enum store_token_status statuses[] = {
        [LIST_ACTIVE] = STORE_TOKENS_LIVE,
        [LIST_REVOKED] = STORE_TOKENS_REVOKED,
        [LIST_EXPIRED] = STORE_TOKENS_EXPIRED,
        [LIST_ALL] = STORE_TOKENS_ALL,
    };
    return statuses[status];
}

static enum step_result read_own(struct exchange *x, struct list_state *state)
{
    state->stored.read.verb = STORE_TOKEN_GET;
    state->stored.read.in.token_sid = state->stored.caller.caller.token_sid;
    return stored_read(x, &state->stored);
}

static enum step_result read_page(struct exchange *x, struct list_state *state)
{
    struct store_list *list = &state->stored.read.in.list;

    exchange_widen_arena(x);
    state->stored.read.verb = STORE_TOKEN_LIST;
    struct result filled = stored_list(&state->query, &columns, &x->arena, list);
    if (!result_ok(filled))
        return exchange_fault(x, filled);
    list->partner_sid = state->stored.caller.caller.partner->partner_sid;
    list->now_s = clock_wall_s(x->worker->server->clock);
    list->status = state->is_scanned ? STORE_TOKENS_ALL : status_of(state->query.status);
    if (state->is_scanned)
        list->limit = STORE_PAGE;
    return stored_read(x, &state->stored);
}

/* A cursor can go on anywhere, an offset cannot. */
static bool may_scan(const struct list_query *query)
{
    return !query->by_offset && query->status != LIST_ALL;
}

static enum step_result begin(struct exchange *x)
{
    struct list_state *state = x->state;
    const struct caller *caller = &state->stored.caller.caller;

    if (manage_require(x, caller, &token_to_read) == STEP_DONE ||
        list_query_read(x, &token_kind, &state->query) == STEP_DONE)
        return STEP_DONE;
    state->own_alone = !token_address(x, caller).holds_all;
    if (state->query.status == LIST_REVOKED)
        state->is_scanned = may_scan(&state->query);
    return state->own_alone ? read_own(x, state) : read_page(x, state);
}

/* ---- what a page shows ---- */

struct page {
    const struct token_row **rows;
    const struct party_partner *partner;
};

static void write_item(const void *context, size_t item, unsigned attribute, struct json_writer *w)
{
    const struct page *page = context;
    const struct token_view view = {.row = page->rows[item], .partner = page->partner};
    token_view_write(&view, attribute, w);
}

static void item_key(const void *context, size_t item, struct attribute_value *out)
{
    const struct page *page = context;
    out->sid = page->rows[item]->token_sid;
}

static RESULT has_status(const struct token_facts *facts, const struct list_query *query,
                         const struct token_row *row, bool *out)
{
    static const enum token_state states[] = {
        [LIST_ACTIVE] = TOKEN_LIVE, [LIST_REVOKED] = TOKEN_REVOKED, [LIST_EXPIRED] = TOKEN_EXPIRED};
    enum token_state state;

    TRY(token_state_of(facts, row, &state));
    *out = query->status == LIST_ALL || states[query->status] == state;
    return RESULT_OK;
}

/* Those that have the status, in order, at most the limit of them: the first, or with a `before`
 * the last. *out_edge: the row where looking ended, as a cursor. */
static RESULT choose(const struct exchange *x, const struct list_state *state,
                     const struct token_row **rows, size_t *out_count, bool *out_more,
                     struct attribute_value *out_edge)
{
    const struct store_read *read = &state->stored.read;
    const struct token_facts facts = caller_token_facts(x);
    bool backwards = state->query.from == LIST_BEFORE;
    size_t count = 0, looked = 0;

    for (; looked < read->out.count && count < state->query.limit; looked++) {
        size_t at = backwards ? read->out.count - 1 - looked : looked;
        bool fits = false;
        TRY(has_status(&facts, &state->query, &read->out.tokens[at], &fits));
        if (fits)
            rows[count++] = &read->out.tokens[at];
        out_edge->sid = read->out.tokens[at].token_sid;
    }
    for (size_t i = 0; backwards && i + 1 < count - i; i++) {
        const struct token_row *moved = rows[i];
        rows[i] = rows[count - 1 - i];
        rows[count - 1 - i] = moved;
    }
    *out_count = count;
    *out_more = read->out.more || looked < read->out.count;
    return RESULT_OK;
}

static enum step_result reply_page(struct exchange *x, struct list_state *state)
{
    struct page page = {
        .rows = arena_array(&x->arena, state->query.limit, sizeof(*page.rows)),
        .partner = state->stored.caller.caller.partner,
    };
    struct list_page shown = {.total = -1, .context = &page, .write = write_item, .key = item_key};
    struct attribute_value edge = {.absent = false};

    if (page.rows == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    struct result chosen = choose(x, state, page.rows, &shown.count, &shown.has_more, &edge);
    if (!result_ok(chosen))
        return exchange_fault(x, chosen);
    if (!state->query.by_offset && shown.has_more)
        shown.resume = &edge;
    return list_page_reply(x, &state->query, &shown);
}

/* ---- the presented token alone ---- */

static void own_value(const void *context, size_t row, unsigned attribute,
                      struct attribute_value *out)
{
    const struct token_row *token = context;

    (void)row; /* 0 */
    switch ((enum token_attribute)attribute) {
    case TOKEN_TOKEN_SID:
        out->sid = token->token_sid;
        break;
    case TOKEN_CLIENT_ID:
        out->sid = token->client_id;
        break;
    case TOKEN_NAME:
        out->text = token->name;
        break;
    case TOKEN_DATE_CREATED:
        out->number = token->created_ms;
        break;
    case TOKEN_DATE_EXPIRATION_ACCESS_TOKEN:
        out->number = token->exp_s * 1000;
        break;
    case TOKEN_DATE_LAST_ACCESSED:
        out->number = token->last_accessed_ms;
        out->absent = token->last_accessed_ms == 0;
        break;
    default: /* not indexed, so never asked for */
        break;
    }
}

static enum step_result reply_own(struct exchange *x, const struct list_state *state)
{
    const struct store_read *read = &state->stored.read;
    const struct token_facts facts = caller_token_facts(x);
    const struct token_row *row = read->out.tokens;
    const struct page page = {&row, state->stored.caller.caller.partner};
    struct list_selection selection;
    bool fits = false;

    if (read->outcome == STORE_OUTCOME_DONE) {
        struct result judged = has_status(&facts, &state->query, row, &fits);
        if (!result_ok(judged))
            return exchange_fault(x, judged);
    }
    const struct list_rows rows = {fits ? 1 : 0, row, own_value};
    struct result selected = list_rows_select(&state->query, &rows, &x->arena, &selection);
    if (!result_ok(selected))
        return exchange_fault(x, selected);
    const struct list_page shown = {.count = selection.count,
                                    .has_more = selection.has_more,
                                    .total = -1,
                                    .context = &page,
                                    .write = write_item,
                                    .key = item_key};
    return list_page_reply(x, &state->query, &shown);
}

static enum step_result reply(struct exchange *x)
{
    struct list_state *state = x->state;

    if (state->own_alone)
        return reply_own(x, state);
    if (state->stored.read.outcome != STORE_OUTCOME_TOO_COSTLY)
        return reply_page(x, state);
    if (state->is_scanned || !may_scan(&state->query))
        return exchange_refuse_field(
            x, ERR_INVALID_VALUE, STR("filter"),
            STR("This would go through too many tokens; filter by less, or page with after"));
    state->is_scanned = true;
    return exchange_back_to(x, begin);
}

const struct endpoint manage_tokens = {
    .name = "tokens",
    .state_size = sizeof(struct list_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, begin,
              stored_step_read, reply},
};
