#include "oauth/feed.h"

#include <pthread.h>
#include <stdlib.h>

#include "config/config.h"
#include "exchange/snapshot.h"
#include "oauth/desk.h"

enum { TICK_MS = 250, START_BYTES = 8 };

struct feed_desk {
    struct revocation_feed *feed;
    struct worker *worker; /* NULL: not opened yet */
    struct follower *first, *last;
    _Atomic bool awaits; /* it has followers */
    _Atomic bool posted;
    struct loop_msg woken;
    struct loop_timer tick;
    struct store_read read;
    struct arena memory; /* of read */
    bool reading;
    bool from_behind; /* whose turn it is: who is farthest behind, or who is nearest */
};

struct revocation_feed {
    struct server *server;
    _Atomic int heartbeat_s;
    char start[2 * START_BYTES];
    pthread_mutex_t lock; /* of worker in each desk, between the writer and the workers' ends */
    struct feed_desk desks[CONFIG_THREADS_MAX];
};

static void look(struct feed_desk *desk);

/* ---- reading ---- */

/* Who the next page is for. Those who were left behind and those who hear of the newest take turns:
 * one that catches up must not hold up the others, nor the other way round. */
static const struct follower *next_reader(const struct feed_desk *desk, uint64_t known)
{
    const struct follower *found = NULL;

    for (const struct follower *f = desk->first; f != NULL; f = f->next) {
        if (f->position >= known || follower_is_full(f))
            continue;
        if (found == NULL ||
            (desk->from_behind ? f->position < found->position : f->position > found->position))
            found = f;
    }
    return found;
}

static bool write_events(const struct feed_desk *desk, struct arena *memory, struct str **out)
{
    const struct sid feed_id = store_feed_id(desk->feed->server->store);
    size_t count = desk->read.out.count;
    struct str *events = arena_array(memory, count + 1, sizeof(*events));

    if (events == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct store_entry *entry = &desk->read.out.feed[i].entry;
        struct buf b;
        buf_init_arena(&b, memory, revocations_entry_room(entry), STREAM_UNSENT_MAX);
        follower_write_event(&feed_id, entry, &b);
        if (b.failed)
            return false;
        events[i] = buf_view(&b);
    }
    *out = events;
    return true;
}

static bool hand_out(struct feed_desk *desk)
{
    const struct store_read *read = &desk->read;
    uint64_t heard = revocation_index_number(desk->feed->server->index);
    struct str *events;

    if (!result_ok(read->result) || !write_events(desk, &desk->memory, &events))
        return false;
    const struct follower_page page = {
        .after = read->in.feed.after,
        .through = revocations_through(read, heard),
        .rows = read->out.feed,
        .events = events,
        .count = read->out.count,
    };
    for (struct follower *f = desk->first; f != NULL; f = f->next)
        follower_take(f, &page);
    return true;
}

/* After a fault the tick tries again. */
static void on_read(struct store_read *read)
{
    struct feed_desk *desk = (struct feed_desk *)((char *)read - offsetof(struct feed_desk, read));

    desk->reading = false;
    desk->worker->awaited--;
    bool done = hand_out(desk);
    arena_reset(&desk->memory);
    if (done)
        look(desk);
}

static void look(struct feed_desk *desk)
{
    struct server *server = desk->feed->server;
    const struct follower *reader;

    if (desk->reading || !atomic_load(&desk->awaits))
        return;
    desk->from_behind = !desk->from_behind;
    reader = next_reader(desk, revocation_index_number(server->index));
    if (reader == NULL)
        return;
    arena_init(&desk->memory, NULL, 0, LIMIT_ARENA_BATCH);
    desk->read = (struct store_read){
        .verb = STORE_FEED,
        .loop = desk->worker->loop,
        .done = on_read,
        .arena = &desk->memory,
        .in.feed = {.after = reader->position,
                    .now_s = store_surely_over_s(server->store),
                    .limit = REVOCATIONS_PAGE},
    };
    desk->reading = true;
    desk->worker->awaited++;
    store_read_submit(server->store, &desk->read);
}

/* ---- what wakes a desk ---- */

static void on_woken(struct loop_msg *message)
{
    struct feed_desk *desk =
        (struct feed_desk *)((char *)message - offsetof(struct feed_desk, woken));

    atomic_store(&desk->posted, false);
    for (struct follower *f = desk->first; f != NULL; f = f->next)
        follower_tell_tables(f);
    look(desk);
}

