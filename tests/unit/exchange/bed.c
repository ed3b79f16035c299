#include "unit/exchange/bed.h"

#include <criterion/criterion.h>
#include <string.h>

#include "core/limits.h"

/* A snapshot lets its keyring go exactly once, when it is freed. */
static _Atomic unsigned freed;

void __wrap_keyring_unref(struct keyring **keyring);

void __wrap_keyring_unref(struct keyring **keyring)
{
    *keyring = NULL;
    atomic_fetch_add(&freed, 1);
}

bool __wrap_keyring_holds(const struct keyring *keyring, const struct keyring *other);

bool __wrap_keyring_holds(const struct keyring *keyring, const struct keyring *other)
{
    return strstr((const char *)keyring, (const char *)other) != NULL;
}

struct keyring *bed_keys(const char *tag)
{
    return (struct keyring *)tag;
}

unsigned bed_snapshots_freed(void)
{
    return atomic_load(&freed);
}

static void post(struct loop *loop, struct loop_msg *message)
{
    struct bed *bed = (struct bed *)loop;

    message->next = NULL;
    if (bed->first == NULL)
        bed->first = message;
    else
        bed->last->next = message;
    bed->last = message;
}

static const struct loop_ops ops = {.post = post};

void bed_init(struct bed *bed)
{
    memset(bed, 0, sizeof(*bed));
    fake_clock_init(&bed->clock, 1790000000000);
    fake_entropy_init(&bed->entropy, 11);
    bed->loop.ops = &ops;
    bed->server.clock = &bed->clock.clock;
    bed->server.entropy = &bed->entropy.entropy;
    quiesce_init(&bed->server.quiesce);
    bed->worker.server = &bed->server;
    bed->worker.loop = &bed->loop;
    cr_assert(result_ok(worker_init(&bed->worker)));
    bed->worker.defer_turn_ns = INT64_MAX / 2; /* portions by number alone */
    quiesce_pass(&bed->server.quiesce, bed->worker.reader);
    snapshot_publish(&bed->server, bed_snapshot(bed, BED_ISSUER));
}

void bed_done(struct bed *bed)
{
    worker_done(&bed->worker);
    snapshot_unref(atomic_exchange(&bed->server.snapshot, NULL));
    quiesce_done(&bed->server.quiesce);
}

unsigned bed_turn(struct bed *bed)
{
    struct loop_msg *message = bed->first;
    unsigned count = 0;

    bed->first = NULL;
    quiesce_pass(&bed->server.quiesce, bed->worker.reader);
    quiesce_collect(&bed->server.quiesce);
    while (message != NULL) {
        struct loop_msg *next = message->next;
        message->run(message);
        message = next;
        count++;
    }
    return count;
}

struct snapshot *bed_snapshot(struct bed *bed, const char *issuer)
{
    static const struct snapshot_tables no_tables;
    struct snapshot *snapshot;

    bed->config.server.issuer = str_from(issuer);
    bed->config.keys.jwks_max_age_s = 300;
    cr_assert(
        result_ok(snapshot_new(&bed->config, NULL, NULL, &no_tables, STR("{}"), NULL, &snapshot)));
    return snapshot;
}

static void deliver(struct exchange *x)
{
    struct rider *rider = rider_of(x);

    cr_assert(!x->waiting);
    rider->delivered++;
    rider->delivered_gone = x->gone;
}

void rider_init(struct rider *rider, struct bed *bed, const struct endpoint *endpoint)
{
    memset(rider, 0, sizeof(*rider));
    rider->route = (struct route){METHOD_GET, STR("/"), 0, 0, endpoint};
    rider->exchange.worker = &bed->worker;
    rider->exchange.route = &rider->route;
    rider->exchange.request.request_id = STR("request-1");
    rider->exchange.deliver = deliver;
    arena_init(&rider->exchange.arena, NULL, 0, LIMIT_ARENA);
}

void rider_done(struct rider *rider)
{
    exchange_done(&rider->exchange);
}

struct rider *rider_of(struct exchange *x)
{
    return (struct rider *)x;
}

void rider_note(struct exchange *x, char step)
{
    struct rider *rider = rider_of(x);
    size_t len = strlen(rider->path);

    cr_assert_lt(len, sizeof(rider->path) - 1);
    rider->path[len] = step;
}

struct str rider_header(const struct rider *rider, struct str name, size_t n)
{
    const struct reply *reply = &rider->exchange.reply;

    for (size_t i = 0; i < reply->header_count; i++)
        if (str_eq(reply->headers[i].name, name) && n-- == 0)
            return reply->headers[i].value;
    return STR("");
}
