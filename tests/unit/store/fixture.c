#include "fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/leaks.h"

/* Criterion loses one of its own records now and then when it runs many tests at once. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libcriterion\n";
}

enum { PATIENCE_MS = 20000 };

void fixture_init(struct fixture *f, enum fixture_backend backend)
{
    *f = (struct fixture){.backend = backend, .expired_kept_s = 3600};
    fake_clock_init(&f->clock, FIXTURE_NOW_MS);
    fake_entropy_init(&f->entropy, 1);
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, NULL);
    strcpy(f->url, "memory:");
    if (backend == FIXTURE_SQLITE) {
        strcpy(f->folder, "/tmp/scopemint-store-XXXXXX");
        cr_assert_not_null(mkdtemp(f->folder));
        snprintf(f->path, sizeof(f->path), "%s/store.db", f->folder);
        snprintf(f->url, sizeof(f->url), "sqlite:%s", f->path);
    }
}

bool fixture_try_open(struct fixture *f)
{
    struct store_options options = {
        .url = str_from(f->url),
        .clock = &f->clock.clock,
        .entropy = &f->entropy.entropy,
        .metrics = &f->metrics,
        .expired_kept_s = f->expired_kept_s,
        .audit_kept_s = f->audit_kept_s,
        .node = STR("node-a"),
    };

    buf_init_fixed(&f->error_buf, f->error, sizeof(f->error) - 1);
    f->metrics = (struct metrics_registry){NULL};
    struct result opened = store_open(&options, &f->store, &f->error_buf);
    f->error[f->error_buf.len] = '\0';
    return result_ok(opened);
}

void fixture_open(struct fixture *f)
{
    cr_assert(fixture_try_open(f), "%s", f->error);
    f->loop = loop_thread_new();
}

/* Under the lock. */
static void stand_at_gate(struct fixture *f)
{
    f->gate_reached = true;
    pthread_cond_broadcast(&f->changed);
    while (f->gate_closed)
        pthread_cond_wait(&f->changed, &f->lock);
}

static void committed(void *context, const struct store_entry *entries, size_t n)
{
    struct fixture *f = context;

    pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < n && f->entry_count < FIXTURE_RECORD; i++)
        f->entries[f->entry_count++] = entries[i];
    f->hook_calls++;
    stand_at_gate(f);
    pthread_mutex_unlock(&f->lock);
}

static void note_acls(struct fixture *f, struct str acls)
{
    snprintf(f->acls, sizeof(f->acls), "%.*s", STR_ARG(acls));
}

/* Of access control. */
static void note_change(struct fixture *f, const struct store_change *change)
{
    switch ((int)change->kind) {
    case STORE_CHANGE_PARTNER:
        note_acls(f, change->partner->acls);
        break;
    case STORE_CHANGE_RULE:
        f->rule = *change->rule.row;
        f->compiled = change->rule.compiled;
        break;
    case STORE_CHANGE_TRUNK_GROUP:
        f->trunk_group = *change->trunk_group;
        note_acls(f, change->trunk_group->acls);
        break;
    case STORE_CHANGE_TRUNK:
        f->trunk = *change->trunk;
        note_acls(f, change->trunk->acls);
        break;
    case STORE_CHANGE_RULE_GONE:
    case STORE_CHANGE_TRUNK_GROUP_GONE:
    case STORE_CHANGE_TRUNK_GONE:
        f->gone = change->gone;
        break;
    default:
        break;
    }
}

static void changed(void *context, const struct store_change *changes, size_t n, uint64_t version)
{
    struct fixture *f = context;

    pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < n && f->change_count < FIXTURE_CHANGES; i++) {
        f->changes[f->change_count++] = changes[i].kind;
        note_change(f, &changes[i]);
        if (changes[i].kind == STORE_CHANGE_PARTNER)
            f->partner = *changes[i].partner;
        if (changes[i].kind == STORE_CHANGE_APPLICATION)
            f->application = *changes[i].application;
        if (changes[i].kind == STORE_CHANGE_SECRETS) {
            f->secret_count = changes[i].secrets.count;
            memcpy(f->secrets, changes[i].secrets.rows, sizeof(f->secrets));
        }
    }
    f->tables_version = version;
    stand_at_gate(f);
    pthread_mutex_unlock(&f->lock);
}

