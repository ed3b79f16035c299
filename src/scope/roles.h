/* The roles a user of a partner can have (conf/roles.json): which scopes each carries, and which
 * roles it may hand out. A role is not a scope, and none is a superuser (SPEC 2). Immutable; loaded
 * with the catalogue whose bits its sets use, and again when that is. */
#ifndef SCOPE_ROLES_H
#define SCOPE_ROLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/str.h"
#include "scope/catalogue.h"
#include "scope/set.h"

enum { ROLES_MAX = 32 };

struct scope_source;

struct scope_role {
    struct str name, title;
    struct scope_set scopes;  /* as the file names them */
    struct scope_set closure; /* what they reach: the bound on a token of such a user */
    uint32_t role_access;     /* bit i: may create, change and key users of role i */
    uint32_t index;
};

struct scope_roles;

/* False: errors has a line for each thing wrong, with file, line and value. */
bool roles_load(const char *path, const struct scope_catalogue *catalogue, struct scope_roles **out,
                struct buf *errors);

/* The same from a text in memory. */
bool roles_build(const struct scope_source *source, const struct scope_catalogue *catalogue,
                 struct scope_roles **out, struct buf *errors);

void roles_free(struct scope_roles **roles);

size_t roles_count(const struct scope_roles *roles);
const struct scope_role *roles_at(const struct scope_roles *roles, size_t index);

/* NULL when there is none of that name. */
const struct scope_role *roles_find(const struct scope_roles *roles, struct str name);

static inline bool role_may_hand_out(const struct scope_role *giver, const struct scope_role *given)
{
    return (giver->role_access >> given->index & 1) != 0;
}

#endif
