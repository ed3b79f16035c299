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
enum err grant_scopes(const struct scope_catalogue *catalogue, const struct party *party,
                      const struct party_application *application, struct str requested,
                      struct arena *arena, struct scope_set *out, struct str *out_detail);

/* What a token of the application at this partner can hold now: the application's own within the
 * ceilings of both its own partner and the token's, which may be another (a token for a
 * descendant). Closed. *out_works: all of them are active. */
struct scope_set grant_bound(const struct party *party, const struct party_application *application,
                             const struct party_partner *partner, bool *out_works);

/* What the names are worth within the bound, which is closed: those that fell out are replaced by
 * the largest they implied that are left (P1). */
struct scope_set grant_surviving(const struct scope_catalogue *catalogue,
                                 const struct scope_set *bound, struct str names);

#endif
