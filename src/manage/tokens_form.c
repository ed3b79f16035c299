#include "manage/tokens_form.h"

#include "exchange/field_errors.h"
#include "manage/body.h"
#include "manage/scope_names.h"

enum { SCOPES_TEXT = LIMIT_SCOPES * (LIMIT_SCOPE_NAME + 1), GRANT_TYPE_TEXT = 64 };

enum field {
    FIELD_NAME,
    FIELD_SCOPES,
    FIELD_TTL,
    FIELD_GRANT_TYPE,
    FIELD_ID,
    FIELD_SECRET,
    FIELDS
};

static const struct body_field fields[FIELDS] = {
    [FIELD_NAME] = {STR_INIT("name"), BODY_TEXT, BODY_AT_CREATE, 0, LIMIT_NAME},
    [FIELD_SCOPES] = {STR_INIT("scopes"), BODY_TEXTS, BODY_AT_CREATE, 1, LIMIT_SCOPES},
    [FIELD_TTL] = {STR_INIT("access_token_expires_in"), BODY_INT, BODY_AT_CREATE, 1, INT64_MAX},
    [FIELD_GRANT_TYPE] = {STR_INIT("grant_type"), BODY_TEXT, BODY_AT_CREATE, 0, GRANT_TYPE_TEXT},
    [FIELD_ID] = {STR_INIT("client_id"), BODY_TEXT, BODY_AT_CREATE, 0, LIMIT_SECRET},
    [FIELD_SECRET] = {STR_INIT("client_secret"), BODY_TEXT, BODY_AT_CREATE, 0, LIMIT_SECRET},
};

/* ---- the client beside the bearer token ---- */

enum err token_client_form(const struct form *form, struct token_client *out)
{
    enum err err = form_get(form, fields[FIELD_ID].name, &out->client_id);
    return err != ERR_NONE ? err : form_get(form, fields[FIELD_SECRET].name, &out->client_secret);
}

enum step_result token_client_check(struct exchange *x, const struct caller *caller,
                                    const struct token_client *client)
{
    char own[SID_TEXT];

    sid_format(&caller->application->client_id, own);
    if (client->client_id.ptr != NULL && !str_eq(client->client_id, str_make(own, sizeof(own))))
        return exchange_refuse_field(x, ERR_INVALID_CLIENT, fields[FIELD_ID].name,
                                     STR("This is not the application of the bearer token"));
    if (client->client_secret.ptr == NULL)
        return STEP_NEXT;
    return exchange_check_secret(x, caller->application, client->client_secret);
}

/* Both come before what is wrong in fields. */
static enum step_result check_grant(struct exchange *x, const struct caller *caller,
                                    struct str grant_type, const struct token_client *client)
{
    if (grant_type.ptr != NULL && !str_eq(grant_type, STR("client_credentials")))
        return exchange_refuse_field(x, ERR_UNSUPPORTED_GRANT_TYPE, fields[FIELD_GRANT_TYPE].name,
                                     STR_NONE);
    return token_client_check(x, caller, client);
}

/* ---- scopes as one text ---- */

/* False: more names than there can be. ERR_FAULT_MEMORY by *out_err. */
static bool split(struct str text, struct arena *arena, struct asked_names *out, enum err *out_err)
{
    struct str *names = arena_array(arena, LIMIT_SCOPES, sizeof(*names));
    struct str name;

    *out = (struct asked_names){.names = names};
    *out_err = names != NULL ? ERR_NONE : ERR_FAULT_MEMORY;
    while (names != NULL && str_split(&text, ' ', &name)) {
        if (out->count == LIMIT_SCOPES)
            return false;
        names[out->count++] = name;
    }
    return true;
}

static enum step_result split_scopes(struct exchange *x, struct str text, struct token_wish *out)
{
    enum err err;

    out->has_scopes = true;
    if (text.len == 0)
        return exchange_refuse_field(x, ERR_INVALID_VALUE, fields[FIELD_SCOPES].name,
                                     STR("At least one scope is taken; leave scopes out for all "
                                         "that is allowed"));
    if (!split(text, &x->arena, &out->scopes, &err))
        return exchange_refuse_field(x, ERR_INVALID_VALUE, fields[FIELD_SCOPES].name,
                                     STR("There are not that many scopes"));
    return err == ERR_NONE ? STEP_NEXT : exchange_fault(x, FAULT(err));
}

/* ---- a form ---- */

static bool is_field(struct str name)
{
    for (size_t i = 0; i < FIELDS; i++)
        if (str_eq(fields[i].name, name))
            return true;
    return false;
}

static bool is_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.ptr[i] < 0x20 || name.ptr[i] == 0x7F)
            return false;
    return name.len <= LIMIT_NAME && str_is_utf8(name);
}

