/* `scopemint key rotate`: the next key signs from now on; the active one retires and stays in the
 * JWKS until its last token expired (SPEC 7). */
#include "cli/key.h"

enum cli_exit cli_key_rotate_run(struct cli *cli)
{
    bool force = cli_value(cli, "--force") != NULL;
    struct keyring_entry entry;
    struct key_context context;
    struct output output;

    enum cli_exit code = key_context_init(cli, cli_value(cli, "--alg"), &context);
    if (code != CLI_OK)
        return code;
    code = key_changed(&context,
                       keyring_rotate(context.config->keys.dir.ptr, context.alg, &context.policy,
                                      force, context.now_s, &entry, &context.why));
    if (code == CLI_OK) {
        cli_reload_server(context.config);
        output_init(&output, cli_wants_json(cli));
        output_begin(&output);
        key_print(&output, &entry);
        output_end(&output);
        code = cli_finish(&output, CLI_OK);
    }
    key_context_done(&context);
    return code;
}
