/* The link's life: connect, check what Redis knows of us, fill it, follow. Every kind of trouble
 * ends the same way: wait a little, then check again from the start, on a new connection where the
 * old one said something it should not have. */
#include "revocation/link.h"

#include <stdlib.h>

#include "core/log.h"
#include "revocation/link_state.h"

static enum revocation_link_state state_of(const struct revocation_link *link)
{
    if (link->phase == PHASE_FOLLOWING)
        return LINK_FOLLOWING;
    return wire_is_open(&link->wire) && link->phase != PHASE_OPENING ? LINK_FILLING
                                                                     : LINK_CONNECTING;
}

void link_tell(struct revocation_link *link, const char *reason, const char *detail)
{
    const char *before = atomic_exchange(&link->reason, reason);

    if (before == reason)
        return;
    if (reason[0] == '\0')
        LOG(LOG_INFO, "redis_following", LF_INT("number", link->cursor));
    else
        LOG(LOG_WARN, "redis_behind", LF_CSTR("reason", reason), LF_CSTR("detail", detail));
}

void link_enter(struct revocation_link *link, enum link_phase phase)
{
    link->phase = phase;
    if (phase != PHASE_FILLING)
        link_fill_stop(link);
    atomic_store(&link->state, state_of(link));
}

static void start_retry(struct revocation_link *link, uint32_t after_ms)
{
    /* Without memory for a timer the tick starts it, and an answer or an entry the tick. */
    (void)!loop_timer_start(link->loop, &link->retry, after_ms);
}

static uint32_t next_backoff(struct revocation_link *link)
{
    uint32_t next = link->backoff_ms * 2;

    next = next < LINK_BACKOFF_MS ? LINK_BACKOFF_MS : next;
    next = next > LINK_BACKOFF_MAX_MS ? LINK_BACKOFF_MAX_MS : next;
    link->backoff_ms = next;
    return next;
}

void link_again(struct revocation_link *link, const char *reason)
{
    uint32_t after_ms = link->backoff_ms;

    link_tell(link, reason, "");
    next_backoff(link);
    link_enter(link, PHASE_WAITING);
    start_retry(link, after_ms);
}

void link_give_up(struct revocation_link *link, const char *reason, const char *detail)
{
    wire_drop(&link->wire);
    link->checks = 0;
    metrics_add(link->metrics, METRIC_REDIS_ERRORS, 1);
    link_tell(link, reason, detail);
    link_enter(link, PHASE_WAITING);
    start_retry(link, next_backoff(link));
}

void link_sent(struct revocation_link *link)
{
    if (wire_waiting(&link->wire) == 0)
        link->progress_ms = clock_mono_ms(link->clock);
}

void link_holds(struct revocation_link *link, uint64_t number)
{
    if (number > atomic_load(&link->held) && number <= link->cursor)
        atomic_store(&link->held, number);
}

void link_check(struct revocation_link *link)
{
    link_sent(link);
    link->checks++;
    link->check_top = link->feed_top;
    link_send_check(&link->wire);
}

static void keep_ticking(struct revocation_link *link)
{
    if (link->tick.impl == NULL)
        (void)!loop_timer_start(link->loop, &link->tick, link->poll_ms);
}

void link_go_on(struct revocation_link *link)
{
    keep_ticking(link);
    if (link->phase == PHASE_FILLING)
        link_fill_go_on(link);
    else if (link->phase == PHASE_FOLLOWING)
        link_follow(link);
}

/* ---- the connection and the timers ---- */

static void start_check(struct revocation_link *link)
{
    if (link->must_clear) {
        link->must_clear = false;
        link_fill_start(link, 0, true);
        return;
    }
    link_enter(link, PHASE_CHECKING);
    link_check(link);
}

static void on_opened(void *context)
{
    struct revocation_link *link = context;

    link->progress_ms = clock_mono_ms(link->clock);
    link->memory_is_hidden = false;
    link_send_hello(&link->wire, link->username, link->password, link->database);
    start_check(link);
}

static void on_closed(void *context, const char *why)
{
    struct revocation_link *link = context;
    link_give_up(link, "the connection to Redis is lost", why);
}

static void on_retry(struct loop_timer *timer)
{
    struct revocation_link *link =
        (struct revocation_link *)((char *)timer - offsetof(struct revocation_link, retry));

    link->progress_ms = clock_mono_ms(link->clock);
    if (wire_is_open(&link->wire)) {
        start_check(link);
        return;
    }
    if (!wire_open(&link->wire, &link->address)) {
        link_give_up(link, "Redis cannot be reached", "");
        return;
    }
    link_enter(link, PHASE_OPENING);
}

static bool is_level(const struct revocation_link *link)
{
    return atomic_load(&link->state) == LINK_FOLLOWING &&
           atomic_load(&link->held) >= store_last_number(link->store);
}

static void note_level(struct revocation_link *link)
{
    if (is_level(link))
        atomic_store(&link->level_ms, clock_mono_ms(link->clock));
}

static void poll(struct revocation_link *link)
{
    link_check(link);
    if (link->polls++ % LINK_POLLS_MEMORY == 0 && !link->memory_is_hidden)
        link_send_memory(&link->wire);
    link_fields_drop(&link->fields, store_surely_over_s(link->store), LINK_DROPS, &link->wire);
}

