/* `scopemint help`: all from the table of commands. */
#include <string.h>

#include "cli/command.h"

void cli_print_overview(FILE *out)
{
    fputs("Scopemint issues OAuth 2.0 tokens and tells whether they still hold.\n\n"
          "usage: scopemint COMMAND [OPTION]...\n\n",
          out);
    const struct command *command;
    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++)
        fprintf(out, "  %-18s %s\n", command->words, command->help);
    fputs(
        "\n`scopemint help COMMAND` says more, `scopemint help token` of all that begins so.\n"
        "Exit codes: 0 done; 1 could not be done, or the answer is no; 2 wrong command line; 3\n"
        "wrong configuration, tables, keys or seed; 4 the store is held by a running server; 5\n"
        "refused by the server; 6 no credentials, or not taken; 7 the server has no such object;\n"
        "8 the server cannot be reached, or says later.\n",
        out);
}

static void print_option(FILE *out, const struct cli_option *option)
{
    enum { WIDTH = 22 };
    char left[64];
    int n = snprintf(left, sizeof(left), "%s%s%s", option->name, option->value != NULL ? " " : "",
                     option->value != NULL ? option->value : "");
    if (n > WIDTH) /* its help goes below */
        fprintf(out, "  %s\n  %-*s %s\n", left, WIDTH, "", option->help);
    else
        fprintf(out, "  %-*s %s\n", WIDTH, left, option->help);
}

static void print_api_help(FILE *out)
{
    fputs(
        "\nIt asks a running server: the one of --server, $SCOPEMINT_SERVER, the credentials file "
        "or "
        "this\nnode's configuration. Who asks comes from $SCOPEMINT_TOKEN, from "
        "$SCOPEMINT_CLIENT_ID and\n$SCOPEMINT_CLIENT_SECRET, or from a JSON file of mode 0600 with "
        "\"token\", or \"client_id\" and\n\"client_secret\", and \"server\" (and \"ca_file\"): "
        "--credentials, $SCOPEMINT_CREDENTIALS, or\n~/.config/scopemint/credentials.json. The file "
        "of `init --secrets-file` does.\n",
        out);
}

static bool asks_server(const struct command *command)
{
    for (size_t i = 0; i < CLI_OPTIONS_MAX; i++)
        if (command->options[i].name != NULL && strcmp(command->options[i].name, "--server") == 0)
            return true;
    return false;
}

void cli_print_usage(FILE *out, const struct command *command)
{
    fprintf(out, "usage: scopemint %s%s%s [OPTION]...\n%s.\n\n", command->words,
            command->operands[0] != '\0' ? " " : "", command->operands, command->help);
    for (size_t i = 0; i < CLI_OPTIONS_MAX; i++)
        if (command->options[i].name != NULL)
            print_option(out, &command->options[i]);
    for (size_t i = 0; cli_common_option(i) != NULL; i++)
        print_option(out, cli_common_option(i));
    if (asks_server(command))
        print_api_help(out);
    if (command->more != NULL)
        fprintf(out, "\n%s\n", command->more);
}

/* Whether the command's first words are the operands. */
static bool begins_so(const struct command *command, const struct cli *cli)
{
    struct str rest = str_from(command->words), word;
    for (size_t i = 0; i < cli->operand_count; i++)
        if (!str_split(&rest, ' ', &word) || !str_eq(word, str_from(cli->operands[i])))
            return false;
    return true;
}

enum cli_exit cli_help_run(struct cli *cli)
{
    if (cli->operand_count == 0) {
        cli_print_overview(stdout);
        return CLI_OK;
    }
    const struct command *command;
    bool found = false;
    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++) {
        if (!begins_so(command, cli))
            continue;
        if (found)
            fputc('\n', stdout);
        cli_print_usage(stdout, command);
        found = true;
    }
    if (found)
        return CLI_OK;
    cli_say("there is no command `%s%s%s`; `scopemint help` lists them", cli->operands[0],
            cli->operand_count > 1 ? " " : "", cli->operand_count > 1 ? cli->operands[1] : "");
    return CLI_USAGE;
}
