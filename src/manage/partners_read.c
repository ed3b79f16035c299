/* GET /core/v2/partners and /core/v2/partners/{partner_sid}. */
#include "exchange/snapshot.h"
#include "manage/endpoints.h"
#include "manage/partners.h"
#include "manage/subtree_read.h"

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

static void write(const struct exchange *x, const void *row, unsigned attribute,
                  struct json_writer *w)
{
    const struct partner_view view = {row, x->snapshot->catalogue};
    partner_write(&view, attribute, w);
}

static enum step_result find(struct exchange *x, struct stored *stored)
{
    const struct party_partner *partner;

    if (partner_find(x, &stored->caller.caller, &partner) == STEP_DONE)
        return STEP_DONE;
    return partner_read_row(x, stored, &partner->partner_sid);
}

static const struct subtree_kind partner_subtree = {
    .kind = &partner_kind,
    .needed = &partner_to_read,
    .columns = {columns},
    .verb = STORE_PARTNER_LIST,
    .too_costly = STR_INIT("This filter would go through too many partners"),
    .row_size = sizeof(struct partner_row),
    .revision_at = offsetof(struct partner_row, revision),
    .find = find,
    .write = write,
};

const struct endpoint manage_partners = SUBTREE_LIST("partners", &partner_subtree);
const struct endpoint manage_partner = SUBTREE_ONE("partner", &partner_subtree);
