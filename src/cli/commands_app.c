/* `scopemint app`: what it asks the server (SPEC 3, 5). */
#include "cli/commands_api.h"

#define APPS    "/core/v2/applications"
#define APP     APPS "/{}"
#define SECRETS APP "/secrets"

#define ONE_APP .operands = "CLIENT_ID", .operands_min = 1, .operands_max = 1

/* clang-format off */
#define APP_FIELDS \
    {"--name", "TEXT", "its name", USE_TEXT}, \
    {"--scopes", "NAMES", "declared permissions, blanks between", USE_NAMES}, \
    {"--audiences", "NAMES", "what its tokens may be addressed to", USE_NAMES}, \
    {"--redirect-uris", "URIS", "blanks between", USE_NAMES}, \
    {"--grant-types", "NAMES", "such as client_credentials", USE_NAMES}, \
    {"--introspection", "BOOL", "true: it may ask about tokens", USE_BOOL}, \
    {"--auth-method", "NAME", "such as client_secret_basic or private_key_jwt", USE_TEXT, \
     "token_endpoint_auth_method"}, \
    {"--auth-audience", "NAME", "issuer or token_endpoint", USE_TEXT, \
     "token_endpoint_auth_audience"}, \
    {"--jwks", "FILE", "its public keys, a JWK Set", USE_JSON}, \
    {"--access-token-ttl", "SECONDS", "life of its tokens; none: the usual one", USE_INT}, \
    {"--refresh-token-ttl", "SECONDS", "likewise of its refresh tokens", USE_INT}, \
    BODY_OPTION
/* clang-format on */

static const struct command commands[] = {
    {
        .words = "app list",
        .operands = "",
        .help = "List the applications of the caller's partner and of those below it",
        .options = {LIST_OPTIONS, API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"GET", APPS},
                                        .answer = API_LIST,
                                        .columns = {"client_id", "partner_sid", "name", "type",
                                                    "status", "scopes"}},
    },
    {
        .words = "app show",
        ONE_APP,
        .help = "Show an application",
        .options = {API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"GET", APP}},
    },
    {
        .words = "app create",
        .operands = "",
        .help = "Register an application; its client_secret is shown once",
        .options = {APP_FIELDS,
                    {"--type", "TYPE", "confidential or public", USE_TEXT},
                    {"--partner", "SID", "of this partner; default: the caller's", USE_TEXT,
                     "partner_sid"},
                    API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"POST", APPS}, .needs_fields = true},
    },
    {
        .words = "app update",
        ONE_APP,
        .help = "Change an application; scopes it loses, its tokens lose at once",
        .options = {APP_FIELDS,
                    {"--status", "STATUS", "active or suspended", USE_TEXT},
                    API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"PATCH", APP}, .needs_fields = true},
    },
    {
        .words = "app approve",
        ONE_APP,
        .help = "Say which restricted permissions an application may use",
        .more = "For those above the application's partner. The list takes the place of the one "
                "before.",
        .options = {{"--scopes", "NAMES", "all of them, blanks between", USE_NAMES,
                     "approved_restricted"},
                    API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"PATCH", APP}, .needs_fields = true},
    },
    {
        .words = "app suspend",
        ONE_APP,
        .help = "Stop an application and its tokens until it is resumed",
        .options = {DRY_RUN_OPTION, API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"PATCH", APP, NULL, "\"status\":\"suspended\""},
                                        .dry = {"GET", APP}},
    },
    {
        .words = "app resume",
        ONE_APP,
        .help = "Let a suspended application work; its tokens hold again",
        .options = {API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"PATCH", APP, NULL, "\"status\":\"active\""}},
    },
    {
        .words = "app delete",
        ONE_APP,
        .help = "Remove an application, its secrets and tokens for good",
        .options = {DRY_RUN_OPTION, API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"DELETE", APP},
                                        .dry = {"GET", APP},
                                        .answer = API_NOTHING,
                                        .done = "deleted"},
    },
    {
        .words = "app secret list",
        ONE_APP,
        .help = "List an application's secrets by id, with their last use",
        .options = {LIST_OPTIONS, API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"GET", SECRETS},
                                        .answer = API_LIST,
                                        .columns = {"secret_id", "date_created", "date_expiration",
                                                    "date_last_used"}},
    },
    {
        .words = "app secret create",
        ONE_APP,
        .help = "Make a new secret, shown once; the one before lasts as long as is said",
        .options = {{"--overlap-s", "SECONDS", "how long the one before still works", USE_INT},
                    API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"POST", SECRETS}},
    },
    {
        .words = "app secret delete",
        .operands = "CLIENT_ID SECRET_ID",
        .operands_min = 2,
        .operands_max = 2,
        .help = "Remove a secret at once",
        .options = {DRY_RUN_OPTION, API_OPTIONS},
        .run = cli_api_run,
        .api = &(const struct api_verb){.call = {"DELETE", SECRETS "/{}"},
                                        .dry = {"GET", SECRETS "/{}"},
                                        .answer = API_NOTHING,
                                        .done = "deleted"},
    },
};

const struct command_list cli_app_commands = {commands, sizeof(commands) / sizeof(commands[0])};
