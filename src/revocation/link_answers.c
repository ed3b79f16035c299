/* What Redis answers, and what follows from it. The type of every answer is checked; two of them
 * are read, the feed's id and the number of its last entry, and all they decide is whether to
 * write. */
#include "core/log.h"
#include "revocation/link_state.h"

/* ---- judging a check ---- */

enum feed { FEED_MISSING, FEED_FILLING, FEED_OURS, FEED_FOREIGN };

static enum feed feed_of(const struct revocation_link *link)
{
    char ours[SID_TEXT], filling[LINK_TEXT_FILLING];

    sid_format(&link->feed_id, ours);
    link_text_filling(&link->feed_id, filling);
    if (link->check_feed.ptr == NULL)
        return FEED_MISSING;
    if (str_eq(link->check_feed, str_make(ours, sizeof(ours))))
        return FEED_OURS;
    if (str_eq(link->check_feed, str_make(filling, sizeof(filling))))
        return FEED_FILLING;
    return FEED_FOREIGN;
}

static void judge_stranger(struct revocation_link *link, enum feed feed, uint64_t top)
{
    if (feed == FEED_FOREIGN)
        LOG(LOG_WARN, "redis_feed_replaced", LF_STR("found", link->check_feed));
    if (feed != FEED_OURS || top == 0 || top > store_last_number(link->store)) {
        link_fill_start(link, 0, true);
        return;
    }
    /* The stream may have taken an entry whose key was refused: memory was short for a moment, or
     * an ACL is odd. What this process knows to be there counts for more. */
    uint64_t held = atomic_load(&link->held);
    link_fill_start(link, held > 0 && held < top ? held : top, false);
    link->feed_top = top;
}

static void judge_known(struct revocation_link *link, enum feed feed, uint64_t top)
{
    if (feed == FEED_FOREIGN) {
        link_give_up(link, "another store's server writes to this Redis", "");
    } else if (feed != FEED_OURS) {
        link_again(link, "Redis was flushed");
    } else if (top != link->check_top) {
        link->must_clear = true;
        link_again(link, "somebody else changed the stream");
    } else if (link->phase == PHASE_FOLLOWING) {
        link->backoff_ms = 0;
    } else {
        metrics_add(link->metrics, METRIC_REDIS_REFILLS, 1);
        if (link->fill_is_full)
            atomic_store(&link->filled_ms, clock_wall_ms(link->clock));
        link->polls = 0;
        link_holds(link, link->cursor);
        link_tell(link, "", "");
        link_enter(link, PHASE_FOLLOWING);
    }
}

static void judge(struct revocation_link *link, uint64_t top)
{
    if (--link->checks > 0)
        return;
    enum feed feed = feed_of(link);
    if (link->phase == PHASE_CHECKING)
        judge_stranger(link, feed, top);
    else if (link->phase == PHASE_FILLED || link->phase == PHASE_FOLLOWING)
        judge_known(link, feed, top);
}

/* ---- answers ---- */

static const char *reason_of(const redisReply *reply)
{
    static const struct {
        struct str code;
        const char *reason;
    } reasons[] = {
        {STR_INIT("LOADING"), "Redis is loading its data"},
        {STR_INIT("READONLY"), "Redis is a read-only replica"},
        {STR_INIT("MASTERDOWN"), "Redis is a replica without its primary"},
        {STR_INIT("MOVED"), "Redis is a cluster"},
        {STR_INIT("OOM"), "Redis is out of memory"},
        {STR_INIT("MISCONF"), "Redis cannot save and refuses writes"},
        {STR_INIT("BUSY"), "Redis is busy with a script"},
        {STR_INIT("NOAUTH"), "Redis wants a password"},
        {STR_INIT("WRONGPASS"), "Redis refuses the password"},
        {STR_INIT("NOPERM"), "Redis' ACL refuses a command"},
        {STR_INIT("WRONGTYPE"), "a key of ours holds another type"},
    };
    struct str text = str_make(reply->str, reply->len);

    if (reply->type != REDIS_REPLY_ERROR)
        return "Redis answers as Redis would not";
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (str_starts_with(text, reasons[i].code))
            return reasons[i].reason;
    return "Redis answers with an error";
}

/* An error that stays until our keys are removed. */
static bool is_about_content(const redisReply *reply)
{
    struct str text = str_make(reply->str, reply->len);

    return reply->type == REDIS_REPLY_ERROR &&
           (str_starts_with(text, STR("WRONGTYPE")) ||
            str_starts_with(text, STR("ERR The ID specified in XADD")));
}

static void keep_feed_id(struct revocation_link *link, const redisReply *reply)
{
    size_t len = reply->len < sizeof(link->check_text) ? reply->len : sizeof(link->check_text);

    link->check_feed = STR_NONE;
    if (reply->type == REDIS_REPLY_NIL)
        return;
    memcpy(link->check_text, reply->str, len);
    link->check_feed = str_make(link->check_text, len);
}

/* Who reads keys there takes an absent one for a token that is alive (THREATS-77). */
static void take_memory(struct revocation_link *link, const redisReply *reply)
{
    struct str policy = link_evicting_policy(reply);
    bool may_evict = policy.ptr != NULL;

    link->memory_is_hidden = reply->type == REDIS_REPLY_ERROR;
    if (may_evict && !atomic_load(&link->may_evict))
        LOG(LOG_WARN, "redis_may_evict", LF_STR("maxmemory_policy", policy));
    atomic_store(&link->may_evict, may_evict);
}

static void take_answer(struct revocation_link *link, enum link_ask ask, const redisReply *reply)
{
    switch (ask) {
    case ASK_FEED_ID:
        keep_feed_id(link, reply);
        break;
    case ASK_FEED_TOP:
        judge(link, link_feed_top(reply));
        break;
    case ASK_FEED_ADD:
        link_holds(link, link_feed_added(reply));
        break;
    case ASK_MEMORY:
        take_memory(link, reply);
        break;
    case ASK_TOKEN:
    case ASK_EPOCH:
        metrics_add(link->metrics, METRIC_REDIS_PUBLISHED, 1);
        break;
    default:
        break;
    }
}

void link_take_answer(void *context, unsigned tag, const redisReply *reply)
{
    struct revocation_link *link = context;
    enum link_ask ask = (enum link_ask)tag;

    link->progress_ms = clock_mono_ms(link->clock);
    if (!link_is_expected(ask, reply)) {
        /* An error may quote its command, and AUTH has the password: P5. */
        bool may_tell = reply->type == REDIS_REPLY_ERROR && ask != ASK_AUTH;
        link->must_clear |= is_about_content(reply);
        link_give_up(link, reason_of(reply), may_tell ? reply->str : "");
        return;
    }
    take_answer(link, ask, reply);
    if (link->phase == PHASE_FOLLOWING && wire_waiting(&link->wire) == 0)
        link_holds(link, link->cursor);
    link_go_on(link);
}
