/* The memory backend: sorted tables and a journal (memory_table.h). It obeys the same port as
 * SQLite, transactions, savepoints and conflicts included, and tests/unit/store holds both to one
 * suite. */
#include "store/memory.h"

#include <assert.h>
#include <stdlib.h>

#include "store/front.h"
#include "store/memory_inside.h"
#include "store/row_texts.h"

struct result memory_falter(struct memory *m)
{
    size_t left = atomic_load(&m->fail_after);

    if (left > 0 && atomic_fetch_sub(&m->fail_after, 1) == 1)
        return FAULT(ERR_FAULT_STORE);
    return atomic_load(&m->down) ? FAULT(ERR_FAULT_STORE) : RESULT_OK;
}

/* ---- rows ---- */

void *memory_copy_row(const void *row, size_t size, const size_t *offsets, size_t n)
{
    size_t total = size;

    for (size_t i = 0; i < n; i++)
        total += ((const struct str *)((const char *)row + offsets[i]))->len;
    char *copy = malloc(total);
    if (copy == NULL)
        return NULL;
    memcpy(copy, row, size);
    char *at = copy + size;
    for (size_t i = 0; i < n; i++) {
        struct str *text = (struct str *)(copy + offsets[i]);
        if (text->len > 0)
            memcpy(at, text->ptr, text->len);
        text->ptr = at;
        at += text->len;
    }
    return copy;
}

void *memory_copy(enum store_table table, const void *row)
{
    const struct row_shape *shape = &row_shapes[table];
    return memory_copy_row(row, shape->size, shape->texts, shape->text_count);
}

struct memory_table *memory_table_of(struct memory *m, enum store_table table)
{
    struct memory_table *tables[STORE_TABLES] = {
        [STORE_TOKENS] = &m->tokens,
        [STORE_PARTNERS] = &m->partners,
        [STORE_APPLICATIONS] = &m->applications,
        [STORE_RULES] = &m->rules,
        [STORE_TRUNK_GROUPS] = &m->trunk_groups,
        [STORE_TRUNKS] = &m->trunks,
    };
    return tables[table];
}

struct result memory_put(struct memory *m, struct memory_table *table, void *copy)
{
    if (copy == NULL || !memory_table_put(table, &m->journal, copy))
        return FAULT(ERR_FAULT_MEMORY);
    return RESULT_OK;
}

/* ---- transactions ---- */

static struct result keep_wall(struct store_backend *backend, int64_t wall_ms)
{
    TRY(memory_falter(memory_of(backend)));
    memory_of(backend)->meta.last_wall_ms = wall_ms;
    return RESULT_OK;
}

static struct result keep_tokens_end(struct store_backend *backend, int64_t tokens_end_s)
{
    TRY(memory_falter(memory_of(backend)));
    memory_of(backend)->meta.tokens_end_s = tokens_end_s;
    return RESULT_OK;
}

static struct result keep_tellings(struct store_backend *backend, uint64_t number)
{
    TRY(memory_falter(memory_of(backend)));
    memory_of(backend)->meta.tellings = number;
    return RESULT_OK;
}

static void leave(struct memory *m)
{
    if (m->in_transaction)
        pthread_mutex_unlock(&m->lock);
    m->in_transaction = false;
}

static struct result begin(struct store_backend *backend)
{
    struct memory *m = memory_of(backend);

    TRY(memory_falter(m));
    assert(m->journal.count == 0);
    pthread_mutex_lock(&m->lock);
    m->in_transaction = true;
    m->meta_before = m->meta;
    m->checkpoint_before = m->checkpoint;
    return RESULT_OK;
}

static struct result commit(struct store_backend *backend, uint64_t last_number)
{
    struct memory *m = memory_of(backend);

    TRY(memory_falter(m));
    m->meta.last_number = last_number;
    m->meta_before = m->meta;
    m->checkpoint_before = m->checkpoint;
    memory_journal_commit(&m->journal);
    leave(m);
    return RESULT_OK;
}

static void rollback(struct store_backend *backend)
{
    struct memory *m = memory_of(backend);

    memory_journal_undo(&m->journal, 0);
    m->meta = m->meta_before;
    m->checkpoint = m->checkpoint_before;
    leave(m);
}

static struct result savepoint(struct store_backend *backend)
{
    struct memory *m = memory_of(backend);

    TRY(memory_falter(m));
    m->savepoint = m->journal.count;
    m->meta_at_savepoint = m->meta;
    return RESULT_OK;
}

static struct result release(struct store_backend *backend)
{
    return memory_falter(memory_of(backend));
}

static struct result undo(struct store_backend *backend)
{
    struct memory *m = memory_of(backend);

    TRY(memory_falter(m));
    memory_journal_undo(&m->journal, m->savepoint);
    m->meta = m->meta_at_savepoint;
    return RESULT_OK;
}

/* ---- the rest ---- */

