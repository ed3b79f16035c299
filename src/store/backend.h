/* The port of a durable store's backend: what sqlite.c and memory.c implement and the front
 * (store.c, writer.c) calls. Backends are dumb: no queue, no clock, no hooks, no thread of their
 * own.
 *
 * Calls come from one thread at a time: the opener's until store_start, the writer's from then on.
 * Every verb but open, read_meta and close stands between begin and commit or rollback. Verbs are
 * deterministic: carried out again on the same state they give the same, since the writer repeats a
 * transaction in which one request failed, then with a savepoint around each request. */
#ifndef STORE_BACKEND_H
#define STORE_BACKEND_H

#include "store/list.h"
#include "store/store.h"

struct store_meta {
    struct sid feed_id;
    uint64_t last_number; /* of the sequence, pruned entries included */
    int64_t last_wall_ms;
    int64_t tokens_end_s;          /* no token row ever had an exp_signed_s beyond it */
    struct store_audit_head audit; /* pruned records included */
    uint64_t tellings;             /* see telling.c */
};

/* Why a row did not go in, other than by a fault; then nothing has changed. */
enum store_conflict {
    STORE_CONFLICT_NONE,
    STORE_CONFLICT_EXISTS, /* its id, login, or a second root */
    STORE_CONFLICT_ORPHAN, /* its parent, partner or application does not exist */
};

struct store_prune {
    int64_t tokens_before_s;  /* rows whose exp_signed_s is lower go */
    int64_t entries_before_s; /* entries whose end_s is lower go */
    int64_t assertions_before_s;
    int64_t plans_before_ms;      /* plans of revocations that were over earlier go */
    int64_t revocations_before_s; /* others whose end_s is lower go, once their entry has */
    int64_t audit_before_ms;      /* older records go, the oldest first, and leave a checkpoint */
    size_t limit;                 /* of rows, each of all kinds */
};

/* Reads beside the backend, from a thread of its own; the backend outlives it. */
struct store_reader {
    const struct store_reader_ops *ops;
};

struct store_reader_ops {
    void (*close)(struct store_reader *reader); /* frees *reader */
    /* Fills read->out, and read->outcome where it is not DONE. */
    struct result (*read)(struct store_reader *reader, struct store_read *read);
    /* What keep_tellings wrote last, as a read would see it now. Waits for no commit. */
    struct result (*tellings)(struct store_reader *reader, uint64_t *out);
};

struct store_backend {
    const struct store_backend_ops *ops;
};

/* What one who asks has in force. */
struct store_asked {
    size_t executed;       /* revocations about tokens that may still live */
    size_t selectors;      /* entries of ENTRY_SELECTOR with an end over 0 */
    size_t ceilings;       /* revocations by over_ceiling that are followed */
    int64_t rest_until_ms; /* when the last of those that were is as long ago as it took, or
                              STORE_CEILING_REST_MS; 0: none was */
};

struct store_backend_ops {
    void (*close)(struct store_backend *backend); /* frees *backend */

    struct result (*read_meta)(struct store_backend *backend, struct store_meta *out);

    /* ---- transactions ---- */

    struct result (*begin)(struct store_backend *backend);
    /* Durable when it returns without a fault; after one, rollback follows. last_number: the
     * sequence's after this transaction. */
    struct result (*commit)(struct store_backend *backend, uint64_t last_number);
    void (*rollback)(struct store_backend *backend); /* also where a fault ended it already */

    /* One level deep. A fault of these makes the whole transaction unusable. */
    struct result (*savepoint)(struct store_backend *backend);
    struct result (*release)(struct store_backend *backend);
    struct result (*undo)(struct store_backend *backend); /* back to the savepoint, which is gone */

    /* ---- verbs ---- */

    struct result (*partner_create)(struct store_backend *backend, const struct partner_row *row,
                                    enum store_conflict *out);
    struct result (*application_create)(struct store_backend *backend,
                                        const struct application_row *row,
                                        enum store_conflict *out);
    struct result (*secret_create)(struct store_backend *backend, const struct secret_row *row,
                                   enum store_conflict *out);
    struct result (*read_party)(struct store_backend *backend,
                                const struct store_party_visitor *visitor);

