/* The link against a real Redis: what is published (P1, P2, F-14). */
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

TestSuite(link, .init = setup, .fini = teardown, .timeout = 60);

Test(link, publishes_a_revocation_with_its_number_and_end)
{
    char command[128], sid_text[SID_TEXT + 1] = "";
    struct sid sid = sid_number(100);

    bed_follow(&bed);
    bed_revoke(&bed, 100, 1, bed.now_s + 500);
    bed_until_all(&bed, 100, 1);
    sid_format(&sid, sid_text);
    snprintf(command, sizeof(command), "GET scopemint:v1:revoked:%s", sid_text);
    bed_expect_text(&bed, command, "1");
    snprintf(command, sizeof(command), "EXPIRETIME scopemint:v1:revoked:%s", sid_text);
    cr_assert_eq(bed_ask_number(&bed, command), bed.now_s + 500);
}

Test(link, the_feed_carries_every_entry_in_order)
{
    static const char *const fields[] = {"feed", "number", "kind", "id", "end"};
    char feed[SID_TEXT + 1];

    bed_follow(&bed);
    bed_revoke(&bed, 100, 3, bed.now_s + 500);
    bed_epoch(&bed, ENTRY_EPOCH_KEY, (struct sid){{0}}, STR("%s%n%b"));
    bed_until_all(&bed, 100, 3);
    bed_feed_id(&bed, feed);
    bed_expect_text(&bed, "GET scopemint:v1:feed_id", feed);

    redisReply *reply = bed_ask(&bed, "XRANGE scopemint:v1:feed - +");
    cr_assert_eq(reply->elements, 4);
    for (size_t i = 0; i < 4; i++) {
        char id[16], number[16];
        redisReply *entry = reply->element[i];
        snprintf(id, sizeof(id), "%zu-1", i + 1);
        snprintf(number, sizeof(number), "%zu", i + 1);
        cr_assert_str_eq(entry->element[0]->str, id);
        for (size_t f = 0; f < 5; f++)
            cr_assert_str_eq(entry->element[1]->element[2 * f]->str, fields[f]);
        cr_assert_str_eq(entry->element[1]->element[1]->str, feed);
        cr_assert_str_eq(entry->element[1]->element[3]->str, number);
        cr_assert_str_eq(entry->element[1]->element[5]->str, i < 3 ? "revoked" : "key");
    }
    cr_assert_str_eq(reply->element[3]->element[1]->element[7]->str, "%s%n%b");
    freeReplyObject(reply);
}

/* "GET scopemint:v1:narrowed:..." and the like. */
static const char *token_command(const char *verb, const char *key, uint64_t n)
{
    static char command[128];
    char text[SID_TEXT + 1] = "";
    struct sid sid = sid_number(n);

    sid_format(&sid, text);
    snprintf(command, sizeof(command), "%s scopemint:v1:%s:%s", verb, key, text);
    return command;
}

/* The value that a narrowed token's key has to have. */
static void expect_narrowed(uint64_t n, uint64_t number, int64_t exp_s, const char *scopes)
{
    char value[128];

    snprintf(value, sizeof(value), "%lu %ld %s", number, exp_s, scopes);
    bed_expect_text(&bed, token_command("GET", "narrowed", n), value);
}

Test(link, publishes_what_is_left_of_a_narrowed_token_P1)
{
    bed_follow(&bed);
    bed_issue(&bed, 100, bed.now_s + 500);
    bed_narrow(&bed, 100, STR("calls.read sms.read"), bed.now_s + 300);
    bed_until_all(&bed, 0, 0);
    expect_narrowed(100, 1, bed.now_s + 300, "calls.read sms.read");
    cr_assert_eq(bed_ask_number(&bed, token_command("EXPIRETIME", "narrowed", 100)),
                 bed.now_s + 500, "as long as it was ever signed for");
    bed_narrow(&bed, 100, STR_NONE, bed.now_s + 500);
    bed_until_all(&bed, 0, 0);
    expect_narrowed(100, 2, bed.now_s + 500, "");
}

Test(link, a_revocation_takes_the_place_of_what_was_left_P2)
{
    bed_follow(&bed);
    bed_issue(&bed, 100, bed.now_s + 500);
    bed_narrow(&bed, 100, STR("calls.read"), bed.now_s + 300);
    bed_revoke_issued(&bed, 100, bed.now_s + 500);
    bed_until_all(&bed, 100, 1);
    cr_assert_eq(bed_ask_number(&bed, token_command("EXISTS", "narrowed", 100)), 0);
    bed_expect_text(&bed, token_command("GET", "revoked", 100), "2");
}

