/* What clients and resource servers read once and keep: metadata (RFC 8414) and the key set (RFC
 * 7517). Both are rendered when the snapshot is built; here they are only handed out. */
#include "exchange/document.h"
#include "exchange/snapshot.h"
#include "oauth/endpoints.h"

static enum step_result show_metadata(struct exchange *x)
{
    return document_reply(x, x->snapshot->metadata, x->snapshot->metadata_etag);
}

static enum step_result show_jwks(struct exchange *x)
{
    const struct keyring *keyring = x->snapshot->keyring;
    return document_reply(x, keyring_jwks(keyring), keyring_jwks_etag(keyring));
}

const struct endpoint metadata_endpoint = {.name = "metadata", .steps = {show_metadata}};
const struct endpoint jwks_endpoint = {.name = "jwks", .steps = {show_jwks}};
