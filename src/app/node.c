#include "app/node.h"

#include <stdlib.h>
#include <string.h>

#include "app/tables.h"
#include "cli/load.h"
#include "client/throttle.h"
#include "core/log.h"
#include "core/pool.h"
#include "exchange/snapshot.h"
#include "manage/revocations_walk.h"
#include "manage/routes.h"
#include "oauth/feed.h"
#include "oauth/routes.h"
#include "revocation/index.h"
#include "revocation/link.h"
#include "store/store.h"
#include "token/cache.h"

enum { ENTRIES_PAGE = 4096, URL_MAX = 4200 };
enum { POOL_THREADS = 2, POOL_WAITING = 256 }; /* assertions of 0.4 ms: 50 ms for the last */
enum { COMPILER_WAITING = 16 };                /* rules of 0.1 s at worst, each up to 4 MiB */

static struct str store_url(const struct config *config, char memory[URL_MAX])
{
    struct buf b;

    if (config->store.kind == CONFIG_STORE_MEMORY)
        return STR("memory:");
    buf_init_fixed(&b, memory, URL_MAX);
    buf_cstr(&b, "sqlite:");
    buf_str(&b, config->store.path);
    return buf_view(&b);
}

static bool open_store(struct node *node, struct buf *out_error)
{
    char memory[URL_MAX];
    struct store_options options = {
        .url = store_url(node->config, memory),
        .clock = node->server.clock,
        .entropy = node->server.entropy,
        .metrics = &node->server.metrics,
        .expired_kept_s = node->config->tokens.expired_kept_s,
        .audit_kept_s = node->config->audit.kept_s,
        .node = node->config->node.name,
    };

    if (!result_ok(store_open(&options, &node->store, out_error))) {
        buf_char(out_error, '\n');
        return false;
    }
    node->server.store = node->store;
    return true;
}

/* SPEC 6: the index is rebuilt from the store at each start; only then is it complete. All that the
 * store keeps goes in, whatever the wall clock says: one that is ahead would leave out revocations
 * of tokens that live again once it is put right (P2). The sweep knows when to forget. */
static struct result build_index(struct node *node)
{
    struct store_entry *page = malloc(ENTRIES_PAGE * sizeof(*page));
    struct arena names; /* of the scopes that a page's sets carry */
    uint64_t last = store_last_number(node->store), after = 0;
    struct result result = page == NULL ? FAULT(ERR_FAULT_MEMORY) : RESULT_OK;
    size_t count = ENTRIES_PAGE;

    arena_init(&names, NULL, 0, (size_t)ENTRIES_PAGE * 2 * LIMIT_TOKEN);
    while (result_ok(result) && count == ENTRIES_PAGE) {
        result =
            store_read_entries(node->store, after, INT64_MIN, ENTRIES_PAGE, &names, page, &count);
        if (result_ok(result) && count > 0) {
            after = page[count - 1].number;
            result = revocation_index_apply(node->server.index, page, count);
        }
        arena_reset(&names);
    }
    free(page);
    if (result_ok(result))
        revocation_index_complete(node->server.index, last);
    return result;
}

struct guess_throttle_limits node_throttle_limits(const struct config *config)
{
    const struct config_throttle *limits = &config->throttle;

    return (struct guess_throttle_limits){
        .per_client_address_minute = (uint32_t)limits->failures_per_client_address_per_minute,
        .per_address_minute = (uint32_t)limits->failures_per_address_per_minute,
        .unknown_tokens_second = (uint32_t)limits->unknown_tokens_per_second,
    };
}

void node_apply_log_level(const struct config *config)
{
    enum log_level level;
    if (log_parse_level(config->log.level, &level))
        log_set_level(level);
}

static struct result open_memory(struct node *node)
{
    struct server *server = &node->server;
    struct guess_throttle_limits throttle = node_throttle_limits(node->config);

    TRY(guess_throttle_new(&throttle, server->entropy, &server->throttle));
    TRY(token_cache_new((size_t)node->config->tokens.verified_kept, &server->quiesce,
                        &server->verified));
    TRY(revocation_feed_new(server, &server->feed));
    TRY(pool_new(POOL_THREADS, POOL_WAITING, &server->pool));
    TRY(pool_new(1, COMPILER_WAITING, &server->compiler));
    TRY(revocation_index_new(&server->quiesce, &server->index));
    return build_index(node);
}

enum cli_exit node_open(struct node *node, struct config *config, struct buf *out_error)
{
    struct snapshot *snapshot;

    memset(node, 0, sizeof(*node));
    node->config = config;
    node->server.config = config;
    node->server.clock = &clock_system;
    node->server.entropy = &entropy_system;
    node->server.started_mono_ms = clock_mono_ms(&clock_system);
    quiesce_init(&node->server.quiesce);
    pthread_mutex_init(&node->link_lock, NULL);
    bool held = cli_store_owner(config) != 0;
    if (!open_store(node, out_error))
        return held ? CLI_STORE_IN_USE : CLI_FAILED;
    if (!tables_build(config, node->store, NULL, &snapshot, out_error))
        return CLI_CONFIG;
    snapshot_publish(&node->server, snapshot);
    if (party_root(snapshot->party) == NULL) {
        buf_cstr(out_error, config->store.kind == CONFIG_STORE_MEMORY
                                ? "store.url is memory:, which is always empty; write sqlite:FILE\n"
                                : "the store is empty: run `scopemint init` first\n");
        return CLI_CONFIG;
    }
    struct result opened = open_memory(node);
    if (!result_ok(opened)) {
        buf_cstr(out_error, "the revocation index could not be built: ");
        buf_cstr(out_error, err_info(opened.code)->text);
        buf_char(out_error, '\n');
    }
    return result_ok(opened) ? CLI_OK : CLI_FAILED;
}