    /* In place of the row with its id; what it may not change (store.h) and the revision are
     * written into *row. is_fixed: BUSY where what it may hold of scopes would change. */
    struct result (*partner_update)(struct store_backend *backend, struct partner_row *row,
                                    uint64_t if_revision, bool is_fixed, enum store_outcome *out);
    struct result (*application_update)(struct store_backend *backend, struct application_row *row,
                                        uint64_t if_revision, bool is_fixed,
                                        enum store_outcome *out);
    struct result (*application_delete)(struct store_backend *backend, const struct sid *client_id,
                                        uint64_t if_revision, enum store_outcome *out);
    /* Of one application, by secret_id, at most max. */
    struct result (*secrets_read)(struct store_backend *backend, const struct sid *client_id,
                                  size_t max, struct secret_row *out, size_t *out_count);
    struct result (*secret_expire)(struct store_backend *backend, const struct sid *secret_id,
                                   int64_t expires_ms);
    struct result (*secret_delete)(struct store_backend *backend, const struct sid *client_id,
                                   const struct sid *secret_id, enum store_outcome *out);
    struct result (*secret_touch)(struct store_backend *backend, const struct store_touch *touch);

    /* Rows of access control, as those of partners and applications: STORE_RULES,
     * STORE_TRUNK_GROUPS, STORE_TRUNKS. Text of lists is not empty. */
    struct result (*acl_create)(struct store_backend *backend, enum store_table table,
                                const void *row, enum store_conflict *out);
    struct result (*acl_update)(struct store_backend *backend, enum store_table table, void *row,
                                uint64_t if_revision, enum store_outcome *out);
    /* A group has no trunks then. *out_parent: the partner or, of a trunk, the group it was of. */
    struct result (*acl_delete)(struct store_backend *backend, enum store_table table,
                                const struct sid *sid, uint64_t if_revision, struct sid *out_parent,
                                enum store_outcome *out);
    /* The group's revision rises. It is there. */
    struct result (*trunk_group_raise)(struct store_backend *backend,
                                       const struct sid *trunk_group_sid);
    /* Of one group, rising, at most max. */
    struct result (*trunks_read)(struct store_backend *backend, const struct sid *trunk_group_sid,
                                 size_t max, struct sid *out, size_t *out_count);
    /* The whole row; text goes into the arena, a group's trunks are left out. */
    struct result (*acl_owner_find)(struct store_backend *backend, enum acl_owner_kind kind,
                                    const struct sid *sid, struct arena *arena,
                                    struct acl_owner_row *out, bool *out_found);

    /* One row, or several at once. Where one of several exists (EXISTS), others may have gone in:
     * the caller undoes the transaction. */
    struct result (*tokens_create)(struct store_backend *backend,
                                   const struct token_row *const *rows, size_t n,
                                   enum store_conflict *out);

    /* entry: complete, with the next number. Its end is raised to the highest exp of the token's
     * row, where there is one. *out_number: entry->number when it went in, also in place of an
     * earlier one that the row outlives; the earlier entry's where the token is revoked already; 0
     * where it is over at now_s and nothing was done. A set of the token goes. CONFLICT:
     * if_revision is neither 0 nor the row's. A marked row is revoked as any other. */
    struct result (*token_revoke)(struct store_backend *backend, struct store_entry *entry,
                                  int64_t now_s, uint64_t if_revision, uint64_t *out_number,
                                  enum store_outcome *out);

    /* CONFLICT: if_revision is neither 0 nor the row's, or the token is revoked or marked.
     * *out_end_s: the highest exp of the row now. */
    struct result (*token_update)(struct store_backend *backend,
                                  const struct store_token_update *update, uint64_t if_revision,
                                  uint64_t *out_revision, int64_t *out_end_s,
                                  enum store_outcome *out);
    struct result (*token_touch)(struct store_backend *backend, const struct store_touch *touch);

