/* The link against a real Redis: that all is there again whatever happens to Redis (P2, CHECKLIST
 * F-11 to F-14). The link never speaks to the index at all, so no answer can change. */
#include <criterion/criterion.h>

#include "bed.h"
#include "core/clock.h"
#include "short.h"
#include "sids.h"

static struct bed bed;

static void setup(void)
{
    bed_init(&bed);
}

static void teardown(void)
{
    bed_done(&bed);
}

TestSuite(link_mends, .init = setup, .fini = teardown, .timeout = 60);

Test(link_mends, fills_redis_with_what_was_there_before)
{
    bed_revoke(&bed, 100, 3000, bed.now_s + 500);
    bed_follow(&bed);
    bed_until_all(&bed, 100, 3000);
    cr_assert_eq(bed_ask_number(&bed, "XLEN scopemint:v1:feed"), 3000);
    cr_assert_eq(bed_metric(&bed, METRIC_REDIS_PUBLISHED), 3000);
    cr_assert_eq(bed_metric(&bed, METRIC_REDIS_REFILLS), 1);
    cr_assert_eq(bed_metric(&bed, METRIC_REDIS_ERRORS), 0);
}

/* P2: our clock may be ahead; a Redis with another one keeps the key as long as it should. */
Test(link_mends, what_looks_over_is_told_all_the_same)
{
    bed_revoke(&bed, 100, 1, bed.now_s - 50); /* by a clock that may not be Redis' */
    bed_revoke(&bed, 101, 1, bed.now_s + 500);
    bed_follow(&bed);
    bed_revoke(&bed, 102, 1, bed.now_s - 50);
    bed_revoke(&bed, 103, 1, bed.now_s + 500);
    bed_until_all(&bed, 103, 1);
    bed_until_all(&bed, 101, 1);
    cr_assert_eq(bed_ask_number(&bed, "XLEN scopemint:v1:feed"), 4);
    cr_assert_eq(bed_metric(&bed, METRIC_REDIS_ERRORS), 0);
    cr_assert_eq(bed_metric(&bed, METRIC_REDIS_REFILLS), 1);
}

/* An entry that another took the place of. */
Test(link_mends, a_number_that_is_gone_makes_no_hole)
{
    bed_epoch(&bed, ENTRY_EPOCH_USER, sid_number(5), STR_NONE);
    bed_epoch(&bed, ENTRY_EPOCH_USER, sid_number(5), STR_NONE);
    bed_follow(&bed);
    bed_revoke(&bed, 100, 1, bed.now_s + 500);
    bed_until_all(&bed, 100, 1);
    cr_assert_eq(bed_ask_number(&bed, "XLEN scopemint:v1:feed"), 2);
    cr_assert_eq(bed_metric(&bed, METRIC_REDIS_REFILLS), 1);
}

Test(link_mends, a_flush_is_mended_within_two_seconds_F_14)
{
    bed_follow(&bed);
    bed_revoke(&bed, 100, 2000, bed.now_s + 500);
    bed_until_all(&bed, 100, 2000);
    for (int round = 0; round < 3; round++) {
        bed_run(&bed, "FLUSHALL");
        int64_t flushed_ms = clock_mono_ms(&clock_system);
        bed_until_all(&bed, 100, 2000);
        cr_assert_lt(clock_mono_ms(&clock_system) - flushed_ms, 2000);
    }
}

static bool is_half_filled(void *context)
{
    (void)context;
    long long size = bed_ask_number(&bed, "DBSIZE");
    return size > 2000 && size < 15000;
}

Test(link_mends, a_flush_in_the_middle_of_a_refill_is_mended_within_two_seconds_F_14)
{
    bed_revoke(&bed, 100, 20000, bed.now_s + 500);
    bed_follow(&bed);
    for (int round = 0; round < 2; round++) {
        bed_run(&bed, "FLUSHALL");
        bed_until(&bed, is_half_filled);
        bed_run(&bed, "FLUSHALL");
        int64_t flushed_ms = clock_mono_ms(&clock_system);
        bed_until_state(&bed, LINK_FILLING);
        bed_until_state(&bed, LINK_FOLLOWING);
        cr_assert_lt(clock_mono_ms(&clock_system) - flushed_ms, 2000);
        cr_assert(bed_has_all(&bed, 100, 20000));
    }
}

