/* The inside of the memory backend, for the files memory*.c alone. */
#ifndef STORE_MEMORY_INSIDE_H
#define STORE_MEMORY_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "store/backend.h"
#include "store/memory_table.h"

struct memory {
    struct store_backend backend; /* first: the ops cast */
    struct memory_table partners, logins, applications, secrets, tokens;
    struct memory_table entries, subjects; /* the same, by number and by what they speak of */
    struct memory_table revocations, assertions, audit;
    struct memory_table rules, trunk_groups, trunks;
    struct memory_journal journal;
    pthread_mutex_t lock; /* the writer's for a transaction, the reader's for a read */
    bool in_transaction;  /* the writer holds it */
    size_t savepoint;
    struct store_meta meta, meta_before, meta_at_savepoint;
    struct store_audit_head checkpoint, checkpoint_before; /* of the audit log */
    _Atomic size_t fail_after;                             /* calls until one fails; 0: none does */
    _Atomic bool down;
};

static inline struct memory *memory_of(struct store_backend *backend)
{
    return (struct memory *)backend;
}

static inline bool memory_is_revision(uint64_t if_revision, uint64_t revision)
{
    return if_revision == 0 || if_revision == revision;
}

static inline int memory_compare_sid(const struct sid *a, const struct sid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

/* ---- memory.c ---- */

/* The fault switch: every verb passes it first. */
RESULT memory_falter(struct memory *m);

/* One block: the row, and behind it the texts that its members at offsets point to. NULL when out
 * of memory. */
void *memory_copy_row(const void *row, size_t size, const size_t *offsets, size_t n);

/* The same by the row's shape. */
void *memory_copy(enum store_table table, const void *row);

struct memory_table *memory_table_of(struct memory *m, enum store_table table);

/* Puts the copy, which it takes over, into a table. */
RESULT memory_put(struct memory *m, struct memory_table *table, void *copy);

/* ---- memory_party.c ---- */

void memory_party_init(struct memory *m);
bool memory_has_partner(const struct memory *m, const struct sid *partner_sid);
struct result memory_partner_create(struct store_backend *backend, const struct partner_row *row,
                                    enum store_conflict *out);
struct result memory_application_create(struct store_backend *backend,
                                        const struct application_row *row,
                                        enum store_conflict *out);
struct result memory_secret_create(struct store_backend *backend, const struct secret_row *row,
                                   enum store_conflict *out);
struct result memory_read_party(struct store_backend *backend,
                                const struct store_party_visitor *visitor);

/* ---- memory_party_change.c ---- */

struct result memory_partner_update(struct store_backend *backend, struct partner_row *row,
                                    uint64_t if_revision, bool is_fixed, enum store_outcome *out);
struct result memory_application_update(struct store_backend *backend, struct application_row *row,
                                        uint64_t if_revision, bool is_fixed,
                                        enum store_outcome *out);
struct result memory_application_delete(struct store_backend *backend, const struct sid *client_id,
                                        uint64_t if_revision, enum store_outcome *out);
/* Of one application, by secret_id, at most max; how many. */
size_t memory_secrets_of(const struct memory *m, const struct sid *client_id, size_t max,
                         struct secret_row *out);
struct result memory_secrets_read(struct store_backend *backend, const struct sid *client_id,
                                  size_t max, struct secret_row *out, size_t *out_count);
struct result memory_secret_expire(struct store_backend *backend, const struct sid *secret_id,
                                   int64_t expires_ms);
struct result memory_secret_delete(struct store_backend *backend, const struct sid *client_id,
                                   const struct sid *secret_id, enum store_outcome *out);
struct result memory_secret_touch(struct store_backend *backend, const struct store_touch *touch);

/* ---- memory_acl.c ---- */

void memory_acl_init(struct memory *m);
struct result memory_acl_create(struct store_backend *backend, enum store_table table,
                                const void *row, enum store_conflict *out);
struct result memory_acl_update(struct store_backend *backend, enum store_table table, void *row,
                                uint64_t if_revision, enum store_outcome *out);
struct result memory_acl_delete(struct store_backend *backend, enum store_table table,
                                const struct sid *sid, uint64_t if_revision, struct sid *out_parent,
                                enum store_outcome *out);
struct result memory_trunk_group_raise(struct store_backend *backend,
                                       const struct sid *trunk_group_sid);
/* Of one group, rising, at most max; how many. */
size_t memory_trunks_of(const struct memory *m, const struct sid *trunk_group_sid, size_t max,
                        struct sid *out);
struct result memory_trunks_read(struct store_backend *backend, const struct sid *trunk_group_sid,
                                 size_t max, struct sid *out, size_t *out_count);
struct result memory_acl_owner_find(struct store_backend *backend, enum acl_owner_kind kind,
                                    const struct sid *sid, struct arena *arena,
                                    struct acl_owner_row *out, bool *out_found);

/* ---- memory_token.c ---- */

void memory_token_init(struct memory *m);
struct result memory_tokens_create(struct store_backend *backend,
                                   const struct token_row *const *rows, size_t n,
                                   enum store_conflict *out);
struct result memory_token_revoke(struct store_backend *backend, struct store_entry *entry,
                                  int64_t now_s, uint64_t if_revision, uint64_t *out_number,
                                  enum store_outcome *out);
struct result memory_token_update(struct store_backend *backend,
                                  const struct store_token_update *update, uint64_t if_revision,
                                  uint64_t *out_revision, int64_t *out_end_s,
                                  enum store_outcome *out);
struct result memory_token_touch(struct store_backend *backend, const struct store_touch *touch);
struct result memory_token_mark(struct store_backend *backend, const struct sid *token_sid,
                                const struct revocation_row *by, bool *out_marked);
RESULT memory_tokens_prune(struct memory *m, int64_t before_s, size_t limit, size_t *out_count);

/* ---- memory_entry.c ---- */

void memory_entry_init(struct memory *m);
/* The entry of a kind with that id; NULL: there is none. */
const struct store_entry *memory_find_entry(const struct memory *m, enum entry_kind kind,
                                            const struct sid *id);
RESULT memory_put_entry(struct memory *m, const struct store_entry *entry);
RESULT memory_drop_entry(struct memory *m, const struct store_entry *entry);
struct result memory_subject_read(struct store_backend *backend, const struct store_entry *subject,
                                  size_t max, struct store_entry *out, size_t *out_count);
struct result memory_entry_create(struct store_backend *backend, const struct store_entry *entry);
struct result memory_entry_delete(struct store_backend *backend, const struct store_entry *entry);
struct result memory_selectors_count(struct store_backend *backend, size_t *out);
struct result memory_token_last(struct store_backend *backend, struct sid *out);
struct result memory_plans_count(struct store_backend *backend, const struct sid *partner_sid,
                                 int64_t now_ms, size_t *out);
struct result memory_asked_count(struct store_backend *backend, const struct sid *partner_sid,
                                 int64_t now_ms, struct store_asked *out);
/* Text goes into the arena; false: it does not. */
bool memory_keep_entry(struct arena *arena, const struct store_entry *from, struct store_entry *to);
struct result memory_read_entries(struct store_backend *backend, uint64_t after, int64_t now_s,
                                  size_t limit, struct arena *arena, struct store_entry *out,
                                  size_t *out_count);
RESULT memory_entries_prune(struct memory *m, int64_t before_s, size_t limit, size_t *out_count);

/* ---- memory_revocation.c ---- */

void memory_revocation_init(struct memory *m);
struct result memory_revocation_create(struct store_backend *backend,
                                       const struct revocation_row *row, enum store_conflict *out);
struct result memory_revocation_find(struct store_backend *backend,
                                     const struct sid *revocation_sid, struct arena *arena,
                                     struct revocation_row *out, bool *out_found);
struct result memory_revocation_update(struct store_backend *backend,
                                       const struct revocation_row *row);
struct result memory_ceilings_are_asked(struct store_backend *backend,
                                        const struct digest256 *by_others_than, bool *out);
RESULT memory_plans_prune(struct memory *m, int64_t before_ms, size_t limit, size_t *out_count);
RESULT memory_revocations_prune(struct memory *m, int64_t before_s, size_t limit,
                                size_t *out_count);
RESULT memory_walk_tokens(const struct memory *m, struct store_read *read);
RESULT memory_get_revocation(const struct memory *m, struct store_read *read);
RESULT memory_list_revocations(const struct memory *m, struct store_read *read);
RESULT memory_read_feed(const struct memory *m, struct store_read *read);

/* ---- memory_audit.c: the audit log, and assertions ---- */

void memory_audit_init(struct memory *m);
struct result memory_assertion_use(struct store_backend *backend,
                                   const struct store_assertion *assertion,
                                   enum store_outcome *out);
struct result memory_audit_append(struct store_backend *backend, const struct audit_row *row);
RESULT memory_assertions_prune(struct memory *m, int64_t before_s, size_t limit, size_t *out_count);
RESULT memory_audit_prune(struct memory *m, int64_t before_ms, size_t limit, size_t *out_count);

/* ---- memory_column.c ---- */

bool memory_column_passes(const void *row, const struct store_filter *filter);
int memory_column_compare(const void *a, const void *b, enum store_column column);

/* ---- memory_list.c ---- */

/* STORE_TOKEN_LIST to STORE_TRUNK_LIST. */
RESULT memory_list_rows(struct memory *m, struct store_read *read);
/* STORE_RULE_GET, STORE_TRUNK_GROUP_GET, STORE_TRUNK_GET. */
RESULT memory_get_row(struct memory *m, enum store_table table, struct store_read *read);

/* ---- memory_read.c ---- */

/* Into the arena; false: memory is short. */
bool memory_keep(struct arena *arena, struct str *text);
bool memory_keep_token(const struct memory *m, struct arena *arena, const struct token_row *from,
                       struct token_row *to);

struct result memory_reader_open(struct store_backend *backend, struct store_reader **out);

#endif
