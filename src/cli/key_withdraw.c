/* `scopemint key withdraw` and `key retire`: a key leaves, at once with all it signed, or when its
 * last token has expired. */
#include "cli/key.h"

static enum cli_exit finish(struct cli *cli, struct key_context *context,
                            enum keyring_status status, const char *became)
{
    struct output output;
    enum cli_exit code = key_changed(context, status);

    if (code == CLI_OK) {
        cli_reload_server(context->config);
        output_init(&output, cli_wants_json(cli));
        output_begin(&output);
        output_str(&output, "kid", str_from(cli->operands[0]));
        output_str(&output, "state", str_from(became));
        output_end(&output);
        code = cli_finish(&output, CLI_OK);
    }
    key_context_done(context);
    return code;
}

enum cli_exit cli_key_withdraw_run(struct cli *cli)
{
    struct key_context context;
    enum cli_exit code = key_context_init(cli, NULL, &context);

    if (code != CLI_OK)
        return code;
    bool replace = cli_value(cli, "--replace") != NULL;
    enum keyring_status status =
        keyring_withdraw(context.config->keys.dir.ptr, str_from(cli->operands[0]), replace,
                         context.now_s, &context.why);
    return finish(cli, &context, status, key_state_name(KEY_GONE));
}

enum cli_exit cli_key_retire_run(struct cli *cli)
{
    struct key_context context;
    enum cli_exit code = key_context_init(cli, NULL, &context);

    if (code != CLI_OK)
        return code;
    enum keyring_status status =
        keyring_retire(context.config->keys.dir.ptr, str_from(cli->operands[0]), &context.policy,
                       context.now_s, &context.why);
    return finish(cli, &context, status, key_state_name(KEY_RETIRED));
}
