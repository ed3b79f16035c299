#include "app/node.h"

#include "app/tables.h"
#include "client/throttle.h"
#include "core/log.h"
#include "exchange/snapshot.h"
#include "oauth/feed.h"
#include "store/store.h"

enum { ERRORS_MAX = 64 * 1024 };

struct rebuild {
    struct node *node;
    const struct config *config;
    struct buf errors;
    bool built;
    size_t scopes; /* in the tables that were built */
};

/* On the store's writer thread, between two transactions: no change of the tables can fall between
 * reading them and publishing what was read. */
static void rebuild(struct store *store, void *context)
{
    struct rebuild *r = context;
    struct server *server = &r->node->server;
    struct snapshot *next;

    r->built = tables_build(r->config, store, atomic_load(&server->snapshot), &next, &r->errors);
    if (!r->built)
        return;
    r->scopes = catalogue_count(next->catalogue);
    snapshot_publish(server, next); /* from here on others may replace and free it */
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
    if (!r.built)
        log_lines(buf_view(&r.errors));
    else
        LOG(LOG_INFO, "reloaded", LF_INT("scopes", r.scopes));
    buf_free(&r.errors);
    return r.built;
}

/* Posted to each worker: no request is to pay for the contexts of new keys, and those of keys that
 * went are dropped with them. Runs once for several reloads in a row. */
static void prepare_keys(struct loop_msg *message)
{
    struct key_refresh *refresh = (struct key_refresh *)message;
    struct worker *worker = refresh->worker;

    atomic_store(&refresh->posted, false);
    if (!result_ok(keyring_thread_prepare(worker->keys, snapshot_now(worker->server)->keyring)))
        LOG(LOG_WARN, "keys_not_prepared", LF_INT("worker", worker->number));
}

static void refresh_keys(struct node *node)
{
    for (size_t i = 0; i < http_worker_count(node->http); i++) {
        struct key_refresh *refresh = &node->key_refreshes[i];
        if (atomic_exchange(&refresh->posted, true))
            continue;
        refresh->message.run = prepare_keys;
        refresh->worker = http_worker(node->http, i);
        loop_post(refresh->worker->loop, &refresh->message);
    }
}

static void apply(struct node *node, const struct config *config)
{
    struct guess_throttle_limits limits = node_throttle_limits(config);

    node_apply_log_level(config);
    revocation_feed_set_heartbeat(node->server.feed, config->feed.heartbeat_s);
    revocation_feed_wake(node->server.feed);
    guess_throttle_set_limits(node->server.throttle, &limits);
    http_reload(node->http, config);
    key_trail_follow(&node->key_trail, config, &node->server);
    tables_publish_keys(config, node->server.clock);
    refresh_keys(node);
}

/* Every token of today carries the issuer, and every client knows it: it is not changed in passing.
 */
static bool keeps_issuer(const struct node *node, const struct config *config)
{
    if (str_eq(config->server.issuer, node->config->server.issuer))
        return true;
    LOG(LOG_ERROR, "reload_refused",
        LF_CSTR("reason", "server.issuer has changed, which needs a restart and ends all tokens"));
    return false;
}

void node_reload(struct node *node, const struct config_source *source)
{
    struct config *config;
    struct buf errors;

    buf_init_heap(&errors, ERRORS_MAX);
    if (!config_load(source, &config, &errors)) {
        log_lines(buf_view(&errors));
    } else {
        if (keeps_issuer(node, config) && rebuild_and_wait(node, config))
            apply(node, config);
        config_free(&config); /* what is needed of it has been copied */
    }
    buf_free(&errors);
}
