/* The durable store: the truth behind every answer 2xx (P3). One process has it open at a time.
 * Reads at start-up are plain calls; everything after that is a request handed to the store's
 * writer thread, which carries out many of them in one transaction (group commit), a failing one
 * undone alone, and answers each by a message to the loop that asked, after the commit.
 *
 * The writer also is the only thread that changes the revocation index: it calls hooks.committed
 * with the new entries of the sequence after the commit and before any answer leaves, so that what
 * has been answered is visible (P2).
 *
 * Backends (sqlite.c, memory.c) implement store/backend.h; what is here is common to them. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stddef.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/clock.h"
#include "core/entropy.h"
#include "core/loop.h"
#include "core/metrics.h"
#include "core/result.h"
#include "store/rows.h"

struct store;
struct acl_rule; /* a rule compiled (acl/rule.h): carried from the request to the hook, not used */

enum store_change_kind {
    STORE_CHANGE_PARTNER,          /* made or changed */
    STORE_CHANGE_APPLICATION,      /* made or changed */
    STORE_CHANGE_APPLICATION_GONE, /* and its secrets with it */
    STORE_CHANGE_SECRETS,          /* of an application: all it has now */
    STORE_CHANGE_RULE,             /* made or changed */
    STORE_CHANGE_RULE_GONE,        /* behind the changes of those that it was detached from */
    STORE_CHANGE_TRUNK_GROUP,      /* made or changed; not told when its trunks alone change */
    STORE_CHANGE_TRUNK_GROUP_GONE, /* behind its trunks, each told */
    STORE_CHANGE_TRUNK,            /* made or changed */
    STORE_CHANGE_TRUNK_GONE,
};

enum {
    STORE_SECRETS_LIVE = 2,   /* of an application */
    STORE_GROUP_TRUNKS = 256, /* of a trunk group */
    STORE_RULE_USERS = 1000   /* that one request detaches a rule from */
};

/* One change of the tables, whole rows as they are stored now. Text lives for the call. */
struct store_change {
    enum store_change_kind kind;
    union {
        const struct partner_row *partner;
        const struct application_row *application;
        struct sid client_id; /* of the application that is gone */
        struct {
            struct sid client_id;
            struct secret_row rows[STORE_SECRETS_LIVE];
            size_t count;
        } secrets;
        struct {
            const struct acl_rule_row *row;
            const struct acl_rule *compiled; /* the request's: held by whoever made that */
        } rule;
        const struct trunk_group_row *trunk_group; /* without trunks */
        const struct trunk_row *trunk;
        struct sid gone; /* of RULE_, TRUNK_GROUP_ and TRUNK_GONE: its id */
    };
};

struct store_hooks {
    /* On the writer thread. entries are in order of number and live for the call. */
    void (*committed)(void *context, const struct store_entry *entries, size_t n);
    /* On the writer thread, about once a second while idle or busy. What ended at or before over_s
     * may be forgotten: a minute behind the wall clock, and 0 while that is not to be relied on. */
    void (*housekeeping)(void *context, int64_t over_s);
    void *context;
    /* On the writer thread, after the commit and after committed, before any answer leaves: what
     * has changed in the tables, in order, and the version they have now. n is 0 where that alone
     * is new. */
    void (*changed)(void *context, const struct store_change *changes, size_t n, uint64_t version);
};

struct store_options {
    struct str url; /* "sqlite:PATH" or "memory:" */
    const struct clock *clock;
    struct entropy *entropy;
    struct metrics_registry
        *metrics;           /* may be NULL; not summed any more once the store is closed */
    int64_t expired_kept_s; /* expired token rows stay this long */
    int64_t audit_kept_s;   /* records of the audit log stay this long; 0: for ever */
    struct str node;        /* this node's name in the audit log, copied; at most LIMIT_NAME */
};

/* Opens (creating and migrating where needed) and takes the lock. On a fault *error says in one
 * line what is wrong, with the pid of the process that holds the store where that is the reason. */
RESULT store_open(const struct store_options *options, struct store **out, struct buf *error);

/* Ends the writer after what was submitted before was answered, closes, frees. The loops of those
 * requests are still there until this returns. Accepts NULL. */
void store_close(struct store **store);

/* ---- before store_start, on the opening thread ---- */

struct store_seed {
    const struct partner_row *partners; /* parents before children */
    size_t partner_count;
    const struct application_row *applications;
    size_t application_count;
    const struct secret_row *secrets;
    size_t secret_count;
};

/* All or nothing, one transaction. ERR_FAULT_STORE also when an id or login exists, for a second
 * root, and where a parent, partner or application is missing; *error names the row. */
RESULT store_seed(struct store *store, const struct store_seed *seed, struct buf *error);

