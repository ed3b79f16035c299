/* `scopemint key list`: from the manifest alone; no private key is opened. */
#include "cli/key.h"

enum cli_exit cli_key_list_run(struct cli *cli)
{
    struct keyring_manifest manifest;
    struct key_context context;
    struct output output;

    enum cli_exit code = key_context_init(cli, NULL, &context);
    if (code != CLI_OK)
        return code;
    code =
        key_changed(&context, keyring_list(context.config->keys.dir.ptr, &manifest, &context.why));
    if (code == CLI_OK) {
        bool all = cli_value(cli, "--all") != NULL;
        output_init(&output, cli_wants_json(cli));
        output_table_begin(&output);
        for (size_t i = 0; i < manifest.n; i++) {
            if (manifest.entries[i].state == KEY_GONE && !all)
                continue;
            output_row_begin(&output);
            key_print(&output, &manifest.entries[i]);
            output_row_end(&output);
        }
        output_table_end(&output);
        code = cli_finish(&output, CLI_OK);
    }
    key_context_done(&context);
    return code;
}