    /* Marks the row as ended by that revocation, unless it is marked or revoked already or was made
     * since. */
    struct result (*token_mark)(struct store_backend *backend, const struct sid *token_sid,
                                const struct revocation_row *by, bool *out_marked);

    /* All entries of the subject's kind, id and kid, at most max: number, below, before_s, end_s.
     */
    struct result (*subject_read)(struct store_backend *backend, const struct store_entry *subject,
                                  size_t max, struct store_entry *out, size_t *out_count);
    /* A new one. Its subject has none with its before_s. */
    struct result (*entry_create)(struct store_backend *backend, const struct store_entry *entry);
    /* By number, kind, id, kid and before_s: there is one. */
    struct result (*entry_delete)(struct store_backend *backend, const struct store_entry *entry);
    /* Entries of ENTRY_SELECTOR with an end over 0. */
    struct result (*selectors_count)(struct store_backend *backend, size_t *out);
    /* Revocations of who asked that are planned, those over by now_ms left out. */
    struct result (*plans_count)(struct store_backend *backend, const struct sid *partner_sid,
                                 int64_t now_ms, size_t *out);
    struct result (*asked_count)(struct store_backend *backend, const struct sid *partner_sid,
                                 int64_t now_ms, struct store_asked *out);
    /* The highest token_sid; none: there is no token. */
    struct result (*token_last)(struct store_backend *backend, struct sid *out);

    /* As store_read_entries. */
    struct result (*read_entries)(struct store_backend *backend, uint64_t after, int64_t now_s,
                                  size_t limit, struct arena *arena, struct store_entry *out,
                                  size_t *out_count);

    /* EXISTS: its id. */
    struct result (*revocation_create)(struct store_backend *backend,
                                       const struct revocation_row *row, enum store_conflict *out);
    /* Text goes into the arena. */
    struct result (*revocation_find)(struct store_backend *backend,
                                     const struct sid *revocation_sid, struct arena *arena,
                                     struct revocation_row *out, bool *out_found);
    /* State, number, the times of execution, of its end and end_s, cursor, tokens and tables are
     * written. */
    struct result (*revocation_update)(struct store_backend *backend,
                                       const struct revocation_row *row);
    /* Whether a revocation is followed whose selector asks for over_ceiling; by_others_than: NULL,
     * or tables by which it is not decided, while it is known which decide. */
    struct result (*ceilings_are_asked)(struct store_backend *backend,
                                        const struct digest256 *by_others_than, bool *out);

    struct result (*assertion_use)(struct store_backend *backend,
                                   const struct store_assertion *assertion,
                                   enum store_outcome *out);
    struct result (*audit_append)(struct store_backend *backend, const struct audit_row *row);

    struct result (*prune)(struct store_backend *backend, const struct store_prune *prune,
                           size_t *out_count);
    struct result (*keep_wall)(struct store_backend *backend, int64_t wall_ms);
    struct result (*keep_tokens_end)(struct store_backend *backend, int64_t tokens_end_s);
    struct result (*keep_tellings)(struct store_backend *backend, uint64_t number);

    /* ---- outside of transactions ---- */

    struct result (*reader_open)(struct store_backend *backend, struct store_reader **out);

    /* What may wait until the answers of a commit have left (SQLite: a checkpoint). */
    struct result (*tidy)(struct store_backend *backend);

    /* What went wrong last, for the log. Lives until the next call. */
    struct str (*describe)(struct store_backend *backend);
};

/* What openers get. path: of "sqlite:PATH". */
struct store_backend_options {
    struct str path;
    struct sid new_feed_id; /* for a store that is made now */
    int64_t now_ms;
};

/* On a fault *error says in one line what is wrong. */
RESULT store_sqlite_open(const struct store_backend_options *options, struct store_backend **out,
                         struct buf *error);
RESULT store_memory_open(const struct store_backend_options *options, struct store_backend **out,
                         struct buf *error);

#endif
