/* What stands in the hashes of Redis for gateways, dated epochs and selectors, and that it goes
 * when it has ended (SPEC 6). */
#include <criterion/criterion.h>
#include <stdio.h>

#include "bed.h"
#include "revocation/link_fields.h"
#include "sids.h"
#include "support/fake.h"

static struct bed bed;
static struct fake_clock clock_ahead; /* of the store alone: time that passed */

static int64_t ahead_wall_us(const struct clock *clock)
{
    (void)clock;
    return clock_wall_us(&clock_system) + atomic_load(&clock_ahead.ahead_ms) * 1000;
}

static int64_t ahead_mono_ms(const struct clock *clock)
{
    (void)clock;
    return clock_mono_ms(&clock_system) + atomic_load(&clock_ahead.ahead_ms);
}

static void setup(void)
{
    clock_ahead.clock = (struct clock){ahead_wall_us, ahead_mono_ms};
    bed_init_by(&bed, &clock_ahead.clock);
    bed_start_redis(&bed);
    bed_link(&bed);
    bed_until_state(&bed, LINK_FOLLOWING);
}

static void teardown(void)
{
    bed_done(&bed);
}

TestSuite(link_hashes, .init = setup, .fini = teardown, .timeout = 60);

static void say(struct store_entry entry)
{
    revocation_link_publish(bed.link, &entry, 1);
}

static struct revocation_selector everything(void)
{
    return (struct revocation_selector){
        .client_id = sid_number(1),
        .partner_sid = sid_number(2),
        .user_sid = sid_number(3),
        .kid = STR("a\"key"),
        .scopes = STR("calls.manage calls.read"),
        .before_s = 77,
        .descendants = true,
        .over_ceiling = true,
    };
}

static char *sid_text(uint64_t n)
{
    static char texts[8][SID_TEXT + 1];
    static size_t next;
    struct sid sid = sid_number(n);
    char *text = texts[next++ % 8];

    sid_format(&sid, text);
    text[SID_TEXT] = '\0';
    return text;
}

struct wanted {
    const char *hash, *field, *value; /* value NULL: no such field */
};

static bool stands(void *context)
{
    const struct wanted *wanted = context;
    redisReply *reply = bed_ask(&bed, "HGET scopemint:v1:%s %s", wanted->hash, wanted->field);
    bool is = wanted->value == NULL
                  ? reply->type == REDIS_REPLY_NIL
                  : reply->type == REDIS_REPLY_STRING && strcmp(reply->str, wanted->value) == 0;
    freeReplyObject(reply);
    return is;
}

static void until_stands(const char *hash, const char *field, const char *value)
{
    struct wanted wanted = {hash, field, value};
    cr_assert(loop_thread_until(bed.loop, stands, &wanted, BED_PATIENCE_MS), "%s %s: not %s (%s)",
              hash, field, value != NULL ? value : "gone", revocation_link_reason(bed.link));
}

/* The value of a field of a stream entry; NULL: it has none. */
static const char *feed_value(const redisReply *entry, const char *name)
{
    const redisReply *pairs = entry->element[1];

    for (size_t i = 0; i + 1 < pairs->elements; i += 2)
        if (strcmp(pairs->element[i]->str, name) == 0)
            return pairs->element[i + 1]->str;
    return NULL;
}

Test(link_hashes, a_dated_epoch_is_a_field_of_its_own)
{
    char undated[80], dated[96];

    say(entry_dated(1, ENTRY_EPOCH_PARTNER_TREE, sid_number(5), 1, 0, bed.now_s + 500));
    say(entry_dated(2, ENTRY_EPOCH_PARTNER_TREE, sid_number(5), 2, 1700000000, bed.now_s + 500));
    snprintf(undated, sizeof(undated), "partner_tree:%s", sid_text(5));
    snprintf(dated, sizeof(dated), "partner_tree:%s@1700000000", sid_text(5));
    until_stands("epochs", undated, "1");
    until_stands("epochs", dated, "2");
}

