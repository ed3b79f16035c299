/* `scopemint key rotate`: the next key signs from now on; the active one retires and stays in the
 * JWKS until its last token expired (SPEC 7). */
#include "cli/key.h"

enum cli_exit cli_key_rotate_run(struct cli *cli)
{
    bool force = cli_value(cli, "--force") != NULL;
    struct keyring_entry entry;
    struct key_context context;

    enum cli_exit code = key_context_init(cli, cli_value(cli, "--alg"), &context);
    if (code != CLI_OK)
        return code;
    enum keyring_status status =
        keyring_rotate(context.config->keys.dir.ptr, context.alg, &context.policy, force,
                       context.now_s, &entry, &context.why);
    return key_finish(cli, &context, status, &entry);
}
