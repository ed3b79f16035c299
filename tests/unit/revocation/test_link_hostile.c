/* The link against servers that lie, fail, stall and babble (CHECKLIST F-13, THREATS-76:
 * CVE-2021-32765, CVE-2020-7105): it neither crashes nor grows nor takes it for Redis, and follows
 * a good one that comes. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "bed.h"
#include "liar.h"
#include "sids.h"

static struct bed bed;
static struct liar liar;

static void setup(void)
{
    bed_init(&bed);
}

static void teardown(void)
{
    bed_done(&bed);
}

TestSuite(link_hostile, .init = setup, .fini = teardown, .timeout = 120);

static bool liar_is_left(void *context)
{
    cr_assert_neq(revocation_link_state(bed.link), LINK_FOLLOWING, "%s", (const char *)context);
    return atomic_load(&liar.finished) >= 2;
}

/* Two connections to the liar, then a good Redis at the same place. */
static void survive(const struct liar_script *script, const char *name)
{
    char *copy = strdup(name);

    liar_start(&liar, bed.redis.socket, script);
    bed_link(&bed);
    cr_assert(loop_thread_until(bed.loop, liar_is_left, copy, 15000), "%s: %s", name,
              revocation_link_reason(bed.link));
    cr_assert_str_neq(revocation_link_reason(bed.link), "");
    cr_assert_gt(bed_metric(&bed, METRIC_REDIS_ERRORS), 0);
    liar_stop(&liar);

    bed_start_redis(&bed);
    bed_until_state(&bed, LINK_FOLLOWING);
    bed_unlink(&bed);
    redis_server_kill(&bed.redis);
    free(copy);
}

struct saying {
    const char *text; /* after the answer to CLIENT SETNAME */
    enum liar_end end;
};

#define TEN(text) text text text text text text text text text text

static const struct saying sayings[] = {
    /* errors */
    {"-ERR no\r\n-ERR no\r\n", LIAR_HOLD},
    {"-LOADING Redis is loading the dataset in memory\r\n", LIAR_HOLD},
    {"-MOVED 3999 127.0.0.1:6381\r\n", LIAR_HOLD},
    {"-READONLY You can't write against a read only replica.\r\n", LIAR_HOLD},
    {"-NOAUTH Authentication required.\r\n", LIAR_HOLD},
    {"-\r\n", LIAR_HOLD},
    {"-%s%n%b%s%s%s\r\n", LIAR_HOLD},
    /* answers of another type than the question has */
    {":1\r\n", LIAR_HOLD},
    {"+OK\r\n", LIAR_HOLD},
    {"*0\r\n", LIAR_HOLD},
    {"$-1\r\n$-1\r\n", LIAR_HOLD},
    {"$-1\r\n:7\r\n", LIAR_HOLD},
    {"$-1\r\n*-1\r\n", LIAR_HOLD},
    {"$1\r\nx\r\n*1\r\n:5\r\n:1\r\n:1\r\n:1\r\n", LIAR_HOLD},
    {"$1\r\nx\r\n*1\r\n*0\r\n:1\r\n:1\r\n:1\r\n", LIAR_HOLD},
    {"$1\r\nx\r\n*1\r\n*1\r\n:5\r\n:1\r\n:1\r\n:1\r\n", LIAR_HOLD},
    {"$1\r\nx\r\n*1\r\n*1\r\n$-1\r\n:1\r\n:1\r\n:1\r\n", LIAR_HOLD},
    {"$1\r\nx\r\n*1\r\n*1\r\n$3\r\n-17\r\n:1\r\n:1\r\n:1\r\n", LIAR_HOLD},
    {"$1\r\nx\r\n*1\r\n*1\r\n$2\r\n-1\r\n:1\r\n:1\r\n:1\r\n", LIAR_HOLD},
    {"$1\r\nx\r\n*1\r\n*1\r\n$22\r\n99999999999999999999-1\r\n:1\r\n:1\r\n:1\r\n", LIAR_HOLD},
    /* sizes */
    {"*2147483647\r\n", LIAR_HOLD},
    {"*9223372036854775807\r\n", LIAR_HOLD},
    {"*-2\r\n", LIAR_HOLD},
    {"$-2\r\n", LIAR_HOLD},
    {"$9223372036854775807\r\n", LIAR_CLOSE},
    {"$18446744073709551616\r\n", LIAR_HOLD},
    {"$536870912\r\nabc", LIAR_CLOSE},
    {"$1\r\nx\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", LIAR_HOLD},
    {"$1\r\nx\r\n*33\r\n", LIAR_HOLD},
    {":99999999999999999999\r\n", LIAR_HOLD},
    /* what nobody asked for */
    {"$-1\r\n*0\r\n" TEN("+OK\r\n"), LIAR_HOLD},
    {"$-1\r\n*0\r\n" TEN(":1\r\n"), LIAR_HOLD},
    {"$-1\r\n*0\r\n:0\r\n+OK\r\n$-1\r\n$-1\r\n*0\r\n" TEN("$-1\r\n") TEN("*0\r\n"), LIAR_HOLD},
    /* no protocol at all, half of one, none of it */
    {"HTTP/1.1 400 Bad Request\r\n\r\n", LIAR_HOLD},
    {"\r\n\r\n", LIAR_HOLD},
    {"$36\r\n01900000-00", LIAR_CLOSE},
    {"$36\r\n01900000-00", LIAR_HALF_CLOSE},
    {"*1\r\n", LIAR_CLOSE},
    {"$", LIAR_CLOSE},
    {"", LIAR_CLOSE},
    {"", LIAR_HALF_CLOSE},
};

static void survive_saying(size_t i, size_t piece)
{
    char text[512];
    int len = snprintf(text, sizeof(text), "+OK\r\n%s", sayings[i].text);
    const struct liar_script script = {text, (size_t)len, 1, piece, sayings[i].end};
    survive(&script, sayings[i].text);
}

enum { SAYINGS = sizeof(sayings) / sizeof(sayings[0]) };

Test(link_hostile, lies_are_survived_F_13)
{
    for (size_t i = 0; i < SAYINGS; i++)
        survive_saying(i, 0);
}

Test(link_hostile, lies_byte_by_byte_are_survived_F_13)
{
    for (size_t i = 0; i < SAYINGS; i += 3)
        survive_saying(i, 1);
}

Test(link_hostile, a_zero_byte_is_no_protocol)
{
    const struct liar_script script = {"\0\0\0\0\r\n\0", 7, 3, 0, LIAR_HOLD};
    survive(&script, "zero bytes");
}

Test(link_hostile, silence_ends_after_two_seconds_F_13)
{
    const struct liar_script script = {"", 0, 0, 0, LIAR_HOLD};
    survive(&script, "silence");
}

Test(link_hostile, half_an_answer_ends_after_two_seconds_F_13)
{
    static const char text[] = "+OK\r\n$-1\r\n*1\r\n";
    const struct liar_script script = {text, sizeof(text) - 1, 1, 0, LIAR_HOLD};
    survive(&script, "half an answer");
}

Test(link_hostile, endless_answers_are_cut_off_THREATS_76)
{
    static char kilobyte[1024];
    static const char *const heads[] = {"+", "$536870912\r\n", "-ERR "};

    for (size_t i = 0; i < 3; i++) {
        memset(kilobyte, 'a', sizeof(kilobyte));
        memcpy(kilobyte, heads[i], strlen(heads[i]));
        /* Larger than the limit of a reply, and than any socket buffer. */
        const struct liar_script script = {kilobyte, sizeof(kilobyte), 4096, 0, LIAR_HOLD};
        survive(&script, heads[i]);
    }
}
