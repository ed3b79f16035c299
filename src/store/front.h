/* The inside of struct store, for store.c, writer.c, batch.c and housekeeping.c alone.
 *
 * Who touches what: the opener everything until store_start; from then on the writer thread the
 * backend, the watch and batch; any thread the queue under its lock, and the atomics. */
#ifndef STORE_FRONT_H
#define STORE_FRONT_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/backend.h"
#include "store/wall_watch.h"

enum {
    STORE_BATCH = 256, /* requests in one transaction */
    /* One for each, but for a step of a revocation, and the end of its own. */
    STORE_BATCH_ENTRIES = STORE_BATCH + STORE_REVOCATION_ROWS + 1,
    /* Two for each, but for those of a rule with users or a group with trunks. */
    STORE_BATCH_CHANGES = 2 * STORE_BATCH + STORE_RULE_USERS + 1,
    STORE_BATCH_BYTES = 16 * 1024 * 1024, /* of rules' entries, however long the first are */
    STORE_BATCH_ARENA = 64 * 1024 * 1024, /* rows read to be told again with their changes */
    STORE_READS = 1024,                   /* reads waiting; more are refused */
    STORE_QUEUE = 64 * 1024,              /* requests waiting; more are refused */
    STORE_TOUCH_QUEUE = STORE_QUEUE / 2,  /* with more, touches are dropped */
    STORE_PRUNE_STEP = 500,               /* rows removed in one transaction */
    STORE_TICK_MS = 1000,                 /* between two rounds of housekeeping */
    STORE_KEEP_MS = 60 * 1000,            /* between two times kept */
    STORE_TOKENS_END_AHEAD_S = 3600       /* so that it is written about once in so long */
};

struct store_queue {
    pthread_mutex_t lock; /* a leaf: nothing is locked or called under it */
    pthread_cond_t filled;
    struct store_request *first, *last;
    size_t count;
    bool closing;
    struct store_visit *visit; /* one at a time; NULL: none waits */
    pthread_cond_t visited;
};

/* Of store_run_on_writer: on its caller's stack, the writer's while it is in queue.visit. */
struct store_visit {
    void (*run)(struct store *store, void *context);
    void *context;
    size_t behind; /* requests in the queue that came before it */
};

struct store_read_queue {
    pthread_mutex_t lock; /* a leaf */
    pthread_cond_t filled;
    struct store_read *first, *last;
    size_t count;
    bool closing, started;
    pthread_t thread;
    struct store_reader *reader; /* the thread's while it runs */
};

/* How far a transaction has come; a request that is undone puts it back. */
struct store_progress {
    size_t entry_count, change_count;
    uint64_t last_number, tables_version;
    int64_t tokens_end_s;
    bool ceilings_were_asked; /* by a revocation that ceased to in this transaction */
    struct store_audit_head audit;
};

/* One transaction's requests and what came of them. */
struct store_batch {
    struct store_request *requests[STORE_BATCH];
    size_t count;
    const struct token_row *rows[STORE_BATCH]; /* of those that create tokens together */
    int64_t wall_ms;
    struct store_progress progress;
    struct store_entry entries[STORE_BATCH_ENTRIES]; /* the new ones */
    struct store_change changes[STORE_BATCH_CHANGES];
    struct arena arena; /* of this attempt */
};

/* See telling.c. */
struct store_telling {
    pthread_mutex_t lock; /* a leaf */
    pthread_cond_t ended;
    uint64_t begun, told; /* the same: nothing is under way */
};

/* What a request asks for of a batch's room, at most. */
struct store_weight {
    size_t entries, changes, bytes;
};

struct store {
    struct store_backend *backend;
    struct sid feed_id;
    int64_t expired_kept_s, audit_kept_s;
    char node[LIMIT_NAME];
    size_t node_len;
    const struct clock *clock;
    struct wall_watch watch;
    int64_t tokens_end_s;          /* as in store_meta */
    struct digest256 scope_tables; /* 0: not told */
    struct store_hooks hooks;
    struct metrics metrics;

    _Atomic uint64_t last_number, tables_version;
    _Atomic int64_t last_wall_ms;
    _Atomic bool healthy;
    pthread_mutex_t audit_lock; /* a leaf, of audit */
    struct store_audit_head audit;
    struct store_telling telling;

    struct store_queue queue;
    struct store_batch batch;
    struct store_read_queue reads;
    pthread_t thread;
    bool started;
    int64_t ticked_ms, kept_ms; /* on the monotonic clock */
    bool prune_pending;
};

