#include "app/tables.h"

#include "core/log.h"
#include "keyring/change.h"
#include "oauth/metadata.h"
#include "scope/roles.h"

enum { METADATA_MAX = 128 * 1024, REASON_MAX = 512 };

static bool load_files(const struct config *config, const struct snapshot *previous,
                       struct scope_catalogue **out_catalogue, struct keyring **out_keyring,
                       struct buf *out_error)
{
    struct scope_roles *roles = NULL;
    const struct scope_catalogue *before = previous == NULL ? NULL : previous->catalogue;
    enum key_alg alg = KEY_ES256;

    key_alg_parse(config->tokens.alg, &alg);
    bool good = catalogue_load(config->scopes.dir.ptr, before, out_catalogue, out_error);
    good = good && roles_load(config->scopes.roles.ptr, *out_catalogue, &roles, out_error);
    roles_free(&roles); /* checked here, used once there are people */
    good = keyring_load(config->keys.dir.ptr, alg, out_keyring, out_error) && good;
    if (good)
        return true;
    catalogue_free(out_catalogue);
    keyring_unref(out_keyring);
    return false;
}

/* A revocation by over_ceiling that is followed goes by the tables it was put in force with: what
 * it ended would be live again by others (P2). False: they are others, or it cannot be told. */
static bool take_scopes(struct store *store, const struct scope_catalogue *catalogue, bool is_start,
                        struct buf *out_error)
{
    struct digest256 tables;
    bool fits = false;

    struct result asked = catalogue_fingerprint(catalogue, &tables);
    if (result_ok(asked))
        asked = store_use_scope_tables(store, &tables, &fits);
    if (result_ok(asked) && fits)
        return true;
    if (!result_ok(asked)) {
        buf_cstr(out_error, "whether the scope tables may be used could not be told: ");
        buf_cstr(out_error, err_info(asked.code)->text);
    } else {
        buf_cstr(out_error,
                 "the scope tables have changed, and a revocation by over_ceiling goes by those "
                 "it was put in force with: ");
        buf_cstr(out_error, is_start ? "start with those until it is done, then change them"
                                     : "reload again when it is done");
    }
    buf_char(out_error, '\n');
    return false;
}

/* earlier: NULL, or what was compiled before; rules that did not change are not compiled again. */
static struct result load_tables(struct store *store, const struct scope_catalogue *catalogue,
                                 const struct snapshot *earlier, struct snapshot_tables *out)
{
    struct snapshot_tables tables = {.version = store_tables_version(store)};

    TRY(party_load(store, catalogue, &tables.party));
    struct result loaded =
        acl_tables_load(store, earlier == NULL ? NULL : earlier->acls, &tables.acls);
    if (result_ok(loaded))
        *out = tables;
    else
        snapshot_tables_done(&tables);
    return loaded;
}

static struct result assemble(const struct config *config, struct store *store,
                              struct scope_catalogue *catalogue, struct keyring *keyring,
                              const struct snapshot *previous, struct snapshot **out)
{
    struct snapshot_tables tables;
    struct buf metadata;

    TRY(load_tables(store, catalogue, previous, &tables));
    buf_init_heap(&metadata, METADATA_MAX);
    oauth_metadata_write(config->server.issuer, catalogue, &metadata);
    struct result made = metadata.failed ? FAULT(ERR_FAULT_MEMORY)
                                         : snapshot_new(config, catalogue, keyring, &tables,
                                                        buf_view(&metadata), previous, out);
    buf_free(&metadata);
    if (!result_ok(made))
        snapshot_tables_done(&tables);
    return made;
}

bool tables_build(const struct config *config, struct store *store, const struct snapshot *previous,
                  struct snapshot **out, struct buf *out_error)
{
    struct scope_catalogue *catalogue = NULL;
    struct keyring *keyring = NULL;

    if (!load_files(config, previous, &catalogue, &keyring, out_error))
        return false;
    struct snapshot *made;
    struct result assembled = assemble(config, store, catalogue, keyring, previous, &made);
    if (result_ok(assembled)) {
        bool taken = take_scopes(store, catalogue, previous == NULL, out_error);
        if (taken)
            *out = made;
        else
            snapshot_unref(made);
        return taken;
    }
    buf_cstr(out_error,
             "partners, applications and access control could not be read from the store: ");
    buf_cstr(out_error, err_info(assembled.code)->text);
    buf_char(out_error, '\n');
    catalogue_free(&catalogue);
    keyring_unref(&keyring);
    return false;
}

void tables_read_again(struct server *server, struct store *store)
{
    const struct snapshot *now = snapshot_now(server);
    struct snapshot_tables tables;
    struct snapshot *next;

    if (!result_ok(load_tables(store, now->catalogue, now, &tables)))
        return;
    if (!result_ok(snapshot_with_tables(now, &tables, &next))) {
        snapshot_tables_done(&tables);
        return;
    }
    snapshot_publish(server, next);
    LOG(LOG_WARN, "tables_read_again", LF_INT("version", next->tables_version));
}

void tables_publish_keys(const struct config *config, const struct clock *clock)
{
    const struct keyring_policy policy = {
        .jwks_max_age_s = config->keys.jwks_max_age_s,
        .token_ttl_max_s = config->tokens.access_ttl_max_s,
        .margin_s = KEYRING_MARGIN_S,
    };
    char memory[REASON_MAX];
    struct buf why;

    buf_init_fixed(&why, memory, sizeof(memory));
    if (keyring_publish(config->keys.dir.ptr, &policy, clock_wall_s(clock), &why) != KEYRING_DONE)
        LOG(LOG_WARN, "keys_not_marked_published", LF_STR("reason", buf_view(&why)));
}
