/* What a body says of a partner, field by field, and what of it the audit log is told. */
#include "exchange/snapshot.h"
#include "manage/acl_value.h"
#include "manage/changes.h"
#include "manage/partners.h"
#include "manage/refusal.h"
#include "manage/scope_names.h"
#include "party/checks.h"
#include "store/row_names.h"
#include "token/handout.h"

/* What the caller's ancestors write of its own partner: see partner_fields_judge. */
enum { BY_ANCESTORS = BODY_AT_UPDATE | BODY_PUT_LEAVES };

static const struct body_field fields_below[PARTNER_FIELDS] = {
    [FIELD_NAME] = {STR_INIT("name"), BODY_TEXT, BODY_AT_CREATE | BODY_AT_UPDATE | BODY_REQUIRED, 1,
                    LIMIT_NAME},
    [FIELD_LOGIN] = {STR_INIT("login"), BODY_TEXT,
                     BODY_AT_CREATE | BODY_AT_UPDATE | BODY_NULL_VALUE, 1, LIMIT_NAME},
    [FIELD_STATUS] = {STR_INIT("status"), BODY_TEXT, BODY_AT_UPDATE, 1, LIMIT_NAME},
    [FIELD_AVAILABLE_SCOPES] = {STR_INIT("available_scopes"), BODY_TEXTS,
                                BODY_AT_CREATE | BODY_AT_UPDATE | BODY_NULL_KEEPS, 0, LIMIT_SCOPES},
    [FIELD_ACLS] = {STR_INIT("acls"), BODY_OTHER, BODY_AT_CREATE | BODY_AT_UPDATE, 0,
                    LIMIT_JSON_VALUES},
    [FIELD_PARENT_ASSIGNED_ACLS] = {STR_INIT("parent_assigned_acls"), BODY_OTHER,
                                    BODY_AT_CREATE | BODY_AT_UPDATE, 0, LIMIT_JSON_VALUES},
    [FIELD_PARENT_SID] = {STR_INIT("parent_sid"), BODY_SID, BODY_AT_CREATE},
    [FIELD_SKIP_EMAIL_VERIFICATION] = {STR_INIT("skip_email_verification"), BODY_BOOL,
                                       BODY_AT_CREATE},
    [FIELD_SKIP_PARTNER_REVIEW] = {STR_INIT("skip_partner_review"), BODY_BOOL, BODY_AT_CREATE},
    [FIELD_PARTNER_SID] = {STR_INIT("partner_sid"), BODY_SID},
    [FIELD_DATE_CREATED] = {STR_INIT("date_created"), BODY_TIME},
    [FIELD_DATE_UPDATED] = {STR_INIT("date_updated"), BODY_TIME},
};

/* The same with BY_ANCESTORS. */
static void fill_own(struct body_field out[PARTNER_FIELDS])
{
    static const enum partner_field by_ancestors[] = {
        FIELD_LOGIN, FIELD_STATUS, FIELD_AVAILABLE_SCOPES, FIELD_PARENT_ASSIGNED_ACLS};

    memcpy(out, fields_below, sizeof(fields_below));
    for (size_t i = 0; i < sizeof(by_ancestors) / sizeof(by_ancestors[0]); i++)
        out[by_ancestors[i]].flags |= BY_ANCESTORS;
}

static void judge_text(struct field_errors *errors, enum partner_field field, const char *wrong)
{
    if (wrong != NULL)
        field_errors_add(errors, ERR_INVALID_VALUE, fields_below[field].name, str_from(wrong));
}

static void judge_status(struct field_errors *errors, struct str text, enum partner_status *out)
{
    for (size_t i = 0; i < PARTNER_STATUSES; i++)
        if (str_eq(partner_status_names[i], text)) {
            *out = (enum partner_status)i;
            return;
        }
    field_errors_add(errors, ERR_INVALID_VALUE, STR("status"),
                     STR("unverified, active, suspended or canceled is taken"));
}

enum step_result partner_fields_judge(struct exchange *x, const struct json_value *object,
                                      enum body_verb verb, bool of_own, struct partner_fields *out)
{
    struct field_errors errors = {.count = 0};
    const struct body_value *values = out->body.values;
    struct body_field own[PARTNER_FIELDS];

