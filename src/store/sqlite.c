/* The SQLite backend's ground: statements, binding, faults, transactions. The verbs stand in
 * sqlite_party.c, sqlite_token.c and sqlite_entry.c; opening in sqlite_open.c. */
#include "store/sqlite.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/log.h"
#include "store/sqlite_reader.h"

/* ---- faults ---- */

static void note_trouble(struct sqlite *s, const char *what)
{
    snprintf(s->trouble, sizeof(s->trouble), "%s", what);
}

struct result sqlite_fault(struct sqlite *s)
{
    int code = sqlite3_extended_errcode(s->db);

    note_trouble(s, sqlite3_errmsg(s->db));
    if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC) {
        LOG(LOG_ERROR, "store_fsync_failed", LF_CSTR("reason", s->trouble),
            LF_CSTR("remedy", "check the disk, then start again: what was answered is kept"));
        abort();
    }
    return FAULT(code == SQLITE_NOMEM ? ERR_FAULT_MEMORY : ERR_FAULT_STORE);
}

struct result sqlite_bad_row(struct sqlite *s, const char *what)
{
    note_trouble(s, what);
    return FAULT(ERR_FAULT_STORE);
}

static struct str describe(struct store_backend *backend)
{
    return str_from(sqlite_of(backend)->trouble);
}

/* ---- statements ---- */

sqlite3_stmt *sqlite_statement(struct sqlite *s, enum sqlite_verb verb, const char *sql)
{
    if (s->statements[verb] == NULL)
        sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->statements[verb], NULL);
    return s->statements[verb];
}

struct result sqlite_run(struct sqlite *s, sqlite3_stmt *statement)
{
    if (statement == NULL)
        return sqlite_fault(s);
    struct result result = sqlite3_step(statement) == SQLITE_DONE ? RESULT_OK : sqlite_fault(s);
    sqlite3_reset(statement);
    return result;
}

struct result sqlite_prune(struct sqlite *s, sqlite3_stmt *statement, int64_t before_s,
                           size_t limit, size_t *out_count)
{
    if (statement == NULL)
        return sqlite_fault(s);
    sqlite3_bind_int64(statement, 1, before_s);
    sqlite3_bind_int64(statement, 2, (sqlite3_int64)limit);
    TRY(sqlite_run(s, statement));
    *out_count = (size_t)sqlite3_changes(s->db);
    return RESULT_OK;
}

struct result sqlite_find(struct sqlite *s, sqlite3_stmt *statement, bool *out_found)
{
    int step = statement != NULL ? sqlite3_step(statement) : SQLITE_ERROR;

    if (step != SQLITE_ROW && step != SQLITE_DONE) {
        struct result result = sqlite_fault(s);
        sqlite3_reset(statement);
        return result;
    }
    *out_found = step == SQLITE_ROW;
    if (!*out_found)
        sqlite3_reset(statement);
    return RESULT_OK;
}

struct result sqlite_insert(struct sqlite *s, sqlite3_stmt *statement, enum store_conflict *out)
{
    struct result result = RESULT_OK;

    switch (sqlite3_step(statement)) {
    case SQLITE_DONE:
        *out = STORE_CONFLICT_NONE;
        break;
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_UNIQUE:
        *out = STORE_CONFLICT_EXISTS;
        break;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        *out = STORE_CONFLICT_ORPHAN;
        break;
    default:
        result = sqlite_fault(s);
    }
    sqlite3_reset(statement);
    return result;
}

void sqlite_bind_text_str(sqlite3_stmt *statement, int at, struct str text)
{
    sqlite3_bind_text64(statement, at, text.len > 0 ? text.ptr : "", text.len, SQLITE_STATIC,
                        SQLITE_UTF8);
}

void sqlite_bind_sid(sqlite3_stmt *statement, int at, const struct sid *sid)
{
    sqlite3_bind_blob(statement, at, sid->bytes, sizeof(sid->bytes), SQLITE_STATIC);
}

void sqlite_bind_sid_or_null(sqlite3_stmt *statement, int at, const struct sid *sid)
{
    if (sid_is_none(sid))
        sqlite3_bind_null(statement, at);
    else
        sqlite_bind_sid(statement, at, sid);
}