static void housekeeping(void *context, int64_t over_s)
{
    struct fixture *f = context;

    pthread_mutex_lock(&f->lock);
    f->housekeeping_calls++;
    f->over_s = over_s;
    pthread_mutex_unlock(&f->lock);
}

void fixture_start(struct fixture *f)
{
    struct store_hooks hooks = {committed, housekeeping, f, changed};
    cr_assert(result_ok(store_start(f->store, &hooks)));
}

static void shut(struct fixture *f)
{
    store_close(&f->store);
    loop_thread_free(&f->loop);
}

void fixture_reopen(struct fixture *f)
{
    shut(f);
    fixture_open(f);
}

static void remove_file(struct fixture *f, const char *suffix)
{
    char path[128];

    snprintf(path, sizeof(path), "%s%s", f->path, suffix);
    unlink(path);
}

void fixture_done(struct fixture *f)
{
    shut(f);
    if (f->backend == FIXTURE_SQLITE) {
        remove_file(f, "");
        remove_file(f, "-wal");
        remove_file(f, "-shm");
        remove_file(f, ".lock");
        rmdir(f->folder);
    }
    pthread_mutex_destroy(&f->lock);
    pthread_cond_destroy(&f->changed);
    leaks_check();
}

/* ---- requests ---- */

/* While a request is out, its code is this. */
#define PENDING ERR_COUNT

static void done(struct store_request *request)
{
    request->store = NULL; /* what awaiting() looks at, on the same thread */
}

void fixture_prepare(struct fixture *f, struct store_request *requests, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        requests[i].loop = loop_thread_loop(f->loop);
        requests[i].done = done;
        requests[i].result = FAULT(PENDING);
        requests[i].store = f->store;
    }
}

void fixture_submit(struct fixture *f, struct store_request *requests, size_t n)
{
    fixture_prepare(f, requests, n);
    for (size_t i = 0; i < n; i++)
        store_submit(f->store, &requests[i]);
}

struct awaited {
    struct store_request *requests;
    size_t n;
};

static bool all_done(void *context)
{
    struct awaited *awaited = context;

    while (awaited->n > 0 && awaited->requests[awaited->n - 1].store == NULL)
        awaited->n--;
    return awaited->n == 0;
}

void fixture_await(struct fixture *f, struct store_request *requests, size_t n)
{
    struct awaited awaited = {requests, n};

    cr_assert(loop_thread_until(f->loop, all_done, &awaited, PATIENCE_MS));
    for (size_t i = 0; i < n; i++)
        cr_assert_neq(requests[i].result.code, PENDING);
}

enum err fixture_do(struct fixture *f, struct store_request *request)
{
    fixture_submit(f, request, 1);
    fixture_await(f, request, 1);
    return request->result.code;
}

void fixture_gate_close(struct fixture *f)
{
    pthread_mutex_lock(&f->lock);
    f->gate_closed = true;
    f->gate_reached = false;
    pthread_mutex_unlock(&f->lock);
}

void fixture_gate_await(struct fixture *f)
{
    pthread_mutex_lock(&f->lock);
    while (!f->gate_reached)
        pthread_cond_wait(&f->changed, &f->lock);
    pthread_mutex_unlock(&f->lock);
}

void fixture_gate_open(struct fixture *f)
{
    pthread_mutex_lock(&f->lock);
    f->gate_closed = false;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
}

size_t fixture_recorded(struct fixture *f)
{
    pthread_mutex_lock(&f->lock);
    size_t count = f->entry_count;
    pthread_mutex_unlock(&f->lock);
    return count;
}

