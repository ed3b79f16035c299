/* GET /core/v2/trunk_groups/{trunk_group_sid}/trunks and one of them. */
#include "manage/endpoints.h"
#include "manage/subtree_list.h"
#include "manage/trunk_groups.h"

static const enum store_column columns[TRUNK_ATTRIBUTES] = {
    [TRUNK_SID] = STORE_TRUNK_SID,
    [TRUNK_TRUNK_GROUP_SID] = STORE_COLUMNS,
    [TRUNK_NAME] = STORE_TRUNK_NAME,
    [TRUNK_ACLS] = STORE_COLUMNS,
    [TRUNK_DATE_CREATED] = STORE_TRUNK_CREATED,
    [TRUNK_DATE_UPDATED] = STORE_TRUNK_UPDATED,
};

/* ---- the list ---- */

static void write_item(const void *context, size_t item, unsigned attribute, struct json_writer *w)
{
    const struct subtree_list *state = ((const struct exchange *)context)->state;
    trunk_write(&state->stored.read.out.trunks[item], attribute, w);
}

static void item_key(const void *context, size_t item, struct attribute_value *out)
{
    const struct subtree_list *state = ((const struct exchange *)context)->state;
    out->sid = state->stored.read.out.trunks[item].trunk_sid;
}

static const struct subtree_kind listed = {
    .kind = &trunk_kind,
    .needed = &trunk_to_read,
    .columns = {columns},
    .verb = STORE_TRUNK_LIST,
    .too_costly = STR_INIT("This filter would go through too many trunks"),
    .write = write_item,
    .key = item_key,
};

static enum step_result read_list(struct exchange *x)
{
    const struct subtree_list *state = x->state;
    const struct caller *caller = &state->stored.caller.caller;
    struct trunk_place place;

    if (manage_require(x, caller, &trunk_to_read) == STEP_DONE ||
        trunk_group_find(x, caller, &place) == STEP_DONE)
        return STEP_DONE;
    const struct store_list whose = {.trunk_group_sid = place.trunk_group_sid};
    return subtree_list_read_of(x, &listed, &whose);
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

    if (manage_require(x, caller, &trunk_to_read) == STEP_DONE ||
        trunk_find(x, caller, &place) == STEP_DONE ||
        list_fields_read(x, &trunk_kind, &state->query.fields) == STEP_DONE)
        return STEP_DONE;
    return trunk_read_row(x, &state->stored, &place);
}

static enum step_result reply_one(struct exchange *x)
{
    const struct subtree_list *state = x->state;
    const struct trunk_row *row;

    if (trunk_row_read(x, &state->stored, &row) == STEP_DONE)
        return STEP_DONE;
    return trunk_reply(x, row, &state->query.fields);
}

const struct endpoint manage_trunks = {
    .name = "trunks",
    .state_size = sizeof(struct subtree_list),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, read_list,
              stored_step_read, reply_list},
};
const struct endpoint manage_trunk = {
    .name = "trunk",
    .state_size = sizeof(struct subtree_list),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, read_one,
              stored_step_read, reply_one},
};
