#include "revocation/wire.h"

#include <assert.h>
#include <hiredis/async.h>

enum {
    ARGUMENTS_MAX = 24,
    REPLY_ELEMENTS_MAX = 32,     /* one stream entry has sixteen */
    REPLY_BYTES_MAX = 64 * 1024, /* not yet understood */
};

/* ---- the guard before hiredis' reader ---- */

/* False makes the reader give up, and hiredis close the connection. */
static bool is_asked_for(const redisReadTask *task)
{
    struct wire *wire = task->privdata;

    if (task->parent != NULL)
        return true;
    if (wire->begun == wire->sent)
        return task->type == REDIS_REPLY_ERROR; /* hiredis takes that for the reason of a close */
    wire->begun++;
    return true;
}

static void *make_string(const redisReadTask *task, char *text, size_t len)
{
    struct wire *wire = task->privdata;
    return is_asked_for(task) ? wire->plain.createString(task, text, len) : NULL;
}

static void *make_array(const redisReadTask *task, int elements)
{
    struct wire *wire = task->privdata;
    return elements <= REPLY_ELEMENTS_MAX && is_asked_for(task)
               ? wire->plain.createArray(task, elements)
               : NULL;
}

static void *make_integer(const redisReadTask *task, long long value)
{
    struct wire *wire = task->privdata;
    return is_asked_for(task) ? wire->plain.createInteger(task, value) : NULL;
}

static void *make_nil(const redisReadTask *task)
{
    struct wire *wire = task->privdata;
    return is_asked_for(task) ? wire->plain.createNil(task) : NULL;
}

static void guard_reader(struct wire *wire, redisReader *reader)
{
    wire->plain = *reader->fn;
    wire->guarded = wire->plain;
    wire->guarded.createString = make_string;
    wire->guarded.createArray = make_array;
    wire->guarded.createInteger = make_integer;
    wire->guarded.createNil = make_nil;
    reader->fn = &wire->guarded;
    reader->privdata = wire;
}

/* ---- hiredis' hooks to an event loop ---- */

static void want(struct wire *wire, bool reading, bool writing)
{
    wire->reading = reading;
    wire->writing = writing;
    loop_fd_want(wire->loop, &wire->watch, reading, writing);
}

static void add_read(void *data)
{
    struct wire *wire = data;
    want(wire, true, wire->writing);
}

static void del_read(void *data)
{
    struct wire *wire = data;
    want(wire, false, wire->writing);
}

static void add_write(void *data)
{
    struct wire *wire = data;
    want(wire, wire->reading, true);
}

static void del_write(void *data)
{
    struct wire *wire = data;
    want(wire, wire->reading, false);
}

static void cleanup(void *data)
{
    struct wire *wire = data;
    loop_fd_remove(wire->loop, &wire->watch);
}

static void close_with(struct wire *wire, const char *why)
{
    wire_drop(wire);
    wire->events.closed(wire->events.context, why);
}

static void on_ready(struct loop_fd *watch, bool readable, bool writable)
{
    struct wire *wire = (struct wire *)((char *)watch - offsetof(struct wire, watch));
    redisAsyncContext *redis = wire->redis;

    if (wire->is_broken) {
        close_with(wire, "a command could not be sent");
        return;
    }
    /* Each call may end the connection; a new one is opened by a later event only. */
    if (readable)
        redisAsyncHandleRead(redis);
    if (writable && wire->redis == redis)
        redisAsyncHandleWrite(redis);
    if (wire->redis != redis || redis == NULL)
        return;
    const redisReader *reader = redis->c.reader;
    if (reader->len - reader->pos > REPLY_BYTES_MAX)
        close_with(wire, "a reply longer than any of ours");
}

/* ---- the connection ---- */

static void on_connect(const redisAsyncContext *redis, int status)
{
    struct wire *wire = redis->data;

    if (wire == NULL)
        return;
    if (status == REDIS_OK) {
        wire->events.opened(wire->events.context);
        return;
    }
    wire->redis = NULL; /* hiredis frees it behind this call */
    wire->events.closed(wire->events.context, redis->c.errstr);
}

static void on_disconnect(const redisAsyncContext *redis, int status)
{
    struct wire *wire = redis->data;

    (void)status;
    if (wire == NULL)
        return;
    wire->redis = NULL;
    wire->events.closed(wire->events.context, redis->c.errstr);
}

static void on_reply(redisAsyncContext *redis, void *reply, void *tag)
{
    struct wire *wire = redis->data;

    if (wire == NULL || reply == NULL) /* dropped by us; ending, which on_disconnect tells */
        return;
    wire->answered++;
    wire->events.answered(wire->events.context, (unsigned)(uintptr_t)tag, reply);
}

void wire_init(struct wire *wire, struct loop *loop, const struct wire_events *events)
{
    *wire = (struct wire){.loop = loop, .events = *events, .watch.ready = on_ready};
}

bool wire_open(struct wire *wire, const struct wire_address *address)
{
    assert(wire->redis == NULL);
    redisAsyncContext *redis = address->unix_path != NULL
                                   ? redisAsyncConnectUnix(address->unix_path)
                                   : redisAsyncConnect(address->host, address->port);

    if (redis == NULL)
        return false;
    if (redis->err != 0 || !loop_fd_add(wire->loop, &wire->watch, redis->c.fd)) {
        redisAsyncFree(redis);
        return false;
    }
    guard_reader(wire, redis->c.reader);
    wire->reading = wire->writing = wire->is_broken = false;
    wire->sent = wire->begun = wire->answered = 0;
    wire->redis = redis;
    redis->data = wire;
    redis->ev.data = wire;
    redis->ev.addRead = add_read;
    redis->ev.delRead = del_read;
    redis->ev.addWrite = add_write;
    redis->ev.delWrite = del_write;
    redis->ev.cleanup = cleanup;
    redisAsyncSetConnectCallback(redis, on_connect);
    redisAsyncSetDisconnectCallback(redis, on_disconnect);
    return true;
}

void wire_drop(struct wire *wire)
{
    redisAsyncContext *redis = wire->redis;

    if (redis == NULL)
        return;
    wire->redis = NULL;
    redis->data = NULL;
    redisAsyncFree(redis); /* within one of its callbacks: as that returns */
}

void wire_send(struct wire *wire, const struct str *args, size_t n, unsigned tag)
{
    const char *texts[ARGUMENTS_MAX];
    size_t lens[ARGUMENTS_MAX];

    assert(wire->redis != NULL && n <= ARGUMENTS_MAX);
    for (size_t i = 0; i < n; i++) {
        texts[i] = args[i].ptr;
        lens[i] = args[i].len;
    }
    const redisCallback *last = wire->redis->replies.tail;
    int status =
        redisAsyncCommandArgv(wire->redis, on_reply, (void *)(uintptr_t)tag, (int)n, texts, lens);
    if (status == REDIS_OK)
        wire->sent++;
    /* Without memory hiredis sends nothing, or what it then has no place for the answer of, and
     * aborts when that comes. */
    if (status != REDIS_OK || wire->redis->replies.tail == last)
        wire->is_broken = true;
}
