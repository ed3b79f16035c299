/* The server process: opens everything, serves until it is told to stop, closes everything. */
#ifndef APP_SERVE_H
#define APP_SERVE_H

#include "config/config.h"

/* Returns the exit code (cli/cli.h). */
int serve(const struct config_source *source);

#endif