/* On the store's writer thread, after a commit and before its answers leave (P2). */
static void entries_committed(void *context, const struct store_entry *entries, size_t n)
{
    struct node *node = context;

    if (!result_ok(revocation_index_apply(node->server.index, entries, n)))
        LOG(LOG_ERROR, "revocation_index_incomplete", LF_INT("entries", n));
    else
        revocation_index_complete(node->server.index, entries[n - 1].number);
    pthread_mutex_lock(&node->link_lock);
    struct revocation_link *link = atomic_load(&node->server.link);
    if (link != NULL)
        revocation_link_publish(link, entries, n);
    pthread_mutex_unlock(&node->link_lock);
    revocation_feed_wake(node->server.feed);
}

/* Likewise (P1). */
static void tables_changed(void *context, const struct store_change *changes, size_t n,
                           uint64_t version)
{
    struct node *node = context;
    snapshot_change_tables(&node->server, changes, n, version);
    revocation_feed_wake(node->server.feed);
}

/* On the store's writer thread, about once a second. After memory ran out the index is rebuilt and
 * the tables are read again; until that works introspection answers 503 (P1, P4). */
static void keep_house(void *context, int64_t over_s)
{
    struct node *node = context;
    struct revocation_index *index = node->server.index;

    if (party_is_outdated(snapshot_now(&node->server)->party))
        tables_read_again(&node->server, node->store);
    if (!revocation_index_is_complete(index)) {
        revocation_index_rebuild(index);
        if (result_ok(build_index(node)))
            LOG(LOG_WARN, "revocation_index_rebuilt",
                LF_INT("number", revocation_index_number(index)));
    }
    revocation_index_sweep(index, over_s);
}

static struct result start_link(struct node *node, struct worker *worker)
{
    const struct config_redis *redis = &node->config->redis;
    struct revocation_link *link;
    struct revocation_link_options options = {
        .unix_path = redis->kind == CONFIG_REDIS_UNIX ? redis->path : STR(""),
        .host = redis->host,
        .port = (uint16_t)redis->port,
        .username = redis->user,
        .password = redis->password,
        .database = (unsigned)redis->db,
        .poll_ms = (uint32_t)redis->poll_ms,
        .loop = worker->loop,
        .store = node->store,
        .clock = node->server.clock,
        .metrics = &worker->metrics,
    };

    TRY(revocation_link_new(&options, &link));
    atomic_store(&node->server.link, link);
    return RESULT_OK;
}

static struct result worker_start(struct worker *worker, void *context)
{
    struct node *node = context;

    TRY(keyring_thread_new(&worker->keys));
    TRY(keyring_thread_prepare(worker->keys, snapshot_now(worker->server)->keyring));
    revocation_feed_open(node->server.feed, worker);
    if (worker->number != 0)
        return RESULT_OK;
    TRY(audit_log_start(&node->audit_log, worker));
    return node->config->redis.kind != CONFIG_REDIS_NONE ? start_link(node, worker) : RESULT_OK;
}

static void nothing(struct store *store, void *context)
{
    (void)store;
    (void)context;
}

static void stop_link(struct node *node)
{
    pthread_mutex_lock(&node->link_lock);
    struct revocation_link *link = atomic_exchange(&node->server.link, NULL);
    pthread_mutex_unlock(&node->link_lock);
    revocation_link_free(&link);
    store_run_on_writer(node->store, nothing,
                        NULL); /* what the link still awaits is posted by now */
}

static void worker_stop(struct worker *worker, void *context)
{
    struct node *node = context;

    if (worker->number == 0) {
        audit_log_stop(&node->audit_log);
        stop_link(node);
    }
    revocation_feed_close(node->server.feed, worker);
    keyring_thread_free(&worker->keys);
}

bool node_start(struct node *node, struct buf *out_error)
{
    const struct store_hooks hooks = {entries_committed, keep_house, node, tables_changed};
    const struct route_table tables[] = {oauth_routes, manage_routes};
    struct http_options options = {
        .server = &node->server,
        .tables = tables,
        .table_count = 2,
        .access_log_fd = 1,
        .worker_start = worker_start,
        .worker_stop = worker_stop,
        .context = node,
    };

    if (!result_ok(store_start(node->store, &hooks))) {
        buf_cstr(out_error, "the store's writer could not be started\n");
        return false;
    }
    key_trail_begin(&node->key_trail, node->config, &node->server);
    if (!result_ok(revocation_walk_new(&node->server, &node->server.walk))) {
        buf_cstr(out_error, "no thread could be had to mark rows behind revocations\n");
        return false;
    }
    node->http = http_start(&options, out_error);
    if (node->http != NULL)
        tables_publish_keys(node->config, node->server.clock);
    return node->http != NULL;
}

void node_stop(struct node *node)
{
    struct server *server = &node->server;

    atomic_store(&server->draining, true);
    if (node->http != NULL) {
        http_drain(node->http, (uint32_t)node->config->server.drain_timeout_s * 1000);
        http_join(&node->http);
        key_trail_end(&node->key_trail, server);
        audit_log_finish(server);
    }
    revocation_walk_free(&server->walk);
    pool_free(&server->pool);
    pool_free(&server->compiler);
    store_close(&node->store);
    revocation_feed_free(&server->feed);
    revocation_index_free(&server->index);
    guess_throttle_free(&server->throttle);
    token_cache_free(&server->verified);
    struct snapshot *last = atomic_exchange(&server->snapshot, NULL);
    if (last != NULL)
        snapshot_unref(last);
    quiesce_done(&server->quiesce);
    pthread_mutex_destroy(&node->link_lock);
    config_free(&node->config);
}
