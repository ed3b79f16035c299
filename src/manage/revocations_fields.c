/* The body of POST /core/v2/admin/revocations. What is outside the caller's reach is refused in the
 * words of what is unknown. */
#include "exchange/snapshot.h"
#include "manage/refusal.h"
#include "manage/revocations.h"
#include "scope/parse.h"

enum field {
    FIELD_CLIENT_ID,
    FIELD_PARTNER_SID,
    FIELD_DESCENDANTS,
    FIELD_USER_SID,
    FIELD_KID,
    FIELD_SCOPE,
    FIELD_ISSUED_BEFORE,
    FIELD_OVER_CEILING,
    FIELD_DRY_RUN,
    FIELD_PLAN_ID,
    FIELDS
};

static const struct body_field fields[FIELDS] = {
    [FIELD_CLIENT_ID] = {STR_INIT("client_id"), BODY_SID, BODY_AT_CREATE},
    [FIELD_PARTNER_SID] = {STR_INIT("partner_sid"), BODY_SID, BODY_AT_CREATE},
    [FIELD_DESCENDANTS] = {STR_INIT("descendants"), BODY_BOOL, BODY_AT_CREATE},
    [FIELD_USER_SID] = {STR_INIT("user_sid"), BODY_SID, BODY_AT_CREATE},
    [FIELD_KID] = {STR_INIT("kid"), BODY_TEXT, BODY_AT_CREATE, 1, LIMIT_KID},
    [FIELD_SCOPE] = {STR_INIT("scope"), BODY_TEXT, BODY_AT_CREATE, 1, LIMIT_SCOPE_NAME},
    [FIELD_ISSUED_BEFORE] = {STR_INIT("issued_before"), BODY_TIME, BODY_AT_CREATE},
    [FIELD_OVER_CEILING] = {STR_INIT("over_ceiling"), BODY_BOOL, BODY_AT_CREATE},
    [FIELD_DRY_RUN] = {STR_INIT("dry_run"), BODY_BOOL, BODY_AT_CREATE},
    [FIELD_PLAN_ID] = {STR_INIT("plan_id"), BODY_SID, BODY_AT_CREATE},
};

/* One body on its way. */
struct reading {
    struct exchange *x;
    const struct caller *caller;
    struct revocation_reach reach;
    struct body body;
    struct field_errors errors;
    bool is_outside; /* a SID lies outside the reach, or names nothing: M2 */
};

static const struct body_value *value_of(const struct reading *r, enum field field)
{
    return &r->body.values[field];
}

static bool is_true(const struct reading *r, enum field field)
{
    return value_of(r, field)->present && value_of(r, field)->number != 0;
}

static void wrong(struct reading *r, enum field field, enum err code, struct str message)
{
    field_errors_add(&r->errors, code, fields[field].name, message);
}

/* ---- one field each ---- */

static void read_application(struct reading *r, struct revocation_selector *out)
{
    const struct body_value *sent = value_of(r, FIELD_CLIENT_ID);
    const struct party *party = r->x->snapshot->party;

    if (!sent->present)
        return;
    const struct party_application *application = party_find_application(party, &sent->sid);
    out->client_id = sent->sid;
    if (application != NULL && revocation_reaches(&r->reach, party_partner_of(party, application)))
        return;
    r->is_outside = true;
    wrong(r, FIELD_CLIENT_ID, ERR_INVALID_VALUE,
          STR("An application of the caller's partner, or of one below it, is taken"));
}

