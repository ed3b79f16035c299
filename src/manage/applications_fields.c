/* Bodies that write an application, field by field (SPEC 3, SPEC 5). */
#include <stdio.h>

#include "client/registration.h"
#include "exchange/snapshot.h"
#include "jose/key_set.h"
#include "manage/applications.h"
#include "manage/scope_names.h"
#include "party/checks.h"
#include "store/row_names.h"

enum {
    KEY_MEMBERS_MAX = LIMIT_JSON_KEYS,
    TTL_MAX_S = REGISTRATION_REFRESH_TTL_MAX_S,
    MESSAGE_MAX = 256,
    WRITE = BODY_AT_CREATE | BODY_AT_UPDATE,
};

enum field {
    FIELD_CLIENT_ID,
    FIELD_PARTNER_SID,
    FIELD_NAME,
    FIELD_TYPE,
    FIELD_STATUS,
    FIELD_AUTH_METHOD,
    FIELD_AUTH_AUDIENCE,
    FIELD_GRANT_TYPES,
    FIELD_REDIRECT_URIS,
    FIELD_SCOPES,
    FIELD_APPROVED,
    FIELD_AUDIENCES,
    FIELD_INTROSPECTION,
    FIELD_ACCESS_TTL,
    FIELD_REFRESH_TTL,
    FIELD_JWKS,
    FIELD_DATE_CREATED,
    FIELD_DATE_UPDATED,
    FIELD_PARTNER,
    FIELD_SECRET_ID,
    FIELD_CLIENT_SECRET,
    FIELDS
};

static const struct body_field known[FIELDS] = {
    [FIELD_CLIENT_ID] = {STR_INIT("client_id"), BODY_SID, 0, 0, 0},
    [FIELD_PARTNER_SID] = {STR_INIT("partner_sid"), BODY_SID, BODY_AT_CREATE, 0, 0},
    [FIELD_NAME] = {STR_INIT("name"), BODY_TEXT, WRITE, 1, LIMIT_NAME},
    [FIELD_TYPE] = {STR_INIT("type"), BODY_TEXT, WRITE, 1, LIMIT_NAME},
    [FIELD_STATUS] = {STR_INIT("status"), BODY_TEXT, WRITE, 1, LIMIT_NAME},
    [FIELD_AUTH_METHOD] = {STR_INIT("token_endpoint_auth_method"), BODY_TEXT, WRITE, 1, LIMIT_NAME},
    [FIELD_AUTH_AUDIENCE] = {STR_INIT("token_endpoint_auth_audience"), BODY_TEXT, WRITE, 1,
                             LIMIT_NAME},
    [FIELD_GRANT_TYPES] = {STR_INIT("grant_types"), BODY_TEXTS, WRITE, 0, REGISTRATION_GRANTS},
    [FIELD_REDIRECT_URIS] = {STR_INIT("redirect_uris"), BODY_TEXTS, WRITE, 0,
                             REGISTRATION_URIS_MAX},
    [FIELD_SCOPES] = {STR_INIT("scopes"), BODY_TEXTS, WRITE | BODY_REQUIRED | BODY_NULL_KEEPS, 0,
                      LIMIT_SCOPES},
    [FIELD_APPROVED] = {STR_INIT("approved_restricted"), BODY_TEXTS, WRITE | BODY_NULL_KEEPS, 0,
                        LIMIT_SCOPES},
    [FIELD_AUDIENCES] = {STR_INIT("audiences"), BODY_TEXTS, WRITE, 1, LIMIT_AUDIENCES},
    [FIELD_INTROSPECTION] = {STR_INIT("introspection"), BODY_BOOL, WRITE, 0, 0},
    [FIELD_ACCESS_TTL] = {STR_INIT("access_token_ttl"), BODY_INT, WRITE | BODY_NULL_VALUE, 1,
                          TTL_MAX_S},
    [FIELD_REFRESH_TTL] = {STR_INIT("refresh_token_ttl"), BODY_INT, WRITE | BODY_NULL_VALUE,
                           REGISTRATION_REFRESH_TTL_MIN_S, REGISTRATION_REFRESH_TTL_MAX_S},
    [FIELD_JWKS] = {STR_INIT("jwks"), BODY_OTHER, WRITE | BODY_NULL_VALUE, 0, KEY_MEMBERS_MAX},
    [FIELD_DATE_CREATED] = {STR_INIT("date_created"), BODY_TIME, 0, 0, 0},
    [FIELD_DATE_UPDATED] = {STR_INIT("date_updated"), BODY_TIME, 0, 0, 0},
    [FIELD_PARTNER] = {STR_INIT("partner"), BODY_OTHER, 0, 0, 0},
    [FIELD_SECRET_ID] = {STR_INIT("secret_id"), BODY_SID, 0, 0, 0},
    [FIELD_CLIENT_SECRET] = {STR_INIT("client_secret"), BODY_TEXT, 0, 0, 0},
};