/* Sent, though perhaps empty: an empty list is no list that was left out. */
static bool was_sent(const struct form *form, struct str name)
{
    for (size_t i = 0; i < form->count; i++)
        if (str_eq(form->pairs[i].name, name))
            return true;
    return false;
}

static enum step_result judge_form(struct exchange *x, const struct form *form,
                                   const struct str values[FIELDS], struct token_wish *out)
{
    struct field_errors errors = {.count = 0};
    struct str ttl = values[FIELD_TTL];

    for (size_t i = 0; i < form->count; i++)
        if (!is_field(form->pairs[i].name))
            field_errors_add(&errors, ERR_UNKNOWN_FIELD, form->pairs[i].name, STR_NONE);
    if (!is_name(values[FIELD_NAME]))
        field_errors_add(&errors, ERR_INVALID_VALUE, fields[FIELD_NAME].name,
                         STR("At most 128 bytes without control characters are taken"));
    if (ttl.ptr != NULL && !form_positive(ttl, &out->ttl_s))
        field_errors_add(&errors, ERR_INVALID_VALUE, fields[FIELD_TTL].name,
                         STR("A positive whole number of seconds is taken"));
    if (errors.count > 0)
        return exchange_refuse_fields(x, &errors);
    out->name = values[FIELD_NAME];
    if (!was_sent(form, fields[FIELD_SCOPES].name))
        return STEP_NEXT;
    return split_scopes(x, values[FIELD_SCOPES], out);
}

static enum step_result read_form(struct exchange *x, const struct caller *caller,
                                  struct token_wish *out)
{
    struct str values[FIELDS];
    struct form form;

    enum err err = form_parse(x->request.body, &x->arena, &form);
    for (size_t i = 0; err == ERR_NONE && i < FIELDS; i++)
        err = form_get(&form, fields[i].name, &values[i]);
    if (err_info(err)->kind == ERR_KIND_FAULT)
        return exchange_fault(x, FAULT(err));
    if (err != ERR_NONE)
        return exchange_refuse(x, err, STR_NONE);
    const struct token_client client = {values[FIELD_ID], values[FIELD_SECRET]};
    if (check_grant(x, caller, values[FIELD_GRANT_TYPE], &client) == STEP_DONE)
        return STEP_DONE;
    return judge_form(x, &form, values, out);
}

/* ---- JSON ---- */

static struct str text_of(const struct json_value *object, enum field field)
{
    struct str text = STR_NONE;
    return json_string(json_member(object, fields[field].name), &text) ? text : STR_NONE;
}

static enum step_result read_scopes(struct exchange *x, const struct body_value *value,
                                    struct token_wish *out)
{
    if (!value->present)
        return STEP_NEXT;
    if (value->json == NULL)
        return split_scopes(x, value->text, out);
    out->has_scopes = true;
    struct result read = manage_names_read(x, value->json, &out->scopes);
    return result_ok(read) ? STEP_NEXT : exchange_fault(x, read);
}

static enum step_result read_json(struct exchange *x, const struct caller *caller,
                                  struct token_wish *out)
{
    struct body_field taken[FIELDS];
    const struct json_value *object;
    struct body body;

    if (body_parse(x, &object) == STEP_DONE)
        return STEP_DONE;
    const struct token_client client = {text_of(object, FIELD_ID), text_of(object, FIELD_SECRET)};
    if (check_grant(x, caller, text_of(object, FIELD_GRANT_TYPE), &client) == STEP_DONE)
        return STEP_DONE;
    memcpy(taken, fields, sizeof(taken));
    if (text_of(object, FIELD_SCOPES).ptr != NULL) { /* as forms have it */
        taken[FIELD_SCOPES].type = BODY_TEXT;
        taken[FIELD_SCOPES].max = SCOPES_TEXT;
    }
    if (body_judge(x, object, BODY_CREATE, taken, FIELDS, &body) == STEP_DONE)
        return STEP_DONE;
    out->name = body.values[FIELD_NAME].text;
    if (body.values[FIELD_TTL].present)
        out->ttl_s = (uint64_t)body.values[FIELD_TTL].number;
    return read_scopes(x, &body.values[FIELD_SCOPES], out);
}

enum step_result token_wish_read(struct exchange *x, const struct caller *caller,
                                 struct token_wish *out)
{
    *out = (struct token_wish){.ttl_s = 0};
    if (form_is_media_type(x->request.content_type) ||
        (x->request.body.len == 0 && x->request.content_type.len == 0))
        return read_form(x, caller, out); /* nothing at all asks for all that is allowed */
    return read_json(x, caller, out);
}