struct str sqlite_column_str(sqlite3_stmt *statement, int at)
{
    const char *text = (const char *)sqlite3_column_text(statement, at);
    return str_make(text != NULL ? text : "", (size_t)sqlite3_column_bytes(statement, at));
}

bool sqlite_column_sid(sqlite3_stmt *statement, int at, struct sid *out)
{
    const void *bytes = sqlite3_column_blob(statement, at);
    int length = sqlite3_column_bytes(statement, at);

    *out = (struct sid){{0}};
    if (length == sizeof(out->bytes))
        memcpy(out->bytes, bytes, sizeof(out->bytes));
    return length == sizeof(out->bytes) || length == 0;
}

void sqlite_bind_digest(sqlite3_stmt *statement, int at, const uint8_t *digest)
{
    sqlite3_bind_blob(statement, at, digest, DIGEST256, SQLITE_STATIC);
}

bool sqlite_column_digest(sqlite3_stmt *statement, int at, uint8_t *out)
{
    const void *bytes = sqlite3_column_blob(statement, at);

    if (sqlite3_column_bytes(statement, at) != DIGEST256)
        return false;
    memcpy(out, bytes, DIGEST256);
    return true;
}

bool sqlite_column_name(sqlite3_stmt *statement, int at, const struct str *names, size_t n,
                        unsigned *out)
{
    struct str text = sqlite_column_str(statement, at);

    for (size_t i = 0; i < n; i++) {
        if (str_eq(names[i], text)) {
            *out = (unsigned)i;
            return true;
        }
    }
    return false;
}

/* ---- transactions ---- */

static struct result begin(struct store_backend *backend)
{
    struct sqlite *s = sqlite_of(backend);

    /* What takes it back is prepared first: that must not want memory when there is none. */
    if (sqlite_statement(s, SQLITE_VERB_ROLLBACK, "ROLLBACK") == NULL)
        return sqlite_fault(s);
    return sqlite_run(s, sqlite_statement(s, SQLITE_VERB_BEGIN, "BEGIN"));
}

/* One value of the store's own row. */
static RESULT keep(struct sqlite *s, enum sqlite_verb verb, const char *sql, int64_t value)
{
    sqlite3_stmt *st = sqlite_statement(s, verb, sql);

    if (st != NULL)
        sqlite3_bind_int64(st, 1, value);
    return sqlite_run(s, st);
}

static struct result commit(struct store_backend *backend, uint64_t last_number)
{
    struct sqlite *s = sqlite_of(backend);

    if (last_number != s->last_number)
        TRY(keep(s, SQLITE_VERB_KEEP_NUMBER, "UPDATE store SET last_number = ?1",
                 (int64_t)last_number));
    TRY(sqlite_run(s, sqlite_statement(s, SQLITE_VERB_COMMIT, "COMMIT")));
    s->last_number = last_number;
    return RESULT_OK;
}

static void rollback(struct store_backend *backend)
{
    struct sqlite *s = sqlite_of(backend);

    if (sqlite3_get_autocommit(s->db))
        return; /* a full disk and the like have ended it already */
    struct result result = sqlite_run(s, sqlite_statement(s, SQLITE_VERB_ROLLBACK, "ROLLBACK"));
    assert(result_ok(result) || sqlite3_get_autocommit(s->db));
}

static struct result savepoint(struct store_backend *backend)
{
    struct sqlite *s = sqlite_of(backend);
    return sqlite_run(s, sqlite_statement(s, SQLITE_VERB_SAVEPOINT, "SAVEPOINT request"));
}

static struct result release(struct store_backend *backend)
{
    struct sqlite *s = sqlite_of(backend);
    return sqlite_run(s, sqlite_statement(s, SQLITE_VERB_RELEASE, "RELEASE request"));
}

static struct result undo(struct store_backend *backend)
{
    struct sqlite *s = sqlite_of(backend);

    TRY(sqlite_run(s, sqlite_statement(s, SQLITE_VERB_UNDO, "ROLLBACK TO request")));
    return release(backend);
}

/* ---- the rest ---- */

