/* What introspection says of a token that depends on its bytes alone (RFC7662-2.2), as text: made
 * once for a token that is asked about again and again (token/cache.h). Scope, end and whether it
 * is active at all are not part of it. */
#ifndef TOKEN_ANSWER_H
#define TOKEN_ANSWER_H

#include "core/buf.h"
#include "token/claims.h"

/* Members of one JSON object, without a comma in front of the first or behind the last; between
 * the two comes the value of exp. */
struct token_answer {
    struct str before_exp, behind_exp;
};

/* Appends to out; *answer points into it, and is good if out has not failed. */
void token_answer_write(const struct token_claims *claims, struct buf *out,
                        struct token_answer *answer);

#endif
