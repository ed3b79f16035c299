/* GET /core/v2/applications and /core/v2/applications/{client_id}. */
#include "exchange/snapshot.h"
#include "manage/applications.h"
#include "manage/endpoints.h"
#include "manage/subtree_list.h"

static const enum store_column columns[APPLICATION_ATTRIBUTES] = {
    [APPLICATION_CLIENT_ID] = STORE_APPLICATION_CLIENT_ID,
    [APPLICATION_PARTNER_SID] = STORE_APPLICATION_PARTNER_SID,
    [APPLICATION_NAME] = STORE_APPLICATION_NAME,
    [APPLICATION_TYPE] = STORE_COLUMNS,
    [APPLICATION_STATUS] = STORE_APPLICATION_STATUS,
    [APPLICATION_AUTH_METHOD] = STORE_COLUMNS,
    [APPLICATION_AUTH_AUDIENCE] = STORE_COLUMNS,
    [APPLICATION_GRANT_TYPES] = STORE_COLUMNS,
    [APPLICATION_REDIRECT_URIS] = STORE_COLUMNS,
    [APPLICATION_SCOPES] = STORE_COLUMNS,
    [APPLICATION_APPROVED] = STORE_COLUMNS,
    [APPLICATION_AUDIENCES] = STORE_COLUMNS,
    [APPLICATION_INTROSPECTION] = STORE_COLUMNS,
    [APPLICATION_ACCESS_TTL] = STORE_COLUMNS,
    [APPLICATION_REFRESH_TTL] = STORE_COLUMNS,
    [APPLICATION_JWKS] = STORE_COLUMNS,
    [APPLICATION_DATE_CREATED] = STORE_APPLICATION_CREATED,
    [APPLICATION_DATE_UPDATED] = STORE_APPLICATION_UPDATED,
    [APPLICATION_PARTNER] = STORE_COLUMNS,
};

/* ---- the list ---- */

static void write_item(const void *context, size_t item, unsigned attribute, struct json_writer *w)
{
    const struct exchange *x = context;
    const struct subtree_list *state = x->state;
    const struct application_view view = {.row = &state->stored.read.out.applications[item],
                                          .snapshot = x->snapshot};
    application_write(&view, attribute, w);
}

static void item_key(const void *context, size_t item, struct attribute_value *out)
{
    const struct subtree_list *state = ((const struct exchange *)context)->state;
    out->sid = state->stored.read.out.applications[item].client_id;
}

static const struct subtree_kind listed = {
    .kind = &application_kind,
    .needed = &application_to_read,
    .columns = {columns},
    .verb = STORE_APPLICATION_LIST,
    .too_costly = STR_INIT("This filter would go through too many applications"),
    .write = write_item,
    .key = item_key,
};

static enum step_result read_list(struct exchange *x)
{
    return subtree_list_read(x, &listed);
}

static enum step_result reply_list(struct exchange *x)
{
    return subtree_list_reply(x, &listed);
}

/* ---- one ---- */

static enum step_result read_one(struct exchange *x)
{
    struct subtree_list *state = x->state;
    const struct caller *caller = &state->stored.caller.caller;
    const struct party_application *application;

    if (manage_require(x, caller, &application_to_read) == STEP_DONE ||
        application_find(x, caller, &application) == STEP_DONE ||
        list_fields_read(x, &application_kind, &state->query.fields) == STEP_DONE)
        return STEP_DONE;
    return application_read_row(x, &state->stored, application);
}

static enum step_result reply_one(struct exchange *x)
{
    const struct subtree_list *state = x->state;
    struct application_view view = {.snapshot = x->snapshot};

    if (application_row_read(x, &state->stored, &view.row) == STEP_DONE)
        return STEP_DONE;
    return application_reply(x, &application_kind, &view, &state->query.fields);
}

const struct endpoint manage_applications = {
    .name = "applications",
    .state_size = sizeof(struct subtree_list),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, read_list,
              stored_step_read, reply_list},
};
const struct endpoint manage_application = {
    .name = "application",
    .state_size = sizeof(struct subtree_list),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, read_one,
              stored_step_read, reply_one},
};
