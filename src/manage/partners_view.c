/* What is seen of a partner, and which ones a caller sees. */
#include "exchange/snapshot.h"
#include "manage/acl_value.h"
#include "manage/partners.h"
#include "manage/path.h"
#include "manage/scope_names.h"
#include "scope/parse.h"
#include "store/row_names.h"

static const struct attribute attributes[PARTNER_ATTRIBUTES] = {
    [PARTNER_SID] = {STR_INIT("partner_sid"), ATTRIBUTE_SID, .indexed = true},
    [PARTNER_PARENT_SID] = {STR_INIT("parent_sid"), ATTRIBUTE_SID, .indexed = true},
    [PARTNER_NAME] = {STR_INIT("name"), ATTRIBUTE_TEXT, .indexed = true},
    [PARTNER_LOGIN] = {STR_INIT("login"), ATTRIBUTE_TEXT, .indexed = true},
    [PARTNER_STATUS] = {STR_INIT("status"), ATTRIBUTE_TEXT, .indexed = true},
    [PARTNER_AVAILABLE_SCOPES] = {STR_INIT("available_scopes"), ATTRIBUTE_OTHER},
    [PARTNER_ACLS] = {STR_INIT("acls"), ATTRIBUTE_OTHER},
    [PARTNER_PARENT_ASSIGNED_ACLS] = {STR_INIT("parent_assigned_acls"), ATTRIBUTE_OTHER},
    [PARTNER_DATE_CREATED] = {STR_INIT("date_created"), ATTRIBUTE_TIME, .indexed = true},
    [PARTNER_DATE_UPDATED] = {STR_INIT("date_updated"), ATTRIBUTE_TIME, .indexed = true},
};

const struct object_kind partner_kind = {attributes, PARTNER_ATTRIBUTES, .key = PARTNER_SID};

const struct requirement partner_to_create =
    REQUIRE_ONE_OF(STR_INIT("partners.manage"), STR_INIT("partners.create"));
const struct requirement partner_to_read =
    REQUIRE_ONE_OF(STR_INIT("partners.manage"), STR_INIT("partners.read"));
const struct requirement partner_to_update =
    REQUIRE_ONE_OF(STR_INIT("partners.manage"), STR_INIT("partners.update"));
const struct requirement partner_to_delete =
    REQUIRE_ONE_OF(STR_INIT("partners.manage"), STR_INIT("partners.delete"));

struct scope_set partner_available(const struct partner_view *view)
{
    return view->row->scopes_all ? *catalogue_all(view->catalogue)
                                 : scope_read(view->catalogue, view->row->available_scopes);
}

void partner_write(const void *view, unsigned attribute, struct json_writer *w)
{
    const struct partner_view *v = view;
    struct scope_set available;

    switch ((enum partner_attribute)attribute) {
    case PARTNER_SID:
        return json_write_sid(w, &v->row->partner_sid);
    case PARTNER_PARENT_SID:
        return sid_is_none(&v->row->parent_sid) ? json_write_null(w)
                                                : json_write_sid(w, &v->row->parent_sid);
    case PARTNER_NAME:
        return json_write_string(w, v->row->name);
    case PARTNER_LOGIN:
        return v->row->login.len == 0 ? json_write_null(w) : json_write_string(w, v->row->login);
    case PARTNER_STATUS:
        return json_write_string(w, partner_status_names[v->row->status]);
    case PARTNER_AVAILABLE_SCOPES:
        available = partner_available(v);
        return manage_scopes_write(v->catalogue, &available, w);
    case PARTNER_ACLS:
        return acl_value_write(v->row->acls, w);
    case PARTNER_PARENT_ASSIGNED_ACLS:
        return acl_value_write(v->row->parent_assigned_acls, w);
    case PARTNER_DATE_CREATED:
        return json_write_time_ms(w, v->row->created_ms);
    case PARTNER_DATE_UPDATED:
        return json_write_time_ms(w, v->row->updated_ms);
    case PARTNER_ATTRIBUTES:
        break;
    }
}

enum step_result partner_reply(struct exchange *x, const struct partner_row *row,
                               const struct object_fields *fields)
{
    const struct partner_view view = {row, x->snapshot->catalogue};
    return object_reply(x, &partner_kind, fields, partner_write, &view, row->revision);
}

void partner_write_related(const struct party_partner *partner, struct json_writer *w)
{
    if (partner == NULL)
        return json_write_null(w);
    json_write_object_begin(w);
    json_write_key(w, STR("partner_sid"));
    json_write_sid(w, &partner->partner_sid);
    json_write_member_string(w, STR("name"), partner->name);
    json_write_member_string(w, STR("status"), partner_status_names[partner->status]);
    json_write_object_end(w);
}

enum step_result partner_find(struct exchange *x, const struct caller *caller,
                              const struct party_partner **out)
{
    const struct party_partner *partner;
    struct sid partner_sid;

    if (path_find_sid(x, 0, &partner_sid) == STEP_DONE)
        return STEP_DONE;
    partner = party_find_partner(x->snapshot->party, &partner_sid);
    if (partner == NULL || !party_is_within(partner, caller->partner))
        return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
    *out = partner;
    return STEP_NEXT;
}

enum step_result partner_judge_home(struct exchange *x, const struct party_partner *partner,
                                    bool must_work, struct str field)
{
    const struct party *party = x->snapshot->party;
    const struct party_partner *above = partner;

    while (above != NULL && above->status != PARTNER_CANCELED)
        above = party_parent(party, above);
    if (above != NULL)
        return exchange_refuse_field(x, ERR_CONFLICT, field,
                                     STR("This partner or one above it is canceled"));
    if (must_work && !party_reach(party, partner).works)
        return exchange_refuse_field(x, ERR_CONFLICT, field,
                                     STR("This partner or one above it is not active"));
    return STEP_NEXT;
}

enum step_result partner_read_row(struct exchange *x, struct stored *stored,
                                  const struct sid *partner_sid)
{
    stored->read.verb = STORE_PARTNER_LIST;
    stored->read.in.list = (struct store_list){
        .partner_sid = *partner_sid,
        .order = STORE_PARTNER_SID,
        .limit = 1,
    };
    return stored_read(x, stored);
}
