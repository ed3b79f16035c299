/* `scopemint token`, `scopemint leak` and `scopemint audit`: what they ask the server (SPEC 5, 7).
 */
#include "cli/commands_api.h"

#define TOKENS "/core/v2/oauth/tokens"
#define TOKEN  TOKENS "/{}"

static const struct command commands[] = {
    {
        .words = "token list",
        .operands = "",
        .help = "List the tokens of the caller's partner",
        .more =
            "Without oauth.manage_all_tokens a caller sees the token it presents, and no other.",
        .options = {LIST_OPTIONS,
                    {"--status", "WHICH", "active (the default), revoked, expired or all",
                     USE_QUERY},
                    API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"GET", TOKENS},
                                        .answer = API_LIST,
                                        .columns = {"token_sid", "client_id", "name", "scopes",
                                                    "date_expiration_access_token"}},
    },
    {
        .words = "token show",
        .operands = "[TOKEN_SID]",
        .operands_max = 1,
        .help = "Show a token; by default the one that is presented",
        .options = {API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"GET", TOKEN}, .operand = "current"},
    },
    {
        .words = "token create",
        .operands = "",
        .help = "Make a token of the caller's application; its access_token is shown once",
        .options = {{"--scopes", "NAMES", "blanks between; default: all that is allowed",
                     USE_NAMES},
                    {"--name", "TEXT", "what to call it", USE_TEXT},
                    {"--access-token-expires-in", "SECONDS", "its life", USE_INT},
                    {"--partner", "SID", "for this partner below the caller's own", USE_PATH},
                    BODY_OPTION,
                    API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"POST", "/core/v2/oauth/token"}},
    },
    {
        .words = "token update",
        .operands = "TOKEN_SID",
        .operands_min = 1,
        .operands_max = 1,
        .help = "Rename a token, change its scopes, end it earlier",
        .more =
            "Other scopes than it has need oauth.allow_token_scope_update, which nothing implies. "
            "Fewer act at\n"
            "once, on tokens that are out too; with more, the answer holds a new access_token.",
        .options = {{"--scopes", "NAMES", "all it is to have, blanks between", USE_NAMES},
                    {"--name", "TEXT", "what to call it", USE_TEXT},
                    {"--date-expiration-access-token", "TIME", "such as 2026-11-21T08:15:30.000Z",
                     USE_TEXT},
                    BODY_OPTION,
                    API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"PATCH", TOKEN}, .needs_fields = true},
    },
    {
        .words = "token delete",
        .operands = "TOKEN_SID",
        .operands_min = 1,
        .operands_max = 1,
        .help = "Revoke a token by its id; `current` is the one that is presented",
        .options = {DRY_RUN_OPTION, API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"DELETE", TOKEN},
                                        .dry = {"GET", TOKEN},
                                        .answer = API_NOTHING,
                                        .done = "revoked"},
    },
    {
        .words = "token revoke",
        .operands = "-|FILE",
        .operands_min = 1,
        .operands_max = 1,
        .help = "Revoke a token that is at hand, read from standard input or a file",
        .more =
            "Tokens are not taken from the command line, which every user of the machine can read. "
            "A token that\n"
            "the caller may not address stays as it is, and nothing tells: that is RFC 7009's way.",
        .options = {DRY_RUN_OPTION, API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"POST", "/core/v2/oauth/revoke"},
                                        .dry = {"POST", "/oauth/introspect"},
                                        .answer = API_NOTHING,
                                        .done = "accepted",
                                        .secret = "token"},
    },
    {
        .words = "token explain",
        .operands = "TOKEN_SID",
        .operands_min = 1,
        .operands_max = 1,
        .help = "Say why a token is active or not, and what allows or takes each of its scopes",
        .options = {API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"GET", "/core/v2/admin/tokens/{}/explain"}},
    },
    {
        .words = "leak check",
        .operands = "-|FILE",
        .operands_min = 1,
        .operands_max = 1,
        .help = "Say what found strings open, one a line from standard input or a file; end it",
        .more = "Blank lines and those that begin with # are passed over; blanks, quotes and "
                "`Authorization: Bearer`\n"
                "around a string too. Needs scopemint.revoke, for one's own partner alone "
                "oauth.manage_all_tokens.\n"
                "With --act live tokens are revoked and client secrets deleted. No more than the "
                "first characters\n"
                "of a string are printed. Exit code 0: nothing that was found is live; 1: "
                "something is, or was until\n"
                "--act ended it.",
        .options = {{"--act", NULL, "end what opens something"},
                    {"--server", "URL", "the server to ask, as https://host[:port]"},
                    {"--credentials", "FILE", "who asks; a JSON file of mode 0600"}},
        .run = cli_leak_check_run,
    },
    {
        .words = "audit list",
        .operands = "",
        .help = "List changes and revocations: who, what, when",
        .options = {LIST_OPTIONS, API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"GET", "/core/v2/admin/audit"},
                                        .answer = API_LIST,
                                        .columns = {"seq", "at", "action", "result", "object",
                                                    "partner_sid"}},
    },
};

const struct command_list cli_token_commands = {commands, sizeof(commands) / sizeof(commands[0])};
