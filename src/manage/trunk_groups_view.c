/* What is seen of a trunk group, and which ones a caller sees. */
#include "exchange/snapshot.h"
#include "manage/acl_value.h"
#include "manage/partners.h"
#include "manage/path.h"
#include "manage/trunk_groups.h"

static const struct attribute attributes[TRUNK_GROUP_ATTRIBUTES] = {
    [TRUNK_GROUP_SID] = {STR_INIT("trunk_group_sid"), ATTRIBUTE_SID, .indexed = true},
    [TRUNK_GROUP_PARTNER_SID] = {STR_INIT("partner_sid"), ATTRIBUTE_SID, .indexed = true},
    [TRUNK_GROUP_NAME] = {STR_INIT("name"), ATTRIBUTE_TEXT, .indexed = true},
    [TRUNK_GROUP_ACLS] = {STR_INIT("acls"), ATTRIBUTE_OTHER},
    [TRUNK_GROUP_TRUNKS] = {STR_INIT("trunks"), ATTRIBUTE_OTHER},
    [TRUNK_GROUP_DATE_CREATED] = {STR_INIT("date_created"), ATTRIBUTE_TIME, .indexed = true},
    [TRUNK_GROUP_DATE_UPDATED] = {STR_INIT("date_updated"), ATTRIBUTE_TIME, .indexed = true},
    [TRUNK_GROUP_PARTNER] = {STR_INIT("partner"), ATTRIBUTE_OTHER, .related = true},
};

const struct object_kind trunk_group_kind = {attributes, TRUNK_GROUP_ATTRIBUTES,
                                             .key = TRUNK_GROUP_SID};

#define GROUPS(verb)                                                        \
    {                                                                       \
        {                                                                   \
            STR_INIT("trunk_groups.manage"), STR_INIT("trunk_groups." verb) \
        }                                                                   \
    }
#define TRUNKS(verb)                                                                      \
    {                                                                                     \
        {                                                                                 \
            STR_INIT("trunk_groups.trunks.manage"), STR_INIT("trunk_groups.trunks." verb) \
        }                                                                                 \
    }

const struct requirement trunk_group_to_create = {.clauses = {GROUPS("create")}};
const struct requirement trunk_group_to_create_with_trunks = {
    .clauses = {GROUPS("create"), TRUNKS("create")}};
const struct requirement trunk_group_to_read = {.clauses = {GROUPS("read")}};
const struct requirement trunk_group_to_update = {.clauses = {GROUPS("update")}};
const struct requirement trunk_group_to_delete = {.clauses = {GROUPS("delete")}};
const struct requirement trunk_group_to_delete_with_trunks = {
    .clauses = {GROUPS("delete"), TRUNKS("delete")}};

static void write_trunks(const struct trunk_group_row *row, struct json_writer *w)
{
    json_write_array_begin(w);
    for (size_t i = 0; i < row->trunk_count; i++)
        json_write_sid(w, &row->trunks[i]);
    json_write_array_end(w);
}

void trunk_group_write(const void *view, unsigned attribute, struct json_writer *w)
{
    const struct trunk_group_view *v = view;

    switch ((enum trunk_group_attribute)attribute) {
    case TRUNK_GROUP_SID:
        return json_write_sid(w, &v->row->trunk_group_sid);
    case TRUNK_GROUP_PARTNER_SID:
        return json_write_sid(w, &v->row->partner_sid);
    case TRUNK_GROUP_NAME:
        return json_write_string(w, v->row->name);
    case TRUNK_GROUP_ACLS:
        return acl_value_write(v->row->acls, w);
    case TRUNK_GROUP_TRUNKS:
        return write_trunks(v->row, w);
    case TRUNK_GROUP_DATE_CREATED:
        return json_write_time_ms(w, v->row->created_ms);
    case TRUNK_GROUP_DATE_UPDATED:
        return json_write_time_ms(w, v->row->updated_ms);
    case TRUNK_GROUP_PARTNER:
        return partner_write_related(party_find_partner(v->snapshot->party, &v->row->partner_sid),
                                     w);
    case TRUNK_GROUP_ATTRIBUTES:
        break;
    }
}

void trunk_group_write_record(const void *view, unsigned attribute, struct json_writer *w)
{
    const struct trunk_group_view *v = view;

    if (attribute == TRUNK_GROUP_ACLS)
        acl_value_write_record(v->row->acls, w);
    else
        trunk_group_write(view, attribute, w);
}

enum step_result trunk_group_reply(struct exchange *x, const struct trunk_group_row *row,
                                   const struct object_fields *fields)
{
    const struct trunk_group_view view = {.row = row, .snapshot = x->snapshot};
    return object_reply(x, &trunk_group_kind, fields, trunk_group_write, &view, row->revision);
}

enum step_result trunk_group_find(struct exchange *x, const struct caller *caller,
                                  struct trunk_place *out)
{
    const struct party_partner *partner = NULL;
    struct sid sid;

    if (path_find_sid(x, 0, &sid) == STEP_DONE)
        return STEP_DONE;
    const struct acl_object *group =
        acl_tables_object(x->snapshot->acls, ACL_OWNER_TRUNK_GROUP, &sid);
    if (group != NULL)
        partner = party_find_partner(x->snapshot->party, &group->above);
    if (partner == NULL || !party_is_within(partner, caller->partner))
        return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
    *out = (struct trunk_place){.trunk_group_sid = sid, .partner = partner};
    return STEP_NEXT;
}

enum step_result trunk_group_read_row(struct exchange *x, struct stored *stored,
                                      const struct trunk_place *place)
{
    stored->read.verb = STORE_TRUNK_GROUP_GET;
    stored->read.in.trunk_group_sid = place->trunk_group_sid;
    return stored_read(x, stored);
}

enum step_result trunk_group_row_read(struct exchange *x, const struct stored *stored,
                                      const struct trunk_group_row **out)
{
    if (stored->read.outcome != STORE_OUTCOME_DONE)
        return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
    *out = &stored->read.out.trunk_groups[0];
    return STEP_NEXT;
}