void revocation_feed_wake(struct revocation_feed *feed)
{
    if (feed == NULL)
        return;
    pthread_mutex_lock(&feed->lock);
    for (size_t i = 0; i < CONFIG_THREADS_MAX; i++) {
        struct feed_desk *desk = &feed->desks[i];
        if (desk->worker != NULL && atomic_load(&desk->awaits) &&
            !atomic_exchange(&desk->posted, true))
            loop_post(desk->worker->loop, &desk->woken);
    }
    pthread_mutex_unlock(&feed->lock);
}

static void on_tick(struct loop_timer *timer)
{
    struct feed_desk *desk = (struct feed_desk *)((char *)timer - offsetof(struct feed_desk, tick));
    int64_t heartbeat_ms = atomic_load(&desk->feed->heartbeat_s) * (int64_t)1000;

    if (desk->first == NULL)
        return;
    for (struct follower *f = desk->first; f != NULL; f = f->next)
        follower_tick(f, heartbeat_ms);
    look(desk);
    (void)loop_timer_start(desk->worker->loop, &desk->tick, TICK_MS);
}

/* ---- followers ---- */

void desk_join(struct stream *stream)
{
    struct follower *f = (struct follower *)stream;
    struct feed_desk *desk = &f->worker->server->feed->desks[f->worker->number];

    f->desk = desk;
    f->previous = desk->last;
    f->next = NULL;
    if (desk->last != NULL)
        desk->last->next = f;
    else
        desk->first = f;
    desk->last = f;
    atomic_store(&desk->awaits, true); /* before it looks where the sequence is */
    follower_greet(f);
    if (desk->tick.impl == NULL && !loop_timer_start(f->worker->loop, &desk->tick, TICK_MS)) {
        f->ending = true;
        stream_end(stream);
        return;
    }
    look(desk);
}

void desk_serve(struct stream *stream)
{
    look(((struct follower *)stream)->desk);
}

void desk_leave(struct stream *stream)
{
    struct follower *f = (struct follower *)stream;
    struct feed_desk *desk = f->desk;

    if (desk == NULL)
        return;
    if (f->previous != NULL)
        f->previous->next = f->next;
    else
        desk->first = f->next;
    if (f->next != NULL)
        f->next->previous = f->previous;
    else
        desk->last = f->previous;
    f->desk = NULL;
    if (desk->first == NULL) {
        atomic_store(&desk->awaits, false);
        loop_timer_stop(desk->worker->loop, &desk->tick);
    }
}

/* ---- the beginning and the end ---- */

struct result revocation_feed_new(struct server *server, struct revocation_feed **out)
{
    struct revocation_feed *feed = calloc(1, sizeof(*feed));
    unsigned char random[START_BYTES];
    struct buf b;

    if (feed == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    struct result filled = entropy_fill(server->entropy, random, sizeof(random));
    if (!result_ok(filled)) {
        free(feed);
        return filled;
    }
    buf_init_fixed(&b, feed->start, sizeof(feed->start));
    buf_hex(&b, random, sizeof(random));
    feed->server = server;
    atomic_init(&feed->heartbeat_s, server->config->feed.heartbeat_s);
    pthread_mutex_init(&feed->lock, NULL);
    *out = feed;
    return RESULT_OK;
}

void revocation_feed_free(struct revocation_feed **slot)
{
    struct revocation_feed *feed = *slot;

    *slot = NULL;
    if (feed == NULL)
        return;
    pthread_mutex_destroy(&feed->lock);
    free(feed);
}

void revocation_feed_open(struct revocation_feed *feed, struct worker *worker)
{
    struct feed_desk *desk = &feed->desks[worker->number];

    desk->feed = feed;
    desk->woken.run = on_woken;
    desk->tick.fire = on_tick;
    pthread_mutex_lock(&feed->lock);
    desk->worker = worker;
    pthread_mutex_unlock(&feed->lock);
}

/* What was posted until here still runs, in the loop's last turn. */
void revocation_feed_close(struct revocation_feed *feed, struct worker *worker)
{
    struct feed_desk *desk = &feed->desks[worker->number];

    pthread_mutex_lock(&feed->lock);
    atomic_store(&desk->awaits, false);
    pthread_mutex_unlock(&feed->lock);
    loop_timer_stop(worker->loop, &desk->tick);
}

void revocation_feed_set_heartbeat(struct revocation_feed *feed, int heartbeat_s)
{
    atomic_store(&feed->heartbeat_s, heartbeat_s);
}

struct str revocation_feed_start(const struct revocation_feed *feed)
{
    return str_make(feed->start, sizeof(feed->start));
}
