#include "app/node.h"

#include "app/tables.h"
#include "core/log.h"
#include "exchange/snapshot.h"
#include "store/store.h"

enum { ERRORS_MAX = 64 * 1024 };

struct rebuild {
    struct node *node;
    const struct config *config;
    struct buf errors;
    struct snapshot *built; /* NULL: it failed */
};

/* On the store's writer thread, between two transactions: no change of the tables can fall between
 * reading them and publishing what was read. */
static void rebuild(struct store *store, void *context)
{
    struct rebuild *r = context;
    struct server *server = &r->node->server;

    if (!tables_build(r->config, store, atomic_load(&server->snapshot), &r->built, &r->errors))
        r->built = NULL;
    else
        snapshot_publish(server, r->built);
}

static void log_lines(struct str lines)
{
    struct str line;
    while (str_split(&lines, '\n', &line))
        if (line.len > 0)
            LOG(LOG_ERROR, "reload_refused", LF_STR("reason", line));
}

static bool rebuild_and_wait(struct node *node, const struct config *config)
{
    struct rebuild r = {.node = node, .config = config};

    buf_init_heap(&r.errors, ERRORS_MAX);
    store_run_on_writer(node->store, rebuild, &r);
    if (r.built == NULL)
        log_lines(buf_view(&r.errors));
    else
        LOG(LOG_INFO, "reloaded", LF_INT("scopes", catalogue_count(r.built->catalogue)));
    buf_free(&r.errors);
    return r.built != NULL;
}

void node_reload(struct node *node, const struct config_source *source)
{
    struct config *config;
    struct buf errors;

    buf_init_heap(&errors, ERRORS_MAX);
    if (!config_load(source, &config, &errors)) {
        log_lines(buf_view(&errors));
    } else {
        if (rebuild_and_wait(node, config))
            tables_publish_keys(config, node->server.clock);
        config_free(&config); /* the snapshot has copies of what it needs */
    }
    buf_free(&errors);
}
