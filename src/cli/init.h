/* What `scopemint init` tells its caller: ids and secrets, once (P5). Shared by init*.c alone. */
#ifndef CLI_INIT_H
#define CLI_INIT_H

#include <stdbool.h>

#include "cli/output.h"
#include "cli/seed.h"

/* Renders it, to be printed by output_finish when the rows are in. False after saying that it does
 * not fit: known before anything is written, since secrets that cannot be printed are lost. Finish
 * *out only after true. */
bool init_render(const struct seed *seed, struct str issuer, bool json, struct output *out);

/* The same as JSON in a file of mode 0600 that must not be there yet; on the disk when it returns.
 * False after saying why, and then no file is left. */
bool init_write_secrets(const struct seed *seed, struct str issuer, const char *path);

#endif