Test(link, the_feed_carries_what_is_left)
{
    static const char *const fields[] = {"feed", "number", "kind", "id", "end", "exp", "scope"};
    char exp[24];

    bed_follow(&bed);
    bed_issue(&bed, 100, bed.now_s + 500);
    bed_narrow(&bed, 100, STR("calls.read sms.read"), bed.now_s + 300);
    bed_until_all(&bed, 0, 0);
    redisReply *reply = bed_ask(&bed, "XRANGE scopemint:v1:feed - +");
    cr_assert_eq(reply->elements, 1);
    redisReply *pairs = reply->element[0]->element[1];
    cr_assert_eq(pairs->elements, 14);
    for (size_t f = 0; f < 7; f++)
        cr_assert_str_eq(pairs->element[2 * f]->str, fields[f]);
    snprintf(exp, sizeof(exp), "%ld", bed.now_s + 300);
    cr_assert_str_eq(pairs->element[5]->str, "narrowed");
    cr_assert_str_eq(pairs->element[11]->str, exp);
    cr_assert_str_eq(pairs->element[13]->str, "calls.read sms.read");
    freeReplyObject(reply);
}

static void narrow_some(uint64_t first, size_t n)
{
    for (uint64_t i = first; i < first + n; i++) {
        bed_issue(&bed, i, bed.now_s + 500);
        bed_narrow(&bed, i, STR("calls.read"), bed.now_s + 300);
    }
}

Test(link, a_flush_brings_narrowed_tokens_back_F_14)
{
    narrow_some(100, 20);
    bed_follow(&bed);
    for (int round = 0; round < 2; round++) {
        bed_until_all(&bed, 0, 0);
        for (uint64_t i = 0; i < 20; i++)
            expect_narrowed(100 + i, 1 + i, bed.now_s + 300, "calls.read");
        bed_run(&bed, "FLUSHALL");
        bed_until_state(&bed, LINK_FILLING);
        bed_until_state(&bed, LINK_FOLLOWING);
    }
}

/* What a link without Redis missed includes the end of a narrowed token. */
Test(link, a_token_revoked_while_redis_was_away_is_not_left_narrowed_P2)
{
    bed_follow(&bed);
    narrow_some(100, 1);
    bed_until_all(&bed, 0, 0);
    bed_unlink(&bed);
    bed_revoke_issued(&bed, 100, bed.now_s + 500);
    bed_link(&bed);
    bed_until_state(&bed, LINK_FOLLOWING);
    bed_until_all(&bed, 100, 1);
    cr_assert_eq(bed_ask_number(&bed, token_command("EXISTS", "narrowed", 100)), 0);
}

Test(link, names_that_found_no_memory_are_read_from_the_store)
{
    bed_follow(&bed);
    bed_issue(&bed, 100, bed.now_s + 500);
    struct store_entry entry =
        entry_narrowed(1, sid_number(100), "calls.read", bed.now_s + 300, bed.now_s + 500);
    atomic_store(&memory_is_short, true);
    revocation_link_publish(bed.link, &entry, 1);
    atomic_store(&memory_is_short, false);
    bed_narrow(&bed, 100, STR("sms.read"), bed.now_s + 300);
    bed_until_all(&bed, 0, 0);
    expect_narrowed(100, 1, bed.now_s + 300, "sms.read");
}

Test(link, epochs_are_a_hash_with_the_highest_number)
{
    static const struct {
        enum entry_kind kind;
        const char *name;
    } kinds[] = {{ENTRY_EPOCH_APPLICATION, "application"},
                 {ENTRY_EPOCH_PARTNER, "partner"},
                 {ENTRY_EPOCH_PARTNER_TREE, "partner_tree"},
                 {ENTRY_EPOCH_USER, "user"}};
    char command[128], sid_text[SID_TEXT + 1] = "";
    struct sid sid = sid_number(5);

    bed_follow(&bed);
    for (size_t round = 0; round < 2; round++)
        for (size_t i = 0; i < 4; i++)
            bed_epoch(&bed, kinds[i].kind, sid, STR_NONE);
    bed_until_all(&bed, 0, 0);
    sid_format(&sid, sid_text);
    for (size_t i = 0; i < 4; i++) {
        char number[16];
        snprintf(command, sizeof(command), "HGET scopemint:v1:epochs %s:%s", kinds[i].name,
                 sid_text);
        snprintf(number, sizeof(number), "%zu", 5 + i);
        bed_expect_text(&bed, command, number);
    }
    bed_epoch(&bed, ENTRY_EPOCH_KEY, sid, STR("%s%n%b"));
    bed_until_all(&bed, 0, 0);
    redisReply *reply = bed_ask(&bed, "HGET scopemint:v1:epochs %s", "key:%s%n%b");
    cr_assert_str_eq(reply->str, "9", "THREATS-76");
    freeReplyObject(reply);
}
