/* The inside of the SQLite backend, for the files sqlite*.c alone.
 *
 * Statements are prepared when first used and kept: each stands as text in one place, the function
 * that binds and steps it or a table beside that. */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include <sqlite3.h>

#include "store/backend.h"

enum sqlite_verb {
    SQLITE_VERB_BEGIN,
    SQLITE_VERB_COMMIT,
    SQLITE_VERB_ROLLBACK,
    SQLITE_VERB_SAVEPOINT,
    SQLITE_VERB_RELEASE,
    SQLITE_VERB_UNDO,
    SQLITE_VERB_KEEP_NUMBER,
    SQLITE_VERB_KEEP_WALL,
    SQLITE_VERB_KEEP_TOKENS_END,
    SQLITE_VERB_KEEP_TELLINGS,
    SQLITE_VERB_PARTNER_CREATE,
    SQLITE_VERB_APPLICATION_CREATE,
    SQLITE_VERB_SECRET_CREATE,
    SQLITE_VERB_PARTNER_UPDATE,
    SQLITE_VERB_PARTNER_FIND,
    SQLITE_VERB_APPLICATION_UPDATE,
    SQLITE_VERB_APPLICATION_FIND,
    SQLITE_VERB_APPLICATION_DELETE,
    SQLITE_VERB_SECRETS_FIND,
    SQLITE_VERB_SECRET_EXPIRE,
    SQLITE_VERB_SECRET_DELETE,
    SQLITE_VERB_SECRETS_DELETE,
    SQLITE_VERB_SECRET_TOUCH,
    SQLITE_VERB_PARTNERS_READ,
    SQLITE_VERB_APPLICATIONS_READ,
    SQLITE_VERB_SECRETS_READ,
    SQLITE_VERB_TOKENS_CREATE,
    SQLITE_VERB_TOKEN_UPDATE,
    SQLITE_VERB_TOKEN_TOUCH,
    SQLITE_VERB_TOKEN_FIND,
    SQLITE_VERB_PRUNE_PARTNER,
    SQLITE_VERB_PRUNE_LOOK,
    SQLITE_VERB_PRUNE_TOKEN,
    SQLITE_VERB_ENTRY_FIND,
    SQLITE_VERB_ENTRY_CREATE,
    SQLITE_VERB_ENTRY_MOVE,
    SQLITE_VERB_SET_DELETE,
    SQLITE_VERB_ENTRY_DELETE,
    SQLITE_VERB_SUBJECT_READ,
    SQLITE_VERB_SELECTORS_COUNT,
    SQLITE_VERB_TOKEN_LAST,
    SQLITE_VERB_PLANS_COUNT,
    SQLITE_VERB_ASKED_COUNT,
    SQLITE_VERB_TOKEN_MARK,
    SQLITE_VERB_REVOCATION_CREATE,
    SQLITE_VERB_REVOCATION_FIND,
    SQLITE_VERB_REVOCATION_UPDATE,
    SQLITE_VERB_CEILINGS_ASKED,
    SQLITE_VERB_PLANS_PRUNE,
    SQLITE_VERB_REVOCATIONS_PRUNE,
    SQLITE_VERB_ENTRIES_READ,
    SQLITE_VERB_ENTRIES_PRUNE,
    SQLITE_VERB_ASSERTION_USE,
    SQLITE_VERB_ASSERTIONS_PRUNE,
    SQLITE_VERB_AUDIT_APPEND,
    SQLITE_VERB_AUDIT_PRUNABLE,
    SQLITE_VERB_AUDIT_CHECKPOINT,
    SQLITE_VERB_AUDIT_PRUNE,
    SQLITE_VERB_RULE_CREATE,
    SQLITE_VERB_RULE_FIND,
    SQLITE_VERB_RULE_UPDATE,
    SQLITE_VERB_RULE_DELETE,
    SQLITE_VERB_TRUNK_GROUP_CREATE,
    SQLITE_VERB_TRUNK_GROUP_FIND,
    SQLITE_VERB_TRUNK_GROUP_UPDATE,
    SQLITE_VERB_TRUNK_GROUP_DELETE,
    SQLITE_VERB_TRUNK_GROUP_RAISE,
    SQLITE_VERB_TRUNK_CREATE,
    SQLITE_VERB_TRUNK_FIND,
    SQLITE_VERB_TRUNK_UPDATE,
    SQLITE_VERB_TRUNK_DELETE,
    SQLITE_VERB_RULES_READ,
    SQLITE_VERB_TRUNK_GROUPS_READ,
    SQLITE_VERB_TRUNKS_READ,
    SQLITE_VERB_TRUNKS_FIND, /* from here on the reader's too */
    SQLITE_VERB_ROW_PARTNER,
    SQLITE_VERB_ROW_APPLICATION,
    SQLITE_VERB_ROW_RULE,
    SQLITE_VERB_ROW_RULE_BRIEF,
    SQLITE_VERB_ROW_TRUNK_GROUP,
    SQLITE_VERB_ROW_TRUNK,
    SQLITE_VERB_READ_TOKEN, /* from here on the reader's */
    SQLITE_VERB_SCAN_TOKENS,
    SQLITE_VERB_WALK_END,
    SQLITE_VERB_WALK_TOKENS,
    SQLITE_VERB_READ_REVOCATION,
    SQLITE_VERB_LIST_REVOCATIONS,
    SQLITE_VERB_LIST_FOLLOWING,
    SQLITE_VERB_READ_FEED,
    SQLITE_VERB_READ_NUMBER,
    SQLITE_VERB_READ_AUDIT_UP,
    SQLITE_VERB_READ_AUDIT_DOWN,
    SQLITE_VERB_READ_CHECKPOINT,
    SQLITE_VERB_READ_TELLINGS,
    SQLITE_VERB_COUNT,
};

