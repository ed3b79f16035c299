/* What is seen of an application, and which ones a caller sees. */
#include "exchange/snapshot.h"
#include "manage/applications.h"
#include "manage/partners.h"
#include "manage/path.h"
#include "manage/scope_names.h"
#include "store/row_names.h"

static const struct attribute attributes[APPLICATION_ATTRIBUTES_CREATED] = {
    [APPLICATION_CLIENT_ID] = {STR_INIT("client_id"), ATTRIBUTE_SID, .indexed = true},
    [APPLICATION_PARTNER_SID] = {STR_INIT("partner_sid"), ATTRIBUTE_SID, .indexed = true},
    [APPLICATION_NAME] = {STR_INIT("name"), ATTRIBUTE_TEXT, .indexed = true},
    [APPLICATION_TYPE] = {STR_INIT("type"), ATTRIBUTE_TEXT},
    [APPLICATION_STATUS] = {STR_INIT("status"), ATTRIBUTE_TEXT, .indexed = true},
    [APPLICATION_AUTH_METHOD] = {STR_INIT("token_endpoint_auth_method"), ATTRIBUTE_TEXT},
    [APPLICATION_AUTH_AUDIENCE] = {STR_INIT("token_endpoint_auth_audience"), ATTRIBUTE_TEXT},
    [APPLICATION_GRANT_TYPES] = {STR_INIT("grant_types"), ATTRIBUTE_OTHER},
    [APPLICATION_REDIRECT_URIS] = {STR_INIT("redirect_uris"), ATTRIBUTE_OTHER},
    [APPLICATION_SCOPES] = {STR_INIT("scopes"), ATTRIBUTE_OTHER},
    [APPLICATION_APPROVED] = {STR_INIT("approved_restricted"), ATTRIBUTE_OTHER},
    [APPLICATION_AUDIENCES] = {STR_INIT("audiences"), ATTRIBUTE_OTHER},
    [APPLICATION_INTROSPECTION] = {STR_INIT("introspection"), ATTRIBUTE_BOOL},
    [APPLICATION_ACCESS_TTL] = {STR_INIT("access_token_ttl"), ATTRIBUTE_INT},
    [APPLICATION_REFRESH_TTL] = {STR_INIT("refresh_token_ttl"), ATTRIBUTE_INT},
    [APPLICATION_JWKS] = {STR_INIT("jwks"), ATTRIBUTE_OTHER},
    [APPLICATION_DATE_CREATED] = {STR_INIT("date_created"), ATTRIBUTE_TIME, .indexed = true},
    [APPLICATION_DATE_UPDATED] = {STR_INIT("date_updated"), ATTRIBUTE_TIME, .indexed = true},
    [APPLICATION_PARTNER] = {STR_INIT("partner"), ATTRIBUTE_OTHER, .related = true},
    [APPLICATION_SECRET_ID] = {STR_INIT("secret_id"), ATTRIBUTE_SID},
    [APPLICATION_CLIENT_SECRET] = {STR_INIT("client_secret"), ATTRIBUTE_TEXT},
};

const struct object_kind application_kind = {attributes, APPLICATION_ATTRIBUTES,
                                             .key = APPLICATION_CLIENT_ID};
const struct object_kind application_kind_created = {attributes, APPLICATION_ATTRIBUTES_CREATED,
                                                     .key = APPLICATION_CLIENT_ID};
const struct object_kind application_kind_record = {attributes, APPLICATION_CLIENT_SECRET,
                                                    .key = APPLICATION_CLIENT_ID};

const struct requirement application_to_create =
    REQUIRE_ONE_OF(STR_INIT("app.manage"), STR_INIT("app.create"));
const struct requirement application_to_read =
    REQUIRE_ONE_OF(STR_INIT("app.manage"), STR_INIT("app.read"));
const struct requirement application_to_update =
    REQUIRE_ONE_OF(STR_INIT("app.manage"), STR_INIT("app.update"));
const struct requirement application_to_delete =
    REQUIRE_ONE_OF(STR_INIT("app.manage"), STR_INIT("app.delete"));

static void write_scopes(const struct application_view *v, enum application_attribute attribute,
                         struct json_writer *w)
{
    const struct scope_catalogue *catalogue = v->snapshot->catalogue;
    struct application_scopes scopes = application_scopes_of(catalogue, v->row);

    manage_scopes_write(catalogue,
                        attribute == APPLICATION_SCOPES ? &scopes.declared : &scopes.approved, w);
}

