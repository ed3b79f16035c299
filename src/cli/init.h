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

/* The same as JSON in a file of mode 0600, on the disk when it returns, still under another name:
 * "<path>.unfinished". False after saying why, also when there is a file at path. */
bool init_write_secrets(const struct seed *seed, struct str issuer, const char *path);

/* When the rows are in: gives the file its name. When they are not: removes it. */
bool init_name_secrets(const char *path);
void init_drop_secrets(const char *path);

/* For a store that has a root: was it made by an init that was stopped before it named its secrets
 * file? Then that is done now, and what the file holds is printed. */
enum init_resumed { INIT_NOT_STOPPED, INIT_RESUMED, INIT_RESUME_FAILED };
enum init_resumed init_resume(const char *path, const struct sid *root, bool json,
                              struct arena *arena);

#endif
