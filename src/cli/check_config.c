/* `scopemint check-config`: everything a start reads, checked as a start would, without starting.
 */
#include "cli/load.h"
#include "keyring/keyring.h"
#include "scope/roles.h"

#include <unistd.h>

struct findings {
    struct config *config;
    struct scope_catalogue *catalogue;
    struct scope_roles *roles;
    bool has_keys, keys_good;
};

static bool check_tables(struct findings *f)
{
    struct buf errors;

    if (!cli_load_catalogue(f->config, &f->catalogue))
        return false; /* the roles name scopes, so there is nothing to hold them against */
    buf_init_heap(&errors, 64 * 1024);
    bool good = roles_load(f->config->scopes.roles.ptr, f->catalogue, &f->roles, &errors);
    cli_print_errors(&errors);
    return good;
}

/* Before `scopemint init` there is no directory, and that is no error. */
static bool check_keys(struct findings *f)
{
    struct keyring *keyring = NULL;
    enum key_alg alg;
    struct buf errors;
    char manifest[4096];

    int n = snprintf(manifest, sizeof(manifest), "%s/keyring.json", f->config->keys.dir.ptr);
    f->has_keys = n > 0 && (size_t)n < sizeof(manifest) && access(manifest, F_OK) == 0;
    if (!f->has_keys || !key_alg_parse(f->config->tokens.alg, &alg))
        return true;
    buf_init_heap(&errors, 64 * 1024);
    bool good = keyring_load(f->config->keys.dir.ptr, alg, &keyring, &errors);
    keyring_unref(&keyring);
    cli_print_errors(&errors);
    return good;
}

static enum cli_exit print_summary(struct cli *cli, const struct findings *f)
{
    struct output o;

    output_init(&o, cli_wants_json(cli));
    output_begin(&o);
    output_str(&o, "config", str_from(cli_config_path(cli)));
    output_str(&o, "issuer", f->config->server.issuer);
    output_str(&o, "keys", f->config->keys.dir);
    output_str(&o, "keys_state",
               f->has_keys ? STR("good") : STR("none yet; `scopemint init` makes them"));
    output_int(&o, "scopes", (int64_t)catalogue_count(f->catalogue));
    output_int(&o, "roles", (int64_t)roles_count(f->roles));
    output_str(&o, "store",
               f->config->store.kind == CONFIG_STORE_SQLITE ? f->config->store.path
                                                            : STR("memory"));
    output_bool(&o, "redis", f->config->redis.kind != CONFIG_REDIS_NONE);
    output_str(&o, "verdict", STR("good"));
    output_end(&o);
    return cli_finish(&o, CLI_OK);
}

enum cli_exit cli_check_config_run(struct cli *cli)
{
    struct findings f = {0};
    enum cli_exit code = CLI_CONFIG;

    if (!cli_load_config(cli, &f.config))
        return CLI_CONFIG;
    bool tables = check_tables(&f), keys = check_keys(&f);
    if (tables && keys)
        code = print_summary(cli, &f);
    roles_free(&f.roles);
    catalogue_free(&f.catalogue);
    config_free(&f.config);
    return code;
}

static enum cli_exit reference_as_json(void)
{
    struct output o;
    struct config_key key;

    output_init(&o, true);
    output_table_begin(&o);
    for (size_t i = 0; config_key_at(i, &key); i++) {
        output_row_begin(&o);
        output_str(&o, "key", str_from(key.name));
        output_str(&o, "takes", str_from(key.takes));
        output_str(&o, "default", str_from(key.fallback));
        output_str(&o, "meaning", str_from(key.meaning));
        output_str(&o, "variable", str_from(key.variable));
        output_row_end(&o);
    }
    output_table_end(&o);
    return cli_finish(&o, CLI_OK);
}

/* A page to read, through a pager too: JSON only where it is asked for. */
enum cli_exit cli_config_reference_run(struct cli *cli)
{
    struct buf text;

    if (cli->form == CLI_FORM_JSON)
        return reference_as_json();
    buf_init_heap(&text, 256 * 1024);
    config_describe(&text);
    bool written = fwrite(text.ptr, 1, text.len, stdout) == text.len && fflush(stdout) == 0;
    buf_free(&text);
    return written ? CLI_OK : CLI_FAILED;
}
