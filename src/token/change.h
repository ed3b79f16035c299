/* M1: what a PATCH or PUT may make of a token's scopes, as a pure function (SPEC 5). The order of
 * refusals is the contract's: the gate, the user behind the token, the grant rule, M3. */
#ifndef TOKEN_CHANGE_H
#define TOKEN_CHANGE_H

#include "core/err.h"
#include "token/asked.h"

/* The scope that the gate wants, literally: nothing implies it. */
#define CHANGE_GATE "oauth.allow_token_scope_update"

enum change_kind {
    CHANGE_NONE,    /* the same names, in whatever order */
    CHANGE_NARROWS, /* nothing is added: acts on every JWT of the token */
    CHANGE_WIDENS,  /* something lies outside the closure of what was stored: a new JWT is signed */
};

enum change_verdict {
    CHANGE_ALLOWED,
    CHANGE_NOT_GATED,   /* 403, M1: the caller does not hold CHANGE_GATE */
    CHANGE_OF_USER,     /* 403: a token with a user behind it is never widened */
    CHANGE_NOT_GRANTED, /* 422: the grant rule does not allow this token what is added */
    CHANGE_NOT_HELD,    /* 403, M3: the caller does not hold what is added */
};

struct change_facts {
    struct str stored; /* the row's names */
    bool has_user;
    struct asked_bound bound;                /* of the token, now */
    const struct scope_set *scopes, *rights; /* the caller's, and their closure */
};

struct change {
    enum change_verdict verdict;
    enum change_kind kind;
    struct scope_set lacking; /* of CHANGE_NOT_HELD */
    struct str message;       /* of CHANGE_NOT_GRANTED: names them */
    struct str scopes;        /* when allowed: what the row holds from now on */
    struct scope_set known;   /* of them, what the catalogue has */
};

/* A stored name that has left the catalogue counts as a name: it may be kept or dropped, never
 * added. ERR_NONE, or ERR_FAULT_MEMORY. Texts of *out live in the arena. */
enum err change_decide(const struct change_facts *facts, const struct asked_names *asked,
                       struct arena *arena, struct change *out);

#endif
