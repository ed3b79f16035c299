/* Reading a node's files for a command. Each function prints what is wrong, all of it, on standard
 * error and then answers false; the command ends with CLI_CONFIG. */
#ifndef CLI_LOAD_H
#define CLI_LOAD_H

#include <stdbool.h>
#include <sys/types.h>

#include "cli/command.h"
#include "cli/output.h"
#include "config/config.h"
#include "core/buf.h"
#include "scope/catalogue.h"

bool cli_load_config(const struct cli *cli, struct config **out);
bool cli_load_catalogue(const struct config *config, struct scope_catalogue **out);

/* Configuration and catalogue for commands that need no more. */
bool cli_load_scopes(const struct cli *cli, struct config **out_config,
                     struct scope_catalogue **out_catalogue);

/* Lines as they are, to standard error; frees. */
void cli_print_errors(struct buf *errors);

/* A whole file, "-" for standard input. heap: the caller's, freed by it. False after saying why. */
bool cli_read_file(const char *path, size_t max, struct buf *out);

/* What is left of an open file; name is for messages. */
bool cli_read_handle(int file, const char *name, size_t max, struct buf *out);

/* The process that holds the store now, 0 for none, and for one that is not on disk. */
pid_t cli_store_owner(const struct config *config);

/* Asks the server on this store, if one runs, to read its files again, and says which it was. */
void cli_reload_server(const struct config *config);

/* Prints what the command worked out; CLI_OK, or CLI_FAILED when standard output took it not. */
enum cli_exit cli_finish(struct output *output, enum cli_exit code);

#endif
