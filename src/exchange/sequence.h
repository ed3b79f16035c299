/* The consistency token (SPEC 6): `Scopemint-Sequence: N` on the answer of what takes a number of
 * the store's sequence, and what introspection is asked with `min_sequence=N`. Whoever hands N on
 * with a question is never answered by a node that has not heard of it yet (P4). */
#ifndef EXCHANGE_SEQUENCE_H
#define EXCHANGE_SEQUENCE_H

#include "exchange/exchange.h"

/* Adds the header to a reply 2xx. 0: the last number that this node's index has heard of. */
void exchange_say_sequence(struct exchange *x, uint64_t number);

/* The same for answers that do not tell what became of the request (7009-2.2-e): the index's last
 * number whatever the request did, and `number` only where the index is behind it. */
void exchange_say_sequence_reached(struct exchange *x, uint64_t number);

/* The value of min_sequence: decimal digits alone, no sign, below 2^64. False when it is none. */
bool sequence_parse(struct str text, uint64_t *out);

/* NEXT when the index has heard of everything up to min_sequence (0: of anything at all), else DONE
 * with 503 and Retry-After, before anybody's token is judged. */
enum step_result sequence_require(struct exchange *x, uint64_t min_sequence);

#endif
