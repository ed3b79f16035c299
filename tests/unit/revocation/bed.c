#include "bed.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdarg.h>

#include "core/log.h"
#include "sids.h"

static void on_committed(void *context, const struct store_entry *entries, size_t n)
{
    struct bed *bed = context;
    struct revocation_link *link = atomic_load(&bed->link);
    if (link != NULL)
        revocation_link_publish(link, entries, n);
}

void bed_init(struct bed *bed)
{
    bed_init_by(bed, &clock_system);
}

void bed_init_by(struct bed *bed, const struct clock *clock)
{
    struct buf error;
    const struct store_options options = {
        .url = STR("memory:"), .clock = clock, .entropy = &entropy_system, .expired_kept_s = 1000};
    const struct store_hooks hooks = {.committed = on_committed, .context = bed};

    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_ERROR);
    *bed = (struct bed){.now_s = clock_wall_s(&clock_system)};
    buf_init_heap(&error, 1000);
    redis_server_init(&bed->redis);
    bed->loop = loop_thread_new();
    metrics_register(&bed->registry, &bed->metrics);
    cr_assert(result_ok(store_open(&options, &bed->store, &error)));
    cr_assert(result_ok(store_start(bed->store, &hooks)));
    buf_free(&error);
    bed->options = (struct revocation_link_options){.unix_path = str_from(bed->redis.socket),
                                                    .poll_ms = 100,
                                                    .loop = loop_thread_loop(bed->loop),
                                                    .store = bed->store,
                                                    .clock = &clock_system,
                                                    .metrics = &bed->metrics};
}

static bool never(void *context)
{
    (void)context;
    return false;
}

void bed_done(struct bed *bed)
{
    store_close(&bed->store);
    bed_unlink(bed);
    loop_thread_until(bed->loop, never, NULL, 1); /* what was posted */
    if (bed->looker != NULL)
        redisFree(bed->looker);
    loop_thread_free(&bed->loop);
    redis_server_done(&bed->redis);
}

void bed_start_redis(struct bed *bed)
{
    redis_server_start(&bed->redis, NULL, NULL, NULL);
}

void bed_link(struct bed *bed)
{
    struct revocation_link *link;
    cr_assert(result_ok(revocation_link_new(&bed->options, &link)));
    atomic_store(&bed->link, link);
}

void bed_unlink(struct bed *bed)
{
    struct revocation_link *link = atomic_exchange(&bed->link, NULL);
    revocation_link_free(&link);
}

/* ---- the store ---- */

struct waiting {
    struct store_request request; /* first: the callback casts */
    size_t *left;
};

static void on_done(struct store_request *request)
{
    struct waiting *waiting = (struct waiting *)request;
    cr_assert(result_ok(request->result));
    --*waiting->left;
}

static bool none_left(void *context)
{
    return *(size_t *)context == 0;
}

static void submit_all(struct bed *bed, struct waiting *all, size_t n)
{
    size_t left = n;

    for (size_t i = 0; i < n; i++) {
        all[i].left = &left;
        all[i].request.loop = loop_thread_loop(bed->loop);
        all[i].request.done = on_done;
        store_submit(bed->store, &all[i].request);
    }
    cr_assert(loop_thread_until(bed->loop, none_left, &left, BED_PATIENCE_MS));
}

static void issue_some(struct bed *bed, uint64_t first, size_t n, int64_t end_s)
{
    struct waiting *all = calloc(n, sizeof(*all));

    for (size_t i = 0; i < n; i++) {
        all[i].request.verb = STORE_TOKEN_CREATE;
        all[i].request.in.token_create = (struct token_row){.token_sid = sid_number(first + i),
                                                            .client_id = sid_number(1),
                                                            .partner_sid = sid_number(2),
                                                            .name = STR("t"),
                                                            .scopes = STR("calls.read"),
                                                            .audiences = STR("a"),
                                                            .exp_s = end_s,
                                                            .exp_signed_s = end_s,
                                                            .generation = 1,
                                                            .revision = 1};
    }
    submit_all(bed, all, n);
    free(all);
}

static void revoke_some(struct bed *bed, uint64_t first, size_t n, int64_t end_s)
{
    struct waiting *all = calloc(n, sizeof(*all));

    for (size_t i = 0; i < n; i++) {
        all[i].request.verb = STORE_TOKEN_REVOKE;
        all[i].request.in.token_revoke.token_sid = sid_number(first + i);
        all[i].request.in.token_revoke.end_s = end_s;
    }
    submit_all(bed, all, n);
    free(all);
}

void bed_revoke(struct bed *bed, uint64_t first, size_t n, int64_t end_s)
{
    for (size_t done = 0; done < n; done += 1000) {
        size_t some = n - done < 1000 ? n - done : 1000;
        issue_some(bed, first + done, some, end_s);
        revoke_some(bed, first + done, some, end_s);
    }
}

void bed_issue(struct bed *bed, uint64_t n, int64_t end_s)
{
    issue_some(bed, n, 1, end_s);
}

void bed_narrow(struct bed *bed, uint64_t n, struct str scopes, int64_t exp_s)
{
    struct waiting one = {.request.verb = STORE_TOKEN_UPDATE};

    one.request.in.token_update = (struct store_token_update){.token_sid = sid_number(n),
                                                              .name = STR("t"),
                                                              .scopes = scopes,
                                                              .exp_s = exp_s,
                                                              .generation = 1,
                                                              .in_sequence = true};
    submit_all(bed, &one, 1);
    cr_assert_eq(one.request.outcome, STORE_OUTCOME_DONE);
}

