/* `scopemint init`: the first keys and the first rows of a node (SPEC 3, SPEC 10). All that can be
 * wrong is found before anything is written; then the secrets file, the key, and last, in one
 * transaction, the rows: whatever stops it on the way, it can be run again (init_secrets.c). */
#include "cli/init.h"

#include "cli/load.h"
#include "keyring/change.h"
#include "keyring/keyring.h"
#include "store/store.h"

enum { SEED_FILE_MAX = 256 * 1024 * 1024, SEED_ARENA = 1024 * 1024 * 1024 };

struct init {
    struct cli *cli;
    struct config *config;
    struct scope_catalogue *catalogue;
    struct buf seed_text;
    struct arena arena; /* behind the seed */
    struct seed seed;
    struct store *store;
    struct buf why;
};

static bool read_seed(struct init *init)
{
    const char *path = cli_value(init->cli, "--seed");
    struct buf errors;

    if (path != NULL && !cli_read_file(path, SEED_FILE_MAX, &init->seed_text))
        return false;
    struct seed_source source = {
        .config = init->config,
        .catalogue = init->catalogue,
        .clock = &clock_system,
        .entropy = &entropy_system,
        .path = path,
        .text = buf_view(&init->seed_text),
    };
    buf_init_heap(&errors, 256 * 1024);
    bool read = seed_read(&init->arena, &source, &init->seed, &errors);
    cli_print_errors(&errors);
    return read;
}

static enum cli_exit open_store(struct init *init)
{
    struct buf url;

    if (init->config->store.kind != CONFIG_STORE_SQLITE) {
        cli_say("store.url is memory:, which would forget everything when init ends; choose "
                "sqlite:FILE");
        return CLI_CONFIG;
    }
    buf_init_arena(&url, &init->arena, 256, 8192);
    buf_cstr(&url, "sqlite:");
    buf_str(&url, init->config->store.path);
    struct store_options options = {
        .url = buf_view(&url),
        .clock = &clock_system,
        .entropy = &entropy_system,
        .expired_kept_s = init->config->tokens.expired_kept_s,
    };
    bool held = cli_store_owner(init->config) != 0;
    if (result_ok(store_open(&options, &init->store, &init->why)))
        return CLI_OK;
    cli_say("%.*s", STR_ARG(buf_view(&init->why)));
    return held ? CLI_STORE_IN_USE : CLI_FAILED;
}

/* Parents come before children. */
static struct result note_root(void *context, const struct partner_row *row)
{
    struct sid *root = context;
    if (sid_is_none(root))
        *root = row->partner_sid;
    return RESULT_OK;
}

static struct result skip_application(void *context, const struct application_row *row)
{
    (void)context, (void)row;
    return RESULT_OK;
}

static struct result skip_secret(void *context, const struct secret_row *row)
{
    (void)context, (void)row;
    return RESULT_OK;
}

/* *out: none in a new store. */
static bool read_root(struct init *init, struct sid *out)
{
    struct sid root = {{0}};
    struct store_party_visitor visitor = {note_root, skip_application, skip_secret, &root};

    if (!result_ok(store_read_party(init->store, &visitor))) {
        cli_say("the store cannot be read");
        return false;
    }
    *out = root;
    return true;
}

/* The store has a root: either an init was stopped a step before its end, or there is nothing to
 * do.
 */
static enum cli_exit finish_earlier(struct init *init, const struct sid *root)
{
    const char *secrets = cli_value(init->cli, "--secrets-file");
    enum init_resumed resumed =
        secrets == NULL ? INIT_NOT_STOPPED
                        : init_resume(secrets, root, cli_wants_json(init->cli), &init->arena);

    if (resumed == INIT_NOT_STOPPED)
        cli_say("%s has a root partner already; nothing was changed", init->config->store.path.ptr);
    return resumed == INIT_RESUMED ? CLI_OK : CLI_FAILED;
}

static bool say_why(struct init *init)
{
    cli_say("%.*s", STR_ARG(str_trim(buf_view(&init->why), '\n')));
    return false;
}

/* A key of an earlier try, if the server can start with it: one that it cannot would be the node's
 * as soon as there are rows, and then init does not help any more (THREATS-7). */
static bool keep_key(struct init *init, enum key_alg alg)
{
    struct keyring *keyring;

    if (!keyring_load(init->config->keys.dir.ptr, alg, &keyring, &init->why))
        return say_why(init);
    keyring_unref(&keyring);
    cli_say("%s has an active key already, which is kept", init->config->keys.dir.ptr);
    return true;
}