static struct result prune(struct store_backend *backend, const struct store_prune *prune,
                           size_t *out_count)
{
    struct sqlite *s = sqlite_of(backend);
    size_t tokens = 0;
    size_t entries = 0;
    size_t plans = 0;
    size_t revocations = 0;
    size_t assertions = 0;
    size_t audit = 0;

    TRY(sqlite_tokens_prune(s, prune->tokens_before_s, prune->limit, &tokens));
    TRY(sqlite_entries_prune(s, prune->entries_before_s, prune->limit, &entries));
    TRY(sqlite_plans_prune(s, prune->plans_before_ms, prune->limit, &plans));
    TRY(sqlite_revocations_prune(s, prune->revocations_before_s, prune->limit, &revocations));
    TRY(sqlite_assertions_prune(s, prune->assertions_before_s, prune->limit, &assertions));
    TRY(sqlite_audit_prune(s, prune->audit_before_ms, prune->limit, &audit));
    *out_count = tokens + entries + plans + revocations + assertions + audit;
    return RESULT_OK;
}

static struct result keep_wall(struct store_backend *backend, int64_t wall_ms)
{
    return keep(sqlite_of(backend), SQLITE_VERB_KEEP_WALL, "UPDATE store SET last_wall_ms = ?1",
                wall_ms);
}

static struct result keep_tokens_end(struct store_backend *backend, int64_t tokens_end_s)
{
    return keep(sqlite_of(backend), SQLITE_VERB_KEEP_TOKENS_END,
                "UPDATE store SET tokens_end_s = ?1", tokens_end_s);
}

static struct result keep_tellings(struct store_backend *backend, uint64_t number)
{
    return keep(sqlite_of(backend), SQLITE_VERB_KEEP_TELLINGS, "UPDATE store SET tellings = ?1",
                (int64_t)number);
}

/* The log goes back into the file here, after the answers, and not in the commit as SQLite does by
 * itself: that would hold the answers back, and would hide a failed fsync of the file. */
static struct result tidy(struct store_backend *backend)
{
    struct sqlite *s = sqlite_of(backend);

    if (s->wal_pages < s->checkpoint_at)
        return RESULT_OK;
    /* Not again at once: after a fault, and while a reader holds the log where it is. */
    s->checkpoint_at = s->wal_pages + SQLITE_CHECKPOINT_PAGES;
    if (sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) != SQLITE_OK)
        return sqlite_fault(s);
    return RESULT_OK;
}

const struct store_backend_ops sqlite_backend_ops = {
    .close = sqlite_close,
    .read_meta = sqlite_read_meta,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .savepoint = savepoint,
    .release = release,
    .undo = undo,
    .partner_create = sqlite_partner_create,
    .application_create = sqlite_application_create,
    .secret_create = sqlite_secret_create,
    .read_party = sqlite_read_party,
    .partner_update = sqlite_partner_update,
    .application_update = sqlite_application_update,
    .application_delete = sqlite_application_delete,
    .secrets_read = sqlite_secrets_read,
    .secret_expire = sqlite_secret_expire,
    .secret_delete = sqlite_secret_delete,
    .secret_touch = sqlite_secret_touch,
    .acl_create = sqlite_acl_create,
    .acl_update = sqlite_acl_update,
    .acl_delete = sqlite_acl_delete,
    .trunk_group_raise = sqlite_trunk_group_raise,
    .trunks_read = sqlite_trunks_read,
    .acl_owner_find = sqlite_acl_owner_find,
    .tokens_create = sqlite_tokens_create,
    .token_revoke = sqlite_token_revoke,
    .token_update = sqlite_token_update,
    .token_touch = sqlite_token_touch,
    .token_mark = sqlite_token_mark,
    .subject_read = sqlite_subject_read,
    .entry_create = sqlite_entry_create,
    .entry_delete = sqlite_entry_delete,
    .selectors_count = sqlite_selectors_count,
    .token_last = sqlite_token_last,
    .plans_count = sqlite_plans_count,
    .asked_count = sqlite_asked_count,
    .read_entries = sqlite_read_entries,
    .revocation_create = sqlite_revocation_create,
    .revocation_find = sqlite_revocation_find,
    .revocation_update = sqlite_revocation_update,
    .ceilings_are_asked = sqlite_ceilings_are_asked,
    .assertion_use = sqlite_assertion_use,
    .audit_append = sqlite_audit_append,
    .prune = prune,
    .keep_wall = keep_wall,
    .keep_tokens_end = keep_tokens_end,
    .keep_tellings = keep_tellings,
    .reader_open = sqlite_reader_open,
    .tidy = tidy,
    .describe = describe,
};