Test(link_hashes, below_and_not_the_number_is_what_counts)
{
    char field[80];

    say(entry_dated(1, ENTRY_EPOCH_APPLICATION, sid_number(5), 1, 0, bed.now_s + 500));
    say((struct store_entry){.number = 2,
                             .kind = ENTRY_PLAN,
                             .id = sid_number(9),
                             .below = 2,
                             .end_s = bed.now_s + 500});
    say(entry_dated(3, ENTRY_EPOCH_APPLICATION, sid_number(6), 2, 0, bed.now_s + 500));
    snprintf(field, sizeof(field), "application:%s", sid_text(6));
    until_stands("epochs", field, "2");
    redisReply *reply = bed_ask(&bed, "XRANGE scopemint:v1:feed - +");
    cr_assert_eq(reply->elements, 3, "a plan is told, so that the numbers have no hole");
    cr_assert_str_eq(feed_value(reply->element[1], "kind"), "plan");
    cr_assert_null(feed_value(reply->element[1], "below"));
    cr_assert_str_eq(feed_value(reply->element[2], "number"), "3");
    cr_assert_str_eq(feed_value(reply->element[2], "below"), "2");
    cr_assert_str_eq(feed_value(reply->element[2], "before"), "0");
    freeReplyObject(reply);
    cr_assert_eq(bed_ask_number(&bed, "EXISTS scopemint:v1:selectors"), 0);
}

Test(link_hashes, a_selector_is_json_of_what_it_says)
{
    char whole[512], bare[128];
    int64_t end_s = bed.now_s + 500;

    struct store_entry entry = entry_selector(2, sid_number(11), everything(), end_s);
    entry.below = 1;
    say(entry_selector(1, sid_number(10), (struct revocation_selector){.scopes = STR("sms.read")},
                       end_s));
    say(entry);
    snprintf(bare, sizeof(bare), "{\"number\":1,\"below\":1,\"end\":%ld,\"scope\":\"sms.read\"}",
             end_s);
    snprintf(whole, sizeof(whole),
             "{\"number\":2,\"below\":1,\"end\":%ld,\"before\":77,\"client_id\":\"%s\","
             "\"partner_sid\":\"%s\",\"descendants\":true,\"user_sid\":\"%s\",\"kid\":\"a\\\"key\","
             "\"scope\":\"calls.manage calls.read\",\"over_ceiling\":true}",
             end_s, sid_text(1), sid_text(2), sid_text(3));
    until_stands("selectors", sid_text(10), bare);
    until_stands("selectors", sid_text(11), whole);
    redisReply *reply = bed_ask(&bed, "XREVRANGE scopemint:v1:feed + - COUNT 1");
    cr_assert_str_eq(feed_value(reply->element[0], "kind"), "selector");
    cr_assert_str_eq(feed_value(reply->element[0], "id"), sid_text(11));
    cr_assert_str_eq(feed_value(reply->element[0], "below"), "1");
    cr_assert_str_eq(feed_value(reply->element[0], "before"), "77");
    cr_assert_str_eq(feed_value(reply->element[0], "selector"), whole);
    freeReplyObject(reply);
}

/* Both the longest list of names there can be, and one that no store has. */
Test(link_hashes, a_selector_as_long_as_can_be_stands_whole_and_a_longer_one_asks)
{
    static char names[LIMIT_SCOPES * (LIMIT_SCOPE_NAME + 1) * 2];
    size_t longest = LIMIT_SCOPES * (LIMIT_SCOPE_NAME + 1) - 1;
    char asks[160];

    for (size_t i = 0; i < sizeof(names); i++)
        names[i] = i % (LIMIT_SCOPE_NAME + 1) == LIMIT_SCOPE_NAME ? ' ' : 'a';
    say(entry_selector(1, sid_number(10),
                       (struct revocation_selector){.scopes = str_make(names, longest)},
                       bed.now_s + 500));
    say(entry_selector(2, sid_number(11),
                       (struct revocation_selector){.scopes = str_make(names, sizeof(names) - 1)},
                       bed.now_s + 500));
    snprintf(asks, sizeof(asks), "{\"number\":2,\"below\":2,\"end\":%ld,\"over_ceiling\":true}",
             bed.now_s + 500);
    until_stands("selectors", sid_text(11), asks);
    redisReply *reply = bed_ask(&bed, "HSTRLEN scopemint:v1:selectors %s", sid_text(10));
    cr_assert_gt(reply->integer, (long long)longest);
    freeReplyObject(reply);
    bed_until_state(&bed, LINK_FOLLOWING);
    cr_assert_eq(bed_metric(&bed, METRIC_REDIS_ERRORS), 0, "the stream's last entry is read back");
}

