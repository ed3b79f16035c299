#include "store/store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/front.h"
#include "store/row_texts.h"

static RESULT open_backend(const struct store_options *options, struct store_backend **out,
                           struct buf *error)
{
    static const struct str sqlite = STR_INIT("sqlite:");
    struct store_backend_options backend = {.now_ms = clock_wall_ms(options->clock)};

    TRY(sid_new(options->clock, options->entropy, &backend.new_feed_id));
    if (str_eq(options->url, STR("memory:")))
        return store_memory_open(&backend, out, error);
    if (str_starts_with(options->url, sqlite) && options->url.len > sqlite.len) {
        backend.path = str_slice(options->url, sqlite.len, options->url.len);
        return store_sqlite_open(&backend, out, error);
    }
    buf_cstr(error, "store.url is neither sqlite:PATH nor memory:");
    return FAULT(ERR_FAULT_STORE);
}

static void init_queue(struct store_queue *queue)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&queue->filled, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_cond_init(&queue->visited, NULL);
    pthread_mutex_init(&queue->lock, NULL);
}

static void adopt_meta(struct store *store, const struct store_meta *meta)
{
    store->feed_id = meta->feed_id;
    atomic_init(&store->last_number, meta->last_number);
    atomic_init(&store->last_wall_ms, meta->last_wall_ms);
    atomic_init(&store->tables_version, 1);
    atomic_init(&store->healthy, true);
    store->tokens_end_s = meta->tokens_end_s;
    store->telling.begun = store->telling.told = meta->tellings;
    store->audit = meta->audit;
    wall_watch_init(&store->watch, store->clock, meta->last_wall_ms);
}

struct result store_open(const struct store_options *options, struct store **out, struct buf *error)
{
    struct store *store = calloc(1, sizeof(*store));
    struct store_meta meta;

    if (store == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    struct result opened = open_backend(options, &store->backend, error);
    if (!result_ok(opened)) {
        free(store);
        return opened;
    }
    struct result read = store->backend->ops->read_meta(store->backend, &meta);
    if (!result_ok(read)) {
        buf_str(error, store->backend->ops->describe(store->backend));
        store->backend->ops->close(store->backend);
        free(store);
        return read;
    }
    store->clock = options->clock;
    store->expired_kept_s = options->expired_kept_s;
    store->audit_kept_s = options->audit_kept_s;
    store->node_len = options->node.len < LIMIT_NAME ? options->node.len : LIMIT_NAME;
    if (store->node_len > 0)
        memcpy(store->node, options->node.ptr, store->node_len);
    adopt_meta(store, &meta);
    init_queue(&store->queue);
    arena_init(&store->batch.arena, NULL, 0, STORE_BATCH_ARENA);
    pthread_mutex_init(&store->audit_lock, NULL);
    pthread_mutex_init(&store->telling.lock, NULL);
    pthread_cond_init(&store->telling.ended, NULL);
    pthread_mutex_init(&store->reads.lock, NULL);
    pthread_cond_init(&store->reads.filled, NULL);
    if (options->metrics != NULL)
        metrics_register(options->metrics, &store->metrics);
    *out = store;
    return RESULT_OK;
}

void store_close(struct store **store)
{
    struct store *closing = *store;

    if (closing == NULL)
        return;
    store_reader_stop(closing);
    store_writer_stop(closing);
    store_keep_wall(closing);
    closing->backend->ops->close(closing->backend);
    pthread_cond_destroy(&closing->queue.filled);
    pthread_cond_destroy(&closing->queue.visited);
    pthread_mutex_destroy(&closing->queue.lock);
    pthread_mutex_destroy(&closing->audit_lock);
    pthread_mutex_destroy(&closing->telling.lock);
    pthread_cond_destroy(&closing->telling.ended);
    pthread_mutex_destroy(&closing->reads.lock);
    pthread_cond_destroy(&closing->reads.filled);
    free(closing);
    *store = NULL;
}

/* ---- before the writer, or on it ---- */

/* The backend is one thread's at a time. */
static bool is_ours(const struct store *store)
{
    return !store->started || pthread_equal(pthread_self(), store->thread);
}

struct result store_use_scope_tables(struct store *store, const struct digest256 *tables,
                                     bool *out_fits)
{
    bool is_by_others = false;

    assert(is_ours(store));
    TRY(store->backend->ops->ceilings_are_asked(store->backend, tables, &is_by_others));
    if (!is_by_others)
        store->scope_tables = *tables;
    *out_fits = !is_by_others;
    return RESULT_OK;
}

static void name_row(struct buf *error, const char *what, const struct sid *sid,
                     enum store_conflict conflict)
{
    char text[SID_TEXT];

