/* Bodies that write a trunk group or a trunk, field by field (SPEC 5, SPEC 9). What is wrong is
 * refused all at once, trunks that are to be made with a group included:
 * "trunks[3].acls[0].direction".
 */
#include "exchange/snapshot.h"
#include "manage/acl_value.h"
#include "manage/trunk_groups.h"
#include "party/checks.h"

enum { WRITE = BODY_AT_CREATE | BODY_AT_UPDATE, PLACE_MAX = 128, MESSAGE_MAX = 128 };

/* How many lists there may be is acl_value_read's to say. */
#define NAME_FIELD                                        \
    {                                                     \
        STR_INIT("name"), BODY_TEXT, WRITE, 1, LIMIT_NAME \
    }
#define ACLS_FIELD                                                \
    {                                                             \
        STR_INIT("acls"), BODY_OTHER, WRITE, 0, LIMIT_JSON_VALUES \
    }

enum group_field {
    GROUP_SID,
    GROUP_PARTNER_SID,
    GROUP_NAME,
    GROUP_ACLS,
    GROUP_TRUNKS,
    GROUP_DATE_CREATED,
    GROUP_DATE_UPDATED,
    GROUP_PARTNER,
    GROUP_FIELDS
};

static const struct body_field group_fields[GROUP_FIELDS] = {
    [GROUP_SID] = {STR_INIT("trunk_group_sid"), BODY_SID, 0, 0, 0},
    [GROUP_PARTNER_SID] = {STR_INIT("partner_sid"), BODY_SID, BODY_AT_CREATE, 0, 0},
    [GROUP_NAME] = NAME_FIELD,
    [GROUP_ACLS] = ACLS_FIELD,
    [GROUP_TRUNKS] = {STR_INIT("trunks"), BODY_OTHER, BODY_AT_CREATE, 0, STORE_GROUP_TRUNKS},
    [GROUP_DATE_CREATED] = {STR_INIT("date_created"), BODY_TIME, 0, 0, 0},
    [GROUP_DATE_UPDATED] = {STR_INIT("date_updated"), BODY_TIME, 0, 0, 0},
    [GROUP_PARTNER] = {STR_INIT("partner"), BODY_OTHER, 0, 0, 0},
};

enum trunk_field {
    FIELD_SID,
    FIELD_GROUP_SID,
    FIELD_NAME,
    FIELD_ACLS,
    FIELD_DATE_CREATED,
    FIELD_DATE_UPDATED,
    TRUNK_FIELDS
};

static const struct body_field trunk_fields[TRUNK_FIELDS] = {
    [FIELD_SID] = {STR_INIT("trunk_sid"), BODY_SID, 0, 0, 0},
    [FIELD_GROUP_SID] = {STR_INIT("trunk_group_sid"), BODY_SID, 0, 0, 0},
    [FIELD_NAME] = NAME_FIELD,
    [FIELD_ACLS] = ACLS_FIELD,
    [FIELD_DATE_CREATED] = {STR_INIT("date_created"), BODY_TIME, 0, 0, 0},
    [FIELD_DATE_UPDATED] = {STR_INIT("date_updated"), BODY_TIME, 0, 0, 0},
};

/* ---- what both have ---- */

static RESULT read_name(struct exchange *x, const struct body_value *value,
                        struct field_errors *errors, struct str *name)
{
    struct buf b;

    if (!value->present)
        return RESULT_OK;
    *name = value->text;
    const char *wrong = party_check_name(value->text);
    if (wrong == NULL)
        return RESULT_OK;
    buf_init_arena(&b, &x->arena, MESSAGE_MAX, MESSAGE_MAX);
    buf_cstr(&b, "It ");
    buf_cstr(&b, wrong);
    field_errors_add(errors, ERR_INVALID_VALUE, STR("name"), buf_view(&b));
    return b.failed ? FAULT(ERR_FAULT_MEMORY) : RESULT_OK;
}

/* home NULL: nobody can tell which rules may stand there. */
static RESULT read_acls(struct exchange *x, const struct body_value *value,
                        const struct party_partner *home, struct field_errors *errors,
                        struct str *acls)
{
    const struct acl_value_place place = {.field = STR("acls"), .home = home, .voice_alone = true};

    if (!value->present || home == NULL)
        return RESULT_OK;
    return acl_value_read(x, &place, value->json, errors, acls);
}

/* ---- a trunk ---- */

static RESULT check_trunk(struct exchange *x, const struct json_value *object, enum body_verb verb,
                          const struct party_partner *home, struct field_errors *errors,
                          struct trunk_row *row)
{
    struct body body;

    body_check(x, object, verb, trunk_fields, TRUNK_FIELDS, errors, &body);
    TRY(read_name(x, &body.values[FIELD_NAME], errors, &row->name));
    return read_acls(x, &body.values[FIELD_ACLS], home, errors, &row->acls);
}

