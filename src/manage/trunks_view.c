/* What is seen of a trunk, and which ones a caller sees: those of the groups that it sees. */
#include "exchange/snapshot.h"
#include "manage/acl_value.h"
#include "manage/path.h"
#include "manage/trunk_groups.h"

static const struct attribute attributes[TRUNK_ATTRIBUTES] = {
    [TRUNK_SID] = {STR_INIT("trunk_sid"), ATTRIBUTE_SID, .indexed = true},
    [TRUNK_TRUNK_GROUP_SID] = {STR_INIT("trunk_group_sid"), ATTRIBUTE_SID},
    [TRUNK_NAME] = {STR_INIT("name"), ATTRIBUTE_TEXT, .indexed = true},
    [TRUNK_ACLS] = {STR_INIT("acls"), ATTRIBUTE_OTHER},
    [TRUNK_DATE_CREATED] = {STR_INIT("date_created"), ATTRIBUTE_TIME, .indexed = true},
    [TRUNK_DATE_UPDATED] = {STR_INIT("date_updated"), ATTRIBUTE_TIME, .indexed = true},
};

const struct object_kind trunk_kind = {attributes, TRUNK_ATTRIBUTES, .key = TRUNK_SID};

const struct requirement trunk_to_create =
    REQUIRE_ONE_OF(STR_INIT("trunk_groups.trunks.manage"), STR_INIT("trunk_groups.trunks.create"));
const struct requirement trunk_to_read =
    REQUIRE_ONE_OF(STR_INIT("trunk_groups.trunks.manage"), STR_INIT("trunk_groups.trunks.read"));
const struct requirement trunk_to_update =
    REQUIRE_ONE_OF(STR_INIT("trunk_groups.trunks.manage"), STR_INIT("trunk_groups.trunks.update"));
const struct requirement trunk_to_delete =
    REQUIRE_ONE_OF(STR_INIT("trunk_groups.trunks.manage"), STR_INIT("trunk_groups.trunks.delete"));

void trunk_write(const void *view, unsigned attribute, struct json_writer *w)
{
    const struct trunk_row *row = view;

    switch ((enum trunk_attribute)attribute) {
    case TRUNK_SID:
        return json_write_sid(w, &row->trunk_sid);
    case TRUNK_TRUNK_GROUP_SID:
        return json_write_sid(w, &row->trunk_group_sid);
    case TRUNK_NAME:
        return json_write_string(w, row->name);
    case TRUNK_ACLS:
        return acl_value_write(row->acls, w);
    case TRUNK_DATE_CREATED:
        return json_write_time_ms(w, row->created_ms);
    case TRUNK_DATE_UPDATED:
        return json_write_time_ms(w, row->updated_ms);
    case TRUNK_ATTRIBUTES:
        break;
    }
}

void trunk_write_record(const void *view, unsigned attribute, struct json_writer *w)
{
    const struct trunk_row *row = view;

    if (attribute == TRUNK_ACLS)
        acl_value_write_record(row->acls, w);
    else
        trunk_write(view, attribute, w);
}

enum step_result trunk_reply(struct exchange *x, const struct trunk_row *row,
                             const struct object_fields *fields)
{
    return object_reply(x, &trunk_kind, fields, trunk_write, row, row->revision);
}

enum step_result trunk_find(struct exchange *x, const struct caller *caller,
                            struct trunk_place *out)
{
    struct trunk_place place;

    if (trunk_group_find(x, caller, &place) == STEP_DONE ||
        path_find_sid(x, 1, &place.trunk_sid) == STEP_DONE)
        return STEP_DONE;
    const struct acl_object *trunk =
        acl_tables_object(x->snapshot->acls, ACL_OWNER_TRUNK, &place.trunk_sid);
    if (trunk == NULL || !sid_eq(&trunk->above, &place.trunk_group_sid))
        return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
    *out = place;
    return STEP_NEXT;
}

enum step_result trunk_read_row(struct exchange *x, struct stored *stored,
                                const struct trunk_place *place)
{
    stored->read.verb = STORE_TRUNK_GET;
    stored->read.in.trunk_sid = place->trunk_sid;
    return stored_read(x, stored);
}

enum step_result trunk_row_read(struct exchange *x, const struct stored *stored,
                                const struct trunk_row **out)
{
    if (stored->read.outcome != STORE_OUTCOME_DONE)
        return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
    *out = &stored->read.out.trunks[0];
    return STEP_NEXT;
}
