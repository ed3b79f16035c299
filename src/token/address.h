/* M2: which tokens a bearer may address in the management API (SPEC 5). */
#ifndef TOKEN_ADDRESS_H
#define TOKEN_ADDRESS_H

#include <stdbool.h>

#include "core/sid.h"

/* The scope that lets a bearer address all tokens of its own partner, and no descendant's. */
#define ADDRESS_ALL "oauth.manage_all_tokens"

struct address_caller {
    struct sid token_sid, partner_sid; /* of the presented token */
    bool holds_all;                    /* its effective scopes hold ADDRESS_ALL */
};

/* Without ADDRESS_ALL the presented token alone. What is not addressed looks as if it did not
 * exist. */
static inline bool address_holds(const struct address_caller *caller, const struct sid *token_sid,
                                 const struct sid *partner_sid)
{
    return sid_eq(&caller->partner_sid, partner_sid) &&
           (caller->holds_all || sid_eq(&caller->token_sid, token_sid));
}

#endif
