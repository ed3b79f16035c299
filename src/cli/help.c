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

static void print_usage_line(FILE *out, const struct command *command)
{
    fprintf(out, "usage: scopemint %s%s%s [OPTION]...\n%s.\n\n", command->words,
            command->operands[0] != '\0' ? " " : "", command->operands, command->help);
}

static void print_common_options(FILE *out)
{
    for (size_t i = 0; cli_common_option(i) != NULL; i++)
        print_option(out, cli_common_option(i));
}

void cli_print_usage(FILE *out, const struct command *command)
{
    print_usage_line(out, command);
    for (size_t i = 0; i < CLI_OPTIONS_MAX; i++)
        if (command->options[i].name != NULL)
            print_option(out, &command->options[i]);
    print_common_options(out);
    if (asks_server(command))
        print_api_help(out);
    if (command->more != NULL)
        fprintf(out, "\n%s\n", command->more);
}

/* All that whoever asks a server takes: said once for many commands. */
static bool is_of_all_requests(const struct cli_option *option)
{
    return strcmp(option->name, "--server") == 0 || strcmp(option->name, "--credentials") == 0;
}

/* One of many: without what they have in common. */
static void print_one_of_many(FILE *out, const struct command *command)
{
    print_usage_line(out, command);
    size_t options = 0;
    for (size_t i = 0; i < CLI_OPTIONS_MAX; i++)
        if (command->options[i].name != NULL && !is_of_all_requests(&command->options[i])) {
            print_option(out, &command->options[i]);
            options++;
        }
    if (command->more != NULL)
        fprintf(out, "%s%s\n", options > 0 ? "\n" : "", command->more);
    if (options > 0 || command->more != NULL)
        fputc('\n', out);
}

/* asking: any of them that asks a server; NULL where none does. */
static void print_what_all_take(FILE *out, const struct command *asking)
{
    fputs("Options of all of these:\n\n", out);
    print_common_options(out);
    if (asking == NULL)
        return;
    fputs("\nOptions of those that ask a server:\n\n", out);
    for (size_t i = 0; i < CLI_OPTIONS_MAX; i++)
        if (asking->options[i].name != NULL && is_of_all_requests(&asking->options[i]))
            print_option(out, &asking->options[i]);
    print_api_help(out);
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
    const struct command *command, *found = NULL, *asking = NULL;
    size_t n = 0;
    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++)
        if (begins_so(command, cli)) {
            found = command;
            asking = asks_server(command) ? command : asking;
            n++;
        }
    if (n == 1)
        cli_print_usage(stdout, found);
    for (size_t i = 0; n > 1 && (command = cli_command_at(i)) != NULL; i++)
        if (begins_so(command, cli))
            print_one_of_many(stdout, command);
    if (n > 1)
        print_what_all_take(stdout, asking);
    if (n > 0)
        return CLI_OK;
    cli_say("there is no command `%s%s%s`; `scopemint help` lists them", cli->operands[0],
            cli->operand_count > 1 ? " " : "", cli->operand_count > 1 ? cli->operands[1] : "");
    return CLI_USAGE;
}
