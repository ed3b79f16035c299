/* What the key commands share. */
#ifndef CLI_KEY_H
#define CLI_KEY_H

#include "cli/load.h"
#include "keyring/change.h"

/* Opens the configuration and works out what the commands need of it. False after printing errors.
 */
struct key_context {
    struct config *config;
    enum key_alg alg; /* of --alg where the command has it, else of tokens.alg */
    struct keyring_policy policy;
    int64_t now_s;
    struct buf why;
};

/* CLI_OK, or the exit code after saying why. alg: NULL for tokens.alg. */
enum cli_exit key_context_init(const struct cli *cli, const char *alg, struct key_context *out);
void key_context_done(struct key_context *context);

/* The exit code for a change; says why it was not made. Frees nothing. */
enum cli_exit key_changed(const struct key_context *context, enum keyring_status status);

/* The end of a command that made or changed the one key: tells a server that runs, and prints the
 * key; or says why there is none. Closes the context. */
enum cli_exit key_finish(struct cli *cli, struct key_context *context, enum keyring_status status,
                         const struct keyring_entry *entry);

void key_print(struct output *output, const struct keyring_entry *entry);

#endif
