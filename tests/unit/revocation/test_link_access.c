/* Who we are to Redis: what our user needs, what is said of a password, and that nobody else hears
 * it (THREATS-77, P5). */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "bed.h"
#include "core/log.h"
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

TestSuite(link_access, .init = setup, .fini = teardown, .timeout = 60);

static void run(const char *command)
{
    redisReply *reply = bed_ask(&bed, command);
    cr_assert(reply != NULL && reply->type != REDIS_REPLY_ERROR, "%s", command);
    freeReplyObject(reply);
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
}

static bool selector_went(void *context)
{
    (void)context;
    return bed_ask_number(&bed, "XLEN scopemint:v1:feed") ==
           (long long)store_last_number(bed.store) + 2;
}

static void say_selector_and_its_end(void)
{
    uint64_t number = store_last_number(bed.store);
    struct revocation_selector selector = {.kid = STR("key-1")};
    struct store_entry entries[] = {
        entry_selector(number + 1, sid_number(7), selector, bed.now_s + 500),
        entry_selector(number + 2, sid_number(7), selector, 0),
    };

    revocation_link_publish(bed.link, entries, 2);
    bed_until(&bed, selector_went);
}

Test(link_access, needs_no_more_than_the_documented_acl)
{
    bed_start_redis(&bed);
    run("ACL SETUSER scopemint on >geheim resetkeys ~scopemint:v1:* resetchannels -@all +auth "
        "+select +client|setname +info +get +set +del +hset +hdel +xadd +xrevrange");
    bed.options.username = STR("scopemint");
    bed.options.password = STR("geheim");
    bed.options.database = 3;
    bed_link(&bed);
    bed_until_state(&bed, LINK_FOLLOWING);
    bed_revoke(&bed, 100, 10, bed.now_s + 500);
    bed_epoch(&bed, ENTRY_EPOCH_USER, sid_number(1), STR_NONE);
    for (uint64_t i = 200; i < 202; i++) {
        bed_issue(&bed, i, bed.now_s + 500);
        bed_narrow(&bed, i, STR("calls.read"), bed.now_s + 300);
    }
    bed_revoke_issued(&bed, 200, bed.now_s + 500);
    run("SELECT 3");
    bed_until_all(&bed, 100, 10);
    say_selector_and_its_end();
    cr_assert_eq(bed_metric(&bed, METRIC_REDIS_ERRORS), 0);
    redisReply *acl = bed_ask(&bed, "ACL LOG");
    cr_assert_eq(acl->elements, 0, "nothing was refused");
    freeReplyObject(acl);
}

/* The stream then tells of an entry whose key is not there. */
Test(link_access, a_key_that_was_refused_is_written_again_P2)
{
    bed_start_redis(&bed);
    bed_link(&bed);
    bed_revoke(&bed, 100, 2, bed.now_s + 500);
    bed_until_all(&bed, 100, 2);
    bed_until_state(&bed, LINK_FOLLOWING);
    run("ACL SETUSER default -set");
    bed_revoke(&bed, 102, 3, bed.now_s + 500);
    until_reason("Redis' ACL refuses a command");
    run("ACL SETUSER default +set");
    bed_until_all(&bed, 100, 5);
    bed_until_state(&bed, LINK_FOLLOWING);
}

Test(link_access, a_wrong_or_missing_password_is_said)
{
    bed_start_redis(&bed);
    run("CONFIG SET requirepass geheim");
    bed_link(&bed);
    until_reason("Redis wants a password");
    bed_unlink(&bed);

    bed.options.password = STR("falsch");
    bed_link(&bed);
    until_reason("Redis refuses the password");
    bed_unlink(&bed);

    bed.options.password = STR("geheim");
    bed_link(&bed);
    bed_until_state(&bed, LINK_FOLLOWING);
}

/* A Redis without AUTH quotes the whole command, password and all (P5). */
Test(link_access, the_password_never_gets_into_the_log)
{
    int ends[2];
    char log[8192] = "";

    redis_server_start(&bed.redis, "--rename-command", "AUTH", "hidden");
    bed.options.password = STR("canary-geheim");
    cr_assert_eq(pipe2(ends, O_NONBLOCK), 0);
    int standard_error = dup(STDERR_FILENO);
    log_set_level(LOG_DEBUG);
    dup2(ends[1], STDERR_FILENO);
    bed_link(&bed);
    until_reason("Redis answers with an error");
    dup2(standard_error, STDERR_FILENO);
    cr_assert_gt(read(ends[0], log, sizeof(log) - 1), 0);
    cr_assert_not_null(strstr(log, "redis_behind"), "%s", log);
    cr_assert_null(strstr(log, "canary"), "%s", log);
}
