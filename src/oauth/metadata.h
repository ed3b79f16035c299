/* The authorization server metadata document (RFC8414-2): what works here, and nothing else. */
#ifndef OAUTH_METADATA_H
#define OAUTH_METADATA_H

#include "core/buf.h"
#include "scope/catalogue.h"

void oauth_metadata_write(struct str issuer, const struct scope_catalogue *catalogue,
                          struct buf *out);

#endif
