/* The store's writer publishes while the link fills and follows on its loop, and somebody asks for
 * its state: the three threads that share a link, with a real Redis that is flushed now and then.
 */
#include <assert.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/log.h"
#include "revocation/link.h"
#include "support/loop_thread.h"
#include "support/redis.h"

enum { ENTRIES = 20000, FLUSH_EVERY = 6000, PATIENCE_MS = 60000 };

static struct revocation_link *revocation_link;
static struct revocation_link_options options;

static void on_committed(void *context, const struct store_entry *entries, size_t n)
{
    (void)context;
    revocation_link_publish(revocation_link, entries, n);
}

static void make_link(void *context)
{
    struct result result = revocation_link_new(&options, &revocation_link);
    (void)context;
    assert(result_ok(result));
}

static void free_link(void *context)
{
    (void)context;
    revocation_link_free(&revocation_link);
}

static void nothing(struct store *store, void *context)
{
    (void)store;
    (void)context;
}

static void publish_all(struct store *store, redisContext *looker, struct store_request *requests)
{
    for (uint64_t i = 0; i < ENTRIES; i++) {
        requests[i].verb = STORE_EPOCH_CREATE; /* no answer wanted: loop is NULL */
        requests[i].in.epoch_create.kind = ENTRY_EPOCH_USER;
        memcpy(requests[i].in.epoch_create.id.bytes, &(uint64_t){i % 500 + 1}, sizeof(i));
        requests[i].in.epoch_create.end_s = clock_wall_s(&clock_system) + 3600;
        while (i > 1000 && store_last_number(store) < i - 1000)
            (void)revocation_link_state(revocation_link);
        store_submit(store, &requests[i]);
        if (i % FLUSH_EVERY == FLUSH_EVERY - 1)
            freeReplyObject(redisCommand(looker, "FLUSHALL"));
    }
    while (store_last_number(store) < ENTRIES)
        (void)revocation_link_reason(revocation_link);
}

static bool has_last(redisContext *looker)
{
    redisReply *reply = redisCommand(looker, "XREVRANGE scopemint:v1:feed + - COUNT 1");
    bool has = reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 &&
               strtoull(reply->element[0]->element[0]->str, NULL, 10) == ENTRIES;
    freeReplyObject(reply);
    return has && revocation_link_state(revocation_link) == LINK_FOLLOWING;
}

int main(void)
{
    static struct metrics metrics;
    const struct store_options store_options = {
        .url = STR("memory:"), .clock = &clock_system, .entropy = &entropy_system};
    const struct store_hooks hooks = {.committed = on_committed};
    struct redis_server redis;
    struct store *store;
    struct buf error;
    struct loop_thread *loop = loop_thread_new();
    struct store_request *requests = calloc(ENTRIES, sizeof(*requests));

    assert(requests != NULL);
    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_ERROR);
    buf_init_heap(&error, 1000);
    redis_server_init(&redis);
    redis_server_start(&redis, NULL, NULL, NULL);
    struct result result = store_open(&store_options, &store, &error);
    assert(result_ok(result));
    options = (struct revocation_link_options){.unix_path = str_from(redis.socket),
                                               .poll_ms = 50,
                                               .loop = loop_thread_loop(loop),
                                               .store = store,
                                               .clock = &clock_system,
                                               .metrics = &metrics};
    loop_thread_start(loop);
    loop_thread_call(loop, make_link, NULL);
    result = store_start(store, &hooks);
    assert(result_ok(result));

    redisContext *looker = redisConnectUnix(redis.socket);
    publish_all(store, looker, requests);
    int64_t deadline_ms = clock_mono_ms(&clock_system) + PATIENCE_MS;
    while (!has_last(looker))
        assert(clock_mono_ms(&clock_system) < deadline_ms);

    store_run_on_writer(store, nothing, NULL); /* nothing is published behind this */
    loop_thread_call(loop, free_link, NULL);   /* before the store: its timer looks there */
    store_close(&store);
    free(requests); /* without an answer they are the store's until it is closed */
    loop_thread_free(&loop);
    redisFree(looker);
    redis_server_done(&redis);
    puts("Redis has everything that was published");
    return 0;
}
