/* How far Redis is behind, and what is known of its memory (CHECKLIST F-11 to F-14, THREATS-77). */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "bed.h"
#include "revocation/link_commands.h"

static struct bed bed;

static void setup(void)
{
    bed_init(&bed);
    bed_start_redis(&bed);
}

static void teardown(void)
{
    bed_done(&bed);
}

TestSuite(link_lag, .init = setup, .fini = teardown, .timeout = 60);

static void run(const char *command)
{
    redisReply *reply = bed_ask(&bed, command);
    cr_assert(reply != NULL && reply->type != REDIS_REPLY_ERROR, "%s", command);
    freeReplyObject(reply);
}

static bool is_level(void *context)
{
    struct revocation_link_lag lag = revocation_link_lag(bed.link);
    (void)context;
    return revocation_link_state(bed.link) == LINK_FOLLOWING && lag.entries == 0 &&
           lag.seconds == 0;
}

static bool is_seconds_behind(void *context)
{
    (void)context;
    return revocation_link_lag(bed.link).seconds > 0;
}

Test(link_lag, none_when_it_follows_and_all_before)
{
    bed_revoke(&bed, 100, 5, bed.now_s + 500);
    redis_server_pause(&bed.redis);
    bed_link(&bed);
    cr_assert_eq(revocation_link_lag(bed.link).entries, 5);
    cr_assert_eq(revocation_link_lag(bed.link).filled_s, 0);
    redis_server_resume(&bed.redis);
    bed_until(&bed, is_level);
    cr_assert_geq(revocation_link_lag(bed.link).filled_s, bed.now_s);
    bed_revoke(&bed, 105, 5, bed.now_s + 500);
    bed_until(&bed, is_level);
}

Test(link_lag, grows_while_redis_is_stopped_F_13)
{
    bed_link(&bed);
    bed_until(&bed, is_level);
    redis_server_pause(&bed.redis);
    bed_revoke(&bed, 100, 7, bed.now_s + 500);
    cr_assert_eq(revocation_link_lag(bed.link).entries, 7);
    bed_until(&bed, is_seconds_behind);
    redis_server_resume(&bed.redis);
    bed_until(&bed, is_level);
}

/* Known to hold all by what is there, though nothing was filled by this process. */
Test(link_lag, a_link_that_goes_on_where_another_ended_has_filled_nothing)
{
    bed_link(&bed);
    bed_revoke(&bed, 100, 7, bed.now_s + 500);
    bed_until(&bed, is_level);
    bed_unlink(&bed);
    bed_link(&bed);
    cr_assert_eq(revocation_link_lag(bed.link).entries, 7);
    bed_until(&bed, is_level);
    cr_assert_eq(revocation_link_lag(bed.link).filled_s, 0);
}

static bool may_evict(void *context)
{
    (void)context;
    return revocation_link_lag(bed.link).may_evict;
}

static bool may_not_evict(void *context)
{
    return !may_evict(context);
}

/* Absent keys of tokens would be taken for live tokens by who reads Redis. */
Test(link_lag, a_redis_that_may_evict_our_keys_is_told_THREATS_77)
{
    bed_link(&bed);
    bed_until(&bed, is_level);
    run("CONFIG SET maxmemory-policy allkeys-lru");
    run("CONFIG SET maxmemory 100000000");
    bed_until(&bed, may_evict);
    cr_assert_eq(revocation_link_state(bed.link), LINK_FOLLOWING);
    run("CONFIG SET maxmemory-policy noeviction");
    bed_until(&bed, may_not_evict);
    cr_assert_eq(bed_metric(&bed, METRIC_REDIS_ERRORS), 0);
}

/* With neither INFO nor CLIENT allowed it works as well. */
Test(link_lag, an_acl_may_keep_info_from_us)
{
    run("ACL SETUSER scopemint on >geheim resetkeys ~scopemint:v1:* resetchannels -@all +auth "
        "+get +set +del +hset +hdel +xadd +xrevrange");
    bed.options.username = STR("scopemint");
    bed.options.password = STR("geheim");
    bed_link(&bed);
    bed_revoke(&bed, 100, 3, bed.now_s + 500);
    bed_until(&bed, is_level);
    cr_assert_not(may_evict(NULL));
    cr_assert_eq(bed_metric(&bed, METRIC_REDIS_ERRORS), 0);
}

Test(link_lag, what_info_says_is_read_strictly)
{
    static const struct {
        int type;
        const char *text, *policy; /* NULL: none */
    } rows[] = {
        {REDIS_REPLY_STRING, "# Memory\r\nmaxmemory:9\r\nmaxmemory_policy:volatile-ttl\r\n",
         "volatile-ttl"},
        {REDIS_REPLY_STRING, "maxmemory_policy:allkeys-lru\r\nmaxmemory:9\r\n", "allkeys-lru"},
        {REDIS_REPLY_STRING, "maxmemory:9\r\nmaxmemory_policy:noeviction\r\n", NULL},
        {REDIS_REPLY_STRING, "maxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\n", NULL},
        {REDIS_REPLY_STRING, "maxmemory:0", NULL},
        {REDIS_REPLY_STRING, "maxmemory:9\r\n", NULL},
        {REDIS_REPLY_STRING, "", NULL},
        {REDIS_REPLY_STRING, "\r\n\n\n:::", NULL},
        {REDIS_REPLY_ERROR, "maxmemory_policy:allkeys-lru", NULL},
        {REDIS_REPLY_NIL, "", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *text = strdup(rows[i].text);
        const redisReply reply = {.type = rows[i].type, .str = text, .len = strlen(text)};
        struct str policy = link_evicting_policy(&reply);
        if (rows[i].policy == NULL)
            cr_assert_null(policy.ptr, "row %zu", i);
        else
            cr_assert(str_eq(policy, str_from(rows[i].policy)), "row %zu", i);
        free(text);
    }
}
