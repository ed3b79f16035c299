/* What clients and resource servers read once and keep: metadata (RFC 8414) and the key set (RFC
 * 7517). Both are rendered when the snapshot is built; here they are only handed out. */
#include "exchange/exchange.h"
#include "exchange/snapshot.h"
#include "oauth/endpoints.h"

/* RFC9110-13.1.2: a list of tags, or '*'; weak comparison. */
static bool tag_matches(struct str if_none_match, struct str etag)
{
    struct str rest = if_none_match, piece;

    if (if_none_match.ptr == NULL)
        return false;
    while (str_split(&rest, ',', &piece)) {
        piece = str_trim(piece, ' ');
        if (str_starts_with(piece, STR("W/")))
            piece = str_slice(piece, 2, piece.len);
        if (str_eq(piece, etag) || str_eq(piece, STR("*")))
            return true;
    }
    return false;
}

static enum step_result reply_document(struct exchange *x, struct str document, struct str etag,
                                       struct str cache_control)
{
    exchange_hold(x); /* the document is the snapshot's and is sent without a copy */
    exchange_add_header(x, STR("etag"), etag);
    exchange_add_header(x, STR("cache-control"), cache_control);
    x->reply.cacheable = true;
    if (tag_matches(x->request.if_none_match, etag))
        return exchange_reply(x, 304, STR_NONE, STR_NONE);
    return exchange_reply_json(x, 200, document);
}

static enum step_result show_metadata(struct exchange *x)
{
    const struct snapshot *s = x->snapshot;
    return reply_document(x, s->metadata, s->metadata_etag, s->cache_control);
}

static enum step_result show_jwks(struct exchange *x)
{
    const struct snapshot *s = x->snapshot;
    return reply_document(x, keyring_jwks(s->keyring), keyring_jwks_etag(s->keyring),
                          s->cache_control);
}

const struct endpoint metadata_endpoint = {.name = "metadata", .steps = {show_metadata}};
const struct endpoint jwks_endpoint = {.name = "jwks", .steps = {show_jwks}};
