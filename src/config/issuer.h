/* The issuer identifier: clients compare it byte by byte (8414-3.3-a), so it is held to one
 * spelling: scheme, host and optional port, nothing behind them. */
#ifndef CONFIG_ISSUER_H
#define CONFIG_ISSUER_H

#include "core/str.h"

/* NULL, or in constant words what is wrong and how to write it. Sources: 8414-2-a, 8414-3.1-a. */
const char *issuer_check(struct str text);

#endif