/* One body on its way into a row. */
struct reading {
    struct exchange *x;
    const struct body *body;
    struct field_errors errors;
    struct result fault; /* the first */
};

static const struct body_value *value_of(const struct reading *r, enum field field)
{
    const struct body_value *value = &r->body->values[field];
    return value->present ? value : NULL;
}

static void refuse(struct reading *r, enum field field, struct str message)
{
    field_errors_add(&r->errors, ERR_INVALID_VALUE, known[field].name, message);
}

/* "One of these must be ..." */
static void refuse_words(struct reading *r, enum field field, const char *begin, const char *what)
{
    struct buf b;

    buf_init_arena(&b, &r->x->arena, MESSAGE_MAX, MESSAGE_MAX);
    buf_cstr(&b, begin);
    buf_cstr(&b, what);
    if (b.failed)
        r->fault = FAULT(ERR_FAULT_MEMORY);
    refuse(r, field, buf_view(&b));
}

static void keep_fault(struct reading *r, struct result result)
{
    if (result_ok(r->fault))
        r->fault = result;
}

/* Which of the names the text is; fallback where the body does not say. */
static unsigned read_choice(struct reading *r, enum field field, const struct str *names,
                            unsigned n, unsigned fallback)
{
    const struct body_value *value = value_of(r, field);
    struct buf b;

    if (value == NULL)
        return fallback;
    for (unsigned i = 0; i < n; i++)
        if (str_eq(value->text, names[i]))
            return i;
    buf_init_arena(&b, &r->x->arena, MESSAGE_MAX, MESSAGE_MAX);
    for (unsigned i = 0; i < n; i++) {
        buf_cstr(&b, i == 0 ? "" : i + 1 == n ? " or " : ", ");
        buf_str(&b, names[i]);
    }
    buf_cstr(&b, " is taken");
    if (b.failed)
        keep_fault(r, FAULT(ERR_FAULT_MEMORY));
    refuse(r, field, buf_view(&b));
    return fallback;
}

/* As rows keep it: single spaces between. */
static struct str read_texts(struct reading *r, enum field field,
                             const char *(*check)(struct str text), struct str fallback)
{
    const struct body_value *value = value_of(r, field);
    struct buf joined;

    if (value == NULL)
        return fallback;
    buf_init_arena(&joined, &r->x->arena, 64, LIMIT_BODY);
    for (const struct json_value *v = json_first(value->json); v != NULL; v = json_next(v)) {
        struct str text = STR_NONE;
        const char *wrong = json_string(v, &text) ? check(text) : "must be a text";
        if (wrong == NULL && json_string_before(value->json, v, text))
            wrong = "stands here twice";
        if (wrong != NULL) {
            refuse_words(r, field, "One of these ", wrong);
            return fallback;
        }
        if (joined.len > 0)
            buf_char(&joined, ' ');
        buf_str(&joined, text);
    }
    if (joined.failed)
        keep_fault(r, FAULT(ERR_FAULT_MEMORY));
    return joined.len > 0 ? buf_view(&joined) : STR("");
}

static struct str read_name(struct reading *r, struct str fallback)
{
    const struct body_value *value = value_of(r, FIELD_NAME);
    const char *wrong = value != NULL ? party_check_name(value->text) : NULL;

    if (wrong != NULL)
        refuse_words(r, FIELD_NAME, "It ", wrong);
    return value != NULL ? value->text : fallback;
}

/* RFC7517-5, by value; as key_set_write has it. */
static struct str read_jwks(struct reading *r, struct str fallback)
{
    const struct body_value *value = value_of(r, FIELD_JWKS);
    const struct key_set *set;
    struct str wrong;
    struct buf text;

    if (value == NULL)
        return fallback;
    if (value->is_null)
        return STR("");
    enum err err = key_set_read(&r->x->arena, value->json, &set, &wrong);
    if (err == ERR_INVALID_VALUE) {
        refuse(r, FIELD_JWKS, wrong);
        return fallback;
    }
    buf_init_arena(&text, &r->x->arena, 1024, KEY_SET_TEXT);
    if (err == ERR_NONE)
        key_set_write(&text, set);
    if (err != ERR_NONE || text.failed)
        keep_fault(r, FAULT(ERR_FAULT_MEMORY));
    return buf_view(&text);
}