enum { SQLITE_CHECKPOINT_PAGES = 1000 /* 4 MB of log */ };

struct sqlite {
    struct store_backend backend; /* first: the ops cast */
    sqlite3 *db;
    int lock_fd;
    uint64_t last_number; /* as stored */
    int wal_pages;        /* in the log after the last commit */
    int checkpoint_at;    /* so many of them call for a checkpoint */
    struct sqlite_new_tokens {
        const struct token_row *const *rows;
        size_t count;
    } new_tokens; /* what the virtual table holds while they go in */
    struct sqlite_prune_place {
        struct sid partner_sid; /* none: a round begins */
        int64_t exp_s;
        struct sid token_sid; /* the last row that was looked at */
    } prune_place;            /* where the clean-up of token rows stands */
    sqlite3_stmt *statements[SQLITE_VERB_COUNT];
    char trouble[256]; /* the last error */
};

static inline struct sqlite *sqlite_of(struct store_backend *backend)
{
    return (struct sqlite *)backend;
}

/* ---- sqlite.c ---- */

extern const struct store_backend_ops sqlite_backend_ops;

/* The statement of a verb, reset; the caller binds every parameter anew. NULL on a fault, which
 * sqlite_fault tells. */
sqlite3_stmt *sqlite_statement(struct sqlite *s, enum sqlite_verb verb, const char *sql);

/* Steps a statement that gives no rows, and resets it. */
RESULT sqlite_run(struct sqlite *s, sqlite3_stmt *statement);

/* A step of the clean-up: a DELETE that takes a time as ?1 and how many rows at most as ?2. */
RESULT sqlite_prune(struct sqlite *s, sqlite3_stmt *statement, int64_t before_s, size_t limit,
                    size_t *out_count);

/* The same for an INSERT, and tells a conflict from a fault. */
RESULT sqlite_insert(struct sqlite *s, sqlite3_stmt *statement, enum store_conflict *out);

/* Steps a statement that gives one row at most. *out_found: it gave one, whose columns can be read
 * until sqlite3_reset, which is the caller's then. */
RESULT sqlite_find(struct sqlite *s, sqlite3_stmt *statement, bool *out_found);

/* Notes what SQLite says. A failed fsync ends the process: whether the data is on disk can not be
 * known any more, and to try again would say yes without it being so. */
struct result sqlite_fault(struct sqlite *s);

/* A stored value that no version of this program has written. */
struct result sqlite_bad_row(struct sqlite *s, const char *what);

