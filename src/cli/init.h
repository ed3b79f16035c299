/* What `scopemint init` tells its caller: ids and secrets, once (P5). Shared by init*.c alone. */
#ifndef CLI_INIT_H
#define CLI_INIT_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/seed.h"

/* False, with errno, when it could not be written. */
bool init_print(const struct seed *seed, struct str issuer, bool json, FILE *file);

/* The same as JSON in a file of mode 0600 that must not be there yet; on the disk when it returns.
 * False after saying why, and then no file is left. */
bool init_write_secrets(const struct seed *seed, struct str issuer, const char *path);

#endif