    sid_format(sid, text);
    buf_cstr(error, what);
    buf_char(error, ' ');
    buf_put(error, text, sizeof(text));
    buf_cstr(error, conflict == STORE_CONFLICT_EXISTS
                        ? ": its id or login exists already, or it is a second root"
                        : ": what it belongs to does not exist");
}

static RESULT judge_row(struct result result, enum store_conflict conflict, const char *what,
                        const struct sid *sid, struct buf *error)
{
    TRY(result);
    if (conflict == STORE_CONFLICT_NONE)
        return RESULT_OK;
    name_row(error, what, sid, conflict);
    return FAULT(ERR_FAULT_STORE);
}

static RESULT seed_rows(struct store_backend *backend, const struct store_seed *seed,
                        struct buf *error)
{
    const struct store_backend_ops *ops = backend->ops;
    enum store_conflict conflict = STORE_CONFLICT_NONE;

    for (size_t i = 0; i < seed->partner_count; i++) {
        struct partner_row row = seed->partners[i];
        row_fill_lists(&row.acls);
        row_fill_lists(&row.parent_assigned_acls);
        struct result result = ops->partner_create(backend, &row, &conflict);
        TRY(judge_row(result, conflict, "partner", &row.partner_sid, error));
    }
    for (size_t i = 0; i < seed->application_count; i++) {
        const struct application_row *row = &seed->applications[i];
        struct result result = ops->application_create(backend, row, &conflict);
        TRY(judge_row(result, conflict, "application", &row->client_id, error));
    }
    for (size_t i = 0; i < seed->secret_count; i++) {
        const struct secret_row *row = &seed->secrets[i];
        struct result result = ops->secret_create(backend, row, &conflict);
        TRY(judge_row(result, conflict, "secret", &row->secret_id, error));
    }
    return RESULT_OK;
}

struct result store_seed(struct store *store, const struct store_seed *seed, struct buf *error)
{
    struct store_backend *backend = store->backend;
    size_t said = error->len;

    assert(!store->started);
    struct result result = backend->ops->begin(backend);
    if (result_ok(result)) {
        result = seed_rows(backend, seed, error);
        if (result_ok(result))
            result = backend->ops->commit(backend, store_last_number(store));
        if (!result_ok(result))
            backend->ops->rollback(backend);
    }
    if (!result_ok(result) && error->len == said)
        buf_str(error, backend->ops->describe(backend));
    return result;
}

struct result store_read_party(struct store *store, const struct store_party_visitor *visitor)
{
    assert(is_ours(store));
    return store->backend->ops->read_party(store->backend, visitor);
}

struct result store_read_entries(struct store *store, uint64_t after, int64_t now_s, size_t limit,
                                 struct arena *arena, struct store_entry *out, size_t *out_count)
{
    assert(is_ours(store));
    return store->backend->ops->read_entries(store->backend, after, now_s, limit, arena, out,
                                             out_count);
}

/* ---- any time, any thread ---- */

uint64_t store_last_number(struct store *store)
{
    return atomic_load(&store->last_number);
}

uint64_t store_tables_version(struct store *store)
{
    return atomic_load(&store->tables_version);
}

struct store_audit_head store_audit_head(struct store *store)
{
    pthread_mutex_lock(&store->audit_lock);
    struct store_audit_head head = store->audit;
    pthread_mutex_unlock(&store->audit_lock);
    return head;
}

struct sid store_feed_id(const struct store *store)
{
    return store->feed_id;
}

int64_t store_last_wall_ms(struct store *store)
{
    return atomic_load(&store->last_wall_ms);
}

bool store_is_healthy(struct store *store)
{
    return atomic_load(&store->healthy);
}

bool store_clock_is_trusted(const struct store *store)
{
    return wall_watch_is_trusted(&store->watch);
}

int64_t store_surely_over_s(const struct store *store)
{
    return wall_watch_over_ms(&store->watch) / 1000;
}

struct result store_start(struct store *store, const struct store_hooks *hooks)
{
    assert(!store->started);
    store->hooks = *hooks;
    TRY(store_reader_start(store));
    return store_writer_start(store);
}