Test(link_mends, a_redis_that_comes_back_empty_is_filled_F_14)
{
    bed_follow(&bed);
    bed_revoke(&bed, 100, 100, bed.now_s + 500);
    bed_until_all(&bed, 100, 100);
    redis_server_kill(&bed.redis);
    bed_until_state(&bed, LINK_CONNECTING);
    cr_assert_str_neq(revocation_link_reason(bed.link), "");
    bed_revoke(&bed, 200, 100, bed.now_s + 500);
    bed_start_redis(&bed);
    redisFree(bed.looker);
    bed.looker = NULL;
    bed_until_state(&bed, LINK_FOLLOWING);
    cr_assert(bed_has_all(&bed, 100, 200));
    cr_assert_gt(bed_metric(&bed, METRIC_REDIS_ERRORS), 0);
}

Test(link_mends, starts_before_redis_does_F_12)
{
    bed_link(&bed);
    bed_revoke(&bed, 100, 10, bed.now_s + 500);
    cr_assert_eq(revocation_link_state(bed.link), LINK_CONNECTING);
    bed_start_redis(&bed);
    bed_until_state(&bed, LINK_FOLLOWING);
    cr_assert(bed_has_all(&bed, 100, 10));
}

static bool has_acknowledged_ten(void *context)
{
    (void)context;
    return bed_metric(&bed, METRIC_REDIS_PUBLISHED) == 10;
}

Test(link_mends, a_cut_connection_goes_on_from_the_last_entry)
{
    bed_follow(&bed);
    bed_revoke(&bed, 100, 10, bed.now_s + 500);
    bed_until_all(&bed, 100, 10);
    bed_until(&bed, has_acknowledged_ten);
    bed_run(&bed, "CLIENT KILL TYPE normal SKIPME yes");
    bed_until_state(&bed, LINK_CONNECTING);
    bed_revoke(&bed, 110, 10, bed.now_s + 500);
    bed_until_state(&bed, LINK_FOLLOWING);
    cr_assert(bed_has_all(&bed, 100, 20));
    cr_assert_eq(bed_metric(&bed, METRIC_REDIS_PUBLISHED), 20, "none was written twice");
}

Test(link_mends, a_stopped_redis_is_noticed_and_costs_no_more_than_the_queue_F_13)
{
    bed_follow(&bed);
    redis_server_pause(&bed.redis);
    int64_t paused_ms = clock_mono_ms(&clock_system);
    bed_revoke(&bed, 100, 12000, bed.now_s + 500);
    bed_until_state(&bed, LINK_CONNECTING);
    cr_assert_lt(clock_mono_ms(&clock_system) - paused_ms, 4000);
    cr_assert_str_neq(revocation_link_reason(bed.link), "");
    redis_server_resume(&bed.redis);
    bed_until_state(&bed, LINK_FOLLOWING);
    bed_until_all(&bed, 100, 12000);
}

Test(link_mends, an_overflowing_queue_is_mended_from_the_store)
{
    bed_follow(&bed);
    /* Published while the loop does not turn: what the queue cannot hold is forgotten. */
    struct store_entry entries[2];
    for (uint64_t n = 1; n <= 20000; n += 2) {
        entries[0] = entry_revoked(n + 100, sid_number(n), bed.now_s + 500);
        entries[1] = entry_revoked(n + 101, sid_number(n + 1), bed.now_s + 500);
        revocation_link_publish(bed.link, entries, 2);
    }
    bed_revoke(&bed, 100, 50, bed.now_s + 500);
    bed_until_state(&bed, LINK_FOLLOWING);
    cr_assert_eq(bed_ask_number(&bed, "EXISTS scopemint:v1:epochs"), 0);
    bed_until_all(&bed, 100, 50);
}

/* Commands that spoil something of ours; each is mended. */
static const char *const damages[] = {
    "SET scopemint:v1:feed_id 01900000-0000-7000-8000-000000000000", /* another store's */
    "SET scopemint:v1:feed_id x",
    "DEL scopemint:v1:feed_id",
    "DEL scopemint:v1:feed",
    "XTRIM scopemint:v1:feed MAXLEN 0",
    "XADD scopemint:v1:feed 99999-1 feed x",
    "XADD scopemint:v1:feed 18446744073709551615-18446744073709551615 feed x",
    "XADD scopemint:v1:feed 99999-7 feed x",
    "XDEL scopemint:v1:feed 10-1",
    "EVAL \"redis.call('RENAME','scopemint:v1:feed','scopemint:v1:feed_id')\" 0",
    "EVAL \"redis.call('DEL','scopemint:v1:feed')redis.call('SET','scopemint:v1:feed','x')\" 0",
};

static void spoil(const char *command)
{
    redisReply *reply;
    if (strncmp(command, "EVAL ", 5) == 0) { /* hiredis' formats know no quotes */
        const char *script = strchr(command, '"') + 1;
        size_t len = strlen(script) - strlen("\" 0");
        reply = bed_ask(&bed, "EVAL %b 0", script, len);
    } else {
        reply = bed_ask(&bed, command);
    }
    cr_assert(reply != NULL && reply->type != REDIS_REPLY_ERROR, "%s", command);
    freeReplyObject(reply);
}

