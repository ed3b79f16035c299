/* `scopemint help`: all from the table of commands. */
#include "cli/command.h"

void cli_print_overview(FILE *out)
{
    fputs("Scopemint issues OAuth 2.0 tokens and tells whether they still hold.\n\n"
          "usage: scopemint COMMAND [OPTION]...\n\n",
          out);
    for (size_t i = 0; i < cli_command_count; i++)
        fprintf(out, "  %-18s %s\n", cli_commands[i].words, cli_commands[i].help);
    fputs("\n`scopemint help COMMAND` says more. Exit codes: 0 done; 1 could not be done, or the\n"
          "answer is no; 2 wrong command line; 3 wrong configuration, tables, keys or seed; 4 the\n"
          "store is held by a running server.\n",
          out);
}

static void print_option(FILE *out, const struct cli_option *option)
{
    char left[64];
    snprintf(left, sizeof(left), "%s%s%s", option->name, option->value != NULL ? " " : "",
             option->value != NULL ? option->value : "");
    fprintf(out, "  %-22s %s\n", left, option->help);
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
    if (command->more != NULL)
        fprintf(out, "\n%s\n", command->more);
}

enum cli_exit cli_help_run(struct cli *cli)
{
    if (cli->operand_count == 0) {
        cli_print_overview(stdout);
        return CLI_OK;
    }
    bool found = false;
    for (size_t i = 0; i < cli_command_count; i++) {
        struct str rest = str_from(cli_commands[i].words), noun, verb;
        str_split(&rest, ' ', &noun);
        bool fits = str_eq(noun, str_from(cli->operands[0]));
        if (fits && cli->operand_count > 1)
            fits = str_split(&rest, ' ', &verb) && str_eq(verb, str_from(cli->operands[1]));
        if (!fits)
            continue;
        if (found)
            fputc('\n', stdout);
        cli_print_usage(stdout, &cli_commands[i]);
        found = true;
    }
    if (found)
        return CLI_OK;
    cli_say("there is no command `%s%s%s`; `scopemint help` lists them", cli->operands[0],
            cli->operand_count > 1 ? " " : "", cli->operand_count > 1 ? cli->operands[1] : "");
    return CLI_USAGE;
}