    fill_own(own);
    if (body_judge(x, object, verb, of_own ? own : fields_below, PARTNER_FIELDS, &out->body) ==
        STEP_DONE)
        return STEP_DONE;
    if (values[FIELD_NAME].present)
        judge_text(&errors, FIELD_NAME, party_check_name(values[FIELD_NAME].text));
    if (values[FIELD_LOGIN].present && !values[FIELD_LOGIN].is_null)
        judge_text(&errors, FIELD_LOGIN, party_check_login(values[FIELD_LOGIN].text));
    if (values[FIELD_STATUS].present)
        judge_status(&errors, values[FIELD_STATUS].text, &out->status);
    if (errors.count > 0)
        return exchange_refuse_fields(x, &errors);
    if (!values[FIELD_AVAILABLE_SCOPES].present)
        return STEP_NEXT;
    struct result read = manage_scopes_read(x, values[FIELD_AVAILABLE_SCOPES].json, &out->scopes,
                                            &out->wrong_scopes);
    return result_ok(read) ? STEP_NEXT : exchange_fault(x, read);
}

/* ---- access control lists ---- */

static RESULT read_acls(struct exchange *x, const struct partner_fields *fields,
                        enum partner_field field, const struct party_partner *home,
                        struct field_errors *errors, struct str *out)
{
    const struct acl_value_place place = {.field = fields_below[field].name, .home = home};
    const struct body_value *value = &fields->body.values[field];

    return value->present ? acl_value_read(x, &place, value->json, errors, out) : RESULT_OK;
}

enum step_result partner_acls_judge(struct exchange *x, const struct party_partner *home,
                                    struct partner_fields *fields)
{
    struct field_errors errors = {.count = 0};

    struct result read = read_acls(x, fields, FIELD_ACLS, home, &errors, &fields->acls);
    if (result_ok(read))
        read = read_acls(x, fields, FIELD_PARENT_ASSIGNED_ACLS, home, &errors,
                         &fields->parent_assigned_acls);
    if (!result_ok(read))
        return exchange_fault(x, read);
    return errors.count == 0 ? STEP_NEXT : exchange_refuse_fields(x, &errors);
}

/* ---- available_scopes ---- */

enum step_result partner_scopes_judge(struct exchange *x, const struct caller *caller,
                                      const struct partner_fields *fields,
                                      const struct scope_set *ceiling,
                                      const struct scope_set *stored,
                                      const struct audit_event *event)
{
    const struct scope_catalogue *catalogue = x->snapshot->catalogue;
    struct scope_set outside = scope_set_difference(&fields->scopes, ceiling), excess;

    if (fields->wrong_scopes.len > 0)
        return exchange_refuse_field(x, ERR_INVALID_VALUE, STR("available_scopes"),
                                     fields->wrong_scopes);
    if (!scope_set_is_empty(&outside)) {
        struct str message =
            handout_message(catalogue, STR("The parent does not have these"), &outside, &x->arena);
        if (message.ptr == NULL)
            return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
        return exchange_refuse_field(x, ERR_INVALID_VALUE, STR("available_scopes"), message);
    }
    struct scope_set added = handout_added(catalogue, stored, &fields->scopes);
    return handout_is_held(&added, &caller->rights, &excess)
               ? STEP_NEXT
               : manage_refuse_handout(x, caller, event, STR("available_scopes"), &excess);
}

/* ---- the audit log ---- */

static void write_record(const void *view, unsigned attribute, struct json_writer *w)
{
    const struct partner_row *row = ((const struct partner_view *)view)->row;

    if (attribute == PARTNER_ACLS)
        acl_value_write_record(row->acls, w);
    else if (attribute == PARTNER_PARENT_ASSIGNED_ACLS)
        acl_value_write_record(row->parent_assigned_acls, w);
    else
        partner_write(view, attribute, w);
}

struct str partner_detail(struct exchange *x, const struct partner_row *before,
                          const struct partner_row *after, bool *out_any)
{
    static const uint64_t skip =
        1U << PARTNER_SID | 1U << PARTNER_DATE_CREATED | 1U << PARTNER_DATE_UPDATED;
    const struct partner_view was = {before, x->snapshot->catalogue};
    const struct partner_view is = {after, x->snapshot->catalogue};

    return changes_detail(&x->arena, &partner_kind, write_record, before != NULL ? &was : NULL, &is,
                          skip, out_any);
}
