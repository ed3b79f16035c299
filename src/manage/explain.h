/* Why a token is active or not, and what holds or takes each of its scopes (SPEC 7): what
 * explain.c, explain_checks.c and explain_scopes.c share. A pure view of the token's row, the
 * tables, the index and the keys of one moment.
 *
 * Of partners outside the caller's subtree, which are its ancestors, it says that there is one and
 * what it does to the token, never which (F-35). */
#ifndef MANAGE_EXPLAIN_H
#define MANAGE_EXPLAIN_H

#include "exchange/caller.h"
#include "store/rows.h"
#include "json/write.h"

enum { EXPLAIN_PARTNERS = 2 * LIMIT_PARTNER_DEPTH };

struct explanation {
    const struct exchange *x;
    const struct caller *caller;
    const struct token_row *row;
    struct token_facts facts;
    struct token_standing standing; /* of its newest JWT */
    /* Every partner that must hold a scope for the token to have it: the token's own and those
     * above it, then the application's where that is of another partner. */
    const struct party_partner *partners[EXPLAIN_PARTNERS];
    size_t partner_count;
    struct str revoked_by; /* the actor as JSON; empty: not known */
    int64_t iat_s;         /* of its newest JWT, the latest it can be */
    bool is_cut;           /* that one, by a revocation by selector that is in force */
    const struct revocation_row *revocation; /* by selector, that ended it; NULL: none is known */
};

/* ERR_FAULT_INDEX. *out points to what is handed in. */
RESULT explain_init(const struct exchange *x, const struct caller *caller,
                    const struct token_row *row, struct explanation *out);

/* "checks": [{"check","holds","reason",...}]; returns whether all hold: the token is active. */
bool explain_checks(const struct explanation *e, struct json_writer *w);

/* "scopes": [{"scope","held","instead","layers":[...]}] */
void explain_scopes(const struct explanation *e, struct arena *arena, struct json_writer *w);

/* Members that name the partner, or say that it is an ancestor. */
void explain_partner(const struct explanation *e, const struct party_partner *partner,
                     struct json_writer *w);

#endif
