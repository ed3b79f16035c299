/* GET /openapi.json: the same for all, so it needs no token and may be kept. */
#include "manage/openapi.h"

#include "exchange/document.h"
#include "manage/endpoints.h"

static enum step_result show(struct exchange *x)
{
    return document_reply(x, openapi_document, openapi_etag);
}

const struct endpoint manage_openapi = {.name = "openapi", .steps = {show}};