/* The first key is active at once. */
static bool make_key(struct init *init)
{
    const char *dir = init->config->keys.dir.ptr;
    struct keyring_manifest manifest;
    struct keyring_entry entry;
    enum key_alg alg;

    if (!key_alg_parse(init->config->tokens.alg, &alg))
        return false; /* the configuration was checked for it */
    if (keyring_create(dir, &init->why) != KEYRING_DONE ||
        keyring_list(dir, &manifest, &init->why) != KEYRING_DONE)
        return say_why(init);
    if (manifest_find_state(&manifest, alg, KEY_ACTIVE) != NULL)
        return keep_key(init, alg);
    if (keyring_generate(dir, alg, clock_wall_s(&clock_system), &entry, &init->why) != KEYRING_DONE)
        return say_why(init);
    if (entry.state == KEY_ACTIVE)
        return true;
    cli_say(
        "%s has active keys, but none for tokens.alg %s; run `scopemint key rotate --force`, then "
        "init again",
        dir, init->config->tokens.alg.ptr);
    return false;
}

static bool write_rows(struct init *init)
{
    const struct seed *seed = &init->seed;
    struct partner_row *partners =
        arena_array(&init->arena, seed->partner_count, sizeof(*partners));
    struct application_row *applications =
        arena_array(&init->arena, seed->application_count, sizeof(*applications));
    struct secret_row *secrets =
        arena_array(&init->arena, seed->application_count, sizeof(*secrets));
    size_t secret_count = 0;

    if (partners == NULL || applications == NULL || secrets == NULL) {
        cli_say("no memory for the seed");
        return false;
    }
    for (size_t i = 0; i < seed->partner_count; i++)
        partners[i] = seed->partners[i].row;
    for (size_t i = 0; i < seed->application_count; i++) {
        const struct seed_application *application = &seed->applications[i];
        applications[i] = application->row;
        if (!application->has_secret)
            continue;
        struct secret_row *secret = &secrets[secret_count++];
        *secret = (struct secret_row){.secret_id = application->secret_id,
                                      .client_id = application->row.client_id,
                                      .created_ms = application->row.created_ms};
        secret_digest(str_make(application->secret, SECRET_TEXT), secret->digest);
    }
    struct store_seed rows = {partners, seed->partner_count, applications, seed->application_count,
                              secrets,  secret_count};
    return result_ok(store_seed(init->store, &rows, &init->why)) || say_why(init);
}

/* The secrets file under another name, the key, the rows, the file's name. */
static bool write_all(struct init *init)
{
    const char *secrets = cli_value(init->cli, "--secrets-file");

    if (secrets != NULL && !init_write_secrets(&init->seed, init->config->server.issuer, secrets))
        return false;
    if (make_key(init) && write_rows(init))
        return secrets == NULL || init_name_secrets(secrets);
    if (secrets != NULL)
        init_drop_secrets(secrets);
    return false;
}

static enum cli_exit change(struct init *init)
{
    bool json = cli_wants_json(init->cli);
    struct output output;
    struct sid root;

    enum cli_exit code = open_store(init);
    if (code != CLI_OK)
        return code;
    if (!read_root(init, &root))
        return CLI_FAILED;
    if (!sid_is_none(&root))
        return finish_earlier(init, &root);
    if (!init_render(&init->seed, init->config->server.issuer, json, &output))
        return CLI_FAILED;
    if (!write_all(init)) {
        output_drop(&output);
        return CLI_FAILED;
    }
    code = cli_finish(&output, CLI_OK);
    if (code != CLI_OK)
        cli_say("the node is made, but its secrets are lost; remove its store and run init again");
    else if (!json)
        cli_say("secrets are shown this once; `scopemint serve` starts the server");
    return code;
}

enum cli_exit cli_init_run(struct cli *cli)
{
    struct init init = {.cli = cli};
    enum cli_exit code = CLI_CONFIG;

    if (!cli_load_scopes(cli, &init.config, &init.catalogue))
        return CLI_CONFIG;
    arena_init(&init.arena, NULL, 0, SEED_ARENA);
    buf_init_heap(&init.seed_text, SEED_FILE_MAX);
    buf_init_heap(&init.why, 4096);
    if (read_seed(&init))
        code = change(&init);
    store_close(&init.store);
    seed_wipe(&init.seed);
    buf_free(&init.why);
    buf_free(&init.seed_text);
    arena_reset(&init.arena);
    catalogue_free(&init.catalogue);
    config_free(&init.config);
    return code;
}
