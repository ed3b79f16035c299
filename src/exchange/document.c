#include "exchange/document.h"

#include "exchange/snapshot.h"

/* RFC9110-13.1.2: a list of tags, or '*'; weak comparison. */
bool document_is_known(struct str if_none_match, struct str etag)
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

enum step_result document_reply(struct exchange *x, struct str document, struct str etag)
{
    exchange_hold(x); /* a document of the snapshot's is sent without a copy */
    exchange_add_header(x, STR("etag"), etag);
    exchange_add_header(x, STR("cache-control"), x->snapshot->cache_control);
    x->reply.cacheable = true;
    if (document_is_known(x->request.if_none_match, etag))
        return exchange_reply(x, 304, STR_NONE, STR_NONE);
    return exchange_reply_json(x, 200, document);
}
