/* The command line: noun-verb commands, over the files of a node or over a server's API. cli_main
 * reads the arguments, finds the command in the table (commands*.c) and runs it. What works on
 * files is a file of its own each; what asks a server is data (api.h) and runs in one way.
 *
 * Commands print their result on standard output, as a table on a terminal and as JSON elsewhere or
 * with --json, and everything else on standard error. Secrets are taken from files and standard
 * input only, since arguments are visible to every user of the machine. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "config/config.h"

/* Exit codes; printed by `scopemint help`. */
enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,       /* what was asked could not be done, or the answer is no */
    CLI_USAGE = 2,        /* the command line itself is wrong */
    CLI_CONFIG = 3,       /* configuration, scope tables, roles, keys or seed are wrong */
    CLI_STORE_IN_USE = 4, /* a running server holds the store */
    CLI_REFUSED = 5,      /* the server refused the request */
    CLI_UNAUTHORISED = 6, /* no credentials, or the server does not take them */
    CLI_NOT_FOUND = 7,    /* the server has no such object, or none that may be seen */
    CLI_UNAVAILABLE = 8,  /* the server cannot be reached, or asks to try later */
};

/* What the program adds: cli lies below app and cannot call it. */
struct cli_program {
    /* Runs the server until it is told to stop; returns the exit code. source is borrowed. */
    int (*serve)(const struct config_source *source);
};

/* envp: NULL-terminated, the process's environment. Returns the exit code of the process. */
int cli_main(int argc, char **argv, char **envp, const struct cli_program *program);

#endif
