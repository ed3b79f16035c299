/* GET /core/v2/accesscontrol/rules and /core/v2/accesscontrol/rules/{rule_sid}. */
#include "exchange/snapshot.h"
#include "manage/endpoints.h"
#include "manage/list_page.h"
#include "manage/rules.h"
#include "manage/stored_list.h"

static const enum store_column columns[RULE_ATTRIBUTES] = {
    [RULE_ENTRIES] = STORE_COLUMNS,
    [RULE_FIELD] = STORE_RULE_FIELD,
    [RULE_NAME] = STORE_RULE_NAME,
    [RULE_OPERATION] = STORE_RULE_OPERATION,
    [RULE_QUANTIFIER] = STORE_RULE_QUANTIFIER,
    [RULE_READ_ONLY] = STORE_COLUMNS,
    [RULE_SID] = STORE_RULE_SID,
};

struct rules_read {
    struct stored stored; /* first */
    struct arena rows;
    struct list_query query;
    struct object_fields shown;
    struct sid partners[STORE_LIST_PARTNERS];
};

static void end(struct exchange *x)
{
    struct rules_read *state = x->state;
    arena_reset(&state->rows);
}

static void begin(struct exchange *x)
{
    struct rules_read *state = x->state;

    if (x->end == NULL)
        arena_init(&state->rows, NULL, 0, LIMIT_ARENA_RULE);
    x->end = end;
    state->stored.read.arena = &state->rows;
}

/* ---- the list ---- */

/* The caller's partner and all above it. */
static size_t seen_partners(const struct exchange *x, const struct caller *caller,
                            struct sid out[STORE_LIST_PARTNERS])
{
    size_t count = 0;

    for (const struct party_partner *p = caller->partner; p != NULL;
         p = party_parent(x->snapshot->party, p))
        out[count++] = p->partner_sid;
    return count;
}

static enum step_result read_list(struct exchange *x)
{
    struct rules_read *state = x->state;
    const struct caller *caller = &state->stored.caller.caller;
    struct store_list *list = &state->stored.read.in.list;
    const struct stored_columns stored = {columns};

    if (manage_require(x, caller, &rule_to_read) == STEP_DONE ||
        list_query_read(x, &rule_kind, &state->query) == STEP_DONE)
        return STEP_DONE;
    begin(x);
    state->stored.read.verb = STORE_RULE_LIST;
    struct result filled = stored_list(&state->query, &stored, &x->arena, list);
    if (!result_ok(filled))
        return exchange_fault(x, filled);
    list->partners = state->partners;
    list->partner_count = seen_partners(x, caller, state->partners);
    list->without_entries = (state->query.fields.shown >> RULE_ENTRIES & 1) == 0;
    list->max_bytes = LIST_PAGE_BYTES;
    list->want_total = true;
    return stored_read(x, &state->stored);
}

static void write_item(const void *context, size_t item, unsigned attribute, struct json_writer *w)
{
    const struct exchange *x = context;
    const struct rules_read *state = x->state;
    struct rule_view view = {.row = &state->stored.read.out.rules[item]};

    (void)rule_is_seen(x, &state->stored.caller.caller, &view.row->partner_sid, &view.read_only);
    rule_write(&view, attribute, w);
}

static void item_key(const void *context, size_t item, struct attribute_value *out)
{
    const struct rules_read *state = ((const struct exchange *)context)->state;
    out->sid = state->stored.read.out.rules[item].rule_sid;
}

static enum step_result reply_list(struct exchange *x)
{
    const struct rules_read *state = x->state;
    const struct store_read *read = &state->stored.read;
    struct list_page page = {
        .count = read->out.count,
        .has_more = read->out.more,
        .total = (int64_t)read->out.total,
        .context = x,
        .write = write_item,
        .key = item_key,
    };

    if (read->outcome == STORE_OUTCOME_TOO_COSTLY)
        return exchange_refuse_field(x, ERR_INVALID_VALUE, STR("filter"),
                                     STR("This filter would go through too many rules"));
    for (size_t i = 0; i < page.count; i++)
        page.bytes += read->out.rules[i].entries.len;
    exchange_widen_arena_for_rules(x);
    return list_page_reply(x, &state->query, &page);
}

/* ---- one ---- */

static enum step_result read_one(struct exchange *x)
{
    struct rules_read *state = x->state;

    if (manage_require(x, &state->stored.caller.caller, &rule_to_read) == STEP_DONE)
        return STEP_DONE;
    begin(x);
    return rule_read_row(x, &state->stored);
}

static enum step_result reply_one(struct exchange *x)
{
    struct rules_read *state = x->state;
    struct rule_view view;

    if (rule_row_read(x, &state->stored, &view) == STEP_DONE ||
        list_fields_read(x, &rule_kind, &state->shown) == STEP_DONE)
        return STEP_DONE;
    return rule_reply(x, &view, &state->shown);
}

const struct endpoint manage_rules = {
    .name = "rules",
    .state_size = sizeof(struct rules_read),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, read_list,
              stored_step_read, reply_list},
};
const struct endpoint manage_rule = {
    .name = "rule",
    .state_size = sizeof(struct rules_read),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, read_one,
              stored_step_read, reply_one},
};
