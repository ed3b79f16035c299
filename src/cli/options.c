/* Reads options and operands off the command line; see command.h. */
#include <assert.h>
#include <unistd.h>

#include "cli/command.h"
#include "config/near.h"

/* In the environment for commands and scripts/, not keys of the configuration. */
static const char *const not_keys[] = {
    "SCOPEMINT_BIN",       "SCOPEMINT_CONFIG",        "SCOPEMINT_SERVER",      "SCOPEMINT_TOKEN",
    "SCOPEMINT_CLIENT_ID", "SCOPEMINT_CLIENT_SECRET", "SCOPEMINT_CREDENTIALS", "SCOPEMINT_CA_FILE",
};

static const struct cli_option common[] = {
    {"--config", "FILE", "read this configuration"},
    {"--set", "KEY=VALUE", "override one key of it; may be repeated"},
    {"--json", NULL, "print JSON (the default unless standard output is a terminal)"},
    {"--text", NULL, "print text (the default on a terminal)"},
    {"--help", NULL, "say what this does and end"},
    {"--version", NULL, "print the version and end"},
};
enum { OPTION_NAME_MAX = 40 };
enum { OPTION_CONFIG, OPTION_SET, OPTION_JSON, OPTION_TEXT, OPTION_HELP, OPTION_VERSION, COMMON };
static_assert(sizeof(common) / sizeof(common[0]) == COMMON, "one name each");

const struct cli_option *cli_common_option(size_t i)
{
    return i < COMMON ? &common[i] : NULL;
}

/* "--name" or "--name=value". */
static bool is_option(const char *argument, const struct cli_option *option)
{
    struct str a = str_from(argument);
    return option->name != NULL &&
           str_eq(str_slice(a, 0, str_find(a, '=')), str_from(option->name));
}

/* Takes the value behind '=' or the next argument. */
static bool take_value(const struct cli_option *option, int argc, char *const *argv, int *at,
                       const char **out)
{
    const char *equals = strchr(argv[*at], '=');
    if (option->value == NULL) {
        if (equals != NULL) {
            cli_say("%s takes no value", option->name);
            return false;
        }
        *out = "";
    } else if (equals != NULL) {
        *out = equals + 1;
    } else if (*at + 1 < argc) {
        *out = argv[++*at];
    } else {
        cli_say("%s needs a value: %s %s", option->name, option->name, option->value);
        return false;
    }
    ++*at;
    return true;
}

static bool apply_common(struct cli *cli, size_t option, const char *value)
{
    switch (option) {
    case OPTION_CONFIG:
        cli->config_path = value;
        return true;
    case OPTION_SET:
        if (cli->override_count == CLI_OVERRIDES_MAX) {
            cli_say("--set may be repeated %d times", CLI_OVERRIDES_MAX);
            return false;
        }
        cli->overrides[cli->override_count++] = value;
        return true;
    case OPTION_JSON:
        cli->form = CLI_FORM_JSON;
        return true;
    case OPTION_TEXT:
        cli->form = CLI_FORM_TEXT;
        return true;
    case OPTION_VERSION:
        cli->version = true;
        return true;
    default:
        cli->help = true;
        return true;
    }
}

/* The option at argv[*at]: *out_taken tells whether it was a common one. False after an error. */
static bool take_common(struct cli *cli, int argc, char *const *argv, int *at, bool *out_taken)
{
    *out_taken = false;
    const char *argument = strcmp(argv[*at], "-h") == 0 ? "--help" : argv[*at];
    for (size_t i = 0; i < COMMON; i++) {
        if (!is_option(argument, &common[i]))
            continue;
        const char *value;
        *out_taken = true;
        return take_value(&common[i], argc, argv, at, &value) && apply_common(cli, i, value);
    }
    return true;
}

static bool refuse_option(const struct cli *cli, const char *argument)
{
    struct str a = str_from(argument);
    struct near near;
    near_init(&near, str_slice(a, 0, str_find(a, '=')));
    for (size_t i = 0; i < COMMON; i++)
        near_offer(&near, common[i].name);
    for (size_t i = 0; cli->command != NULL && i < CLI_OPTIONS_MAX; i++)
        if (cli->command->options[i].name != NULL)
            near_offer(&near, cli->command->options[i].name);
    if (near.best.ptr != NULL)
        cli_say("there is no option %.*s here; did you mean %.*s?", STR_ARG(near.given),
                STR_ARG(near.best));
    else
        cli_say("there is no option %.*s here", STR_ARG(near.given));
    return false;
}