/* The scope tables in force from now on, by a fingerprint: what a revocation by over_ceiling ends
 * is decided by them for as long as it is followed. *out_fits false: one that is followed is
 * decided by others, by which its tokens would live again (P2), and nothing was changed. On the
 * opening thread before store_start, then in store_run_on_writer. */
RESULT store_use_scope_tables(struct store *store, const struct digest256 *tables, bool *out_fits);

struct store_party_visitor {
    struct result (*partner)(void *context,
                             const struct partner_row *row); /* parents before children */
    /* NULL: not wanted. */
    struct result (*application)(void *context, const struct application_row *row);
    struct result (*secret)(void *context, const struct secret_row *row);
    void *context;
    struct result (*rule)(void *context, const struct acl_rule_row *row);
    struct result (*trunk_group)(void *context, const struct trunk_group_row *row);
    struct result (*trunk)(void *context, const struct trunk_row *row);
};
/* All partners, then all applications, then all secrets, rules, trunk groups and trunks, each row
 * living for its call. The visitor's fault ends it and is returned. */
RESULT store_read_party(struct store *store, const struct store_party_visitor *visitor);

/* Entries with number > after, in order, at most limit of them, leaving out those whose end_s <=
 * now_s. The text of sets goes into the arena; it may be NULL where there can be none. */
RESULT store_read_entries(struct store *store, uint64_t after, int64_t now_s, size_t limit,
                          struct arena *arena, struct store_entry *out, size_t *out_count);

uint64_t store_last_number(struct store *store); /* thread-safe: the last committed number */
struct sid
store_feed_id(const struct store *store); /* made with the store; a new store has a new one */

/* The latest wall time the store has kept (once a minute and at close), 0 when new. Thread-safe. */
int64_t store_last_wall_ms(struct store *store);

/* Of partners, applications, secrets, rules, trunk groups and trunks together: from 1 when the
 * store is opened, one more with each change, and with each revocation by selector that is put in
 * force. What a request was decided on (if_tables). Thread-safe. */
uint64_t store_tables_version(struct store *store);

enum { STORE_AUDIT_RECORD = 16 * 1024 /* bytes of a record; a longer one is a fault */ };

/* The newest record of the audit log; seq 0, zero bytes: there never was one. Thread-safe. */
struct store_audit_head {
    uint64_t seq;
    struct digest256 digest;
};
struct store_audit_head store_audit_head(struct store *store);

/* ---- the writer ---- */

RESULT store_start(struct store *store, const struct store_hooks *hooks);

enum store_verb {
    STORE_TOKEN_CREATE,
    STORE_TOKEN_REVOKE, /* makes an entry unless the token has one already or is surely
                           over */
    STORE_EPOCH_CREATE,
    STORE_ENTRIES_READ,
    STORE_TOKEN_UPDATE,   /* CONFLICT also for a revoked one, or one that a selector has ended */
    STORE_PARTNER_CREATE, /* EXISTS: its id or login, a second root; ABSENT: its parent */
    STORE_PARTNER_UPDATE, /* its parent and time of creation stay; EXISTS: the login; BUSY */
    STORE_APPLICATION_CREATE, /* ABSENT: its partner */
    STORE_APPLICATION_UPDATE, /* its partner and time of creation stay; BUSY */
    STORE_APPLICATION_DELETE, /* with its secrets; its tokens' rows stay */
    STORE_SECRET_CREATE,      /* CONFLICT: STORE_SECRETS_LIVE are live; ABSENT: the application */
    STORE_SECRET_DELETE,
    STORE_TOKENS_TOUCH, /* last accessed; dropped first when the queue fills */
    STORE_SECRETS_TOUCH,
    STORE_ASSERTION_USE,      /* EXISTS: it was used before */
    STORE_AUDIT_APPEND,       /* the request's audit record, and nothing else */
    STORE_REVOCATION_PLAN,    /* takes the next number, which tokens made from now on carry */
    STORE_REVOCATION_EXECUTE, /* puts a plan or a new revocation in force: one entry, and a new
                                 version of the tables, so that nothing that was decided before it
                                 is written behind it. ABSENT: no such plan of that partner, used,
                                 or over; TOO_MANY */
    STORE_REVOCATION_STEP,    /* the rows follow. ABSENT: no such revocation, or it is done */
    STORE_RULE_CREATE,        /* EXISTS: its id; ABSENT: its partner */
    STORE_RULE_UPDATE,        /* its partner and time of creation stay */
    STORE_RULE_DELETE,        /* ABSENT: the rule, or who it is to be detached from */
    STORE_TRUNK_GROUP_CREATE, /* with trunks, all or nothing. EXISTS; ABSENT: its partner */
    STORE_TRUNK_GROUP_UPDATE, /* its partner and time of creation stay */
    STORE_TRUNK_GROUP_DELETE, /* BUSY: it has trunks, which were to stay */
    STORE_TRUNK_CREATE,       /* EXISTS; ABSENT: its group; TOO_MANY: STORE_GROUP_TRUNKS */
    STORE_TRUNK_UPDATE,       /* its group and time of creation stay */
    STORE_TRUNK_DELETE,
};

