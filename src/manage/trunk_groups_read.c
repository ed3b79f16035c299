/* GET /core/v2/trunk_groups and /core/v2/trunk_groups/{trunk_group_sid}. */
#include "exchange/snapshot.h"
#include "manage/endpoints.h"
#include "manage/subtree_read.h"
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

static void write(const struct exchange *x, const void *row, unsigned attribute,
                  struct json_writer *w)
{
    const struct trunk_group_view view = {.row = row, .snapshot = x->snapshot};
    trunk_group_write(&view, attribute, w);
}

static enum step_result find(struct exchange *x, struct stored *stored)
{
    struct trunk_place place;

    if (trunk_group_find(x, &stored->caller.caller, &place) == STEP_DONE)
        return STEP_DONE;
    return trunk_group_read_row(x, stored, &place);
}

static const struct subtree_kind trunk_group_subtree = {
    .kind = &trunk_group_kind,
    .needed = &trunk_group_to_read,
    .columns = {columns},
    .verb = STORE_TRUNK_GROUP_LIST,
    .too_costly = STR_INIT("This filter would go through too many trunk groups"),
    .row_size = sizeof(struct trunk_group_row),
    .revision_at = offsetof(struct trunk_group_row, revision),
    .find = find,
    .write = write,
};

const struct endpoint manage_trunk_groups = SUBTREE_LIST("trunk_groups", &trunk_group_subtree);
const struct endpoint manage_trunk_group = SUBTREE_ONE("trunk_group", &trunk_group_subtree);
