/* Requests that change rules, trunk groups and trunks. */
#include "store/front.h"

struct result store_carry_acl(struct store *store, struct store_request *request)
{
    (void)store, (void)request;
    return FAULT(ERR_FAULT_INTERNAL);
}
