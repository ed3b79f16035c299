/* `scopemint partner`: what it asks the server (SPEC 3, 5). */
#include "cli/commands_api.h"

#define PARTNERS "/core/v2/partners"
#define PARTNER  PARTNERS "/{}"
#define DRY_RUN  "dry_run=true"

#define ONE_PARTNER .operands = "PARTNER_SID", .operands_min = 1, .operands_max = 1

static const struct command commands[] = {
    {
        .words = "partner list",
        .operands = "",
        .help = "List the caller's partner and those below it",
        .options = {LIST_OPTIONS, API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"GET", PARTNERS},
                                        .answer = API_LIST,
                                        .columns = {"partner_sid", "parent_sid", "name", "login",
                                                    "status"}},
    },
    {
        .words = "partner show",
        ONE_PARTNER,
        .help = "Show a partner",
        .options = {API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"GET", PARTNER}},
    },
    {
        .words = "partner create",
        .operands = "",
        .help = "Make a partner",
        .more = "With both --skip options it is active at once; each needs the scope of its name.",
        .options = {{"--name", "TEXT", "its name", USE_TEXT},
                    {"--login", "TEXT", "its login, which no other has", USE_TEXT},
                    {"--parent", "SID", "below this one; default: the caller's partner", USE_TEXT,
                     "parent_sid"},
                    {"--available-scopes", "NAMES", "blanks between; default: the usual ones",
                     USE_NAMES},
                    {"--skip-email-verification", NULL, "its address is known", USE_BOOL},
                    {"--skip-partner-review", NULL, "it was looked at", USE_BOOL},
                    BODY_OPTION,
                    API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"POST", PARTNERS}, .needs_fields = true},
    },
    {
        .words = "partner update",
        ONE_PARTNER,
        .help = "Rename a partner, change its scopes or status",
        .more =
            "What it loses, every token of it and of those below loses at once; --dry-run counts "
            "and lists them.",
        .options = {{"--name", "TEXT", "its name", USE_TEXT},
                    {"--available-scopes", "NAMES", "all it is to have, blanks between", USE_NAMES},
                    {"--status", "STATUS", "active, suspended or canceled", USE_TEXT},
                    BODY_OPTION,
                    DRY_RUN_OPTION,
                    API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"PATCH", PARTNER},
                                        .dry = {"PATCH", PARTNER, DRY_RUN},
                                        .needs_fields = true},
    },
    {
        .words = "partner suspend",
        ONE_PARTNER,
        .help = "Stop a partner and all below it until it is resumed",
        .options = {DRY_RUN_OPTION, API_OPTIONS},
        .run = cli_api_run,
        .api = &(
            const struct api_verb){.call = {"PATCH", PARTNER, NULL, "\"status\":\"suspended\""},
                                   .dry = {"PATCH", PARTNER, DRY_RUN, "\"status\":\"suspended\""}},
    },
    {
        .words = "partner resume",
        ONE_PARTNER,
        .help = "Let a suspended or new partner work; its tokens hold again",
        .options = {API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"PATCH", PARTNER, NULL, "\"status\":\"active\""}},
    },
    {
        .words = "partner cancel",
        ONE_PARTNER,
        .help = "End a partner and all below it for good",
        .options = {DRY_RUN_OPTION, API_OPTIONS},
        .run = cli_api_run,
        .api =
            &(const struct api_verb){.call = {"DELETE", PARTNER},
                                     .dry = {"PATCH", PARTNER, DRY_RUN, "\"status\":\"canceled\""},
                                     .answer = API_NOTHING,
                                     .done = "canceled"},
    },
};

const struct command_list cli_partner_commands = {commands, sizeof(commands) / sizeof(commands[0])};
