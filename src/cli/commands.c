/* The table of commands: what `help` prints and cli_main finds. Here stand those over files;
 * commands_*.c have those that ask a server. No command's words begin another's. */
#include "cli/command.h"

enum cli_exit cli_serve_run(struct cli *cli)
{
    struct config_source source;
    cli_config_source(cli, &source);
    return (enum cli_exit)cli->program->serve(&source);
}

static const struct command file_commands[] = {
    {
        .words = "serve",
        .operands = "",
        .help = "Run the server",
        .more = "SIGHUP reads scope tables, keys and limits again; SIGTERM lets running requests "
                "finish.",
        .run = cli_serve_run,
    },
    {
        .words = "init",
        .operands = "",
        .help = "Make keys, store, root partner and the first admin application",
        .more = "Prints ids and secrets once; they are stored nowhere else. The seed file adds "
                "partners and\n"
                "applications, all or nothing:\n"
                "  {\"root\": {\"name\", \"login\"}, \"admin\": {\"audiences\"},\n"
                "   \"partners\": [{\"ref\", \"parent\", \"name\", \"login\", \"status\", "
                "\"available_scopes\"}],\n"
                "   \"applications\": [{\"ref\", \"partner\", \"name\", \"type\", \"status\", "
                "\"scopes\",\n"
                "     \"token_endpoint_auth_method\", \"token_endpoint_auth_audience\", "
                "\"jwks\",\n"
                "     \"grant_types\", \"redirect_uris\", \"audiences\",\n"
                "     \"approved_restricted\", \"introspection\", \"access_token_ttl\"}]}\n"
                "`parent` and `partner` are a ref or \"root\", their default; available_scopes is "
                "\"all\" the\n"
                "parent has now, \"default\" or a list; scopes is \"all\" or a list.",
        .options =
            {
                {"--seed", "FILE.json", "add these partners and applications"},
                {"--secrets-file", "FILE",
                 "write the output there too, as JSON, mode 0600; never over a file"},
            },
        .run = cli_init_run,
    },
    {
        .words = "check-config",
        .operands = "",
        .help = "Check configuration, scope tables, roles and keys, all errors at once",
        .run = cli_check_config_run,
    },
    {
        .words = "doctor",
        .operands = "",
        .help = "Check this node: configuration, keys, store, disk, clock, the running server",
        .more = "Run it on the server's machine, as the server's user. Each check is ok, warn or "
                "FAIL, with what to\n"
                "do; the exit code is 1 when one is FAIL. Nothing is changed.",
        .run = cli_doctor_run,
    },
    {
        .words = "config-reference",
        .operands = "",
        .help = "Print every key of the configuration with default and meaning",
        .more = "Text, also into a pipe, unless --json is given.",
        .run = cli_config_reference_run,
    },
    {
        .words = "scope list",
        .operands = "",
        .help = "List the scopes of the catalogue",
        .options =
            {
                {"--table", "NAME", "of this table only, such as carrierx"},
                {"--category", "NAME", "of this category only"},
            },
        .run = cli_scope_list_run,
    },
    {
        .words = "scope show",
        .operands = "VALUE|ID",
        .operands_min = 1,
        .operands_max = 1,
        .help = "Show one scope, what it implies and what implies it",
        .run = cli_scope_show_run,
    },
    {
        .words = "key list",
        .operands = "",
        .help = "List the signing keys",
        .options = {{"--all", NULL, "also those that are gone"}},
        .run = cli_key_list_run,
    },
    {
        .words = "key generate",
        .operands = "",
        .help = "Make a key for the next rotation",
        .more = "It is published at once and signs after `scopemint key rotate`. The first key of "
                "all is active at\n"
                "once.",
        .options = {{"--alg", "NAME", "ES256, EdDSA, RS256 or PS256; default: tokens.alg"}},
        .run = cli_key_generate_run,
    },
    {
        .words = "key rotate",
        .operands = "",
        .help = "Sign with the next key from now on, and make a new next one",
        .more = "The key that signed so far stays published until its last token expired.",
        .options =
            {
                {"--alg", "NAME", "the keys of this algorithm; default: tokens.alg"},
                {"--force", NULL, "even if caches may not know the next key yet"},
            },
        .run = cli_key_rotate_run,
    },
    {
        .words = "key retire",
        .operands = "KID",
        .operands_min = 1,
        .operands_max = 1,
        .help = "Stop signing with a key whose algorithm is no longer used",
        .run = cli_key_retire_run,
    },
    {
        .words = "key withdraw",
        .operands = "KID",
        .operands_min = 1,
        .operands_max = 1,
        .help = "Drop a compromised key at once, and every token it signed",
        .options = {{"--replace", NULL, "also the active one; the next key takes its place"}},
        .run = cli_key_withdraw_run,
    },
    {
        .words = "audit verify",
        .operands = "",
        .help = "Check that the audit log is what the server wrote",
        .more =
            "Reads the store itself, also beside a running server. Without a head it finds what "
            "was changed\n"
            "within the log; with one that was kept elsewhere also that the log was cut off or "
            "made anew. Exit\n"
            "code 1: it does not hold.",
        .options = {{"--head", "JWS|FILE",
                     "a signed head, or a file with heads in it such as the server's log"}},
        .run = cli_audit_verify_run,
    },
    {
        .words = "token inspect",
        .operands = "-|FILE",
        .operands_min = 1,
        .operands_max = 1,
        .help = "Explain a token or secret, read from standard input or a file",
        .more = "Works on the files of this node alone, and never prints what it was given. Tokens "
                "are not taken\n"
                "from the command line, which every user of the machine can read.",
        .run = cli_token_inspect_run,
    },
    {
        .words = "help",
        .operands = "[COMMAND]",
        .operands_max = CLI_OPERANDS_MAX,
        .help = "Say what a command does",
        .run = cli_help_run,
    },
};

const struct command *cli_command_at(size_t i)
{
    static const struct command_list files = {file_commands,
                                              sizeof(file_commands) / sizeof(file_commands[0])};
    const struct command_list *const lists[] = {&files,
                                                &cli_token_commands,
                                                &cli_revoke_commands,
                                                &cli_partner_commands,
                                                &cli_app_commands,
                                                &cli_rule_commands};

    for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++) {
        if (i < lists[l]->n)
            return &lists[l]->commands[i];
        i -= lists[l]->n;
    }
    return NULL;
}
