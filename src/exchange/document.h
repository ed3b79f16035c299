/* Documents that clients read once and keep: metadata, key set, the description of the API. */
#ifndef EXCHANGE_DOCUMENT_H
#define EXCHANGE_DOCUMENT_H

#include "exchange/exchange.h"

/* DONE: 200 with the JSON document, its ETag and the snapshot's Cache-Control, or 304 where the
 * client has it already. The document is static or the snapshot's. Source: RFC9110-13.1.2. */
enum step_result document_reply(struct exchange *x, struct str document, struct str etag);

/* Whether If-None-Match (ptr NULL: absent) names the tag, by weak comparison. */
bool document_is_known(struct str if_none_match, struct str etag);

#endif
