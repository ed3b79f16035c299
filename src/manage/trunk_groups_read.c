/* GET /core/v2/trunk_groups and /core/v2/trunk_groups/{trunk_group_sid}. */
#include "exchange/snapshot.h"
#include "manage/endpoints.h"
#include "manage/subtree_list.h"
#include "manage/trunk_groups.h"

static const enum store_column columns[TRUNK_GROUP_ATTRIBUTES] = {
    [TRUNK_GROUP_SID] = STORE_TRUNK_GROUP_SID,
    [TRUNK_GROUP_PARTNER_SID] = STORE_TRUNK_GROUP_PARTNER_SID,
    [TRUNK_GROUP_NAME] = STORE_TRUNK_GROUP_NAME,
    [TRUNK_GROUP_ACLS] = STORE_COLUMNS,
    [TRUNK_GROUP_TRUNKS] = STORE_COLUMNS,
    [TRUNK_GROUP_DATE_CREATED] = STORE_TRUNK_GROUP_CREATED,
    [TRUNK_GROUP_DATE_UPDATED] = STORE_TRUNK_GROUP_UPDATED,
    [TRUNK_GROUP_PARTNER] = STORE_COLUMNS,
};

/* ---- the list ---- */

static void write_item(const void *context, size_t item, unsigned attribute, struct json_writer *w)
{
    const struct exchange *x = context;
    const struct subtree_list *state = x->state;
    const struct trunk_group_view view = {.row = &state->stored.read.out.trunk_groups[item],
                                          .snapshot = x->snapshot};

    trunk_group_write(&view, attribute, w);
}

static void item_key(const void *context, size_t item, struct attribute_value *out)
{
    const struct subtree_list *state = ((const struct exchange *)context)->state;
    out->sid = state->stored.read.out.trunk_groups[item].trunk_group_sid;
}

static const struct subtree_kind listed = {
    .kind = &trunk_group_kind,
    .needed = &trunk_group_to_read,
    .columns = {columns},
    .verb = STORE_TRUNK_GROUP_LIST,
    .too_costly = STR_INIT("This filter would go through too many trunk groups"),
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
    struct trunk_place place;

    if (manage_require(x, caller, &trunk_group_to_read) == STEP_DONE ||
        trunk_group_find(x, caller, &place) == STEP_DONE ||
        list_fields_read(x, &trunk_group_kind, &state->query.fields) == STEP_DONE)
        return STEP_DONE;
    return trunk_group_read_row(x, &state->stored, &place);
}

static enum step_result reply_one(struct exchange *x)
{
    const struct subtree_list *state = x->state;
    const struct trunk_group_row *row;

    if (trunk_group_row_read(x, &state->stored, &row) == STEP_DONE)
        return STEP_DONE;
    return trunk_group_reply(x, row, &state->query.fields);
}

const struct endpoint manage_trunk_groups = {
    .name = "trunk_groups",
    .state_size = sizeof(struct subtree_list),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, read_list,
              stored_step_read, reply_list},
};
const struct endpoint manage_trunk_group = {
    .name = "trunk_group",
    .state_size = sizeof(struct subtree_list),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, read_one,
              stored_step_read, reply_one},
};
