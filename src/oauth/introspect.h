/* One token's answer, shared by the single and the batch endpoint. */
#ifndef OAUTH_INTROSPECT_H
#define OAUTH_INTROSPECT_H

#include "exchange/caller.h"

struct introspection_question {
    const struct caller *caller;
    struct str required_text; /* required_scope as sent; empty: not asked */
    struct scope_set required;
    struct in6_addr client; /* who uses the token, for its last-accessed address */
    uint64_t min_sequence;  /* what this node must have heard of; 0: not asked */
    bool by_audience;       /* an application, or scopemint.introspect */
    bool all_own;           /* oauth.manage_all_tokens: every token of its partner (M2) */
    bool own_token;         /* oauth.manage, oauth.read: the presented one alone */
};

/* Whom the caller names as using the token: an address alone, or ptr NULL, which is the caller's
 * own address. NEXT, or DONE with 400. */
enum step_result introspection_read_client(struct exchange *x, struct str client_ip,
                                           struct introspection_question *question);

/* What min_sequence said (ptr NULL: it was not sent). NEXT, or DONE with 400. */
enum step_result introspection_read_sequence(struct exchange *x, struct str min_sequence,
                                             struct introspection_question *question);

/* By what question->caller holds now; false: nothing lets it introspect. */
bool introspection_find_rights(const struct exchange *x, struct introspection_question *question);

/* required_text, client and min_sequence are set before. Fills in the rest and gives NEXT, or
 * refuses: a caller without any right to introspect (7662-2.1-e, 7662-2.1-i), a required scope that
 * is unknown, a node that is behind min_sequence (P4). */
enum step_result introspection_ask(struct exchange *x, const struct caller *caller,
                                   struct introspection_question *question);

/* Appends the JSON object; exactly {"active":false} for whatever is not an active token that the
 * caller may see. Faults: what verification met, ERR_FAULT_INDEX, ERR_FAULT_MEMORY. */
RESULT introspection_answer(struct exchange *x, const struct introspection_question *question,
                            const struct verification *verification, struct buf *out);

#endif
