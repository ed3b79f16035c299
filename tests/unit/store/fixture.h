/* A store under test with its loop, a fake clock and a record of what the hooks were given. */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include <pthread.h>

#include "store/list.h"
#include "store/store.h"
#include "support/fake.h"
#include "support/loop_thread.h"

enum fixture_backend { FIXTURE_MEMORY, FIXTURE_SQLITE };
enum { FIXTURE_RECORD = 4096, FIXTURE_CHANGES = 64 };

#define FIXTURE_NOW_MS INT64_C(1700000000000)
#define FIXTURE_NOW_S  (FIXTURE_NOW_MS / 1000)

struct fixture {
    enum fixture_backend backend;
    struct store *store;
    struct loop_thread *loop;
    struct fake_clock clock;
    struct fake_entropy entropy;
    struct metrics_registry metrics;
    char folder[40], path[64], url[96];
    char error[512];
    struct buf error_buf;
    int64_t expired_kept_s, audit_kept_s;

    pthread_mutex_t lock; /* of what follows: the writer fills it, the test reads it */
    pthread_cond_t changed;
    struct store_entry entries[FIXTURE_RECORD];
    size_t entry_count, hook_calls, housekeeping_calls;
    int64_t over_s;
    bool gate_closed, gate_reached; /* holds the writer in a hook */
    enum store_change_kind changes[FIXTURE_CHANGES];
    struct partner_row partner; /* of the last change of each kind; text may be gone */
    struct application_row application;
    struct secret_row secrets[STORE_SECRETS_LIVE]; /* of the last change of secrets */
    struct acl_rule_row rule;                      /* likewise */
    struct trunk_group_row trunk_group;
    struct trunk_row trunk;
    const struct acl_rule *compiled;
    struct sid gone; /* of the last change that says so */
    char acls[64];   /* of the last change of what has lists */
    size_t change_count, secret_count;
    uint64_t tables_version;
};

void fixture_init(struct fixture *f, enum fixture_backend backend);
void fixture_done(struct fixture *f); /* closes, and removes the files */

/* Opens, or says no: then f->error says why. */
bool fixture_try_open(struct fixture *f);
void fixture_open(struct fixture *f);
void fixture_start(struct fixture *f);
void fixture_reopen(struct fixture *f); /* a restart, with the same files */

/* Has the answers come to the fixture's loop, as fixture_submit does. */
void fixture_prepare(struct fixture *f, struct store_request *requests, size_t n);

/* Submits, and turns the loop until n answers are there. */
void fixture_submit(struct fixture *f, struct store_request *requests, size_t n);
void fixture_await(struct fixture *f, struct store_request *requests, size_t n);
enum err fixture_do(struct fixture *f, struct store_request *request);

void fixture_gate_close(struct fixture *f);
void fixture_gate_await(struct fixture *f); /* until the writer stands before it */
void fixture_gate_open(struct fixture *f);

size_t fixture_recorded(struct fixture *f);

/* Passes the time, and has the writer notice. */
void fixture_pass(struct fixture *f, int64_t ms);

/* ---- rows and requests; n tells them apart ---- */

struct sid fixture_sid(unsigned n);
struct store_request fixture_token(unsigned n, int64_t exp_s);
struct store_request fixture_revoke(unsigned n, int64_t end_s);
struct store_request fixture_epoch(enum entry_kind kind, unsigned n, int64_t end_s);
struct store_request fixture_read(uint64_t after, int64_t now_s, size_t limit,
                                  struct store_entry *entries);

struct store_request fixture_update(unsigned n, struct str scopes, int64_t exp_s);

struct partner_row fixture_partner(unsigned n, unsigned parent, struct str login);
struct application_row fixture_application(unsigned n, unsigned of);
struct secret_row fixture_secret(unsigned n, unsigned of);
struct acl_rule_row fixture_rule(unsigned n, unsigned of);
struct trunk_group_row fixture_group(unsigned n, unsigned of);
struct trunk_row fixture_trunk(unsigned n, unsigned of);

/* Before the start: a root 2, below it 3, an application 20 of it with the secret 30. */
void fixture_seed(struct fixture *f);

/* Reads, and waits for the answer. */
enum err fixture_read_now(struct fixture *f, struct store_read *read, struct arena *arena);

/* What a request met, where it met no fault. */
enum store_outcome fixture_outcome(struct fixture *f, struct store_request *request);

/* The numbers of all entries in the store, in order. */
size_t fixture_numbers(struct fixture *f, uint64_t *out, size_t max);

#endif
