/* Which server a command asks, and as whom: from options, the environment, or a file that nobody
 * else can read. Never from the command line, which every user of the machine can (P5).
 *
 *   server       --server, $SCOPEMINT_SERVER, the file, else server.issuer of the configuration
 *   token        $SCOPEMINT_TOKEN; $SCOPEMINT_CLIENT_ID and $SCOPEMINT_CLIENT_SECRET; the file
 *   file         --credentials, $SCOPEMINT_CREDENTIALS, $XDG_CONFIG_HOME/scopemint/credentials.json
 *
 * The file is {"server", "token"} or {"server", "client_id", "client_secret"}, both with "ca_file"
 * where a private authority signed; what `init --secrets-file` writes is taken too, as its admin.
 */
#ifndef CLI_CREDENTIALS_H
#define CLI_CREDENTIALS_H

#include "cli/command.h"
#include "core/arena.h"
#include "core/str.h"

struct credentials {
    struct str server;   /* "https://host[:port]", nothing behind it */
    const char *ca_file; /* NULL: the system's */
    struct str token;    /* empty: not asked for yet */
    struct str client_id, client_secret;
};

/* Where the server is, and whatever the sources say beside it. CLI_OK, or the exit code after
 * saying why. Text lives in the arena, which wipes. */
enum cli_exit credentials_find(struct cli *cli, struct arena *arena, struct credentials *out);

/* Makes sure of a token: exchanges id and secret for one that lasts minutes. CLI_OK, or the exit
 * code after saying why. */
enum cli_exit credentials_ready(struct credentials *credentials, struct arena *arena);

/* "https://host[:port]" of a URL, without a slash at its end. NULL, or what is wrong with it. Clear
 * text is taken for this machine alone. */
const char *credentials_check_server(struct str url, struct str *out);

#endif