/* Binding copies nothing: the values outlive the step. Columns live until the statement's next. */
void sqlite_bind_text_str(sqlite3_stmt *statement, int at, struct str text);
void sqlite_bind_sid(sqlite3_stmt *statement, int at, const struct sid *sid);
void sqlite_bind_sid_or_null(sqlite3_stmt *statement, int at, const struct sid *sid);
struct str sqlite_column_str(sqlite3_stmt *statement, int at);
bool sqlite_column_sid(sqlite3_stmt *statement, int at, struct sid *out);        /* NULL: none */
void sqlite_bind_digest(sqlite3_stmt *statement, int at, const uint8_t *digest); /* DIGEST256 */
bool sqlite_column_digest(sqlite3_stmt *statement, int at, uint8_t *out);

/* Position of a column's text in names; false when it is not there. */
bool sqlite_column_name(sqlite3_stmt *statement, int at, const struct str *names, size_t n,
                        unsigned *out);

/* ---- sqlite_open.c ---- */

void sqlite_close(struct store_backend *backend);
struct result sqlite_read_meta(struct store_backend *backend, struct store_meta *out);

/* ---- sqlite_lock.c ---- */

/* Makes the file (and its folder) where needed, 0600, and takes the lock beside it. *out_path is
 * the file's real path, malloced: two names of one store have one lock. */
RESULT sqlite_lock_take(struct str path, char **out_path, int *out_fd, struct buf *error);
void sqlite_lock_release(int fd);

/* ---- sqlite_migrate.c ---- */

RESULT sqlite_migrate(struct sqlite *s, const struct store_backend_options *options,
                      struct buf *error);

/* ---- sqlite_new_tokens.c ---- */

/* Columns of a new row, as in the virtual table new_tokens: s->new_tokens, in their order. */
#define SQLITE_NEW_TOKEN_COLUMNS                                                                \
    "token_sid, client_id, partner_sid, user_sid, name, scopes, audiences, created_ms, exp_s, " \
    "exp_signed_s, generation, revision, newest_exp_s, newest_epoch, newest_kid"

/* Makes that table known to the connection. False: sqlite_fault tells. */
bool sqlite_new_tokens_register(struct sqlite *s);

/* ---- sqlite_prune.c ---- */

/* A step of the clean-up of token rows; it goes on where the last one stopped. */
RESULT sqlite_tokens_prune(struct sqlite *s, int64_t before_s, size_t limit, size_t *out_count);

/* ---- the verbs: sqlite_party.c, sqlite_acl.c, sqlite_token.c, sqlite_entry.c, sqlite_revocation.c
 * ---- */

struct result sqlite_partner_create(struct store_backend *backend, const struct partner_row *row,
                                    enum store_conflict *out);
struct result sqlite_application_create(struct store_backend *backend,
                                        const struct application_row *row,
                                        enum store_conflict *out);
struct result sqlite_secret_create(struct store_backend *backend, const struct secret_row *row,
                                   enum store_conflict *out);
struct result sqlite_read_party(struct store_backend *backend,
                                const struct store_party_visitor *visitor);
struct result sqlite_tokens_create(struct store_backend *backend,
                                   const struct token_row *const *rows, size_t n,
                                   enum store_conflict *out);
struct result sqlite_token_update(struct store_backend *backend,
                                  const struct store_token_update *update, uint64_t if_revision,
                                  uint64_t *out_revision, int64_t *out_end_s,
                                  enum store_outcome *out);
struct result sqlite_token_touch(struct store_backend *backend, const struct store_touch *touch);
/* Of the token's row: 0 and false where there is none. */
struct sqlite_token_found {
    uint64_t revision;
    int64_t end_s; /* exp_signed_s */
    bool is_marked;
};
RESULT sqlite_token_find(struct sqlite *s, const struct sid *token_sid,
                         struct sqlite_token_found *out);
struct result sqlite_token_mark(struct store_backend *backend, const struct sid *token_sid,
                                const struct revocation_row *by, bool *out_marked);
struct result sqlite_token_revoke(struct store_backend *backend, struct store_entry *entry,
                                  int64_t now_s, uint64_t if_revision, uint64_t *out_number,
                                  enum store_outcome *out);
