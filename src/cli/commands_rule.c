/* `scopemint rule`: what it asks the server about access control rules (SPEC 9). */
#include "cli/commands_api.h"

#define RULES "/core/v2/accesscontrol/rules"
#define RULE  RULES "/{}"

#define ONE_RULE .operands = "RULE_SID", .operands_min = 1, .operands_max = 1

/* clang-format off */
#define RULE_OPTIONS \
    {"--name", "TEXT", "its name", USE_TEXT}, \
    {"--field", "FIELD", "calling, called, from, to or message", USE_TEXT}, \
    {"--operation", "WORD", "exact, prefix or regexp", USE_TEXT}, \
    {"--quantifier", "WORD", "all, any or none", USE_TEXT}, \
    {"--entries", "TEXTS", "all of them, blanks or commas between", USE_NAMES}, \
    BODY_OPTION
/* clang-format on */

static const struct command commands[] = {
    {
        .words = "rule list",
        .operands = "",
        .help = "List the access control rules of the caller's partner and those above",
        .options = {LIST_OPTIONS, API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"GET", RULES},
                                        .answer = API_LIST,
                                        .columns = {"rule_sid", "name", "field", "operation",
                                                    "quantifier", "read_only"}},
    },
    {
        .words = "rule show",
        ONE_RULE,
        .help = "Show an access control rule",
        .options = {API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"GET", RULE}},
    },
    {
        .words = "rule create",
        .operands = "",
        .help = "Make an access control rule",
        .more = "Entries with blanks or commas in them, and many, are given by --body.",
        .options = {RULE_OPTIONS, API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"POST", RULES}, .needs_fields = true},
    },
    {
        .words = "rule update",
        ONE_RULE,
        .help = "Change an access control rule, for every list that names it",
        .options = {RULE_OPTIONS, API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"PATCH", RULE}, .needs_fields = true},
    },
    {
        .words = "rule delete",
        ONE_RULE,
        .help = "Remove an access control rule that no list names",
        .options = {{"--force", NULL, "and take it out of those that do", USE_QUERY},
                    DRY_RUN_OPTION,
                    API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"DELETE", RULE},
                                        .dry = {"GET", RULE},
                                        .answer = API_NOTHING,
                                        .done = "deleted"},
    },
};

const struct command_list cli_rule_commands = {commands, sizeof(commands) / sizeof(commands[0])};
