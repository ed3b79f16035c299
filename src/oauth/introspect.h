/* One token's answer, shared by the single and the batch endpoint. */
#ifndef OAUTH_INTROSPECT_H
#define OAUTH_INTROSPECT_H

#include "oauth/caller.h"

struct introspection_rights {
    bool by_audience; /* an application, or scopemint.introspect */
    bool all_own;     /* oauth.manage_all_tokens: every token of its partner (M2) */
    bool own_token;   /* oauth.manage, oauth.read: the presented one alone */
};

/* False: the caller has no right to introspect at all (7662-2.1-e). */
bool introspection_rights(const struct exchange *x, const struct caller *caller,
                          struct introspection_rights *out);

struct introspection_question {
    const struct caller *caller;
    const struct introspection_rights *rights;
    const struct scope_set *required; /* NULL: not asked */
};

/* Appends the JSON object; exactly {"active":false} for whatever is not an active token that the
 * caller may see. Faults: ERR_FAULT_INDEX, ERR_FAULT_MEMORY. */
RESULT introspection_answer(const struct exchange *x, const struct introspection_question *question,
                            const struct verification *verification, struct buf *out);

#endif