void fixture_pass(struct fixture *f, int64_t ms)
{
    struct store_entry entry;
    struct store_request first = fixture_read(0, 0, 1, &entry);
    struct arena arena;

    arena_init(&arena, NULL, 0, LIMIT_ARENA);
    first.in.entries_read.arena = &arena;
    struct store_request second = first;
    fake_clock_pass(&f->clock, ms);
    /* The writer keeps house after each batch: when the second is answered, it has. */
    cr_assert_eq(fixture_do(f, &first), ERR_NONE);
    cr_assert_eq(fixture_do(f, &second), ERR_NONE);
    arena_reset(&arena);
}

/* ---- rows ---- */

struct sid fixture_sid(unsigned n)
{
    struct sid sid = {{0x01, 0x8B, 0, 0, 0, 0, 0x70, 0, 0x80}};

    for (size_t i = 0; i < 4; i++)
        sid.bytes[15 - i] = (uint8_t)(n >> (8 * i));
    return sid;
}

struct store_request fixture_token(unsigned n, int64_t exp_s)
{
    return (struct store_request){.verb = STORE_TOKEN_CREATE,
                                  .in.token_create = {
                                      .token_sid = fixture_sid(n),
                                      .client_id = fixture_sid(1),
                                      .partner_sid = fixture_sid(2),
                                      .name = STR("a token"),
                                      .scopes = STR("calls.read calls.manage"),
                                      .audiences = STR("https://issuer.test"),
                                      .created_ms = FIXTURE_NOW_MS,
                                      .exp_s = exp_s,
                                      .exp_signed_s = exp_s,
                                      .generation = 1,
                                      .newest = {exp_s, 7, STR("key-a")},
                                      .revision = 1,
                                  }};
}

struct store_request fixture_revoke(unsigned n, int64_t end_s)
{
    return (struct store_request){.verb = STORE_TOKEN_REVOKE,
                                  .in.token_revoke = {fixture_sid(n), end_s}};
}

struct store_request fixture_epoch(enum entry_kind kind, unsigned n, int64_t end_s)
{
    struct store_request request = {.verb = STORE_EPOCH_CREATE,
                                    .in.epoch_create = {.kind = kind, .end_s = end_s}};

    if (kind == ENTRY_EPOCH_KEY)
        request.in.epoch_create.kid = n % 2 == 0 ? STR("key-a") : STR("key-b");
    else
        request.in.epoch_create.id = fixture_sid(n);
    return request;
}

struct store_request fixture_read(uint64_t after, int64_t now_s, size_t limit,
                                  struct store_entry *entries)
{
    return (struct store_request){.verb = STORE_ENTRIES_READ,
                                  .in.entries_read = {after, now_s, limit, entries}};
}

struct store_request fixture_update(unsigned n, struct str scopes, int64_t exp_s)
{
    return (struct store_request){.verb = STORE_TOKEN_UPDATE,
                                  .in.token_update = {
                                      .token_sid = fixture_sid(n),
                                      .name = STR("renamed"),
                                      .scopes = scopes,
                                      .exp_s = exp_s,
                                      .exp_signed_s = exp_s,
                                      .generation = 2,
                                      .newest = {exp_s, 8, STR("key-b")},
                                      .in_sequence = true,
                                  }};
}

struct partner_row fixture_partner(unsigned n, unsigned parent, struct str login)
{
    return (struct partner_row){
        .partner_sid = fixture_sid(n),
        .parent_sid = parent == 0 ? (struct sid){{0}} : fixture_sid(parent),
        .name = STR("a partner"),
        .login = login,
        .status = PARTNER_ACTIVE,
        .scopes_all = parent == 0,
        .available_scopes = parent == 0 ? STR_NONE : STR("calls.manage calls.read"),
        .created_ms = FIXTURE_NOW_MS,
        .updated_ms = FIXTURE_NOW_MS,
        .revision = 1,
    };
}

