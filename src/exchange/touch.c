#include "exchange/touch.h"

#include <stdlib.h>

#include "exchange/peer.h"
#include "exchange/server.h"
#include "store/store.h"

/* A slot: the id's part above, the second below. */
enum { STAMP_BITS = 24, INDEX_SHIFT = 8 /* past the bits that say what UUID it is */ };

static const uint64_t stamp_mask = ((uint64_t)1 << STAMP_BITS) - 1;

static_assert((TOUCH_SLOTS & (TOUCH_SLOTS - 1)) == 0, "an index is cut off by a mask");
static_assert(TOUCH_TOKENS * (TOUCH_AGAIN_S * 1000 / TOUCH_PAUSE_MS) >= TOUCH_SLOTS,
              "one worker sends as much as the table holds");

bool touch_is_due(struct touch_seen *seen, const struct sid *id, int64_t now_s)
{
    uint64_t random;

    memcpy(&random, id->bytes + sizeof(id->bytes) - sizeof(random), sizeof(random));
    _Atomic uint64_t *slot = &seen->slots[random >> INDEX_SHIFT & (TOUCH_SLOTS - 1)];
    uint64_t stamp = (uint64_t)now_s & stamp_mask;
    uint64_t there = atomic_load_explicit(slot, memory_order_relaxed);
    if (there != 0 && ((stamp - there) & stamp_mask) < TOUCH_AGAIN_S)
        return false;
    return atomic_compare_exchange_strong_explicit(slot, &there, (random & ~stamp_mask) | stamp,
                                                   memory_order_relaxed, memory_order_relaxed);
}

/* ---- sending ---- */

/* On its way to the store, by itself: nobody waits for it. */
struct touch_request {
    struct store_request request;
    struct store_touch *touches;
    char (*texts)[PEER_TEXT];
};

/* On the writer's thread. Whatever became of it: it was a note, no promise. */
static void request_done(struct store_request *request)
{
    free((char *)request - offsetof(struct touch_request, request));
}

static void submit(struct worker *worker, enum store_verb verb, const struct touch_note *notes,
                   unsigned n)
{
    size_t size = sizeof(struct touch_request) + n * (sizeof(struct store_touch) + PEER_TEXT);
    struct touch_request *sent = n > 0 ? malloc(size) : NULL;

    if (sent == NULL)
        return;
    sent->touches = (struct store_touch *)(sent + 1);
    sent->texts = (char(*)[PEER_TEXT])(sent->touches + n);
    for (unsigned i = 0; i < n; i++)
        sent->touches[i] = (struct store_touch){
            .id = notes[i].id,
            .at_ms = notes[i].at_ms,
            .ip = verb == STORE_TOKENS_TOUCH ? peer_format(&notes[i].address, sent->texts[i])
                                             : STR_NONE,
        };
    sent->request =
        (struct store_request){.verb = verb, .done = request_done, .in.touch = {sent->touches, n}};
    store_submit(worker->server->store, &sent->request);
}

static void send_batch(struct loop_timer *timer)
{
    struct worker *worker =
        (struct worker *)((char *)timer - offsetof(struct worker, touched.timer));
    struct touch_batch *batch = &worker->touched;

    batch->started = false;
    batch->sent_ms = clock_mono_ms(worker->server->clock);
    submit(worker, STORE_TOKENS_TOUCH, batch->tokens, batch->token_count);
    submit(worker, STORE_SECRETS_TOUCH, batch->secrets, batch->secret_count);
    batch->token_count = batch->secret_count = 0;
}

/* A full one waits for nothing but the pause behind the one before. */
static uint32_t wait_ms(const struct worker *worker, bool is_full)
{
    if (!is_full)
        return TOUCH_BATCH_MS;
    int64_t past_ms = clock_mono_ms(worker->server->clock) - worker->touched.sent_ms;
    return past_ms < TOUCH_PAUSE_MS ? (uint32_t)(TOUCH_PAUSE_MS - past_ms) : 0;
}

static void start(struct worker *worker, bool is_full)
{
    struct touch_batch *batch = &worker->touched;

    if (batch->started && !is_full)
        return;
    batch->timer.fire = send_batch;
    batch->started = loop_timer_start(worker->loop, &batch->timer, wait_ms(worker, is_full));
    if (!batch->started)
        batch->token_count = batch->secret_count = 0; /* no memory: these are passed over */
}

/* ---- noting ---- */

static void note(struct worker *worker, struct touch_note *notes, unsigned *count, unsigned max,
                 const struct sid *id, const struct in6_addr *address)
{
    notes[*count] = (struct touch_note){.id = *id, .at_ms = clock_wall_ms(worker->server->clock)};
    if (address != NULL)
        notes[*count].address = *address;
    *count += 1;
    start(worker, *count == max);
}

void touch_token(struct worker *worker, const struct sid *token_sid, const struct in6_addr *address,
                 int64_t now_s)
{
    struct touch_batch *batch = &worker->touched;

    if (batch->token_count < TOUCH_TOKENS &&
        touch_is_due(&worker->server->touched, token_sid, now_s))
        note(worker, batch->tokens, &batch->token_count, TOUCH_TOKENS, token_sid, address);
}

void touch_secret(struct worker *worker, const struct sid *secret_id, int64_t now_s)
{
    struct touch_batch *batch = &worker->touched;

    if (batch->secret_count < TOUCH_SECRETS &&
        touch_is_due(&worker->server->touched, secret_id, now_s))
        note(worker, batch->secrets, &batch->secret_count, TOUCH_SECRETS, secret_id, NULL);
}

void touch_batch_done(struct worker *worker)
{
    if (worker->touched.started)
        loop_timer_stop(worker->loop, &worker->touched.timer);
    worker->touched.started = false;
}
