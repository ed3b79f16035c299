#include "audit/read.h"

#include "core/date.h"
#include "json/read.h"

/* False: it is there and no text. */
static bool text(const struct json_value *record, struct str name, struct str *out)
{
    return json_find_string(record, name, out) != JSON_WRONG;
}

/* False: it is there and no object. */
static bool object(struct str source, const struct json_value *record, struct str name,
                   struct str *out)
{
    const struct json_value *value = json_member(record, name);

    if (value != NULL && !json_is(value, JSON_OBJECT))
        return false;
    if (value != NULL)
        *out = json_source(source, value);
    return true;
}

enum err audit_record_read(struct str record, struct arena *arena, struct audit_view *out)
{
    struct audit_view view = {.at_ms = 0};
    struct str at = STR_NONE, partner = STR_NONE, actor_partner = STR_NONE;
    const struct json_value *root;

    enum err err = json_parse(arena, record, &json_limits_request, &root, NULL);
    if (err != ERR_NONE)
        return err;
    if (!text(root, STR("at"), &at) || !text(root, STR("action"), &view.action) ||
        !text(root, STR("result"), &view.result) || !text(root, STR("rule"), &view.rule) ||
        !text(root, STR("object"), &view.object) || !text(root, STR("partner_sid"), &partner) ||
        !text(root, STR("request_id"), &view.request_id) ||
        !object(record, root, STR("actor"), &view.actor) ||
        !object(record, root, STR("detail"), &view.detail) || !date_parse_ms(at, &view.at_ms) ||
        view.action.ptr == NULL || view.result.ptr == NULL ||
        !text(json_member(root, STR("actor")), STR("partner_sid"), &actor_partner) ||
        (partner.ptr != NULL && !sid_parse(partner, &view.partner_sid)) ||
        (actor_partner.ptr != NULL && !sid_parse(actor_partner, &view.actor_partner_sid)))
        return ERR_BAD_JSON;
    *out = view;
    return ERR_NONE;
}
