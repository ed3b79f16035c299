/* GET /core/v2/admin/audit: the audit log, as far as it is about the caller's partner and those
 * below it, by the partner that each record names and the tree as it is now. The root sees all of
 * it, which is what checking the chain takes: records that others may not see are passed over,
 * their digests with them.
 *
 * The store knows of a record's text nothing. So a request reads rows in the order of seq, a few at
 * a time, until its page is full, or it has looked at ROWS_MAX of them: then the page is short,
 * even empty, and next goes on from there. */
#include "audit/head.h"
#include "exchange/snapshot.h"
#include "manage/audit_scan.h"
#include "manage/endpoints.h"
#include "manage/list_page.h"
#include "manage/list_rows.h"
#include "manage/require.h"

enum audit_attribute {
    AUDIT_SEQ,
    AUDIT_NODE,
    AUDIT_AT,
    AUDIT_ACTION,
    AUDIT_RESULT,
    AUDIT_RULE,
    AUDIT_OBJECT,
    AUDIT_PARTNER_SID,
    AUDIT_ACTOR,
    AUDIT_REQUEST_ID,
    AUDIT_DETAIL,
    AUDIT_PREV,
    AUDIT_DIGEST,
    AUDIT_ATTRIBUTES
};

static const struct attribute attributes[AUDIT_ATTRIBUTES] = {
    [AUDIT_SEQ] = {STR_INIT("seq"), ATTRIBUTE_INT, .indexed = true},
    [AUDIT_NODE] = {STR_INIT("node"), ATTRIBUTE_TEXT},
    [AUDIT_AT] = {STR_INIT("at"), ATTRIBUTE_TIME, .indexed = true},
    [AUDIT_ACTION] = {STR_INIT("action"), ATTRIBUTE_TEXT, .indexed = true},
    [AUDIT_RESULT] = {STR_INIT("result"), ATTRIBUTE_TEXT, .indexed = true},
    [AUDIT_RULE] = {STR_INIT("rule"), ATTRIBUTE_TEXT, .indexed = true},
    [AUDIT_OBJECT] = {STR_INIT("object"), ATTRIBUTE_TEXT, .indexed = true},
    [AUDIT_PARTNER_SID] = {STR_INIT("partner_sid"), ATTRIBUTE_SID, .indexed = true},
    [AUDIT_ACTOR] = {STR_INIT("actor"), ATTRIBUTE_OTHER},
    [AUDIT_REQUEST_ID] = {STR_INIT("request_id"), ATTRIBUTE_TEXT, .indexed = true},
    [AUDIT_DETAIL] = {STR_INIT("detail"), ATTRIBUTE_OTHER},
    [AUDIT_PREV] = {STR_INIT("prev"), ATTRIBUTE_TEXT},
    [AUDIT_DIGEST] = {STR_INIT("digest"), ATTRIBUTE_TEXT},
};

static const struct object_kind audit_kind = {attributes, AUDIT_ATTRIBUTES, .key = AUDIT_SEQ,
                                              .cursor_descends = true};

struct item {
    const struct audit_row *row;
    struct audit_view view;
};

struct audit_state {
    struct caller_state caller; /* first */
    struct audit_scan scan;
    struct list_query query;
    struct item *items; /* in the order they were read in */
    size_t count;
    bool reversed; /* they are shown from the last to the first */
};

/* ---- one record ---- */

static void row_value(const void *context, size_t row, unsigned attribute,
                      struct attribute_value *out)
{
    const struct item *item = (const struct item *)context + row;
    const struct audit_view *view = &item->view;

    switch ((enum audit_attribute)attribute) {
    case AUDIT_SEQ:
        out->number = (int64_t)item->row->seq;
        return;
    case AUDIT_AT:
        out->number = view->at_ms;
        return;
    case AUDIT_PARTNER_SID:
        out->absent = sid_is_none(&view->partner_sid);
        out->sid = view->partner_sid;
        return;
    case AUDIT_ACTION:
        out->text = view->action;
        break;
    case AUDIT_RESULT:
        out->text = view->result;
        break;
    case AUDIT_RULE:
        out->text = view->rule;
        break;
    case AUDIT_OBJECT:
        out->text = view->object;
        break;
    case AUDIT_REQUEST_ID:
        out->text = view->request_id;
        break;
    case AUDIT_NODE: /* not indexed, so never asked for */
    case AUDIT_ACTOR:
    case AUDIT_DETAIL:
    case AUDIT_PREV:
    case AUDIT_DIGEST:
    case AUDIT_ATTRIBUTES:
        return;
    }
    out->absent = out->text.ptr == NULL;
}

static void write_text(struct str text, struct json_writer *w)
{
    text.ptr == NULL ? json_write_null(w) : json_write_string(w, text);
}

static void write_json(struct str json, struct json_writer *w)
{
    json.ptr == NULL ? json_write_null(w) : json_write_raw(w, json);
}

static void write_digest(const struct digest256 *digest, struct json_writer *w)
{
    char memory[AUDIT_DIGEST_TEXT];
    json_write_string(w, audit_digest_text(digest, memory));
}

static void write_attribute(const struct item *item, enum audit_attribute attribute,
                            struct json_writer *w)
{
    const struct audit_view *view = &item->view;

