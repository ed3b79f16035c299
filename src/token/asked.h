/* A list of scope names as somebody asks for it in the management API, and what the grant rule says
 * to it there (SPEC 5): all of it or a refusal that names what is too much. */
#ifndef TOKEN_ASKED_H
#define TOKEN_ASKED_H

#include "core/arena.h"
#include "core/str.h"
#include "party/party.h"
#include "scope/catalogue.h"
#include "token/handout.h"

/* Any texts, in any order, repeated without harm. */
struct asked_names {
    const struct str *names;
    size_t count;
};

/* Those of them that the catalogue knows. */
struct scope_set asked_known(const struct scope_catalogue *catalogue,
                             const struct asked_names *asked);

/* Whether one of the names is this. */
bool asked_has(const struct asked_names *asked, struct str name);

/* How many of them the catalogue does not know, but those that kept (a row's text) holds: a name
 * that has left the catalogue may stay where it is, and be added nowhere. */
size_t asked_unknown(const struct scope_catalogue *catalogue, const struct asked_names *asked,
                     struct str kept);

/* "Unknown: a, b": the first HANDOUT_NAMES of these and how many more there are; nothing when all
 * are known. A text that no scope could be called is not repeated. At most ASKED_UNKNOWN_MAX bytes.
 */
enum { ASKED_UNKNOWN_MAX = HANDOUT_NAMES_MAX + 16 };
void asked_put_unknown(const struct scope_catalogue *catalogue, const struct asked_names *asked,
                       struct str kept, struct buf *out);

/* What the grant rule allows a token, and the application it is of (NULL: gone): which of the two
 * refuses is told apart by what the application has itself. */
struct asked_bound {
    const struct scope_catalogue *catalogue;
    const struct party_application *application;
    struct scope_set allowed; /* closed */
};

/* The bound of a token of the application at this partner (grant_bound): empty where one of them
 * does not work now. Each may be NULL: gone. */
struct asked_bound asked_bound_now(const struct scope_catalogue *catalogue,
                                   const struct party *party,
                                   const struct party_application *application,
                                   const struct party_partner *partner);

/* Whether added lies within the bound and no name is unknown (asked_unknown). If not, *out_message
 * says which are not granted and by whom; its ptr is NULL when the arena is full. */
bool asked_is_granted(const struct asked_bound *bound, const struct asked_names *asked,
                      struct str kept, const struct scope_set *added, struct arena *arena,
                      struct str *out_message);

#endif