struct application_row fixture_application(unsigned n, unsigned of)
{
    return (struct application_row){
        .client_id = fixture_sid(n),
        .partner_sid = fixture_sid(of),
        .name = STR("an application"),
        .auth_method = CLIENT_AUTH_PRIVATE_KEY,
        .grant_types = STR("client_credentials"),
        .scopes = STR("calls.read"),
        .audiences = STR("https://issuer.test"),
        .created_ms = FIXTURE_NOW_MS,
        .updated_ms = FIXTURE_NOW_MS,
        .revision = 1,
        .jwks = STR("{\"keys\":[]}"),
        .auth_audience = CLIENT_AUDIENCE_TOKEN_ENDPOINT,
        .refresh_token_ttl_s = 86400,
    };
}

struct secret_row fixture_secret(unsigned n, unsigned of)
{
    struct secret_row row = {
        .secret_id = fixture_sid(n), .client_id = fixture_sid(of), .created_ms = FIXTURE_NOW_MS};

    memset(row.digest, (int)n, sizeof(row.digest));
    return row;
}

struct acl_rule_row fixture_rule(unsigned n, unsigned of)
{
    return (struct acl_rule_row){.rule_sid = fixture_sid(n),
                                 .partner_sid = fixture_sid(of),
                                 .name = STR("a rule"),
                                 .field = STR("calling"),
                                 .operation = STR("exact"),
                                 .quantifier = STR("any"),
                                 .entries = STR("[\"1\"]"),
                                 .created_ms = FIXTURE_NOW_MS,
                                 .updated_ms = FIXTURE_NOW_MS};
}

struct trunk_group_row fixture_group(unsigned n, unsigned of)
{
    return (struct trunk_group_row){.trunk_group_sid = fixture_sid(n),
                                    .partner_sid = fixture_sid(of),
                                    .name = STR("a group"),
                                    .created_ms = FIXTURE_NOW_MS,
                                    .updated_ms = FIXTURE_NOW_MS};
}

struct trunk_row fixture_trunk(unsigned n, unsigned of)
{
    return (struct trunk_row){.trunk_sid = fixture_sid(n),
                              .trunk_group_sid = fixture_sid(of),
                              .name = STR("a trunk"),
                              .created_ms = FIXTURE_NOW_MS,
                              .updated_ms = FIXTURE_NOW_MS};
}

void fixture_seed(struct fixture *f)
{
    struct partner_row partners[] = {fixture_partner(2, 0, STR("root")),
                                     fixture_partner(3, 2, STR("below"))};
    struct application_row application = fixture_application(20, 3);
    struct secret_row secret = fixture_secret(30, 20);
    struct store_seed seed = {partners, 2, &application, 1, &secret, 1};

    cr_assert(result_ok(store_seed(f->store, &seed, &f->error_buf)), "%s", f->error);
}

static void read_done(struct store_read *read)
{
    read->done = NULL; /* what was_read() looks at, on the same thread */
}

static bool was_read(void *context)
{
    return ((struct store_read *)context)->done == NULL;
}

enum err fixture_read_now(struct fixture *f, struct store_read *read, struct arena *arena)
{
    read->loop = loop_thread_loop(f->loop);
    read->done = read_done;
    read->arena = arena;
    store_read_submit(f->store, read);
    cr_assert(loop_thread_until(f->loop, was_read, read, PATIENCE_MS));
    return read->result.code;
}

enum store_outcome fixture_outcome(struct fixture *f, struct store_request *request)
{
    cr_assert_eq(fixture_do(f, request), ERR_NONE);
    return request->outcome;
}

size_t fixture_numbers(struct fixture *f, uint64_t *out, size_t max)
{
    struct store_entry *entries = calloc(max, sizeof(*entries));
    struct store_request read = fixture_read(0, INT64_MIN, max, entries);
    struct arena arena;

    arena_init(&arena, NULL, 0, 1024 * 1024);
    read.in.entries_read.arena = &arena;
    cr_assert_eq(fixture_do(f, &read), ERR_NONE);
    arena_reset(&arena);
    for (size_t i = 0; i < read.out.count; i++)
        out[i] = entries[i].number;
    free(entries);
    return read.out.count;
}
