/* Command lines: options before and behind the words, values in both spellings, and what is
 * refused. */
#include <criterion/criterion.h>

#include "cli/command.h"

static const struct command command = {
    .words = "thing do",
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 2,
    .help = "Do it",
    .options = {{"--table", "NAME", "a table"}, {"--all", NULL, "all"}},
};

struct line {
    const char *arguments[12]; /* ends with NULL */
};

static int count(const struct line *line)
{
    int n = 0;
    while (line->arguments[n] != NULL)
        n++;
    return n;
}

static bool parse(const struct line *line, struct cli *out)
{
    *out = (struct cli){.command = &command};
    return cli_parse_rest(out, count(line), (char *const *)line->arguments, 0);
}

Test(options, take_values_in_both_spellings_anywhere)
{
    static const struct line lines[] = {
        {{"x", "--table", "t", "--all", "--set", "a.b=c", "--json"}},
        {{"--table=t", "--set=a.b=c", "--json", "--all", "x"}},
        {{"--json", "--all", "x", "--set", "a.b=c", "--table=t"}},
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct cli cli;
        cr_assert(parse(&lines[i], &cli), "%zu", i);
        cr_assert_str_eq(cli_value(&cli, "--table"), "t");
        cr_assert_not_null(cli_value(&cli, "--all"));
        cr_assert_eq(cli.operand_count, (size_t)1);
        cr_assert_str_eq(cli.operands[0], "x");
        cr_assert_eq(cli.override_count, (size_t)1);
        cr_assert_str_eq(cli.overrides[0], "a.b=c");
        cr_assert(cli_wants_json(&cli));
    }
}

Test(options, end_with_two_dashes_and_one_dash_is_an_operand)
{
    struct cli cli;
    cr_assert(parse(&(struct line){{"-", "--", "--all"}}, &cli));
    cr_assert_eq(cli.operand_count, (size_t)2);
    cr_assert_str_eq(cli.operands[0], "-");
    cr_assert_str_eq(cli.operands[1], "--all");
    cr_assert_null(cli_value(&cli, "--all"));
}

/* One key in 64 has an id like these. */
Test(options, a_long_id_that_begins_with_a_dash_is_an_operand)
{
    struct cli cli;
    cr_assert(parse(&(struct line){{"-ffzuYBbU1ce3RscMaL4JD27_VsCu36a5GnmL1234567", "--all",
                                    "--fzuYBbU1ce3RscMaL4JD27_VsCu36a5GnmL1234567"}},
                    &cli));
    cr_assert_eq(cli.operand_count, (size_t)2);
    cr_assert_not_null(cli_value(&cli, "--all"));
    cr_assert_not(
        parse(&(struct line){{"x", "--fzuYBbU1ce3RscMaL4JD27_VsCu36a5GnmL=34567"}}, &cli));
}

Test(options, help_needs_no_operand)
{
    struct cli cli;
    cr_assert(parse(&(struct line){{"-h"}}, &cli));
    cr_assert(cli.help);
}

Test(options, refuse)
{
    static const struct line lines[] = {
        {{NULL}},                                /* the operand is missing */
        {{"x", "y", "z"}},                       /* one too many */
        {{"x", "--table"}},                      /* no value */
        {{"x", "--tabel", "t"}},                 /* unknown */
        {{"x", "--all=1"}},                      /* takes none */
        {{"x", "--json=1"}},                     /* likewise, a common one */
        {{"x", "--table", "a", "--table", "b"}}, /* twice */
        {{"x", "--config"}},
        {{"x", "-q"}},
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct cli cli;
        cr_assert_not(parse(&lines[i], &cli), "%zu", i);
    }
}

Test(options, set_is_bounded)
{
    char *arguments[2 * CLI_OVERRIDES_MAX + 3];
    struct cli cli = {.command = &command};
    int n = 0;
    arguments[n++] = (char *)"x";
    for (int i = 0; i < CLI_OVERRIDES_MAX; i++) {
        arguments[n++] = (char *)"--set";
        arguments[n++] = (char *)"a.b=c";
    }
    cr_assert(cli_parse_rest(&cli, n, arguments, 0));
    arguments[n++] = (char *)"--set=a.b=c";
    cli = (struct cli){.command = &command};
    cr_assert_not(cli_parse_rest(&cli, n, arguments, 0));
}

Test(options, configuration_comes_from_the_option_then_the_environment)
{
    static char *const environment[] = {(char *)"SCOPEMINT_CONFIGX=/no",
                                        (char *)"SCOPEMINT_CONFIG=/env.yaml", NULL};
    static char *const blank[] = {(char *)"SCOPEMINT_CONFIG=", NULL};
    struct cli cli = {.command = &command, .envp = environment};
    cr_assert_str_eq(cli_config_path(&cli), "/env.yaml");
    cli.config_path = "/option.yaml";
    cr_assert_str_eq(cli_config_path(&cli), "/option.yaml");
    cli = (struct cli){.command = &command, .envp = blank};
    cr_assert(strstr(cli_config_path(&cli), "scopemint.yaml") != NULL);
}

Test(options, before_the_words_are_the_common_ones)
{
    static char *const arguments[] = {(char *)"--config", (char *)"f", (char *)"--text",
                                      (char *)"scope"};
    static char *const own[] = {(char *)"--table", (char *)"t"};
    struct cli cli = {0};
    int at = 0;
    cr_assert(cli_parse_common(&cli, 4, arguments, &at));
    cr_assert_eq(at, 3);
    cr_assert_str_eq(cli.config_path, "f");
    cr_assert_not(cli_wants_json(&cli));
    at = 0;
    cr_assert_not(cli_parse_common(&cli, 2, own, &at));
}