void bed_revoke_issued(struct bed *bed, uint64_t n, int64_t end_s)
{
    revoke_some(bed, n, 1, end_s);
}

void bed_epoch(struct bed *bed, enum entry_kind kind, struct sid id, struct str kid)
{
    struct waiting one = {.request.verb = STORE_EPOCH_CREATE};

    one.request.in.epoch_create.kind = kind;
    one.request.in.epoch_create.id = id;
    one.request.in.epoch_create.kid = kid;
    one.request.in.epoch_create.end_s = bed->now_s + 1000;
    submit_all(bed, &one, 1);
}

/* ---- waiting ---- */

struct state_wanted {
    struct bed *bed;
    enum revocation_link_state state;
};

static bool has_state(void *context)
{
    const struct state_wanted *wanted = context;
    return revocation_link_state(atomic_load(&wanted->bed->link)) == wanted->state;
}

void bed_until_state(struct bed *bed, enum revocation_link_state state)
{
    struct state_wanted wanted = {bed, state};
    cr_assert(loop_thread_until(bed->loop, has_state, &wanted, BED_PATIENCE_MS), "state %d: %s",
              (int)revocation_link_state(bed->link), revocation_link_reason(bed->link));
}

void bed_until(struct bed *bed, bool (*is_done)(void *bed))
{
    cr_assert(loop_thread_until(bed->loop, is_done, bed, BED_PATIENCE_MS));
}

/* ---- looking from outside ---- */

redisReply *bed_ask(struct bed *bed, const char *format, ...)
{
    va_list arguments;

    if (bed->looker != NULL && bed->looker->err != 0) { /* from before a restart */
        redisFree(bed->looker);
        bed->looker = NULL;
    }
    if (bed->looker == NULL)
        bed->looker = redisConnectUnix(bed->redis.socket);
    cr_assert(bed->looker != NULL && bed->looker->err == 0);
    va_start(arguments, format);
    redisReply *reply = redisvCommand(bed->looker, format, arguments);
    va_end(arguments);
    return reply;
}

long long bed_ask_number(struct bed *bed, const char *command)
{
    redisReply *reply = bed_ask(bed, command);
    cr_assert(reply != NULL && reply->type == REDIS_REPLY_INTEGER, "%s", command);
    long long number = reply->integer;
    freeReplyObject(reply);
    return number;
}

static bool stream_ends_with_store(struct bed *bed)
{
    redisReply *reply = bed_ask(bed, "XREVRANGE scopemint:v1:feed + - COUNT 1");
    bool ends = false;

    if (reply != NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements == 1)
        ends =
            strtoull(reply->element[0]->element[0]->str, NULL, 10) == store_last_number(bed->store);
    freeReplyObject(reply);
    return ends;
}

bool bed_has_all(struct bed *bed, uint64_t first, size_t n)
{
    if (!stream_ends_with_store(bed))
        return false;
    for (size_t i = 0; i < n; i++) {
        char text[SID_TEXT];
        struct sid sid = sid_number(first + i);
        sid_format(&sid, text);
        redisReply *reply = bed_ask(bed, "EXISTS scopemint:v1:revoked:%b", text, (size_t)SID_TEXT);
        bool there = reply != NULL && reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
        freeReplyObject(reply);
        if (!there)
            return false;
    }
    return true;
}

struct range_wanted {
    struct bed *bed;
    uint64_t first;
    size_t n;
};

static bool has_range(void *context)
{
    const struct range_wanted *wanted = context;
    return bed_has_all(wanted->bed, wanted->first, wanted->n);
}

void bed_until_all(struct bed *bed, uint64_t first, size_t n)
{
    struct range_wanted wanted = {bed, first, n};
    cr_assert(loop_thread_until(bed->loop, has_range, &wanted, BED_PATIENCE_MS), "%s",
              revocation_link_reason(bed->link));
}

uint64_t bed_metric(struct bed *bed, enum metric id)
{
    return metrics_sum(&bed->registry, id);
}

void bed_follow(struct bed *bed)
{
    bed_start_redis(bed);
    bed_link(bed);
    bed_until_state(bed, LINK_FOLLOWING);
    cr_assert_str_eq(revocation_link_reason(bed->link), "");
}

void bed_run(struct bed *bed, const char *command)
{
    redisReply *reply = bed_ask(bed, command);
    cr_assert(reply != NULL && reply->type != REDIS_REPLY_ERROR, "%s", command);
    freeReplyObject(reply);
}

void bed_expect_text(struct bed *bed, const char *command, const char *expected)
{
    redisReply *reply = bed_ask(bed, command);
    cr_assert(reply != NULL && reply->type == REDIS_REPLY_STRING, "%s", command);
    cr_assert_str_eq(reply->str, expected, "%s", command);
    freeReplyObject(reply);
}

void bed_feed_id(const struct bed *bed, char out[SID_TEXT + 1])
{
    struct sid feed = store_feed_id(bed->store);
    sid_format(&feed, out);
    out[SID_TEXT] = '\0';
}
