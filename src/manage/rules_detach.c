/* A rule that goes is taken out of the lists of one object. That is a change of the object's, so
 * the audit log has a record of it that whoever reads about the object finds: the partner that lost
 * the rule may lie below the one whose rule it was, and does not read about that. */
#include "acl/lists.h"
#include "exchange/snapshot.h"
#include "exchange/trail.h"
#include "manage/acl_target.h"
#include "manage/acl_value.h"
#include "manage/rules.h"

enum { DETAIL_FIRST = 192, DETAIL_MAX = 1024 };

/* Which of these lists name it, by their places. */
static void write_places(struct str field, const struct acl_list *lists, size_t count,
                         const struct sid *rule_sid, struct json_writer *w)
{
    json_write_key(w, field);
    json_write_array_begin(w);
    for (size_t i = 0; i < count; i++)
        if (acl_list_names(&lists[i], rule_sid))
            json_write_int(w, (int64_t)i);
    json_write_array_end(w);
}

/* ptr NULL: no memory. */
static struct str detail_of(struct exchange *x, const struct sid *rule_sid,
                            const struct acl_object *object)
{
    size_t assigned = object->assigned_count;
    struct json_writer w;
    struct buf b;

    buf_init_arena(&b, &x->arena, DETAIL_FIRST, DETAIL_MAX);
    json_writer_init(&w, &b);
    json_write_object_begin(&w);
    json_write_key(&w, STR("detached"));
    json_write_object_begin(&w);
    json_write_key(&w, STR("rule_sid"));
    json_write_sid(&w, rule_sid);
    write_places(STR("acls"), object->lists + assigned, object->list_count - assigned, rule_sid,
                 &w);
    if (object->kind == ACL_OWNER_PARTNER)
        write_places(STR("parent_assigned_acls"), object->lists, assigned, rule_sid, &w);
    json_write_object_end(&w);
    json_write_object_end(&w);
    return b.failed ? STR_NONE : buf_view(&b);
}

static RESULT record(struct exchange *x, const struct caller *caller, const struct sid *rule_sid,
                     const struct acl_object *object, struct str *out)
{
    static const struct str actions[] = {
        [ACL_OWNER_PARTNER] = STR_INIT("partner.update"),
        [ACL_OWNER_TRUNK_GROUP] = STR_INIT("trunk_group.update"),
        [ACL_OWNER_TRUNK] = STR_INIT("trunk.update"),
    };
    const struct party_partner *owner = acl_object_partner(x->snapshot, object);
    struct audit_event event = {
        .action = actions[object->kind],
        .object = object->sid,
        .detail = detail_of(x, rule_sid, object),
    };

    if (owner != NULL) /* the tables are of one moment: it is there */
        event.partner_sid = owner->partner_sid;
    *out = event.detail.ptr != NULL ? trail_record(x, caller, &event) : STR_NONE;
    return out->ptr != NULL ? RESULT_OK : FAULT(ERR_FAULT_MEMORY);
}

struct result rule_detach(struct exchange *x, const struct caller *caller,
                          const struct sid *rule_sid, const struct acl_object *object,
                          struct store_detach *out, struct str *out_record)
{
    size_t assigned = object->assigned_count;

    *out = (struct store_detach){.kind = object->kind, .sid = object->sid};
    TRY(acl_value_without(&x->arena, object->lists, assigned, rule_sid,
                          &out->parent_assigned_acls));
    TRY(acl_value_without(&x->arena, object->lists + assigned, object->list_count - assigned,
                          rule_sid, &out->acls));
    return record(x, caller, rule_sid, object, out_record);
}
