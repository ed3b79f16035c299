/* Requests about revocations by selector, for tests. */
#ifndef STORE_REVOCATIONS_H
#define STORE_REVOCATIONS_H

#include "fixture.h"

enum {
    REVOCATIONS_LIFE_S = 3600, /* of the longest token that they speak of */
    REVOCATIONS_FIRST = 100,   /* token */
};

/* Of revocation n, asked for by application 20 of partner 3; a plan lasts ten minutes. */
struct store_request revocations_plan(unsigned n, struct revocation_selector selector);
struct store_request revocations_execute(unsigned n, struct revocation_selector selector);
/* Of a plan, by partner 3. */
struct store_request revocations_carry_out(unsigned n, struct arena *arena);
struct store_request revocations_step(unsigned n, const struct sid *tokens, size_t count);

/* So many tokens of partner 2 that were made at the very beginning. */
void revocations_make_tokens(struct fixture *f, unsigned n);

/* Carries it out, and expects that it is. */
void revocations_put_in_force(struct fixture *f, unsigned n, struct revocation_selector selector);

/* Reads the row; its text lives as long as the arena. */
struct revocation_row revocations_get(struct fixture *f, unsigned n, struct arena *arena);

#endif
