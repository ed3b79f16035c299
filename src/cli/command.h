/* What a command is and what it is given. Shared by the files of this folder only. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cli/cli.h"

enum { CLI_OVERRIDES_MAX = 64, CLI_OPTIONS_MAX = 20, CLI_OPERANDS_MAX = 3 };

struct cli;
struct api_verb;

enum cli_form { CLI_FORM_AUTO, CLI_FORM_JSON, CLI_FORM_TEXT };

/* What an option is of a request to the server (api.h). */
enum cli_option_use {
    USE_LOCAL, /* nothing: the command's own */
    USE_QUERY, /* a parameter of the query string */
    USE_PATH,  /* one more segment of the path */
    USE_TEXT,  /* members of the body, by type: */
    USE_INT,
    USE_BOOL,  /* a flag is true */
    USE_NAMES, /* an array; blanks or commas between the names */
    USE_JSON,  /* read from that file */
    USE_BODY,  /* the whole body, read from that file */
};

struct cli_option {
    const char *name;  /* "--table" */
    const char *value; /* what stands for its value in help; NULL: a flag */
    const char *help;
    enum cli_option_use use;
    const char *field; /* the server's name for it; NULL: "a_b" of "--a-b" */
};

struct command {
    const char *words;    /* "scope list" */
    const char *operands; /* as help shows them, "" for none */
    size_t operands_min, operands_max;
    const char *help; /* one line */
    const char *more; /* below the options in help; may be NULL */
    struct cli_option options[CLI_OPTIONS_MAX];
    enum cli_exit (*run)(struct cli *cli);
    const struct api_verb *api; /* of commands that are a request to the server */
};

/* All commands, in the order of help; NULL past the last. */
const struct command *cli_command_at(size_t i);

struct command_list {
    const struct command *commands;
    size_t n;
};
extern const struct command_list cli_token_commands, cli_revoke_commands, cli_partner_commands,
    cli_app_commands, cli_rule_commands;

struct cli {
    const struct command *command;
    const struct cli_program *program;
    char *const *envp;
    enum cli_form form;
    bool help, version;
    const char *config_path; /* of --config; NULL when not given */
    const char *overrides[CLI_OVERRIDES_MAX];
    size_t override_count;
    const char
        *values[CLI_OPTIONS_MAX]; /* beside command->options; NULL: not given; "" for flags */
    const char *operands[CLI_OPERANDS_MAX];
    size_t operand_count;
};

/* The option's value, NULL when it was not given. name must be one of the command's own. */
const char *cli_value(const struct cli *cli, const char *name);

/* Whether the result is to be JSON. */
bool cli_wants_json(const struct cli *cli);

/* The options every command takes, in the order of help; NULL past the last. */
const struct cli_option *cli_common_option(size_t i);

/* The value of an environment variable, NULL when it is not set or empty. */
const char *cli_environment(const struct cli *cli, struct str name);

/* One line on standard error, "scopemint: " before it. */
void cli_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Options before the command's words, from argv[*at] on; options and operands behind them. False
 * after saying what is wrong. */
bool cli_parse_common(struct cli *cli, int argc, char *const *argv, int *at);
bool cli_parse_rest(struct cli *cli, int argc, char *const *argv, int at);

/* The file the configuration is read from: --config, $SCOPEMINT_CONFIG, conf/scopemint.yaml below
 * the current directory, /etc/scopemint/scopemint.yaml. */
const char *cli_config_path(const struct cli *cli);
void cli_config_source(const struct cli *cli, struct config_source *out);

enum cli_exit cli_api_run(struct cli *cli);
enum cli_exit cli_doctor_run(struct cli *cli);
enum cli_exit cli_help_run(struct cli *cli);
enum cli_exit cli_audit_verify_run(struct cli *cli);
enum cli_exit cli_check_config_run(struct cli *cli);
enum cli_exit cli_config_reference_run(struct cli *cli);
enum cli_exit cli_init_run(struct cli *cli);
enum cli_exit cli_key_generate_run(struct cli *cli);
enum cli_exit cli_key_retire_run(struct cli *cli);
enum cli_exit cli_key_list_run(struct cli *cli);
enum cli_exit cli_key_rotate_run(struct cli *cli);
enum cli_exit cli_key_withdraw_run(struct cli *cli);
enum cli_exit cli_leak_check_run(struct cli *cli);
enum cli_exit cli_scope_list_run(struct cli *cli);
enum cli_exit cli_scope_show_run(struct cli *cli);
enum cli_exit cli_serve_run(struct cli *cli);
enum cli_exit cli_token_inspect_run(struct cli *cli);

void cli_print_overview(FILE *out);
void cli_print_usage(FILE *out, const struct command *command);

#endif