/* ---- writer.c ---- */

RESULT store_writer_start(struct store *store);
void store_writer_stop(struct store *store); /* when all that was submitted has been answered */

/* ---- reader.c ---- */

RESULT store_reader_start(struct store *store);
void store_reader_stop(struct store *store); /* when all that was submitted has been answered */

/* ---- telling.c ---- */

/* Around a commit, on the writer thread: the first before it, the second when the hooks have
 * returned, or it has failed; also without the first. */
RESULT store_telling_begin(struct store *store);
void store_telling_end(struct store *store, bool committed);

/* On the reader thread, which has read: until the hooks were told of all that it may have seen. */
void store_telling_wait(struct store *store);

/* ---- carry.c, on the writer thread ---- */

/* One request within a transaction. A fault is the store's; what is wrong with the request alone
 * goes into request->result, what it met into request->outcome. */
RESULT store_carry_out(struct store *store, struct store_request *request);

/* How many of the batch's requests from this one on create tokens, and can do so together. */
size_t store_count_creations(const struct store_batch *batch, size_t from);

/* So many of them, at once. Where one meets a conflict that is a fault too: each goes alone then.
 */
RESULT store_carry_out_creations(struct store *store, size_t from, size_t n);

struct store_weight store_weigh(const struct store_request *request);

/* ---- carry_entry.c ---- */

/* The batch's next number, for an entry; taken once the entry is appended. */
struct store_entry store_next_entry(const struct store_batch *batch, enum entry_kind kind,
                                    int64_t end_s);
void store_append_entry(struct store_batch *batch, const struct store_entry *entry);

/* Writes and appends the entry of an epoch, a selector, a plan or a set; in place of those of its
 * subject that say nothing beside it, with what they said, and one that may speak of any token not
 * to end before every token has (*entry is then as it was written). TOO_MANY: nothing was done. */
RESULT store_put_entry(struct store *store, struct store_entry *entry, enum store_outcome *out);

/* Writes and appends the end of its subject's entry: one that is over whatever the clock says. */
RESULT store_end_entry(struct store *store, struct store_entry *entry);

/* A token is signed up to exp_s: entries that may speak of it stay for as long. */
RESULT store_note_tokens_end(struct store *store, int64_t exp_s);

/* The wall clock for questions whether a secret is over: none is while it is in doubt. Of tokens
 * see store_surely_over_s: a secret that works again has its application back, no more. */
int64_t store_over_ms(const struct store *store);

/* ---- carry_party.c: partners, applications, secrets ---- */

/* The next one to tell, for the caller to fill; the tables' version rises. */
struct store_change *store_next_change(struct store *store, enum store_change_kind kind);
enum store_outcome store_outcome_of(enum store_conflict conflict);

RESULT store_carry_partner(struct store *store, struct store_request *request);
RESULT store_carry_application(struct store *store, struct store_request *request);
RESULT store_carry_application_delete(struct store *store, struct store_request *request);
RESULT store_carry_secret_create(struct store *store, struct store_request *request);
RESULT store_carry_secret_delete(struct store *store, struct store_request *request);

/* ---- carry_acl.c: rules, trunk groups, trunks ---- */

RESULT store_carry_acl(struct store *store, struct store_request *request);

/* ---- carry_bounds.c ---- */

/* Whether one more is in the bounds of how many may be in force: else request->outcome is TOO_MANY
 * and the bound is said. kind: of the entry that the row becomes. */
RESULT store_judge_bounds(struct store *store, const struct revocation_row *row,
                          enum entry_kind kind, struct store_request *request);

/* ---- carry_revocation.c ---- */

RESULT store_carry_revocation_plan(struct store *store, struct store_request *request);
RESULT store_carry_revocation_execute(struct store *store, struct store_request *request);
RESULT store_carry_revocation_step(struct store *store, struct store_request *request);

/* ---- audit.c ---- */

/* Links the record to the batch's chain. */
RESULT store_audit_append(struct store *store, struct str record);

/* ---- batch.c, on the writer thread ---- */

/* Carries out store->batch, commits, calls the hook, answers. */
void store_batch_run(struct store *store);

/* Notes whether a transaction came through, for store_is_healthy; logs when that changes. */
void store_note_health(struct store *store, struct result result);

/* ---- housekeeping.c, on the writer thread ---- */

/* Does what is due. True when clean-up has more to do at once. */
bool store_housekeep(struct store *store);

/* Keeps the time, as the store closes. */
void store_keep_wall(struct store *store);

#endif