/* A key's id is base64url and may begin with a dash; no option's name is as long. */
static bool looks_like_option(const char *argument)
{
    struct str name = str_slice(str_from(argument), 0, str_find(str_from(argument), '='));

    return argument[0] == '-' && argument[1] != '\0' && name.len < OPTION_NAME_MAX;
}

bool cli_parse_common(struct cli *cli, int argc, char *const *argv, int *at)
{
    while (*at < argc && looks_like_option(argv[*at])) {
        bool taken;
        if (!take_common(cli, argc, argv, at, &taken))
            return false;
        if (!taken)
            return refuse_option(cli, argv[*at]);
    }
    return true;
}

static bool take_own(struct cli *cli, int argc, char *const *argv, int *at)
{
    for (size_t i = 0; i < CLI_OPTIONS_MAX; i++) {
        const struct cli_option *option = &cli->command->options[i];
        if (!is_option(argv[*at], option))
            continue;
        if (cli->values[i] != NULL) {
            cli_say("%s stands there twice", option->name);
            return false;
        }
        return take_value(option, argc, argv, at, &cli->values[i]);
    }
    return refuse_option(cli, argv[*at]);
}

static bool take_operand(struct cli *cli, const char *operand)
{
    if (cli->operand_count == cli->command->operands_max) {
        cli_say("`%s` does not take `%s`", cli->command->words, operand);
        return false;
    }
    assert(cli->operand_count < CLI_OPERANDS_MAX);
    cli->operands[cli->operand_count++] = operand;
    return true;
}

bool cli_parse_rest(struct cli *cli, int argc, char *const *argv, int at)
{
    bool options_end = false;
    while (at < argc) {
        bool taken = false;
        if (!options_end && strcmp(argv[at], "--") == 0) {
            options_end = true;
            at++;
        } else if (options_end || !looks_like_option(argv[at])) {
            if (!take_operand(cli, argv[at++]))
                return false;
        } else if (!take_common(cli, argc, argv, &at, &taken)) {
            return false;
        } else if (!taken && !take_own(cli, argc, argv, &at)) {
            return false;
        }
    }
    if (cli->help || cli->operand_count >= cli->command->operands_min)
        return true;
    cli_say("`%s` needs %s", cli->command->words, cli->command->operands);
    return false;
}

const char *cli_value(const struct cli *cli, const char *name)
{
    size_t i = 0;
    while (i < CLI_OPTIONS_MAX && (cli->command->options[i].name == NULL ||
                                   strcmp(cli->command->options[i].name, name) != 0))
        i++;
    assert(i < CLI_OPTIONS_MAX); /* the command has that option */
    return cli->values[i];
}

bool cli_wants_json(const struct cli *cli)
{
    return cli->form == CLI_FORM_JSON || (cli->form == CLI_FORM_AUTO && isatty(STDOUT_FILENO) == 0);
}

const char *cli_environment(const struct cli *cli, struct str name)
{
    for (char *const *variable = cli->envp; variable != NULL && *variable != NULL; variable++) {
        struct str v = str_from(*variable);
        if (str_eq(str_slice(v, 0, str_find(v, '=')), name) && v.len > name.len + 1)
            return *variable + name.len + 1;
    }
    return NULL;
}

const char *cli_config_path(const struct cli *cli)
{
    if (cli->config_path != NULL)
        return cli->config_path;
    const char *named = cli_environment(cli, STR("SCOPEMINT_CONFIG"));
    if (named != NULL)
        return named;
    const char *here = "conf/scopemint.yaml";
    return access(here, F_OK) == 0 ? here : "/etc/scopemint/scopemint.yaml";
}

void cli_config_source(const struct cli *cli, struct config_source *out)
{
    *out = (struct config_source){
        .path = cli_config_path(cli),
        .envp = cli->envp,
        .not_keys = not_keys,
        .not_keys_n = sizeof(not_keys) / sizeof(not_keys[0]),
        .overrides = cli->overrides,
        .overrides_n = cli->override_count,
    };
}
