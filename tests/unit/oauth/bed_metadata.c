#include "oauth/metadata.h"
#include "unit/oauth/bed.h"

void bed_metadata(struct str issuer, const struct scope_catalogue *catalogue, struct buf *out)
{
    oauth_metadata_write(issuer, catalogue, out);
}
