/* M3: nobody hands out what they do not hold (SPEC 5). One rule for every list of scopes that the
 * API writes: of tokens, applications, partners, approvals and roles. */
#ifndef TOKEN_HANDOUT_H
#define TOKEN_HANDOUT_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/str.h"
#include "scope/catalogue.h"

/* What a list of names gains: those of asked that lie outside the closure of stored. Names that
 * stored implied already add nothing, though the list may not have spelled them out. */
struct scope_set handout_added(const struct scope_catalogue *catalogue,
                               const struct scope_set *stored, const struct scope_set *asked);

/* Whether all that is added lies within the caller's rights (closed, struct caller); if not,
 * *out_excess is what does not. */
bool handout_is_held(const struct scope_set *added, const struct scope_set *rights,
                     struct scope_set *out_excess);

/* "a, b, c" in catalogue order: the first HANDOUT_NAMES of them and how many more there are. At
 * most HANDOUT_NAMES_MAX bytes. */
enum { HANDOUT_NAMES = 16, HANDOUT_NAMES_MAX = (HANDOUT_NAMES + 1) * (LIMIT_SCOPE_NAME + 2) };
void handout_put_names(const struct scope_catalogue *catalogue, const struct scope_set *names,
                       struct buf *out);

/* " and 3 more": behind HANDOUT_NAMES of a longer list. */
void handout_put_more(size_t count, struct buf *out);

/* "<before>: <names>", for a refusal. ptr NULL when the arena is full. */
struct str handout_message(const struct scope_catalogue *catalogue, struct str before,
                           const struct scope_set *names, struct arena *arena);

#endif