static void on_tick(struct loop_timer *timer)
{
    struct revocation_link *link =
        (struct revocation_link *)((char *)timer - offsetof(struct revocation_link, tick));
    bool is_asked = wire_is_open(&link->wire) &&
                    (link->phase == PHASE_OPENING || wire_waiting(&link->wire) > 0);
    int64_t silent_ms = clock_mono_ms(link->clock) - link->progress_ms;

    keep_ticking(link);
    note_level(link);
    if (is_asked && silent_ms >= LINK_SILENCE_MS)
        link_give_up(link, "Redis does not answer", "");
    else if (link->phase == PHASE_WAITING && link->retry.impl == NULL)
        start_retry(link, link->backoff_ms);
    else if (link->phase == PHASE_FOLLOWING && link->checks == 0)
        poll(link);
    link_go_on(link);
}

static void on_wake(struct loop_msg *message)
{
    struct revocation_link *link =
        (struct revocation_link *)((char *)message - offsetof(struct revocation_link, wake));

    link_queue_is_awake(&link->queue);
    if (link->closed)
        link_release(link);
    else
        link_go_on(link);
}

/* ---- from outside ---- */

static size_t texts_bytes(const struct revocation_link_options *options)
{
    return options->unix_path.len + options->host.len + options->username.len +
           options->password.len + 4;
}

/* Copies text with a terminator, for hiredis, and moves *at behind it. */
static struct str copy_text(struct str text, char **at)
{
    char *copy = *at;

    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    *at += text.len + 1;
    return str_make(copy, text.len);
}

static void adopt_options(struct revocation_link *link,
                          const struct revocation_link_options *options)
{
    char *at = link->texts;
    struct str unix_path = copy_text(options->unix_path, &at);
    uint32_t poll_ms = options->poll_ms == 0 ? LINK_POLL_MS : options->poll_ms;

    link->address.unix_path = unix_path.len > 0 ? unix_path.ptr : NULL;
    link->address.host = copy_text(options->host, &at).ptr;
    link->address.port = options->port;
    link->username = copy_text(options->username, &at);
    link->password = copy_text(options->password, &at);
    link->database = options->database;
    link->poll_ms = poll_ms < LINK_POLL_MAX_MS ? poll_ms : LINK_POLL_MAX_MS;
    link->loop = options->loop;
    link->store = options->store;
    link->clock = options->clock;
    link->metrics = options->metrics;
    link->feed_id = store_feed_id(options->store);
}

struct result revocation_link_new(const struct revocation_link_options *options,
                                  struct revocation_link **out)
{
    struct revocation_link *link = calloc(1, sizeof(*link));
    size_t bytes = texts_bytes(options);
    char *texts = malloc(bytes);

    if (link == NULL || texts == NULL || !result_ok(link_queue_init(&link->queue))) {
        free(texts);
        free(link);
        return FAULT(ERR_FAULT_MEMORY);
    }
    arena_init(&link->names, NULL, 0, (size_t)LINK_PAGE * 2 * LIMIT_TOKEN);
    link->texts = texts;
    link->texts_bytes = bytes;
    adopt_options(link, options);
    link->wake.run = on_wake;
    atomic_store(&link->level_ms, clock_mono_ms(link->clock));
    link->tick.fire = on_tick;
    link->retry.fire = on_retry;
    atomic_store(&link->reason, "not connected to Redis yet");
    wire_init(&link->wire, link->loop,
              &(struct wire_events){on_opened, on_closed, link_take_answer, link});
    if (!loop_timer_start(link->loop, &link->tick, link->poll_ms) ||
        !loop_timer_start(link->loop, &link->retry, 0)) {
        revocation_link_free(&link);
        return FAULT(ERR_FAULT_MEMORY);
    }
    *out = link;
    return RESULT_OK;
}

void link_release(struct revocation_link *link)
{
    if (link->reading || link_queue_was_woken(&link->queue))
        return;
    free(link->page);
    arena_reset(&link->names);
    link_fields_clear(&link->fields);
    link_queue_done(&link->queue);
    explicit_bzero(link->texts, link->texts_bytes); /* the password: P5 */
    free(link->texts);
    free(link);
}

void revocation_link_free(struct revocation_link **link)
{
    struct revocation_link *closing = *link;

    if (closing == NULL)
        return;
    *link = NULL;
    closing->closed = true;
    loop_timer_stop(closing->loop, &closing->tick);
    loop_timer_stop(closing->loop, &closing->retry);
    wire_drop(&closing->wire);
    link_release(closing);
}

void revocation_link_publish(struct revocation_link *link, const struct store_entry *entries,
                             size_t n)
{
    if (link_queue_push(&link->queue, entries, n))
        loop_post(link->loop, &link->wake);
}

enum revocation_link_state revocation_link_state(const struct revocation_link *link)
{
    return (enum revocation_link_state)atomic_load(&link->state);
}

const char *revocation_link_reason(const struct revocation_link *link)
{
    return atomic_load(&link->reason);
}

struct revocation_link_lag revocation_link_lag(const struct revocation_link *link)
{
    uint64_t held = atomic_load(&link->held), last = store_last_number(link->store);
    int64_t behind_ms = clock_mono_ms(link->clock) - atomic_load(&link->level_ms);

    return (struct revocation_link_lag){
        .entries = last > held ? last - held : 0,
        .seconds = is_level(link) || behind_ms < 0 ? 0 : behind_ms / 1000,
        .filled_s = atomic_load(&link->filled_ms) / 1000,
        .may_evict = atomic_load(&link->may_evict),
    };
}