static bool feed_is_whole(void *context)
{
    char feed[SID_TEXT + 1];
    bool whole = false;

    (void)context;
    if (!bed_has_all(&bed, 100, 10))
        return false;
    bed_feed_id(&bed, feed);
    redisReply *id = bed_ask(&bed, "GET scopemint:v1:feed_id");
    redisReply *feed_reply = bed_ask(&bed, "XRANGE scopemint:v1:feed - +");
    if (id->type == REDIS_REPLY_STRING && feed_reply->type == REDIS_REPLY_ARRAY)
        whole = strcmp(id->str, feed) == 0 && feed_reply->elements == 10;
    freeReplyObject(id);
    freeReplyObject(feed_reply);
    return whole;
}

Test(link_mends, whatever_others_do_to_our_keys_is_mended)
{
    bed_follow(&bed);
    bed_revoke(&bed, 100, 10, bed.now_s + 500);
    bed_until_all(&bed, 100, 10);
    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        spoil(damages[i]);
        cr_assert(loop_thread_until(bed.loop, feed_is_whole, NULL, 5000), "%s: %s", damages[i],
                  revocation_link_reason(bed.link));
        bed_until_state(&bed, LINK_FOLLOWING);
    }
}

static bool epochs_are_one(void *context)
{
    (void)context;
    redisReply *reply = bed_ask(&bed, "HLEN scopemint:v1:epochs");
    bool one = reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
    freeReplyObject(reply);
    return one;
}

Test(link_mends, a_hash_that_is_none_is_replaced)
{
    bed_follow(&bed);
    bed_run(&bed, "SET scopemint:v1:epochs x");
    bed_epoch(&bed, ENTRY_EPOCH_USER, sid_number(1), STR_NONE);
    bed_until(&bed, epochs_are_one);
    bed_until_state(&bed, LINK_FOLLOWING);
}

Test(link_mends, a_foreign_feed_is_replaced_at_start)
{
    bed_start_redis(&bed);
    bed_run(&bed, "SET scopemint:v1:feed_id 01900000-0000-7000-8000-000000000000");
    bed_run(&bed, "XADD scopemint:v1:feed 7777-1 feed x");
    bed_run(&bed, "HSET scopemint:v1:epochs user:x 7777");
    bed_revoke(&bed, 100, 10, bed.now_s + 500);
    bed_link(&bed);
    bed_until_state(&bed, LINK_FOLLOWING);
    cr_assert(feed_is_whole(NULL));
    cr_assert_eq(bed_ask_number(&bed, "EXISTS scopemint:v1:epochs"), 0);
}

static bool has_reason(void *reason)
{
    return strcmp(revocation_link_reason(bed.link), reason) == 0;
}

static void until_reason(const char *reason)
{
    char text[64];
    snprintf(text, sizeof(text), "%s", reason);
    cr_assert(loop_thread_until(bed.loop, has_reason, text, BED_PATIENCE_MS), "not \"%s\": %s",
              reason, revocation_link_reason(bed.link));
    cr_assert_neq(revocation_link_state(bed.link), LINK_FOLLOWING);
}

Test(link_mends, a_redis_that_refuses_writes_is_told_apart_and_followed_again_F_13)
{
    static const struct {
        const char *spoil, *mend, *reason;
    } cases[] = {
        {"REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", "Redis is a read-only replica"},
        {"CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", "Redis is out of memory"},
    };

    bed_follow(&bed);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bed_run(&bed, cases[i].spoil);
        bed_revoke(&bed, 100 + i * 10, 10, bed.now_s + 500);
        until_reason(cases[i].reason);
        bed_run(&bed, cases[i].mend);
        bed_until_all(&bed, 100, 10 + i * 10);
        bed_until_state(&bed, LINK_FOLLOWING);
    }
}

Test(link_mends, may_be_freed_at_any_moment)
{
    struct revocation_link *none = NULL;
    char never[] = "never";
    revocation_link_free(&none);

    bed_link(&bed); /* not connected */
    bed_unlink(&bed);
    bed_revoke(&bed, 100, 5000, bed.now_s + 500);
    bed_start_redis(&bed);
    for (uint32_t turns_ms = 0; turns_ms < 12; turns_ms++) {
        bed_link(&bed);
        loop_thread_until(bed.loop, has_reason, never, turns_ms);
        struct store_entry entry = entry_revoked(1, sid_number(1), 1);
        revocation_link_publish(bed.link, &entry, 1); /* a message on its way */
        bed_unlink(&bed);
    }
}