static void write_ttl(uint32_t ttl_s, struct json_writer *w)
{
    if (ttl_s == 0)
        json_write_null(w);
    else
        json_write_int(w, ttl_s);
}

static void write_plain(const struct application_row *row, enum application_attribute attribute,
                        struct json_writer *w)
{
    switch ((int)attribute) {
    case APPLICATION_CLIENT_ID:
        return json_write_sid(w, &row->client_id);
    case APPLICATION_PARTNER_SID:
        return json_write_sid(w, &row->partner_sid);
    case APPLICATION_NAME:
        return json_write_string(w, row->name);
    case APPLICATION_TYPE:
        return json_write_string(w, application_type_names[row->type]);
    case APPLICATION_STATUS:
        return json_write_string(w, application_status_names[row->status]);
    case APPLICATION_AUTH_METHOD:
        return json_write_string(w, auth_method_names[row->auth_method]);
    case APPLICATION_AUTH_AUDIENCE:
        return json_write_string(w, auth_audience_names[row->auth_audience]);
    case APPLICATION_GRANT_TYPES:
        return manage_names_write(row->grant_types, w);
    case APPLICATION_REDIRECT_URIS:
        return manage_names_write(row->redirect_uris, w);
    case APPLICATION_AUDIENCES:
        return manage_names_write(row->audiences, w);
    case APPLICATION_INTROSPECTION:
        return json_write_bool(w, row->introspection);
    case APPLICATION_ACCESS_TTL:
        return write_ttl(row->access_token_ttl_s, w);
    case APPLICATION_REFRESH_TTL:
        return write_ttl(row->refresh_token_ttl_s, w);
    case APPLICATION_JWKS:
        return row->jwks.len == 0 ? json_write_null(w) : json_write_raw(w, row->jwks);
    case APPLICATION_DATE_CREATED:
        return json_write_time_ms(w, row->created_ms);
    default:
        return json_write_time_ms(w, row->updated_ms);
    }
}

void application_write(const void *view, unsigned attribute, struct json_writer *w)
{
    const struct application_view *v = view;

    switch (attribute) {
    case APPLICATION_SCOPES:
    case APPLICATION_APPROVED:
        return write_scopes(v, (enum application_attribute)attribute, w);
    case APPLICATION_PARTNER:
        return partner_write_related(party_find_partner(v->snapshot->party, &v->row->partner_sid),
                                     w);
    case APPLICATION_SECRET_ID:
        return sid_is_none(&v->secret_id) ? json_write_null(w) : json_write_sid(w, &v->secret_id);
    case APPLICATION_CLIENT_SECRET:
        return v->client_secret.len == 0 ? json_write_null(w)
                                         : json_write_string(w, v->client_secret);
    default:
        return write_plain(v->row, (enum application_attribute)attribute, w);
    }
}

enum step_result application_reply(struct exchange *x, const struct object_kind *kind,
                                   const struct application_view *view,
                                   const struct object_fields *fields)
{
    return object_reply(x, kind, fields, application_write, view, view->row->revision);
}

enum step_result application_find(struct exchange *x, const struct caller *caller,
                                  const struct party_application **out)
{
    const struct party *party = x->snapshot->party;
    const struct party_application *application;
    struct sid client_id;

    if (path_find_sid(x, 0, &client_id) == STEP_DONE)
        return STEP_DONE;
    application = party_find_application(party, &client_id);
    if (application == NULL ||
        !party_is_within(party_partner_of(party, application), caller->partner))
        return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
    *out = application;
    return STEP_NEXT;
}

enum step_result application_read_row(struct exchange *x, struct stored *stored,
                                      const struct party_application *application)
{
    struct store_filter *filter = arena_alloc(&x->arena, sizeof(*filter));

    if (filter == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    *filter = (struct store_filter){
        .column = STORE_APPLICATION_CLIENT_ID,
        .operator= STORE_IS_EQ,
        .sid = application->client_id,
    };
    stored->read.verb = STORE_APPLICATION_LIST;
    stored->read.in.list = (struct store_list){
        .partner_sid = application->partner_sid,
        .filters = filter,
        .filter_count = 1,
        .order = STORE_APPLICATION_CLIENT_ID,
        .limit = 1,
    };
    return stored_read(x, stored);
}

enum step_result application_row_read(struct exchange *x, const struct stored *stored,
                                      const struct application_row **out)
{
    if (stored->read.out.count == 0)
        return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
    *out = &stored->read.out.applications[0];
    return STEP_NEXT;
}