static void read_partner(struct reading *r, struct revocation_selector *out)
{
    const struct body_value *sent = value_of(r, FIELD_PARTNER_SID);

    out->descendants = is_true(r, FIELD_DESCENDANTS);
    if (!sent->present) {
        if (value_of(r, FIELD_DESCENDANTS)->present) /* false would be read the other way round */
            wrong(r, FIELD_PARTNER_SID, ERR_MISSING_FIELD,
                  STR("descendants are those of a partner: name it"));
        return;
    }
    const struct party_partner *partner = party_find_partner(r->x->snapshot->party, &sent->sid);
    out->partner_sid = sent->sid;
    if (partner != NULL && revocation_reaches(&r->reach, partner))
        return;
    r->is_outside = true;
    wrong(r, FIELD_PARTNER_SID, ERR_INVALID_VALUE,
          STR("The caller's partner or one below it is taken"));
}

static void read_kid(struct reading *r, struct revocation_selector *out)
{
    const struct body_value *sent = value_of(r, FIELD_KID);

    if (!sent->present)
        return;
    out->kid = sent->text;
    if (keyring_find(r->x->snapshot->keyring, sent->text) == NULL)
        wrong(r, FIELD_KID, ERR_INVALID_VALUE, STR("The id of a key that is published is taken"));
}

/* The name that was asked for, and behind it the others that hold it by the catalogue of now: a
 * later one brings nothing back (P2). */
static RESULT expand(struct exchange *x, const struct scope_value *asked, struct str *out)
{
    const struct scope_catalogue *catalogue = x->snapshot->catalogue;
    struct buf names;

    exchange_widen_arena(x);
    buf_init_arena(&names, &x->arena, 256, LIMIT_SCOPES * (LIMIT_SCOPE_NAME + 1));
    buf_str(&names, asked->name);
    for (size_t rank = 0; rank < catalogue_count(catalogue); rank++) {
        const struct scope_value *value = catalogue_at(catalogue, rank);
        struct scope_set held = SCOPE_SET_EMPTY;

        scope_set_add(&held, value->bit);
        held = scope_closure(catalogue, &held);
        if (value == asked || !scope_set_has(&held, asked->bit))
            continue;
        buf_char(&names, ' ');
        buf_str(&names, value->name);
    }
    if (names.failed)
        return FAULT(ERR_FAULT_MEMORY);
    *out = buf_view(&names);
    return RESULT_OK;
}

static RESULT read_scope(struct reading *r, struct revocation_selector *out)
{
    const struct body_value *sent = value_of(r, FIELD_SCOPE);

    if (!sent->present)
        return RESULT_OK;
    const struct scope_value *value = catalogue_find(r->x->snapshot->catalogue, sent->text);
    if (value != NULL)
        return expand(r->x, value, &out->scopes);
    wrong(r, FIELD_SCOPE, ERR_INVALID_VALUE, STR("A scope of the catalogue is taken"));
    return RESULT_OK;
}

/* Tokens say whole seconds: one that may have been issued before it counts as issued before it. */
static void read_issued_before(struct reading *r, struct revocation_selector *out)
{
    const struct body_value *sent = value_of(r, FIELD_ISSUED_BEFORE);

    if (!sent->present)
        return;
    out->before_s = sent->number / 1000 + (sent->number % 1000 != 0);
    if (sent->number > clock_wall_ms(r->x->worker->server->clock))
        wrong(r, FIELD_ISSUED_BEFORE, ERR_INVALID_VALUE,
              STR("A time that has passed is taken: tokens still to be issued are not revoked"));
    else if (out->before_s == 0) /* which would mean: whenever */
        wrong(r, FIELD_ISSUED_BEFORE, ERR_INVALID_VALUE, STR("No token is that old"));
}

/* ---- all of them ---- */

static bool says_anything(const struct reading *r)
{
    static const enum field dimensions[] = {FIELD_CLIENT_ID, FIELD_PARTNER_SID,   FIELD_USER_SID,
                                            FIELD_KID,       FIELD_ISSUED_BEFORE, FIELD_SCOPE};

    for (size_t i = 0; i < sizeof(dimensions) / sizeof(dimensions[0]); i++)
        if (value_of(r, dimensions[i])->present)
            return true;
    return is_true(r, FIELD_OVER_CEILING);
}

