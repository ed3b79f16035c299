#include "exchange/touch.h"

#include <stdlib.h>

#include "exchange/peer.h"
#include "exchange/server.h"
#include "store/store.h"

/* A slot: the id's part above, the second below. */
enum { STAMP_BITS = 24, INDEX_SHIFT = 8 /* past the bits that say what UUID it is */ };

static const uint64_t stamp_mask = ((uint64_t)1 << STAMP_BITS) - 1;

static_assert((TOUCH_SLOTS & (TOUCH_SLOTS - 1)) == 0, "an index is cut off by a mask");
static_assert((TOUCH_WAYS & (TOUCH_WAYS - 1)) == 0, "an id's slots are neighbours");
static_assert(TOUCH_PORTION * (TOUCH_AGAIN_S * 1000 / TOUCH_PAUSE_MS) >= TOUCH_SLOTS,
              "one worker sends as much as the table holds");

bool touch_is_due(struct touch_seen *seen, const struct sid *id, int64_t now_s)
{
    uint64_t random, free_as = 0;

    memcpy(&random, id->bytes + sizeof(id->bytes) - sizeof(random), sizeof(random));
    size_t index = random >> INDEX_SHIFT & (TOUCH_SLOTS - 1);
    uint64_t part = random & ~stamp_mask, stamp = (uint64_t)now_s & stamp_mask;
    _Atomic uint64_t *free_slot = NULL;
    for (size_t way = 0; way < TOUCH_WAYS; way++) {
        _Atomic uint64_t *slot = &seen->slots[index ^ way];
        uint64_t there = atomic_load_explicit(slot, memory_order_relaxed);
        bool is_held = there != 0 && ((stamp - there) & stamp_mask) < TOUCH_AGAIN_S;
        if (is_held && (there & ~stamp_mask) == part)
            return false;
        if (!is_held && free_slot == NULL) {
            free_slot = slot;
            free_as = there;
        }
    }
    return free_slot != NULL &&
           atomic_compare_exchange_strong_explicit(free_slot, &free_as, part | stamp,
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

static struct touch_note *note_at(struct touch_queue *queue, unsigned i)
{
    return &queue->notes[(queue->first + i) % TOUCH_WAITING];
}

static unsigned portion_of(const struct touch_queue *queue)
{
    return queue->count < TOUCH_PORTION ? queue->count : TOUCH_PORTION;
}

static void submit(struct worker *worker, enum store_verb verb, struct touch_queue *queue)
{
    unsigned n = portion_of(queue);
    size_t size = sizeof(struct touch_request) + n * (sizeof(struct store_touch) + PEER_TEXT);
    struct touch_request *sent = n > 0 ? malloc(size) : NULL;

    if (sent == NULL)
        return;
    sent->touches = (struct store_touch *)(sent + 1);
    sent->texts = (char(*)[PEER_TEXT])(sent->touches + n);
    for (unsigned i = 0; i < n; i++) {
        const struct touch_note *note = note_at(queue, i);
        sent->touches[i] = (struct store_touch){
            .id = note->id,
            .at_ms = note->at_ms,
            .ip =
                verb == STORE_TOKENS_TOUCH ? peer_format(&note->address, sent->texts[i]) : STR_NONE,
        };
    }
    sent->request =
        (struct store_request){.verb = verb, .done = request_done, .in.touch = {sent->touches, n}};
    store_submit(worker->server->store, &sent->request);
}

/* Whether they could be sent or not. */
static void forget(struct touch_queue *queue, unsigned n)
{
    queue->first = (queue->first + n) % TOUCH_WAITING;
    queue->count -= n;
}

static bool is_full(const struct touch_waiting *waiting)
{
    return waiting->tokens.count >= TOUCH_PORTION || waiting->secrets.count >= TOUCH_PORTION;
}

/* A full portion waits for nothing but the pause behind the one before. */
static uint32_t wait_ms(const struct worker *worker)
{
    if (!is_full(&worker->touched))
        return TOUCH_PORTION_MS;
    int64_t past_ms = clock_mono_ms(worker->server->clock) - worker->touched.sent_ms;
    return past_ms < TOUCH_PAUSE_MS ? (uint32_t)(TOUCH_PAUSE_MS - past_ms) : 0;
}

static void send_portion(struct loop_timer *timer);

static void start(struct worker *worker)
{
    struct touch_waiting *waiting = &worker->touched;

    waiting->timer.fire = send_portion;
    waiting->started = loop_timer_start(worker->loop, &waiting->timer, wait_ms(worker));
    if (!waiting->started) { /* no memory: these are passed over */
        forget(&waiting->tokens, waiting->tokens.count);
        forget(&waiting->secrets, waiting->secrets.count);
    }
}

static void send_portion(struct loop_timer *timer)
{
    struct worker *worker =
        (struct worker *)((char *)timer - offsetof(struct worker, touched.timer));
    struct touch_waiting *waiting = &worker->touched;

    waiting->started = false;
    waiting->sent_ms = clock_mono_ms(worker->server->clock);
    submit(worker, STORE_TOKENS_TOUCH, &waiting->tokens);
    submit(worker, STORE_SECRETS_TOUCH, &waiting->secrets);
    forget(&waiting->tokens, portion_of(&waiting->tokens));
    forget(&waiting->secrets, portion_of(&waiting->secrets));
    if (waiting->tokens.count + waiting->secrets.count > 0)
        start(worker);
}

/* ---- noting ---- */

static void note(struct worker *worker, struct touch_queue *queue, const struct sid *id,
                 const struct in6_addr *address)
{
    struct touch_note *note = note_at(queue, queue->count++);

    *note = (struct touch_note){.id = *id, .at_ms = clock_wall_ms(worker->server->clock)};
    if (address != NULL)
        note->address = *address;
    if (!worker->touched.started || queue->count == TOUCH_PORTION)
        start(worker);
}

void touch_token(struct worker *worker, const struct sid *token_sid, const struct in6_addr *address,
                 int64_t now_s)
{
    struct touch_queue *queue = &worker->touched.tokens;

    if (queue->count < TOUCH_WAITING && touch_is_due(&worker->server->touched, token_sid, now_s))
        note(worker, queue, token_sid, address);
}

void touch_secret(struct worker *worker, const struct sid *secret_id, int64_t now_s)
{
    struct touch_queue *queue = &worker->touched.secrets;

    if (queue->count < TOUCH_WAITING && touch_is_due(&worker->server->touched, secret_id, now_s))
        note(worker, queue, secret_id, NULL);
}

void touch_waiting_done(struct worker *worker)
{
    if (worker->touched.started)
        loop_timer_stop(worker->loop, &worker->touched.timer);
    worker->touched.started = false;
}
