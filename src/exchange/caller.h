/* Who asks: an application by its secret or its key, or a bearer token; below /core/v2 a bearer
 * token alone. Steps that endpoints share; their states begin with a struct caller_state. */
#ifndef EXCHANGE_CALLER_H
#define EXCHANGE_CALLER_H

#include "exchange/authenticate.h"
#include "exchange/form.h"
#include "exchange/verification.h"
#include "token/standing.h"

struct caller {
    const struct party_application *application; /* the bearer token's own, for a bearer */
    const struct party_partner *partner;
    bool is_bearer;
    struct sid token_sid; /* of the bearer token */
    struct sid user_sid;  /* behind the bearer token; none: no user */
    /* What introspection would answer now for the bearer token, and its closure; empty for an
     * application. */
    struct scope_set scopes, rights;
};

struct caller_state {
    struct caller caller;
    struct str bearer; /* the presented token; ptr NULL: none */
    struct client_presented presented;
    struct assertion_login *login;    /* exchange_authenticate's */
    struct verification verification; /* of the bearer token */
};

/* Reads Authorization and, where the endpoint takes a form, the client's parameters in it. Ends
 * with DONE after refusing, or NEXT. form may be NULL. */
enum step_result caller_read(struct exchange *x, struct caller_state *state,
                             const struct form *form);

/* Likewise where nothing but a bearer token serves: without one 401 (6750-3-a). */
enum step_result caller_step_read_bearer(struct exchange *x);

/* Two steps in a row: the first defers the bearer token's verification, or authenticates the
 * application; the second judges the bearer token. x->state is a struct caller_state at its
 * beginning. */
enum step_result caller_step_identify(struct exchange *x);
enum step_result caller_step_judge(struct exchange *x);

/* For a bearer: whether it holds the value, or one that implies it. */
bool caller_holds(const struct exchange *x, const struct caller *caller, struct str scope);

/* What the throttle of unknown tokens counts by. */
struct str caller_throttle_key(const struct caller *caller);

/* The facts of this moment, for token_standing. */
struct token_facts caller_token_facts(const struct exchange *x);

#endif
