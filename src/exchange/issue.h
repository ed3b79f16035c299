/* Issuing a JWT inside an exchange, for every endpoint that does: its claims, its signature, the
 * row that says so, and the cache that then knows it. */
#ifndef EXCHANGE_ISSUE_H
#define EXCHANGE_ISSUE_H

#include "core/buf.h"
#include "exchange/exchange.h"
#include "party/party.h"
#include "store/rows.h"
#include "token/claims.h"

/* Part of an endpoint's state. Audiences and scope are the endpoint's to set in claims; their texts
 * live as long as the exchange. */
struct issue {
    struct token_claims claims;
    struct str kid;
    struct buf jwt;
    enum err signed_as; /* ERR_NONE, ERR_TOKEN_TOO_LARGE or a fault */
};

/* NEXT, or DONE with 503 while the index is incomplete: there is no true epoch to put in. */
enum step_result issue_ready(struct exchange *x);

/* The claims of a new token of this application at the partner, with its user (none: no user):
 * generation 1, asked_ttl_s (0: not asked) as the policy allows. Faults: memory, entropy. */
RESULT issue_new(struct exchange *x, const struct party_application *application,
                 const struct sid *partner_sid, const struct sid *user_sid, uint64_t asked_ttl_s,
                 struct issue *issue);

/* Those of the next generation of a token, which keeps the row's end (SPEC 3). */
RESULT issue_next(struct exchange *x, const struct token_row *row, struct issue *issue);

/* The expensive part, for exchange_defer: sets jwt, kid and signed_as. */
void issue_sign(struct exchange *x, struct issue *issue);

/* NEXT when it is signed; else DONE after refusing. */
enum step_result issue_signed(struct exchange *x, const struct issue *issue);

/* What the rows of a token say about its newest JWT. */
struct token_newest issue_newest(const struct issue *issue);

/* The row of a new token. ERR_FAULT_MEMORY. */
RESULT issue_row(struct exchange *x, const struct issue *issue, struct str name,
                 struct token_row *out);

/* What was just signed need not be verified here when it is asked about. */
void issue_remember(struct exchange *x, const struct issue *issue);

#endif