static struct result read_meta(struct store_backend *backend, struct store_meta *out)
{
    *out = memory_of(backend)->meta;
    return RESULT_OK;
}

static struct result tidy(struct store_backend *backend)
{
    (void)backend;
    return RESULT_OK;
}

static struct str describe(struct store_backend *backend)
{
    (void)backend;
    return STR("the memory store was told to fail, or memory is short");
}

static struct result prune(struct store_backend *backend, const struct store_prune *prune,
                           size_t *out_count)
{
    struct memory *m = memory_of(backend);
    size_t tokens = 0;
    size_t entries = 0;
    size_t plans = 0;
    size_t revocations = 0;
    size_t assertions = 0;
    size_t audit = 0;

    TRY(memory_falter(m));
    TRY(memory_tokens_prune(m, prune->tokens_before_s, prune->limit, &tokens));
    TRY(memory_entries_prune(m, prune->entries_before_s, prune->limit, &entries));
    TRY(memory_plans_prune(m, prune->plans_before_ms, prune->limit, &plans));
    TRY(memory_revocations_prune(m, prune->revocations_before_s, prune->limit, &revocations));
    TRY(memory_assertions_prune(m, prune->assertions_before_s, prune->limit, &assertions));
    TRY(memory_audit_prune(m, prune->audit_before_ms, prune->limit, &audit));
    *out_count = tokens + entries + plans + revocations + assertions + audit;
    return RESULT_OK;
}

static void close_memory(struct store_backend *backend)
{
    struct memory *m = memory_of(backend);
    struct memory_table *tables[] = {
        &m->partners, &m->logins,       &m->applications, &m->secrets,    &m->tokens,
        &m->entries,  &m->subjects,     &m->revocations,  &m->assertions, &m->audit,
        &m->rules,    &m->trunk_groups, &m->trunks};

    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        memory_table_done(tables[i]);
    free(m->journal.changes);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

static const struct store_backend_ops ops = {
    .close = close_memory,
    .read_meta = read_meta,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .savepoint = savepoint,
    .release = release,
    .undo = undo,
    .partner_create = memory_partner_create,
    .application_create = memory_application_create,
    .secret_create = memory_secret_create,
    .read_party = memory_read_party,
    .partner_update = memory_partner_update,
    .application_update = memory_application_update,
    .application_delete = memory_application_delete,
    .secrets_read = memory_secrets_read,
    .secret_expire = memory_secret_expire,
    .secret_delete = memory_secret_delete,
    .secret_touch = memory_secret_touch,
    .acl_create = memory_acl_create,
    .acl_update = memory_acl_update,
    .acl_delete = memory_acl_delete,
    .trunk_group_raise = memory_trunk_group_raise,
    .trunks_read = memory_trunks_read,
    .acl_owner_find = memory_acl_owner_find,
    .tokens_create = memory_tokens_create,
    .token_revoke = memory_token_revoke,
    .token_update = memory_token_update,
    .token_touch = memory_token_touch,
    .token_mark = memory_token_mark,
    .subject_read = memory_subject_read,
    .entry_create = memory_entry_create,
    .entry_delete = memory_entry_delete,
    .selectors_count = memory_selectors_count,
    .token_last = memory_token_last,
    .plans_count = memory_plans_count,
    .asked_count = memory_asked_count,
    .read_entries = memory_read_entries,
    .revocation_create = memory_revocation_create,
    .revocation_find = memory_revocation_find,
    .revocation_update = memory_revocation_update,
    .ceilings_are_asked = memory_ceilings_are_asked,
    .assertion_use = memory_assertion_use,
    .audit_append = memory_audit_append,
    .prune = prune,
    .keep_wall = keep_wall,
    .keep_tokens_end = keep_tokens_end,
    .keep_tellings = keep_tellings,
    .reader_open = memory_reader_open,
    .tidy = tidy,
    .describe = describe,
};

struct result store_memory_open(const struct store_backend_options *options,
                                struct store_backend **out, struct buf *error)
{
    struct memory *m = calloc(1, sizeof(*m));

    if (m == NULL) {
        buf_cstr(error, "out of memory");
        return FAULT(ERR_FAULT_MEMORY);
    }
    m->backend.ops = &ops;
    pthread_mutex_init(&m->lock, NULL);
    memory_party_init(m);
    memory_token_init(m);
    memory_entry_init(m);
    memory_revocation_init(m);
    memory_audit_init(m);
    memory_acl_init(m);
    m->meta.feed_id = options->new_feed_id;
    m->meta_before = m->meta;
    *out = &m->backend;
    return RESULT_OK;
}

void store_memory_fail_after(struct store *store, size_t n)
{
    assert(store->backend->ops == &ops);
    atomic_store(&memory_of(store->backend)->fail_after, n);
}

void store_memory_set_down(struct store *store, bool down)
{
    assert(store->backend->ops == &ops);
    atomic_store(&memory_of(store->backend)->down, down);
}