    switch (attribute) {
    case AUDIT_SEQ:
        return json_write_int(w, (int64_t)item->row->seq);
    case AUDIT_NODE:
        return json_write_string(w, item->row->node);
    case AUDIT_AT:
        return json_write_time_ms(w, view->at_ms);
    case AUDIT_ACTION:
        return write_text(view->action, w);
    case AUDIT_RESULT:
        return write_text(view->result, w);
    case AUDIT_RULE:
        return write_text(view->rule, w);
    case AUDIT_OBJECT:
        return write_text(view->object, w);
    case AUDIT_PARTNER_SID:
        return sid_is_none(&view->partner_sid) ? json_write_null(w)
                                               : json_write_sid(w, &view->partner_sid);
    case AUDIT_ACTOR:
        return write_json(view->actor, w);
    case AUDIT_REQUEST_ID:
        return write_text(view->request_id, w);
    case AUDIT_DETAIL:
        return write_json(view->detail, w);
    case AUDIT_PREV:
        return write_digest(&item->row->prev, w);
    case AUDIT_DIGEST:
        return write_digest(&item->row->digest, w);
    case AUDIT_ATTRIBUTES:
        break;
    }
}

/* ---- reading rows ---- */

/* Upwards, or towards the chain's beginning. */
static bool goes_down(const struct list_query *query)
{
    return query->descending != (query->from == LIST_BEFORE);
}

static bool is_visible(const struct exchange *x, const struct caller *caller,
                       const struct sid *partner_sid)
{
    if (caller->partner->depth == 0)
        return true;
    const struct party_partner *partner = party_find_partner(x->snapshot->party, partner_sid);
    return partner != NULL && party_is_within(partner, caller->partner);
}

/* Texts of the view live for the call of take alone. */
static bool keep_texts(struct audit_view *view, struct arena *arena)
{
    struct str *const texts[] = {&view->action, &view->result,     &view->rule,
                                 &view->object, &view->request_id, &view->actor};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i]->ptr == NULL)
            continue;
        *texts[i] = arena_str(arena, *texts[i]);
        if (texts[i]->ptr == NULL)
            return false;
    }
    return true; /* detail is a piece of the row's own text */
}

/* Adds the row to the items where the caller may see it and asked for it. One that is none of this
 * program's is the root's alone, who sees its digests with nothing in between. */
static bool take(struct audit_scan *scan, const struct audit_row *row,
                 const struct audit_view *view)
{
    struct audit_state *state =
        (struct audit_state *)((char *)scan - offsetof(struct audit_state, scan));
    struct exchange *x = scan->exchange;
    const struct caller *caller = &state->caller.caller;
    struct item *item = &state->items[state->count];
    const struct list_rows rows = {state->count + 1, state->items, row_value};

    *item = (struct item){row, *view};
    if (!is_visible(x, caller, &view->partner_sid) ||
        !list_rows_wants(&state->query, &rows, state->count))
        return true;
    item->view.actor = audit_actor_seen(x, caller, view);
    if (!keep_texts(&item->view, &x->arena))
        scan->result = FAULT(ERR_FAULT_MEMORY);
    return ++state->count < state->query.limit;
}

/* ---- the endpoint ---- */

static enum step_result refuse_paging(struct exchange *x, const struct list_query *query)
{
    if (query->order != AUDIT_SEQ)
        return exchange_refuse_field(x, ERR_INVALID_VALUE, STR("order"),
                                     STR("This list goes by seq alone: seq asc or seq desc"));
    return exchange_refuse_field(
        x, ERR_INVALID_VALUE, STR("offset"),
        STR("This list is paged by after and before alone, which take a seq"));
}

static enum step_result begin(struct exchange *x)
{
    static const struct requirement needed = REQUIRE_ONE_OF(STR_INIT("scopemint.audit"));
    struct audit_state *state = x->state;
    struct list_query *query = &state->query;

    if (manage_require(x, &state->caller.caller, &needed) == STEP_DONE ||
        list_query_read(x, &audit_kind, query) == STEP_DONE)
        return STEP_DONE;
    if (query->by_offset)
        return refuse_paging(x, query);
    state->items = arena_array(&x->arena, query->limit, sizeof(*state->items));
    if (state->items == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    state->scan.take = take;
    state->reversed = query->from == LIST_BEFORE;
    bool from_start = query->from == LIST_FROM_START;
    int64_t cursor = from_start || query->cursor.number < 0 ? 0 : query->cursor.number;
    if (!from_start && cursor == 0 && goes_down(query))
        return STEP_NEXT; /* there is nothing before the first */
    return audit_scan_start(x, (uint64_t)cursor, goes_down(query), &state->scan);
}

static const struct item *item_at(const struct audit_state *state, size_t number)
{
    return &state->items[state->reversed ? state->count - 1 - number : number];
}

static void write_item(const void *context, size_t item, unsigned attribute, struct json_writer *w)
{
    write_attribute(item_at(context, item), (enum audit_attribute)attribute, w);
}

static void item_key(const void *context, size_t item, struct attribute_value *out)
{
    out->number = (int64_t)item_at(context, item)->row->seq;
}

static enum step_result reply(struct exchange *x)
{
    const struct audit_state *state = x->state;
    const struct attribute_value resume = {.number = (int64_t)state->scan.last};
    const struct list_page page = {
        .count = state->count,
        .has_more = state->scan.has_more,
        .total = -1,
        .resume = &resume,
        .context = state,
        .write = write_item,
        .key = item_key,
    };

    if (!result_ok(state->scan.result))
        return exchange_fault(x, state->scan.result);
    return list_page_reply(x, &state->query, &page);
}

const struct endpoint manage_audit = {
    .name = "audit",
    .state_size = sizeof(struct audit_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, begin, reply},
};
