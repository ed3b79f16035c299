/* `scopemint key generate`: a key for the next rotation, or the first one, active at once. */
#include "cli/key.h"

enum cli_exit cli_key_generate_run(struct cli *cli)
{
    struct keyring_entry entry;
    struct key_context context;

    enum cli_exit code = key_context_init(cli, cli_value(cli, "--alg"), &context);
    if (code != CLI_OK)
        return code;
    const char *dir = context.config->keys.dir.ptr;
    enum keyring_status status = keyring_create(dir, &context.why);
    if (status == KEYRING_DONE)
        status = keyring_generate(dir, context.alg, context.now_s, &entry, &context.why);
    return key_finish(cli, &context, status, &entry);
}
