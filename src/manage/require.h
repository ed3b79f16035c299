/* What an endpoint wants of its caller's token (SPEC 2): a conjunction of clauses, each a list of
 * scopes of which one must be held, by itself or by one that implies it. */
#ifndef MANAGE_REQUIRE_H
#define MANAGE_REQUIRE_H

#include "exchange/caller.h"

enum { REQUIRE_CLAUSES_MAX = 2, REQUIRE_CLAUSE_MAX = 4 };

struct require_clause {
    struct str one_of[REQUIRE_CLAUSE_MAX]; /* up to the first with ptr NULL */
};

struct requirement {
    struct require_clause clauses[REQUIRE_CLAUSES_MAX]; /* up to the first that is empty */
};

/* One clause: one of these, each a STR_INIT. */
#define REQUIRE_ONE_OF(...)            \
    {                                  \
        .clauses = { {{__VA_ARGS__}} } \
    }

/* NEXT, or DONE with 403 insufficient_scope: message and challenge name the scopes of each clause
 * that is not met (6750-3.1-b). No clause at all: any caller will do. */
enum step_result manage_require(struct exchange *x, const struct caller *caller,
                                const struct requirement *requirement);

#endif
