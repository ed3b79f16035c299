/* See key.h. */
#include "cli/key.h"

#include "core/clock.h"

static bool read_alg(const char *name, struct str configured, enum key_alg *out)
{
    if (key_alg_parse(name != NULL ? str_from(name) : configured, out))
        return true;
    cli_say("there is no algorithm `%s`; choose ES256, EdDSA, RS256 or PS256", name);
    return false;
}

enum cli_exit key_context_init(const struct cli *cli, const char *alg, struct key_context *out)
{
    struct key_context context = {.now_s = clock_wall_s(&clock_system)};

    if (!cli_load_config(cli, &context.config))
        return CLI_CONFIG;
    if (!read_alg(alg, context.config->tokens.alg, &context.alg)) {
        config_free(&context.config);
        return CLI_USAGE;
    }
    context.policy = (struct keyring_policy){
        .jwks_max_age_s = context.config->keys.jwks_max_age_s,
        .token_ttl_max_s = context.config->tokens.access_ttl_max_s,
        .margin_s = KEYRING_MARGIN_S,
    };
    buf_init_heap(&context.why, 64 * 1024);
    *out = context;
    return CLI_OK;
}

void key_context_done(struct key_context *context)
{
    buf_free(&context->why);
    config_free(&context->config);
}

enum cli_exit key_changed(const struct key_context *context, enum keyring_status status)
{
    if (status == KEYRING_DONE)
        return CLI_OK;
    struct str why = str_trim(buf_view(&context->why), '\n');
    cli_say("%.*s", STR_ARG(why));
    return status == KEYRING_REFUSED ? CLI_FAILED : CLI_CONFIG;
}

static void print_time(struct output *output, const char *key, int64_t time_s)
{
    if (time_s == 0)
        output_null(output, key);
    else
        output_time_ms(output, key, time_s * 1000);
}

void key_print(struct output *output, const struct keyring_entry *entry)
{
    output_str(output, "kid", keyring_entry_kid(entry));
    output_str(output, "alg", str_from(key_alg_name(entry->alg)));
    output_str(output, "state", str_from(key_state_name(entry->state)));
    print_time(output, "created", entry->created_s);
    print_time(output, "published", entry->published_s);
    print_time(output, "activated", entry->activated_s);
    print_time(output, "retired", entry->retired_s);
    print_time(output, "gone", entry->state == KEY_GONE ? entry->gone_s : entry->gone_after_s);
}

enum cli_exit key_finish(struct cli *cli, struct key_context *context, enum keyring_status status,
                         const struct keyring_entry *entry)
{
    struct output output;

    enum cli_exit code = key_changed(context, status);
    if (code == CLI_OK) {
        cli_reload_server(context->config);
        output_init(&output, cli_wants_json(cli));
        output_begin(&output);
        key_print(&output, entry);
        output_end(&output);
        code = cli_finish(&output, CLI_OK);
    }
    key_context_done(context);
    return code;
}