/* What became of a request that met no fault. All but DONE: nothing was changed. */
enum store_outcome {
    STORE_OUTCOME_DONE,
    STORE_OUTCOME_CONFLICT, /* if_revision or if_tables is not what is stored, and as above */
    STORE_OUTCOME_ABSENT,
    STORE_OUTCOME_EXISTS,
    STORE_OUTCOME_DROPPED,    /* a touch that found the queue half full */
    STORE_OUTCOME_TOO_COSTLY, /* a read that would go through too many rows */
    STORE_OUTCOME_TOO_MANY,   /* a bound of revocations (see store_bound); STORE_PLANS of that
                                 partner; a group has STORE_GROUP_TRUNKS */
    STORE_OUTCOME_BUSY,       /* a change of scopes while an over_ceiling is followed: what it ends
                                 was decided by the tables as they are; a group has trunks */
};

enum {
    STORE_SELECTORS = 64,
    STORE_SELECTORS_OF_ROOT = 16,   /* of them: what no other partner takes from it */
    STORE_SELECTORS_OF_PARTNER = 8, /* and what one of those has at most */
    STORE_CEILINGS_OF_PARTNER = 1,  /* over_ceiling that is followed: changes of scopes wait */
    STORE_CEILING_REST_MS =
        10 * 60 * 1000,               /* after it, or as long as it took: changes go through */
    STORE_EXECUTED_OF_PARTNER = 1000, /* of any kind, until the tokens of then are over */
    STORE_PLANS = 1000, /* of a partner, not yet over: a plan costs rows, and others page by them */
    STORE_DATED = 8,    /* epochs of one subject that differ in before_s */
    STORE_REVOCATION_ROWS = 256, /* of one step */
};

/* Which one a revocation met that is TOO_MANY. Those of a partner hold for all but the root. */
enum store_bound {
    STORE_BOUND_SELECTORS, /* of all partners */
    STORE_BOUND_DATED,     /* of one subject */
    STORE_BOUND_PARTNER_SELECTORS,
    STORE_BOUND_PARTNER_CEILINGS, /* followed, or not as long ago as it took */
    STORE_BOUND_PARTNER_EXECUTED,
};

/* The entry that the selector becomes: of one dimension, dated or not, an epoch's; else
 * ENTRY_SELECTOR. A bare date is one of the root and all below it. */
enum entry_kind store_selector_kind(const struct revocation_selector *selector);

/* The writable part of a token's row, whole. */
struct store_token_update {
    struct sid token_sid;
    struct str name, scopes;
    int64_t exp_s;
    int64_t exp_signed_s; /* never lowered */
    uint32_t generation;
    struct token_newest newest;
    bool in_sequence; /* makes an entry of kind ENTRY_TOKEN_SET from scopes and exp_s */
};

struct store_touch {
    struct sid id; /* of a token or a secret */
    int64_t at_ms; /* an earlier one than stored changes nothing */
    struct str ip; /* of tokens; at most LIMIT_NAME */
};

struct store_assertion {
    struct sid client_id;
    struct digest256 digest; /* of its jti */
    int64_t expires_s;       /* kept that long, and until no doubt is left */
};

/* The lists of one that used a rule, without it. */
struct store_detach {
    enum acl_owner_kind kind;
    struct sid sid;
    struct str acls;
    struct str parent_assigned_acls; /* of partners alone */
};

/* Embedded in the caller's state, which lives until done ran. One of the unions by verb; the text
 * its rows point to lives as long. */
struct store_request {
    enum store_verb verb;
    struct loop *loop; /* where done runs, after the commit; NULL: on the writer's thread, or in
                          store_submit where the request is not taken */
    void (*done)(struct store_request *request); /* NULL, where loop is NULL: no answer wanted */

    /* Of verbs that change a row: what it was decided on; 0: whatever is there. */
    uint64_t if_revision; /* of TOKEN_UPDATE, TOKEN_REVOKE, and each other _UPDATE and _DELETE but
                             those of secrets */
    uint64_t if_tables;   /* of any verb but the reads */
    struct str audit;     /* a record for the log, in the same transaction; empty: none */
    const struct str *audits; /* and in front of it those of what changes along with it */
    size_t audit_count;

