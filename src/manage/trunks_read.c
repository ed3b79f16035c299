/* GET /core/v2/trunk_groups/{trunk_group_sid}/trunks and one of them. */
#include "manage/endpoints.h"
#include "manage/subtree_read.h"
#include "manage/trunk_groups.h"

static const enum store_column columns[TRUNK_ATTRIBUTES] = {
    [TRUNK_SID] = STORE_TRUNK_SID,
    [TRUNK_TRUNK_GROUP_SID] = STORE_COLUMNS,
    [TRUNK_NAME] = STORE_TRUNK_NAME,
    [TRUNK_ACLS] = STORE_COLUMNS,
    [TRUNK_DATE_CREATED] = STORE_TRUNK_CREATED,
    [TRUNK_DATE_UPDATED] = STORE_TRUNK_UPDATED,
};

static void write(const struct exchange *x, const void *row, unsigned attribute,
                  struct json_writer *w)
{
    (void)x;
    trunk_write(row, attribute, w);
}

static enum step_result whose(struct exchange *x, const struct caller *caller,
                              struct store_list *out)
{
    struct trunk_place place;

    if (trunk_group_find(x, caller, &place) == STEP_DONE)
        return STEP_DONE;
    out->trunk_group_sid = place.trunk_group_sid;
    return STEP_NEXT;
}

static enum step_result find(struct exchange *x, struct stored *stored)
{
    struct trunk_place place;

    if (trunk_find(x, &stored->caller.caller, &place) == STEP_DONE)
        return STEP_DONE;
    return trunk_read_row(x, stored, &place);
}

static const struct subtree_kind trunk_subtree = {
    .kind = &trunk_kind,
    .needed = &trunk_to_read,
    .columns = {columns},
    .verb = STORE_TRUNK_LIST,
    .too_costly = STR_INIT("This filter would go through too many trunks"),
    .row_size = sizeof(struct trunk_row),
    .revision_at = offsetof(struct trunk_row, revision),
    .whose = whose,
    .find = find,
    .write = write,
};

const struct endpoint manage_trunks = SUBTREE_LIST("trunks", &trunk_subtree);
const struct endpoint manage_trunk = SUBTREE_ONE("trunk", &trunk_subtree);
