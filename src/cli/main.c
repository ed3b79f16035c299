/* Finds the command and runs it; see cli.h. */
#include <stdarg.h>

#include "cli/command.h"
#include "config/near.h"
#include "core/limits.h"
#include "core/version.h"

void cli_say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("scopemint: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

/* How many arguments make up the command's words, 0 when they do not stand here. */
static int match_words(const struct command *command, int argc, char *const *argv)
{
    struct str rest = str_from(command->words), word;
    int n = 0;
    while (str_split(&rest, ' ', &word)) {
        if (n == argc || !str_eq(word, str_from(argv[n])))
            return 0;
        n++;
    }
    return n;
}

static const struct command *find_command(int argc, char *const *argv, int *out_words)
{
    for (size_t i = 0; i < cli_command_count; i++) {
        int words = match_words(&cli_commands[i], argc, argv);
        if (words > 0) {
            *out_words = words;
            return &cli_commands[i];
        }
    }
    return NULL;
}

/* True when argv[0] is the first of two words, so the second is what went wrong. */
static bool is_noun(const char *word)
{
    for (size_t i = 0; i < cli_command_count; i++) {
        struct str rest = str_from(cli_commands[i].words), noun;
        if (str_split(&rest, ' ', &noun) && rest.ptr != NULL && str_eq(noun, str_from(word)))
            return true;
    }
    return false;
}

static enum cli_exit refuse_unknown(int argc, char *const *argv)
{
    bool noun = is_noun(argv[0]);
    char given[2 * LIMIT_NAME];
    if (noun && argc > 1)
        snprintf(given, sizeof(given), "%s %s", argv[0], argv[1]);
    else
        snprintf(given, sizeof(given), "%s", argv[0]);

    struct near near;
    near_init(&near, str_from(given));
    for (size_t i = 0; i < cli_command_count; i++)
        near_offer(&near, cli_commands[i].words);
    if (noun && argc == 1)
        cli_say("`%s` needs a verb:", given);
    else if (near.best.ptr != NULL)
        cli_say("there is no command `%s`; did you mean `%.*s`?", given, STR_ARG(near.best));
    else
        cli_say("there is no command `%s`; `scopemint help` lists them", given);
    for (size_t i = 0; noun && i < cli_command_count; i++)
        if (str_starts_with(str_from(cli_commands[i].words), str_from(argv[0])))
            fprintf(stderr, "  scopemint %-16s %s\n", cli_commands[i].words, cli_commands[i].help);
    return CLI_USAGE;
}

int cli_main(int argc, char **argv, char **envp, const struct cli_program *program)
{
    struct cli cli = {.envp = envp, .program = program, .form = CLI_FORM_AUTO};
    int at = 1;
    if (!cli_parse_common(&cli, argc, argv, &at))
        return CLI_USAGE;
    if (cli.version) {
        printf("scopemint %s\n", scopemint_version);
        return CLI_OK;
    }
    if (at == argc) {
        cli_print_overview(cli.help ? stdout : stderr);
        return cli.help ? CLI_OK : CLI_USAGE;
    }

    int words = 0;
    cli.command = find_command(argc - at, argv + at, &words);
    if (cli.command == NULL)
        return refuse_unknown(argc - at, argv + at);
    if (!cli_parse_rest(&cli, argc, argv, at + words)) {
        cli_print_usage(stderr, cli.command);
        return CLI_USAGE;
    }
    if (cli.help) {
        cli_print_usage(stdout, cli.command);
        return CLI_OK;
    }
    return cli.command->run(&cli);
}
