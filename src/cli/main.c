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
    const struct command *command;

    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++) {
        *out_words = match_words(command, argc, argv);
        if (*out_words > 0)
            return command;
    }
    return NULL;
}

/* Whether the command's words begin with the first n arguments and go on behind them. */
static bool continues(const struct command *command, size_t n, char *const *argv)
{
    struct str rest = str_from(command->words), word;
    for (size_t i = 0; i < n; i++)
        if (!str_split(&rest, ' ', &word) || !str_eq(word, str_from(argv[i])))
            return false;
    return rest.ptr != NULL;
}

/* How many of the arguments begin some command's words: 0 when not even the first does. */
static size_t count_known(int argc, char *const *argv)
{
    const struct command *command;
    size_t known = 0;
    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++)
        while (known < (size_t)argc && continues(command, known + 1, argv))
            known++;
    return known;
}

/* The known words and the first that is not, as they were given. */
static void join_words(size_t n, char *const *argv, char *out, size_t size)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < n && len < size; i++)
        len += (size_t)snprintf(out + len, size - len, "%s%s", i > 0 ? " " : "", argv[i]);
}

static enum cli_exit refuse_unknown(int argc, char *const *argv)
{
    size_t known = count_known(argc, argv);
    bool incomplete = known == (size_t)argc;
    const struct command *command;
    char given[4 * LIMIT_NAME];

    join_words(incomplete ? known : known + 1, argv, given, sizeof(given));
    struct near near;
    near_init(&near, str_from(given));
    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++)
        near_offer(&near, command->words);
    if (incomplete)
        cli_say("`%s` needs a verb:", given);
    else if (near.best.ptr != NULL)
        cli_say("there is no command `%s`; did you mean `%.*s`?", given, STR_ARG(near.best));
    else
        cli_say("there is no command `%s`; `scopemint help` lists them", given);
    for (size_t i = 0; known > 0 && (command = cli_command_at(i)) != NULL; i++)
        if (continues(command, known, argv))
            fprintf(stderr, "  scopemint %-18s %s\n", command->words, command->help);
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
