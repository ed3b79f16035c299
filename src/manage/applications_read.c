/* GET /core/v2/applications and /core/v2/applications/{client_id}. */
#include "exchange/snapshot.h"
#include "manage/applications.h"
#include "manage/endpoints.h"
#include "manage/subtree_read.h"

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

static void write(const struct exchange *x, const void *row, unsigned attribute,
                  struct json_writer *w)
{
    const struct application_view view = {.row = row, .snapshot = x->snapshot};
    application_write(&view, attribute, w);
}

static enum step_result find(struct exchange *x, struct stored *stored)
{
    const struct party_application *application;

    if (application_find(x, &stored->caller.caller, &application) == STEP_DONE)
        return STEP_DONE;
    return application_read_row(x, stored, application);
}

static const struct subtree_kind application_subtree = {
    .kind = &application_kind,
    .needed = &application_to_read,
    .columns = {columns},
    .verb = STORE_APPLICATION_LIST,
    .too_costly = STR_INIT("This filter would go through too many applications"),
    .row_size = sizeof(struct application_row),
    .revision_at = offsetof(struct application_row, revision),
    .find = find,
    .write = write,
};

const struct endpoint manage_applications = SUBTREE_LIST("applications", &application_subtree);
const struct endpoint manage_application = SUBTREE_ONE("application", &application_subtree);
