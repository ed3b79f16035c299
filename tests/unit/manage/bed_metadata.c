#include "unit/oauth/bed.h"

void bed_metadata(struct str issuer, const struct scope_catalogue *catalogue, struct buf *out)
{
    (void)issuer;
    (void)catalogue;
    buf_cstr(out, "{}");
}