/* What is stored already stays good when the policy's limits move. */
static uint32_t read_access_ttl(struct reading *r, uint32_t fallback)
{
    const struct token_policy *policy = &r->x->snapshot->policy;
    const struct body_value *value = value_of(r, FIELD_ACCESS_TTL);
    char message[MESSAGE_MAX];

    if (value == NULL || value->number == fallback)
        return fallback;
    if (value->is_null ||
        (value->number >= policy->ttl_min_s && value->number <= policy->ttl_max_s))
        return (uint32_t)value->number;
    snprintf(message, sizeof(message), "From %lld to %lld is taken, or null for the server's own",
             (long long)policy->ttl_min_s, (long long)policy->ttl_max_s);
    refuse_words(r, FIELD_ACCESS_TTL, "", message);
    return fallback;
}

static bool read_scopes(struct reading *r, enum field field, struct scope_set *out)
{
    const struct body_value *value = value_of(r, field);
    struct str wrong = STR_NONE;

    if (value == NULL)
        return false;
    keep_fault(r, manage_scopes_read(r->x, value->json, out, &wrong));
    if (wrong.len > 0)
        refuse(r, field, wrong);
    return true;
}

static void read_row(struct reading *r, struct application_row *row)
{
    const struct body_value *introspection = value_of(r, FIELD_INTROSPECTION);
    const struct body_value *refresh_ttl = value_of(r, FIELD_REFRESH_TTL);

    row->name = read_name(r, row->name);
    row->type = (enum application_type)read_choice(r, FIELD_TYPE, application_type_names,
                                                   APPLICATION_TYPES, row->type);
    row->status = (enum application_status)read_choice(r, FIELD_STATUS, application_status_names,
                                                       APPLICATION_STATUSES, row->status);
    row->auth_method = (enum client_auth_method)read_choice(r, FIELD_AUTH_METHOD, auth_method_names,
                                                            AUTH_METHODS, row->auth_method);
    row->auth_audience = (enum client_auth_audience)read_choice(
        r, FIELD_AUTH_AUDIENCE, auth_audience_names, AUTH_AUDIENCES, row->auth_audience);
    row->grant_types = read_texts(r, FIELD_GRANT_TYPES, registration_check_grant, row->grant_types);
    row->redirect_uris =
        read_texts(r, FIELD_REDIRECT_URIS, registration_check_redirect, row->redirect_uris);
    row->audiences = read_texts(r, FIELD_AUDIENCES, registration_check_audience, row->audiences);
    row->jwks = read_jwks(r, row->jwks);
    row->access_token_ttl_s = read_access_ttl(r, row->access_token_ttl_s);
    if (introspection != NULL)
        row->introspection = introspection->number != 0;
    if (refresh_ttl != NULL)
        row->refresh_token_ttl_s = (uint32_t)refresh_ttl->number;
}

/* A new application that does not say otherwise: a public one takes the method and the grant that
 * suit it. */
static void fill_defaults(const struct reading *r, struct application_row *row)
{
    const struct body_value *type = value_of(r, FIELD_TYPE);

    if (type == NULL || !str_eq(type->text, application_type_names[APPLICATION_PUBLIC]))
        return;
    row->auth_method = CLIENT_AUTH_NONE;
    row->grant_types = registration_grant_names[REGISTRATION_AUTHORIZATION_CODE];
}

enum step_result application_fields_judge(struct exchange *x, const struct json_value *object,
                                          enum body_verb verb, const struct application_row *before,
                                          struct application_fields *out)
{
    struct body body;
    struct reading r = {.x = x, .body = &body, .fault = RESULT_OK};

    if (json_member(object, STR("jwks_uri")) != NULL)
        return exchange_refuse_field(x, ERR_UNKNOWN_FIELD, STR("jwks_uri"),
                                     STR("Keys are given by value, in jwks; none are fetched"));
    if (body_judge(x, object, verb, known, FIELDS, &body) == STEP_DONE)
        return STEP_DONE;
    *out = (struct application_fields){.row = *before};
    if (verb == BODY_CREATE)
        fill_defaults(&r, &out->row);
    const struct body_value *partner = value_of(&r, FIELD_PARTNER_SID);
    out->has_partner = partner != NULL;
    if (partner != NULL)
        out->partner_sid = partner->sid;
    read_row(&r, &out->row);
    out->has_scopes = read_scopes(&r, FIELD_SCOPES, &out->scopes);
    out->has_approved = read_scopes(&r, FIELD_APPROVED, &out->approved);
    if (!result_ok(r.fault))
        return exchange_fault(x, r.fault);
    return r.errors.count == 0 ? STEP_NEXT : exchange_refuse_fields(x, &r.errors);
}