    union {
        struct token_row token_create;
        struct {
            struct sid token_sid;
            int64_t end_s; /* highest exp the token was signed with */
        } token_revoke;
        struct {
            enum entry_kind kind;
            struct sid id;
            struct str kid;
            int64_t end_s; /* at the earliest: not before every token that there was */
        } epoch_create;
        struct {
            uint64_t after;
            int64_t now_s;
            size_t limit;
            struct store_entry *entries; /* the caller's, room for limit */
            struct arena *arena;         /* as in store_read_entries */
        } entries_read;
        struct store_token_update token_update;
        struct partner_row partner; /* the store writes revision, and what an update leaves */
        struct {
            struct application_row row; /* likewise */
            bool has_secret;            /* of APPLICATION_CREATE: its first */
            struct secret_row secret;
        } application;
        struct {
            struct sid client_id;
            int64_t end_s; /* over 0: makes an epoch of the application, likewise */
        } application_delete;
        struct {
            struct secret_row row;
            int64_t earlier_end_ms; /* over 0: the others of the application end then at last */
        } secret_create;
        struct {
            struct sid client_id, secret_id;
        } secret_delete;
        struct {
            const struct store_touch *touches;
            size_t n;
        } touch;
        struct store_assertion assertion_use;
        struct revocation_row revocation_plan; /* the store writes state and below */
        struct {
            bool is_plan;              /* then of row revocation_sid and partner_sid alone count */
            bool is_bounded;           /* the root asks not: bounds of one partner hold */
            enum store_bound bound;    /* the store writes it where TOO_MANY */
            struct revocation_row row; /* as it is in force now, once the answer came; the text of
                                          a plan's selector goes into the arena */
            enum entry_kind kind;      /* the store writes it: see store_selector_kind */
            struct arena *arena;       /* the store's until done runs; where is_plan */
        } revocation_execute;
        struct {
            struct sid revocation_sid;
            const struct sid *tokens; /* to mark, at most STORE_REVOCATION_ROWS; one that is revoked
                                         already stays as it is */
            size_t n;
            bool each; /* and each gets an entry of its own */
            struct sid cursor;
            bool done; /* with `each`: the selector's entry goes, told by one with end_s 0; others
                          stay until end_s */
        } revocation_step;
        /* Which lists use a rule the store does not know: whoever decided it by the tables says
         * if_tables. */
        struct {
            struct acl_rule_row row; /* the store writes revision, and what an update leaves */
            const struct acl_rule *compiled;
        } rule;
        struct {
            struct sid rule_sid;
            const struct store_detach *detach; /* at most STORE_RULE_USERS; needs if_tables */
            size_t detach_count;
            int64_t at_ms; /* their updated_ms */
        } rule_delete;
        struct {
            struct trunk_group_row row; /* likewise */
            struct trunk_row *trunks;   /* of TRUNK_GROUP_CREATE: at most STORE_GROUP_TRUNKS; the
                                           store writes their group and revision */
            size_t trunk_count;
        } trunk_group;
        struct {
            struct sid trunk_group_sid;
            bool with_trunks;
        } trunk_group_delete;
        struct trunk_row trunk; /* the store writes revision, and what an update leaves */
        struct sid trunk_delete;
    } in;

    struct result result;       /* ERR_NONE: committed */
    enum store_outcome outcome; /* where result is ERR_NONE */
    struct {
        uint64_t number;   /* of the entry; for a token revoked before, that entry's; 0: none */
        uint64_t revision; /* of the row now */
        size_t count;      /* of entries read */
    } out;

    /* the store's */
    struct store_request *next;
    struct loop_msg message;
    struct store *store;
};

/* Takes over *request until done runs. Any thread. When the queue is full (or the store is closing)
 * done is posted with ERR_FAULT_STORE. */
void store_submit(struct store *store, struct store_request *request);

/* Several at once, chained by `next`, in order: the writer is woken once and finds them all. */
void store_submit_all(struct store *store, struct store_request *first);

/* Runs the function on the writer's thread between two transactions, when all that was submitted
 * before has been answered, and returns when it is done; inside, the start-up reads above may be
 * used. Blocks: not for an event loop. One caller at a time, while the writer runs. */
void store_run_on_writer(struct store *store, void (*run)(struct store *store, void *context),
                         void *context);

/* False after a commit failed, until one succeeds. For /readyz. Thread-safe. */
bool store_is_healthy(struct store *store);

/* False while the wall clock is in doubt (SPEC 6) and clean-up waits. For /readyz. Thread-safe. */
bool store_clock_is_trusted(const struct store *store);

/* What ended at or before it is over whatever becomes of the clock, and needs no revocation and no
 * telling: a minute behind the wall clock; 0, so that nothing is, in doubt and in the first hour
 * after the start (SPEC 6, P2). Thread-safe. */
int64_t store_surely_over_s(const struct store *store);

#endif
