/* GET /core/v2/partners and /core/v2/partners/{partner_sid}. */
#include "exchange/snapshot.h"
#include "manage/endpoints.h"
#include "manage/partners.h"
#include "manage/subtree_list.h"

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

/* ---- the list ---- */

static void write_item(const void *context, size_t item, unsigned attribute, struct json_writer *w)
{
    const struct exchange *x = context;
    const struct subtree_list *state = x->state;
    const struct partner_view view = {&state->stored.read.out.partners[item],
                                      x->snapshot->catalogue};
    partner_write(&view, attribute, w);
}

static void item_key(const void *context, size_t item, struct attribute_value *out)
{
    const struct subtree_list *state = ((const struct exchange *)context)->state;
    out->sid = state->stored.read.out.partners[item].partner_sid;
}

static const struct subtree_kind listed = {
    .kind = &partner_kind,
    .needed = &partner_to_read,
    .columns = {columns},
    .verb = STORE_PARTNER_LIST,
    .too_costly = STR_INIT("This filter would go through too many partners"),
    .write = write_item,
    .key = item_key,
};

static enum step_result read_list(struct exchange *x)
{
    return subtree_list_read(x, &listed);
}

static enum step_result reply_list(struct exchange *x)
{
    return subtree_list_reply(x, &listed);
}

/* ---- one ---- */

static enum step_result read_one(struct exchange *x)
{
    struct subtree_list *state = x->state;
    const struct caller *caller = &state->stored.caller.caller;
    const struct party_partner *partner;

    if (manage_require(x, caller, &partner_to_read) == STEP_DONE ||
        partner_find(x, caller, &partner) == STEP_DONE ||
        list_fields_read(x, &partner_kind, &state->query.fields) == STEP_DONE)
        return STEP_DONE;
    return partner_read_row(x, &state->stored, &partner->partner_sid);
}

static enum step_result reply_one(struct exchange *x)
{
    const struct subtree_list *state = x->state;

    if (state->stored.read.out.count == 0)
        return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
    return partner_reply(x, &state->stored.read.out.partners[0], &state->query.fields);
}

const struct endpoint manage_partners = {
    .name = "partners",
    .state_size = sizeof(struct subtree_list),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, read_list,
              stored_step_read, reply_list},
};
const struct endpoint manage_partner = {
    .name = "partner",
    .state_size = sizeof(struct subtree_list),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, read_one,
              stored_step_read, reply_one},
};