enum step_result trunk_fields_judge(struct exchange *x, const struct json_value *object,
                                    enum body_verb verb, const struct party_partner *home,
                                    const struct trunk_row *before, struct trunk_row *out)
{
    struct field_errors errors = {.count = 0};

    *out = *before;
    struct result checked = check_trunk(x, object, verb, home, &errors, out);
    if (!result_ok(checked))
        return exchange_fault(x, checked);
    return errors.count == 0 ? STEP_NEXT : exchange_refuse_fields(x, &errors);
}

/* ---- the trunks that are made with a group ---- */

/* "trunks[2]", and behind it the member's place. ptr NULL: no memory. */
static struct str place_of(struct exchange *x, size_t trunk, struct str member)
{
    struct buf b;

    buf_init_arena(&b, &x->arena, PLACE_MAX, PLACE_MAX);
    buf_cstr(&b, "trunks[");
    buf_u64(&b, trunk);
    buf_char(&b, ']');
    if (member.len > 0)
        buf_char(&b, '.');
    buf_str(&b, str_slice(member, 0, member.len < PLACE_MAX / 2 ? member.len : PLACE_MAX / 2));
    return b.failed ? STR_NONE : buf_view(&b);
}

static RESULT refuse_trunk(struct exchange *x, size_t trunk, const struct field_error *error,
                           struct field_errors *errors)
{
    struct str place = place_of(x, trunk, error->field);

    field_errors_add(errors, error->code, place, error->message);
    return place.ptr == NULL ? FAULT(ERR_FAULT_MEMORY) : RESULT_OK;
}

static RESULT read_trunk(struct exchange *x, const struct json_value *object, size_t number,
                         const struct trunk_group_fields *group, struct field_errors *errors)
{
    static const struct field_error no_object = {ERR_WRONG_TYPE, STR_NONE,
                                                 STR_INIT("An object is taken")};
    struct field_errors own = {.count = 0};

    if (!json_is(object, JSON_OBJECT))
        return refuse_trunk(x, number, &no_object, errors);
    group->trunks[number] = (struct trunk_row){.name = STR("")};
    TRY(check_trunk(x, object, BODY_CREATE, group->home, &own, &group->trunks[number]));
    for (size_t i = 0; i < own.count; i++)
        TRY(refuse_trunk(x, number, &own.items[i], errors));
    return RESULT_OK;
}

static RESULT read_trunks(struct exchange *x, const struct body_value *value,
                          struct field_errors *errors, struct trunk_group_fields *out)
{
    if (!value->present)
        return RESULT_OK;
    if (!json_is(value->json, JSON_ARRAY)) {
        field_errors_add(errors, ERR_WRONG_TYPE, STR("trunks"), STR("An array of trunks is taken"));
        return RESULT_OK;
    }
    out->trunks = arena_array(&x->arena, json_count(value->json) + 1, sizeof(*out->trunks));
    if (out->trunks == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    for (const struct json_value *v = json_first(value->json); v != NULL; v = json_next(v))
        TRY(read_trunk(x, v, out->trunk_count++, out, errors));
    return RESULT_OK;
}

/* ---- a group ---- */

/* The caller's own partner, or one below it. */
static const struct party_partner *choose_home(const struct exchange *x,
                                               const struct body_value *value,
                                               const struct party_partner *own,
                                               struct field_errors *errors)
{
    const struct party_partner *partner = own;

    if (value->present)
        partner = party_find_partner(x->snapshot->party, &value->sid);
    if (partner != NULL && party_is_within(partner, own))
        return partner;
    field_errors_add(errors, ERR_INVALID_VALUE, STR("partner_sid"),
                     STR("This names neither your partner nor one below it"));
    return NULL;
}

static RESULT check_group(struct exchange *x, const struct body *body, struct field_errors *errors,
                          struct trunk_group_fields *out)
{
    const struct body_value *values = body->values;

    out->home = choose_home(x, &values[GROUP_PARTNER_SID], out->home, errors);
    TRY(read_name(x, &values[GROUP_NAME], errors, &out->row.name));
    TRY(read_acls(x, &values[GROUP_ACLS], out->home, errors, &out->row.acls));
    return read_trunks(x, &values[GROUP_TRUNKS], errors, out);
}

enum step_result trunk_group_fields_judge(struct exchange *x, const struct json_value *object,
                                          enum body_verb verb, const struct party_partner *home,
                                          const struct trunk_group_row *before,
                                          struct trunk_group_fields *out)
{
    struct field_errors errors = {.count = 0};
    struct body body;

    *out = (struct trunk_group_fields){.home = home, .row = *before};
    body_check(x, object, verb, group_fields, GROUP_FIELDS, &errors, &body);
    struct result checked = check_group(x, &body, &errors, out);
    if (!result_ok(checked))
        return exchange_fault(x, checked);
    return errors.count == 0 ? STEP_NEXT : exchange_refuse_fields(x, &errors);
}
