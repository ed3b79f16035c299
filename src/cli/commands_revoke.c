/* `scopemint revoke` and `scopemint revocation`: what they ask the server (SPEC 7). */
#include "cli/commands_api.h"

#define REVOCATIONS "/core/v2/admin/revocations"

static const struct command commands[] = {
    {
        .words = "revoke",
        .operands = "",
        .help = "Revoke all tokens that a selector matches, or count them first",
        .more =
            "All that is said holds for the tokens it is about; they are over at once, however "
            "many. Without\n"
            "--partner it is about all that the caller reaches: with scopemint.revoke its partner "
            "and all below,\n"
            "with oauth.manage_all_tokens its own. Count first, then carry out what was counted, "
            "within ten\n"
            "minutes, which ends nothing younger than the count:\n"
            "  scopemint revoke --client-id ID --dry-run\n"
            "  scopemint revoke --plan PLAN_ID\n"
            "or, when there is no time for that, add --yes. Without one of the three nothing is "
            "sent.",
        .options = {{"--client-id", "ID", "tokens of this application", USE_TEXT},
                    {"--partner", "SID", "tokens of this partner", USE_TEXT, "partner_sid"},
                    {"--descendants", NULL, "and of all partners below it", USE_BOOL},
                    {"--kid", "KID", "signed with this key; for the root alone", USE_TEXT},
                    {"--scope", "NAME", "that hold it, by themselves or by one that implies it",
                     USE_TEXT},
                    {"--issued-before", "TIME", "such as 2026-11-21T08:15:30.000Z", USE_TEXT},
                    {"--over-ceiling", NULL, "that hold more than today's tables allow", USE_BOOL},
                    {"--plan", "PLAN_ID", "what was counted; goes with nothing else", USE_TEXT,
                     "plan_id"},
                    {"--dry-run", NULL, "revoke nothing: count, and keep a plan"},
                    {"--yes", NULL, "without having counted"},
                    API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"POST", REVOCATIONS},
                                        .dry = {"POST", REVOCATIONS, .body = "\"dry_run\":true"},
                                        .needs_fields = true,
                                        .sure = {"--plan", "--yes"},
                                        .unsure = "this ends every token that matches: count "
                                                  "them with --dry-run and carry that out "
                                                  "with --plan, or add --yes"},
    },
    {
        .words = "revocation list",
        .operands = "",
        .help = "List revocations by selector, and plans",
        .options = {LIST_OPTIONS, API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"GET", REVOCATIONS},
                                        .answer = API_LIST,
                                        .columns = {"revocation_sid", "state", "sequence", "tokens",
                                                    "date_created", "date_executed", "date_done"}},
    },
    {
        .words = "revocation show",
        .operands = "REVOCATION_SID",
        .operands_min = 1,
        .operands_max = 1,
        .help = "Show a revocation by selector: whom it is about, how far its rows are",
        .options = {API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"GET", REVOCATIONS "/{}"}},
    },
};

const struct command_list cli_revoke_commands = {commands, sizeof(commands) / sizeof(commands[0])};