RESULT sqlite_token_is_revoked(struct sqlite *s, const struct sid *token_sid, bool *out);
struct result sqlite_subject_read(struct store_backend *backend, const struct store_entry *subject,
                                  size_t max, struct store_entry *out, size_t *out_count);
struct result sqlite_entry_create(struct store_backend *backend, const struct store_entry *entry);
struct result sqlite_entry_delete(struct store_backend *backend, const struct store_entry *entry);
struct result sqlite_selectors_count(struct store_backend *backend, size_t *out);
struct result sqlite_token_last(struct store_backend *backend, struct sid *out);
struct result sqlite_plans_count(struct store_backend *backend, const struct sid *partner_sid,
                                 int64_t now_ms, size_t *out);
struct result sqlite_asked_count(struct store_backend *backend, const struct sid *partner_sid,
                                 int64_t now_ms, struct store_asked *out);
struct result sqlite_read_entries(struct store_backend *backend, uint64_t after, int64_t now_s,
                                  size_t limit, struct arena *arena, struct store_entry *out,
                                  size_t *out_count);
RESULT sqlite_entries_prune(struct sqlite *s, int64_t before_s, size_t limit, size_t *out_count);

struct result sqlite_revocation_create(struct store_backend *backend,
                                       const struct revocation_row *row, enum store_conflict *out);
struct result sqlite_revocation_find(struct store_backend *backend,
                                     const struct sid *revocation_sid, struct arena *arena,
                                     struct revocation_row *out, bool *out_found);
struct result sqlite_revocation_update(struct store_backend *backend,
                                       const struct revocation_row *row);
struct result sqlite_ceilings_are_asked(struct store_backend *backend,
                                        const struct digest256 *by_others_than, bool *out);
RESULT sqlite_plans_prune(struct sqlite *s, int64_t before_ms, size_t limit, size_t *out_count);
RESULT sqlite_revocations_prune(struct sqlite *s, int64_t before_s, size_t limit,
                                size_t *out_count);

struct result sqlite_partner_update(struct store_backend *backend, struct partner_row *row,
                                    uint64_t if_revision, bool is_fixed, enum store_outcome *out);
struct result sqlite_application_update(struct store_backend *backend, struct application_row *row,
                                        uint64_t if_revision, bool is_fixed,
                                        enum store_outcome *out);
struct result sqlite_application_delete(struct store_backend *backend, const struct sid *client_id,
                                        uint64_t if_revision, enum store_outcome *out);
struct result sqlite_secrets_read(struct store_backend *backend, const struct sid *client_id,
                                  size_t max, struct secret_row *out, size_t *out_count);
struct result sqlite_secret_expire(struct store_backend *backend, const struct sid *secret_id,
                                   int64_t expires_ms);
struct result sqlite_secret_delete(struct store_backend *backend, const struct sid *client_id,
                                   const struct sid *secret_id, enum store_outcome *out);
struct result sqlite_secret_touch(struct store_backend *backend, const struct store_touch *touch);

struct result sqlite_acl_create(struct store_backend *backend, enum store_table table,
                                const void *row, enum store_conflict *out);
struct result sqlite_acl_update(struct store_backend *backend, enum store_table table, void *row,
                                uint64_t if_revision, enum store_outcome *out);
struct result sqlite_acl_delete(struct store_backend *backend, enum store_table table,
                                const struct sid *sid, uint64_t if_revision, struct sid *out_parent,
                                enum store_outcome *out);
struct result sqlite_trunk_group_raise(struct store_backend *backend,
                                       const struct sid *trunk_group_sid);
struct result sqlite_trunks_read(struct store_backend *backend, const struct sid *trunk_group_sid,
                                 size_t max, struct sid *out, size_t *out_count);
struct result sqlite_acl_owner_find(struct store_backend *backend, enum acl_owner_kind kind,
                                    const struct sid *sid, struct arena *arena,
                                    struct acl_owner_row *out, bool *out_found);

/* Hands all rows of the statement to the visitor, by one of them after the other. */
RESULT sqlite_visit_rows(struct sqlite *s, sqlite3_stmt *statement,
                         struct result (*visit)(struct sqlite *s, sqlite3_stmt *statement,
                                                const struct store_party_visitor *visitor),
                         const struct store_party_visitor *visitor);
