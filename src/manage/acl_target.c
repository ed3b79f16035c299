#include "manage/acl_target.h"

#include "manage/require.h"

const struct requirement effective_acl_to_read =
    REQUIRE_ONE_OF(STR_INIT("accesscontrol.manage"), STR_INIT("accesscontrol.read"));

/* Whether a name, if it was said, names that one. */
static bool agrees(struct str name, const struct sid *sid)
{
    struct sid named;
    return name.ptr == NULL || (sid_parse(name, &named) && sid_eq(&named, sid));
}

static const struct acl_object *find_object(const struct snapshot *snapshot,
                                            enum acl_owner_kind kind, struct str name)
{
    struct sid sid;
    return sid_parse(name, &sid) ? acl_tables_object(snapshot->acls, kind, &sid) : NULL;
}

/* Goes up from the lowest that is named. False: *out_wrong does not hold. */
static bool find_trunks(const struct snapshot *snapshot, const struct acl_target_names *names,
                        struct acl_target *out, const char **out_wrong)
{
    *out_wrong = "trunk_sid";
    if (names->trunk_sid.ptr != NULL) {
        out->trunk = find_object(snapshot, ACL_OWNER_TRUNK, names->trunk_sid);
        if (out->trunk == NULL)
            return false;
        out->trunk_group =
            acl_tables_object(snapshot->acls, ACL_OWNER_TRUNK_GROUP, &out->trunk->above);
        *out_wrong = "trunk_group_sid";
        return agrees(names->trunk_group_sid, &out->trunk->above);
    }
    *out_wrong = "trunk_group_sid";
    if (names->trunk_group_sid.ptr != NULL) {
        out->trunk_group = find_object(snapshot, ACL_OWNER_TRUNK_GROUP, names->trunk_group_sid);
        return out->trunk_group != NULL;
    }
    return true;
}

const char *acl_target_find(const struct snapshot *snapshot, const struct caller *caller,
                            const struct acl_target_names *names, struct acl_target *out)
{
    struct acl_target found = {.partner = caller->partner};
    const char *wrong;
    struct sid sid;

    if (!find_trunks(snapshot, names, &found, &wrong))
        return wrong;
    if (found.trunk_group != NULL)
        found.partner = party_find_partner(snapshot->party, &found.trunk_group->above);
    else if (names->partner_sid.ptr != NULL)
        found.partner =
            sid_parse(names->partner_sid, &sid) ? party_find_partner(snapshot->party, &sid) : NULL;
    if (found.partner == NULL || !party_is_within(found.partner, caller->partner))
        return found.trunk != NULL         ? "trunk_sid"
               : found.trunk_group != NULL ? "trunk_group_sid"
                                           : "partner_sid";
    if (!agrees(names->partner_sid, &found.partner->partner_sid))
        return "partner_sid";
    *out = found;
    return NULL;
}

static void add(const struct acl_object *object, struct acl_chain *chain)
{
    if (object == NULL || object->list_count == 0)
        return;
    chain->objects[chain->count] = object;
    chain->layers[chain->count++] = (struct acl_layer){object->lists, object->list_count};
}

void acl_chain_make(const struct snapshot *snapshot, const struct acl_target *target,
                    enum acl_kind kind, struct acl_chain *out)
{
    out->count = 0;
    for (unsigned i = 0; i <= target->partner->depth; i++) {
        const struct party_partner *partner =
            party_partner_at(snapshot->party, target->partner->path[i]);
        add(acl_tables_object(snapshot->acls, ACL_OWNER_PARTNER, &partner->partner_sid), out);
    }
    if (kind == ACL_CALL) {
        add(target->trunk_group, out);
        add(target->trunk, out);
    }
}

const struct party_partner *acl_object_partner(const struct snapshot *snapshot,
                                               const struct acl_object *object)
{
    if (object->kind == ACL_OWNER_TRUNK) {
        object = acl_tables_object(snapshot->acls, ACL_OWNER_TRUNK_GROUP, &object->above);
        if (object == NULL)
            return NULL;
    }
    return party_find_partner(snapshot->party,
                              object->kind == ACL_OWNER_PARTNER ? &object->sid : &object->above);
}

void acl_object_write(const struct snapshot *snapshot, const struct caller *caller,
                      const struct acl_object *object, struct json_writer *w)
{
    static const struct str kinds[] = {
        [ACL_OWNER_PARTNER] = STR_INIT("partner"),
        [ACL_OWNER_TRUNK_GROUP] = STR_INIT("trunk_group"),
        [ACL_OWNER_TRUNK] = STR_INIT("trunk"),
    };
    bool is_hidden = false;

    if (object->kind == ACL_OWNER_PARTNER) {
        const struct party_partner *partner = party_find_partner(snapshot->party, &object->sid);
        is_hidden = partner == NULL || !party_is_within(partner, caller->partner);
    }
    json_write_object_begin(w);
    json_write_member_string(w, STR("kind"), kinds[object->kind]);
    json_write_key(w, STR("sid"));
    if (is_hidden)
        json_write_null(w);
    else
        json_write_sid(w, &object->sid);
    json_write_object_end(w);
}