static RESULT read_selector(struct reading *r, struct revocation_selector *out)
{
    read_application(r, out);
    read_partner(r, out);
    if (value_of(r, FIELD_USER_SID)->present)
        wrong(r, FIELD_USER_SID, ERR_INVALID_VALUE, STR("There are no users here yet"));
    read_kid(r, out);
    TRY(read_scope(r, out));
    read_issued_before(r, out);
    out->over_ceiling = is_true(r, FIELD_OVER_CEILING);
    if (!says_anything(r) && r->errors.count == 0)
        field_errors_add(&r->errors, ERR_MISSING_FIELD, STR(""),
                         STR("Say which tokens: by client_id, partner_sid, user_sid, kid, scope, "
                             "issued_before or over_ceiling, or carry out a plan_id"));
    return RESULT_OK;
}

static void read_plan(struct reading *r, struct revocation_fields *out)
{
    out->plan_id = value_of(r, FIELD_PLAN_ID)->sid;
    for (unsigned i = 0; i < FIELD_PLAN_ID; i++)
        if (r->body.values[i].present)
            wrong(r, i, ERR_INVALID_VALUE,
                  STR("A plan is carried out as it was counted: say this without plan_id, or "
                      "plan_id alone"));
}

static struct audit_event refusal_of(const struct reading *r)
{
    return (struct audit_event){.action = STR("revocation.execute"),
                                .partner_sid = r->caller->partner->partner_sid,
                                .rule = STR("M2")};
}

static enum step_result deny(struct reading *r, enum field field, struct str message)
{
    const struct audit_event event = refusal_of(r);

    return manage_refuse_rule(r->x, r->caller, &event, ERR_ACCESS_DENIED, fields[field].name,
                              message);
}

/* What reaches beyond the caller whatever it names (SPEC 7). */
static enum step_result judge_rights(struct reading *r, const struct revocation_selector *selector)
{
    bool is_bare = !value_of(r, FIELD_CLIENT_ID)->present &&
                   !value_of(r, FIELD_PARTNER_SID)->present && selector->scopes.len == 0 &&
                   !selector->over_ceiling;
    bool is_root = r->reach.is_tree && r->reach.top->depth == 0;

    if (selector->kid.len > 0 && !is_root)
        return deny(r, FIELD_KID,
                    STR("Keys sign for all partners: this takes " REVOKE_ALL " of the root"));
    if (is_bare && selector->before_s > 0 && !is_root)
        return deny(r, FIELD_ISSUED_BEFORE,
                    STR("By date alone takes " REVOKE_ALL " of the root: name partner_sid too"));
    if (selector->descendants && !r->reach.is_tree)
        return deny(r, FIELD_DESCENDANTS, STR("Partners below the caller's take " REVOKE_ALL));
    return STEP_NEXT;
}

enum step_result revocation_fields_read(struct exchange *x, const struct caller *caller,
                                        struct revocation_fields *out)
{
    struct reading *r = arena_zalloc(&x->arena, sizeof(*r));
    struct result read = RESULT_OK;

    *out = (struct revocation_fields){.is_plan = false};
    if (r == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    r->x = x;
    r->caller = caller;
    r->reach = revocation_reach_of(x, caller);
    if (body_read(x, BODY_CREATE, fields, FIELDS, &r->body) == STEP_DONE)
        return STEP_DONE;
    out->is_plan = value_of(r, FIELD_PLAN_ID)->present;
    out->dry_run = is_true(r, FIELD_DRY_RUN);
    if (out->is_plan)
        read_plan(r, out);
    else
        read = read_selector(r, &out->selector);
    if (!result_ok(read))
        return exchange_fault(x, read);
    const struct audit_event outside = refusal_of(r);
    if (r->is_outside)
        manage_note_refusal(x, caller, &outside);
    if (r->errors.count > 0)
        return exchange_refuse_fields(x, &r->errors);
    return judge_rights(r, &out->selector);
}