/* The part of store_read_party that is access control. */
RESULT sqlite_visit_acl(struct sqlite *s, const struct store_party_visitor *visitor);

/* ---- rows, from the columns of a statement that selects exactly these, in this order ---- */

#define SQLITE_PARTNER_COLUMNS                                                     \
    "partner_sid, parent_sid, name, login, status, scopes_all, available_scopes, " \
    "created_ms, updated_ms, revision, acls, parent_assigned_acls"
#define SQLITE_APPLICATION_COLUMNS                                                       \
    "client_id, partner_sid, name, type, status, auth_method, grant_types, "             \
    "redirect_uris, scopes_all, scopes, approved_restricted, audiences, introspection, " \
    "access_token_ttl_s, created_ms, updated_ms, revision, jwks, auth_audience, "        \
    "refresh_token_ttl_s"

#define SQLITE_SELECTOR_COLUMNS                                                   \
    "of_client_id, of_partner_sid, of_user_sid, of_kid, of_scopes, of_before_s, " \
    "of_descendants, of_over_ceiling"
#define SQLITE_REVOCATION_COLUMNS                                                      \
    SQLITE_SELECTOR_COLUMNS                                                            \
    ", revocation_sid, partner_sid, client_id, state, below, "                         \
    "number, created_ms, expires_ms, executed_ms, done_ms, end_s, walked_to, tokens, " \
    "by_tables"

/* SQLITE_SELECTOR_COLUMNS from that column on. Text goes into the arena; NULL: it is left out. */
RESULT sqlite_column_selector(struct sqlite *s, sqlite3_stmt *statement, int at,
                              struct arena *arena, struct revocation_selector *out);
RESULT sqlite_column_revocation(struct sqlite *s, sqlite3_stmt *statement, struct arena *arena,
                                struct revocation_row *out);

/* Of entries AS e and SQLITE_ENTRY_SELECTOR behind it. */
#define SQLITE_ENTRY_COLUMNS                                                        \
    "e.number, e.kind, e.id, e.kid, e.end_s, e.at_ms, e.scopes, e.exp_s, e.below, " \
    "e.before_s, " SQLITE_SELECTOR_COLUMNS
#define SQLITE_ENTRY_SELECTOR                           \
    "LEFT JOIN revocations AS v ON v.revocation_sid = " \
    "CASE WHEN e.kind = 'selector' THEN e.id END"
enum { SQLITE_ENTRY_SELECTOR_AT = 10, SQLITE_ENTRY_COLUMN_COUNT = 18 };

/* Text of sets and selectors goes into the arena, which may be NULL where there can be none. */
RESULT sqlite_column_entry(struct sqlite *s, sqlite3_stmt *statement, struct arena *arena,
                           struct store_entry *out);

RESULT sqlite_column_partner(struct sqlite *s, sqlite3_stmt *statement, struct partner_row *out);
RESULT sqlite_column_application(struct sqlite *s, sqlite3_stmt *statement,
                                 struct application_row *out);
/* secret_id, client_id, digest, created_ms, expires_ms, last_used_ms. */
bool sqlite_column_secret(sqlite3_stmt *statement, struct secret_row *out);
/* Of one application, by secret_id, at most max. */
RESULT sqlite_secrets_of(struct sqlite *s, const struct sid *client_id, size_t max,
                         struct secret_row *out, size_t *out_count);

/* ---- sqlite_audit.c: the audit log, and assertions ---- */

struct result sqlite_assertion_use(struct store_backend *backend,
                                   const struct store_assertion *assertion,
                                   enum store_outcome *out);
RESULT sqlite_assertions_prune(struct sqlite *s, int64_t before_s, size_t limit, size_t *out_count);
struct result sqlite_audit_append(struct store_backend *backend, const struct audit_row *row);
RESULT sqlite_audit_read_head(struct sqlite *s, struct store_audit_head *out);
RESULT sqlite_audit_prune(struct sqlite *s, int64_t before_ms, size_t limit, size_t *out_count);

#endif
