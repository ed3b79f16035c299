/* The grant rule (SPEC 2) and what a token is worth now (P1), as pure functions of facts handed in.
 */
#ifndef TOKEN_GRANT_H
#define TOKEN_GRANT_H

#include "core/arena.h"
#include "core/err.h"
#include "party/party.h"
#include "scope/catalogue.h"
#include "token/claims.h"

/* What a client may be granted of what it asked for. requested: the text of the scope parameter;
 * ptr NULL or empty: everything the application declares that its partner allows now. Otherwise all
 * of it or none: ERR_INVALID_SCOPE, and *out_detail (in the arena) names the first value that was
 * refused and whether the application or the partner refused it. ERR_FAULT_MEMORY. A grant is never
 * empty. */
enum err grant_scopes(const struct scope_catalogue *catalogue,
                      const struct party_application *application, struct str requested,
                      struct arena *arena, struct scope_set *out, struct str *out_detail);

/* What the token's names are worth now: within the application's and its partner's tables, closed
 * bounds both, names that fell out replaced by the largest they implied that are left (P1). The
 * token's partner may be another than its application's (a token for a descendant). */
struct scope_set grant_surviving(const struct scope_catalogue *catalogue,
                                 const struct party_application *application,
                                 const struct party_partner *partner, struct str claim);

#endif
