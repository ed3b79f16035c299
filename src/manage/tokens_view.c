/* A token as the API shows it: CarrierX's object, but for the tokens themselves, which are null in
 * all answers but the one that makes them (P5). */
#include "exchange/snapshot.h"
#include "manage/partners.h"
#include "manage/scope_names.h"
#include "manage/tokens.h"

static const struct attribute attributes[TOKEN_CREATED_ATTRIBUTES] = {
    [TOKEN_ACCESS_TOKEN] = {STR_INIT("access_token"), ATTRIBUTE_TEXT},
    [TOKEN_CLIENT_ID] = {STR_INIT("client_id"), ATTRIBUTE_SID, .indexed = true},
    [TOKEN_DATE_CREATED] = {STR_INIT("date_created"), ATTRIBUTE_TIME, .indexed = true},
    [TOKEN_DATE_EXPIRATION_ACCESS_TOKEN] = {STR_INIT("date_expiration_access_token"),
                                            ATTRIBUTE_TIME, .indexed = true},
    [TOKEN_DATE_EXPIRATION_REFRESH_TOKEN] = {STR_INIT("date_expiration_refresh_token"),
                                             ATTRIBUTE_TIME},
    [TOKEN_DATE_LAST_ACCESSED] = {STR_INIT("date_last_accessed"), ATTRIBUTE_TIME, .indexed = true},
    [TOKEN_IP_LAST_ACCESSED] = {STR_INIT("ip_last_accessed"), ATTRIBUTE_TEXT},
    [TOKEN_NAME] = {STR_INIT("name"), ATTRIBUTE_TEXT, .indexed = true},
    [TOKEN_PARTNER] = {STR_INIT("partner"), ATTRIBUTE_OTHER, .related = true},
    [TOKEN_PARTNER_SID] = {STR_INIT("partner_sid"), ATTRIBUTE_SID},
    [TOKEN_REFRESH_TOKEN] = {STR_INIT("refresh_token"), ATTRIBUTE_TEXT},
    [TOKEN_SCOPES] = {STR_INIT("scopes"), ATTRIBUTE_OTHER},
    [TOKEN_TOKEN_SID] = {STR_INIT("token_sid"), ATTRIBUTE_SID, .indexed = true},
    [TOKEN_TOKEN_TYPE] = {STR_INIT("token_type"), ATTRIBUTE_TEXT},
    [TOKEN_EXPIRES_IN] = {STR_INIT("expires_in"), ATTRIBUTE_INT},
    [TOKEN_SCOPE] = {STR_INIT("scope"), ATTRIBUTE_TEXT},
};

const struct object_kind token_kind = {attributes, TOKEN_ATTRIBUTES, .key = TOKEN_TOKEN_SID,
                                       .has_status = true};
const struct object_kind token_created_kind = {attributes, TOKEN_CREATED_ATTRIBUTES,
                                               .key = TOKEN_TOKEN_SID};

static void write_text(struct json_writer *w, struct str text)
{
    if (text.ptr == NULL || text.len == 0)
        json_write_null(w);
    else
        json_write_string(w, text);
}

static void write_time(struct json_writer *w, int64_t ms)
{
    if (ms == 0)
        json_write_null(w);
    else
        json_write_time_ms(w, ms);
}

void token_view_write(const void *object, unsigned attribute, struct json_writer *w)
{
    const struct token_view *view = object;
    const struct token_row *row = view->row;

    switch ((enum token_attribute)attribute) {
    case TOKEN_ACCESS_TOKEN:
        return write_text(w, view->access_token);
    case TOKEN_CLIENT_ID:
        return json_write_sid(w, &row->client_id);
    case TOKEN_DATE_CREATED:
        return write_time(w, row->created_ms);
    case TOKEN_DATE_EXPIRATION_ACCESS_TOKEN:
        return json_write_time_ms(w, row->exp_s * 1000);
    case TOKEN_DATE_LAST_ACCESSED:
        return write_time(w, row->last_accessed_ms);
    case TOKEN_IP_LAST_ACCESSED:
        return write_text(w, row->last_accessed_ip);
    case TOKEN_NAME:
        return json_write_string(w, row->name);
    case TOKEN_PARTNER:
        return partner_write_related(view->partner, w);
    case TOKEN_PARTNER_SID:
        return json_write_sid(w, &row->partner_sid);
    case TOKEN_DATE_EXPIRATION_REFRESH_TOKEN: /* these tokens have none */
    case TOKEN_REFRESH_TOKEN:
        return json_write_null(w);
    case TOKEN_SCOPES:
        return manage_names_write(row->scopes, w);
    case TOKEN_TOKEN_SID:
        return json_write_sid(w, &row->token_sid);
    case TOKEN_TOKEN_TYPE:
        return json_write_string(w, STR("bearer"));
    case TOKEN_EXPIRES_IN:
        return json_write_int(w, view->expires_in_s);
    case TOKEN_SCOPE:
        return json_write_string(w, row->scopes);
    case TOKEN_CREATED_ATTRIBUTES:
        break;
    }
}

enum step_result token_view_reply(struct exchange *x, const struct object_kind *kind,
                                  const struct object_fields *fields, const struct token_view *view)
{
    return object_reply(x, kind, fields, token_view_write, view, view->row->revision);
}
