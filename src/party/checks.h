/* What texts of partners and applications may look like, whoever writes them: a seed or the API.
 * NULL, or what is wrong with it, in constant words behind which a full stop could stand. */
#ifndef PARTY_CHECKS_H
#define PARTY_CHECKS_H

#include "core/str.h"

/* 1 to LIMIT_NAME bytes for people to read. */
const char *party_check_name(struct str text);

/* 1 to LIMIT_NAME characters that can be typed anywhere. */
const char *party_check_login(struct str text);

#endif
