/* Four loops submit to one writer, while a fifth thread asks it how it is and makes it fail. Each
 * answer is checked against what the hook was given before it, and the sequence at the end against
 * all answers together (P2, P3). */
#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "store/list.h"
#include "store/memory.h"
#include "store/store.h"
#include "support/loop_thread.h"

enum { LOOPS = 4, AT_ONCE = 32, EACH = 10000 };

struct client {
    struct loop_thread *thread;
    unsigned index;
    unsigned submitted, answered; /* on the loop's thread alone */
    struct exchange {
        struct store_request request; /* first: done casts back */
        struct client *client;
        struct store_entry read[4];
        struct store_read get;
        struct arena arena;
    } exchanges[AT_ONCE];
};

static struct store *store;
static struct client clients[LOOPS];
static _Atomic uint64_t visible; /* the last number that the hook was given */
static _Atomic unsigned clients_done;
static _Atomic unsigned char given[LOOPS * EACH + 1]; /* how often an answer carried the number */

static void committed(void *context, const struct store_entry *entries, size_t n)
{
    (void)context;
    for (size_t i = 0; i < n; i++)
        assert(entries[i].number == atomic_load(&visible) + i + 1);
    atomic_fetch_add(&visible, n);
}

static struct sid sid_of(unsigned client, unsigned n)
{
    struct sid sid = {{1, (uint8_t)client, 0, 0, 0, 0, 0x70, 0, 0x80}};
    memcpy(sid.bytes + 12, &n, sizeof(n));
    return sid;
}

static void done(struct store_request *request);

static void submit_next(struct exchange *exchange)
{
    struct client *client = exchange->client;
    unsigned n = client->submitted;
    struct store_request *request = &exchange->request;

    if (client->submitted == EACH)
        return;
    client->submitted++;
    *request = (struct store_request){.loop = loop_thread_loop(client->thread), .done = done};
    if (n % 3 == 0) {
        request->verb = STORE_TOKEN_CREATE;
        request->in.token_create.token_sid = sid_of(client->index, n);
        request->in.token_create.exp_signed_s = INT64_MAX;
    } else if (n % 3 == 1) { /* while the one before it is created, or read */
        request->verb = STORE_TOKEN_REVOKE;
        request->in.token_revoke.token_sid = sid_of(client->index, n - 1);
        request->in.token_revoke.end_s = INT64_MAX;
    } else {
        request->verb = STORE_ENTRIES_READ;
        request->in.entries_read.after = store_last_number(store);
        request->in.entries_read.limit = 4;
        request->in.entries_read.entries = exchange->read;
    }
    store_submit(store, request);
}

static void check(const struct store_request *request)
{
    if (!result_ok(request->result) || request->verb != STORE_TOKEN_REVOKE)
        return;
    assert(request->out.number > 0);
    assert(request->out.number <= atomic_load(&visible));
    assert(atomic_fetch_add(&given[request->out.number], 1) == 0);
}

static void go_on(struct exchange *exchange)
{
    if (++exchange->client->answered == EACH)
        atomic_fetch_add(&clients_done, 1);
    submit_next(exchange);
}

/* The reader sees what was answered, unless it was made to fail, and nothing that the hook was not
 * told of (P1). */
static void got(struct store_read *get)
{
    struct exchange *exchange = (struct exchange *)((char *)get - offsetof(struct exchange, get));

    assert(!result_ok(get->result) || get->outcome == STORE_OUTCOME_DONE);
    if (result_ok(get->result))
        assert(get->out.tokens->revoked_number <= atomic_load(&visible));
    arena_reset(&exchange->arena);
    go_on(exchange);
}

static void done(struct store_request *request)
{
    struct exchange *exchange = (struct exchange *)request;
    struct store_read *get = &exchange->get;

    check(request);
    if (!result_ok(request->result) || request->verb != STORE_TOKEN_CREATE) {
        go_on(exchange);
        return;
    }
    arena_init(&exchange->arena, NULL, 0, 4096);
    *get = (struct store_read){.verb = STORE_TOKEN_GET,
                               .loop = request->loop,
                               .done = got,
                               .arena = &exchange->arena,
                               .in.token_sid = request->in.token_create.token_sid};
    store_read_submit(store, get);
}

static void begin(void *context)
{
    struct client *client = context;

    for (size_t i = 0; i < AT_ONCE; i++) {
        client->exchanges[i].client = client;
        submit_next(&client->exchanges[i]);
    }
}

/* What a reload does meanwhile. */
static void visit(struct store *visited, void *context)
{
    struct store_entry entry;
    size_t count = 0;
    struct result read = store_read_entries(visited, 0, 0, 1, NULL, &entry, &count);

    (void)context;
    assert(!result_ok(read) || count <= 1); /* it may have been made to fail */
}

static void open_store(void)
{
    struct store_options options = {.url = STR("memory:"),
                                    .clock = &clock_system,
                                    .entropy = &entropy_system,
                                    .expired_kept_s = 10};
    struct store_hooks hooks = {.committed = committed};
    char text[256];
    struct buf error;

    buf_init_fixed(&error, text, sizeof(text));
    struct result opened = store_open(&options, &store, &error);
    assert(result_ok(opened));
    struct result started = store_start(store, &hooks);
    assert(result_ok(started));
}

int main(void)
{
    log_set_level(LOG_ERROR + 1); /* it is made to fail */
    open_store();
    for (unsigned i = 0; i < LOOPS; i++) {
        clients[i].index = i;
        clients[i].thread = loop_thread_new();
        loop_thread_start(clients[i].thread);
        loop_thread_call(clients[i].thread, begin, &clients[i]);
    }
    for (size_t n = 1; atomic_load(&clients_done) < LOOPS; n++) {
        (void)store_is_healthy(store);
        (void)store_last_wall_ms(store);
        assert(store_clock_is_trusted(store));
        if (n % (1 << 16) == 0)
            store_memory_fail_after(store, n % 97 + 1);
        if (n % (1 << 15) == 0)
            store_run_on_writer(store, visit, NULL);
    }
    uint64_t last = store_last_number(store);
    store_close(&store);
    for (unsigned i = 0; i < LOOPS; i++)
        loop_thread_free(&clients[i].thread);
    assert(last == atomic_load(&visible));
    for (uint64_t number = 1; number <= last; number++)
        assert(atomic_load(&given[number]) == 1); /* no hole, none twice */
    printf("ok: %llu entries\n", (unsigned long long)last);
    return 0;
}