static bool feed_has(void *context)
{
    return bed_ask_number(&bed, "XLEN scopemint:v1:feed") == *(long long *)context;
}

static void until_feed_has(long long count)
{
    cr_assert(loop_thread_until(bed.loop, feed_has, &count, BED_PATIENCE_MS));
}

Test(link_hashes, a_selector_that_is_taken_back_goes_at_once)
{
    struct store_entry end = entry_selector(3, sid_number(10), (struct revocation_selector){0}, 0);

    say(entry_selector(1, sid_number(10), everything(), bed.now_s + 500));
    say(entry_dated(2, ENTRY_EPOCH_USER, sid_number(5), 2, 0, bed.now_s + 500));
    until_feed_has(2);
    cr_assert_eq(bed_ask_number(&bed, "HLEN scopemint:v1:selectors"), 1);
    say(end);
    until_stands("selectors", sid_text(10), NULL);
    until_feed_has(3);
    redisReply *reply = bed_ask(&bed, "XRANGE scopemint:v1:feed 3-1 +");
    cr_assert_str_eq(feed_value(reply->element[0], "end"), "0");
    cr_assert_null(feed_value(reply->element[0], "selector"));
    freeReplyObject(reply);
}

static bool hashes_are_gone(void *context)
{
    (void)context;
    return bed_ask_number(&bed, "EXISTS scopemint:v1:epochs scopemint:v1:selectors") == 0;
}

/* Not in the first hour: what looks over may have its time again, with the clock put right (P2). */
Test(link_hashes, what_ended_is_taken_away_a_minute_later)
{
    enum { HOUR_S = 3600 };
    int64_t end_s = bed.now_s + HOUR_S + 100;
    char field[80];

    snprintf(field, sizeof(field), "user:%s", sid_text(5));
    say(entry_dated(1, ENTRY_EPOCH_USER, sid_number(5), 1, 0, bed.now_s - 100));
    say(entry_dated(2, ENTRY_EPOCH_USER, sid_number(6), 2, 99, bed.now_s - 100));
    say(entry_selector(3, sid_number(10), everything(), end_s));
    say(entry_dated(4, ENTRY_EPOCH_USER, sid_number(5), 4, 0, end_s + 200)); /* longer now */
    until_stands("epochs", field, "4");
    atomic_store(&clock_ahead.ahead_ms, (HOUR_S - 10) * 1000);
    cr_assert_eq(bed_ask_number(&bed, "HLEN scopemint:v1:epochs"), 2);
    atomic_store(&clock_ahead.ahead_ms, (HOUR_S + 170) * 1000);
    until_stands("selectors", sid_text(10), NULL);
    until_stands("epochs", field, "4");
    cr_assert_eq(bed_ask_number(&bed, "HLEN scopemint:v1:epochs"), 1);
    atomic_store(&clock_ahead.ahead_ms, (HOUR_S + 370) * 1000);
    bed_until(&bed, hashes_are_gone);
    bed_until_state(&bed, LINK_FOLLOWING);
    cr_assert_eq(bed_metric(&bed, METRIC_REDIS_ERRORS), 0);
}

/* ---- what is remembered ---- */

Test(link_hashes, only_so_many_fields_are_remembered)
{
    struct link_fields fields = {.fields = NULL};

    for (uint64_t n = 0; n < LINK_FIELDS_MAX + 10; n++) {
        struct store_entry entry = entry_dated(n, ENTRY_EPOCH_USER, sid_number(n), 1, 0, 100);
        link_fields_keep(&fields, &entry);
    }
    cr_assert_eq(fields.count, LINK_FIELDS_MAX);
    cr_assert_eq(fields.first_end_s, 100);
    struct store_entry token = entry_revoked(1, sid_number(1), 1);
    link_fields_keep(&fields, &token);
    cr_assert_eq(fields.first_end_s, 100, "a token has no field");
    link_fields_clear(&fields);
    cr_assert_eq(fields.count, 0);
}
