/* The memory backend: sorted tables and a journal (memory_table.h). It obeys the same port as
 * SQLite, transactions, savepoints and conflicts included, and tests/unit/store holds both to one
 * suite. */
#include "store/memory.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "store/front.h"
#include "store/memory_table.h"

struct memory {
    struct store_backend backend; /* first: the ops cast */
    struct memory_table partners, logins, applications, secrets, tokens;
    struct memory_table entries, subjects; /* the same, by number and by what they speak of */
    struct memory_journal journal;
    size_t savepoint;
    struct store_meta meta, meta_before;
    _Atomic size_t fail_after; /* calls until one fails; 0: none does */
    _Atomic bool down;
};

static struct memory *memory_of(struct store_backend *backend)
{
    return (struct memory *)backend;
}

/* The fault switch: every verb passes it. */
static RESULT falter(struct memory *m)
{
    size_t left = atomic_load(&m->fail_after);

    if (left > 0 && atomic_fetch_sub(&m->fail_after, 1) == 1)
        return FAULT(ERR_FAULT_STORE);
    return atomic_load(&m->down) ? FAULT(ERR_FAULT_STORE) : RESULT_OK;
}

/* ---- keys ---- */

static int compare_sid(const struct sid *a, const struct sid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static int compare_partner(const void *a, const void *b)
{
    return compare_sid(&((const struct partner_row *)a)->partner_sid,
                       &((const struct partner_row *)b)->partner_sid);
}

static int compare_login(const void *a, const void *b)
{
    return str_compare(((const struct partner_row *)a)->login,
                       ((const struct partner_row *)b)->login);
}

static int compare_application(const void *a, const void *b)
{
    return compare_sid(&((const struct application_row *)a)->client_id,
                       &((const struct application_row *)b)->client_id);
}

static int compare_secret(const void *a, const void *b)
{
    return compare_sid(&((const struct secret_row *)a)->secret_id,
                       &((const struct secret_row *)b)->secret_id);
}

static int compare_token(const void *a, const void *b)
{
    return compare_sid(&((const struct token_row *)a)->token_sid,
                       &((const struct token_row *)b)->token_sid);
}

static int compare_number(const void *a, const void *b)
{
    uint64_t x = ((const struct store_entry *)a)->number;
    uint64_t y = ((const struct store_entry *)b)->number;
    return x < y ? -1 : x > y;
}

static int compare_subject(const void *a, const void *b)
{
    const struct store_entry *x = a;
    const struct store_entry *y = b;
    int order = (int)x->kind - (int)y->kind;

    order = order != 0 ? order : compare_sid(&x->id, &y->id);
    return order != 0 ? order : str_compare(entry_kid(x), entry_kid(y));
}

/* ---- rows ---- */

/* One block: the row, and behind it the texts that its members at offsets point to. */
static void *copy_row(const void *row, size_t size, const size_t *offsets, size_t n)
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

static RESULT put_copy(struct memory *m, struct memory_table *table, void *copy)
{
    if (copy == NULL || !memory_table_put(table, &m->journal, copy))
        return FAULT(ERR_FAULT_MEMORY);
    return RESULT_OK;
}

static void *copy_partner(const struct partner_row *row)
{
    static const size_t texts[] = {offsetof(struct partner_row, name),
                                   offsetof(struct partner_row, login),
                                   offsetof(struct partner_row, available_scopes)};
    return copy_row(row, sizeof(*row), texts, sizeof(texts) / sizeof(texts[0]));
}

static bool has_root(const struct memory *m)
{
    for (size_t i = 0; i < m->partners.count; i++) {
        if (sid_is_none(&((const struct partner_row *)m->partners.rows[i])->parent_sid))
            return true;
    }
    return false;
}

static bool has_partner(const struct memory *m, const struct sid *partner_sid)
{
    struct partner_row key = {.partner_sid = *partner_sid};
    return memory_table_find(&m->partners, &key) != NULL;
}

static struct result partner_create(struct store_backend *backend, const struct partner_row *row,
                                    enum store_conflict *out)
{
    struct memory *m = memory_of(backend);
    bool is_root = sid_is_none(&row->parent_sid);
    bool has_login = row->login.len > 0;

    TRY(falter(m));
    if (has_partner(m, &row->partner_sid) || (is_root && has_root(m)) ||
        (has_login && memory_table_find(&m->logins, row) != NULL)) {
        *out = STORE_CONFLICT_EXISTS;
        return RESULT_OK;
    }
    if (!is_root && !has_partner(m, &row->parent_sid)) {
        *out = STORE_CONFLICT_ORPHAN;
        return RESULT_OK;
    }
    if (has_login)
        TRY(put_copy(m, &m->logins, copy_partner(row)));
    TRY(put_copy(m, &m->partners, copy_partner(row)));
    *out = STORE_CONFLICT_NONE;
    return RESULT_OK;
}

static struct result application_create(struct store_backend *backend,
                                        const struct application_row *row, enum store_conflict *out)
{
    static const size_t texts[] = {offsetof(struct application_row, name),
                                   offsetof(struct application_row, grant_types),
                                   offsetof(struct application_row, redirect_uris),
                                   offsetof(struct application_row, scopes),
                                   offsetof(struct application_row, approved_restricted),
                                   offsetof(struct application_row, audiences)};
    struct memory *m = memory_of(backend);

    TRY(falter(m));
    if (memory_table_find(&m->applications, row) != NULL)
        *out = STORE_CONFLICT_EXISTS;
    else if (!has_partner(m, &row->partner_sid))
        *out = STORE_CONFLICT_ORPHAN;
    else
        *out = STORE_CONFLICT_NONE;
    if (*out != STORE_CONFLICT_NONE)
        return RESULT_OK;
    return put_copy(m, &m->applications,
                    copy_row(row, sizeof(*row), texts, sizeof(texts) / sizeof(texts[0])));
}

static struct result secret_create(struct store_backend *backend, const struct secret_row *row,
                                   enum store_conflict *out)
{
    struct memory *m = memory_of(backend);
    struct application_row key = {.client_id = row->client_id};

    TRY(falter(m));
    if (memory_table_find(&m->secrets, row) != NULL)
        *out = STORE_CONFLICT_EXISTS;
    else if (memory_table_find(&m->applications, &key) == NULL)
        *out = STORE_CONFLICT_ORPHAN;
    else
        *out = STORE_CONFLICT_NONE;
    if (*out != STORE_CONFLICT_NONE)
        return RESULT_OK;
    return put_copy(m, &m->secrets, copy_row(row, sizeof(*row), NULL, 0));
}

/* Each level of the tree in its turn: a child's id may well sort before its parent's. */
static RESULT visit_children(struct memory *m, const struct sid *parent_sid,
                             const struct store_party_visitor *visitor)
{
    for (size_t i = 0; i < m->partners.count; i++) {
        const struct partner_row *row = m->partners.rows[i];
        if (!sid_eq(&row->parent_sid, parent_sid))
            continue;
        TRY(visitor->partner(visitor->context, row));
        TRY(visit_children(m, &row->partner_sid, visitor));
    }
    return RESULT_OK;
}

static struct result read_party(struct store_backend *backend,
                                const struct store_party_visitor *visitor)
{
    static const struct sid none;
    struct memory *m = memory_of(backend);

    TRY(falter(m));
    TRY(visit_children(m, &none, visitor));
    for (size_t i = 0; i < m->applications.count; i++)
        TRY(visitor->application(visitor->context, m->applications.rows[i]));
    for (size_t i = 0; i < m->secrets.count; i++)
        TRY(visitor->secret(visitor->context, m->secrets.rows[i]));
    return RESULT_OK;
}

/* ---- tokens and the sequence ---- */

static struct result token_create(struct store_backend *backend, const struct token_row *row,
                                  enum store_conflict *out)
{
    static const size_t texts[] = {offsetof(struct token_row, name),
                                   offsetof(struct token_row, scopes),
                                   offsetof(struct token_row, audiences)};
    struct memory *m = memory_of(backend);

    TRY(falter(m));
    *out = memory_table_find(&m->tokens, row) != NULL ? STORE_CONFLICT_EXISTS : STORE_CONFLICT_NONE;
    if (*out != STORE_CONFLICT_NONE)
        return RESULT_OK;
    return put_copy(m, &m->tokens,
                    copy_row(row, sizeof(*row), texts, sizeof(texts) / sizeof(texts[0])));
}

static RESULT put_entry(struct memory *m, const struct store_entry *entry)
{
    TRY(put_copy(m, &m->entries, copy_row(entry, sizeof(*entry), NULL, 0)));
    return put_copy(m, &m->subjects, copy_row(entry, sizeof(*entry), NULL, 0));
}

static struct result token_revoke(struct store_backend *backend, struct store_entry *entry,
                                  int64_t now_s, uint64_t *out_number)
{
    struct memory *m = memory_of(backend);
    struct token_row key = {.token_sid = entry->id};

    TRY(falter(m));
    const struct store_entry *earlier = memory_table_find(&m->subjects, entry);
    const struct token_row *row = memory_table_find(&m->tokens, &key);
    if (earlier != NULL) {
        *out_number = earlier->number;
        return RESULT_OK;
    }
    if (row != NULL && row->exp_signed_s > entry->end_s)
        entry->end_s = row->exp_signed_s;
    if (entry->end_s > now_s)
        TRY(put_entry(m, entry));
    *out_number = entry->end_s > now_s ? entry->number : 0;
    return RESULT_OK;
}

static struct result epoch_create(struct store_backend *backend, struct store_entry *entry)
{
    struct memory *m = memory_of(backend);

    TRY(falter(m));
    const struct store_entry *earlier = memory_table_find(&m->subjects, entry);
    if (earlier != NULL) {
        if (earlier->end_s > entry->end_s)
            entry->end_s = earlier->end_s;
        if (!memory_table_remove(&m->entries, &m->journal,
                                 memory_table_place(&m->entries, earlier)))
            return FAULT(ERR_FAULT_MEMORY);
    }
    return put_entry(m, entry);
}

static struct result read_entries(struct store_backend *backend, uint64_t after, int64_t now_s,
                                  size_t limit, struct store_entry *out, size_t *out_count)
{
    struct memory *m = memory_of(backend);
    struct store_entry key = {.number = after + 1};
    size_t count = 0;

    TRY(falter(m));
    for (size_t i = memory_table_place(&m->entries, &key); i < m->entries.count; i++) {
        const struct store_entry *entry = m->entries.rows[i];
        if (count == limit)
            break;
        if (entry->end_s > now_s)
            out[count++] = *entry;
    }
    *out_count = count;
    return RESULT_OK;
}

static RESULT prune_entries(struct memory *m, const struct store_prune *prune, size_t *count)
{
    size_t pruned = 0;

    for (size_t i = m->entries.count; i-- > 0 && pruned < prune->limit;) {
        const struct store_entry *entry = m->entries.rows[i];
        if (entry->end_s >= prune->entries_before_s)
            continue;
        if (!memory_table_remove(&m->subjects, &m->journal,
                                 memory_table_place(&m->subjects, entry)) ||
            !memory_table_remove(&m->entries, &m->journal, i))
            return FAULT(ERR_FAULT_MEMORY);
        pruned++;
    }
    *count += pruned;
    return RESULT_OK;
}

static struct result prune(struct store_backend *backend, const struct store_prune *prune,
                           size_t *out_count)
{
    struct memory *m = memory_of(backend);
    size_t count = 0;

    TRY(falter(m));
    for (size_t i = m->tokens.count; i-- > 0 && count < prune->limit;) {
        const struct token_row *row = m->tokens.rows[i];
        if (row->exp_signed_s >= prune->tokens_before_s)
            continue;
        if (!memory_table_remove(&m->tokens, &m->journal, i))
            return FAULT(ERR_FAULT_MEMORY);
        count++;
    }
    TRY(prune_entries(m, prune, &count));
    *out_count = count;
    return RESULT_OK;
}

static struct result keep_wall(struct store_backend *backend, int64_t wall_ms)
{
    TRY(falter(memory_of(backend)));
    memory_of(backend)->meta.last_wall_ms = wall_ms;
    return RESULT_OK;
}

/* ---- transactions ---- */

static struct result begin(struct store_backend *backend)
{
    struct memory *m = memory_of(backend);

    TRY(falter(m));
    assert(m->journal.count == 0);
    m->meta_before = m->meta;
    return RESULT_OK;
}

static struct result commit(struct store_backend *backend, uint64_t last_number)
{
    struct memory *m = memory_of(backend);

    TRY(falter(m));
    m->meta.last_number = last_number;
    m->meta_before = m->meta;
    memory_journal_commit(&m->journal);
    return RESULT_OK;
}

static void rollback(struct store_backend *backend)
{
    struct memory *m = memory_of(backend);

    memory_journal_undo(&m->journal, 0);
    m->meta = m->meta_before;
}

static struct result savepoint(struct store_backend *backend)
{
    TRY(falter(memory_of(backend)));
    memory_of(backend)->savepoint = memory_of(backend)->journal.count;
    return RESULT_OK;
}

static struct result release(struct store_backend *backend)
{
    return falter(memory_of(backend));
}

static struct result undo(struct store_backend *backend)
{
    TRY(falter(memory_of(backend)));
    memory_journal_undo(&memory_of(backend)->journal, memory_of(backend)->savepoint);
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

static void close_memory(struct store_backend *backend)
{
    struct memory *m = memory_of(backend);
    struct memory_table *tables[] = {&m->partners, &m->logins,  &m->applications, &m->secrets,
                                     &m->tokens,   &m->entries, &m->subjects};

    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        memory_table_done(tables[i]);
    free(m->journal.changes);
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
    .partner_create = partner_create,
    .application_create = application_create,
    .secret_create = secret_create,
    .read_party = read_party,
    .token_create = token_create,
    .token_revoke = token_revoke,
    .epoch_create = epoch_create,
    .read_entries = read_entries,
    .prune = prune,
    .keep_wall = keep_wall,
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
    m->partners.compare = compare_partner;
    m->logins.compare = compare_login;
    m->applications.compare = compare_application;
    m->secrets.compare = compare_secret;
    m->tokens.compare = compare_token;
    m->entries.compare = compare_number;
    m->subjects.compare = compare_subject;
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
