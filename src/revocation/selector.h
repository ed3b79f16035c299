/* Which tokens a revocation by selector is about (SPEC 7): one rule for the index, which asks it of
 * every token presented, and for who walks the rows. */
#ifndef REVOCATION_SELECTOR_H
#define REVOCATION_SELECTOR_H

#include "revocation/index.h"

/* Whether all that the selector says holds for the token, whenever it was made: epoch is not
 * looked at. */
bool revocation_selector_matches(const struct revocation_selector *selector,
                                 const struct epoch_subject *subject);

#endif
