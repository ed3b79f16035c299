/* How positions of the feed are read, and what its entries are called (F-14). */
#include <criterion/criterion.h>
#include <string.h>

#include "core/limits.h"
#include "oauth/follower.h"
#include "json/write.h"

#define FEED "01a20196-687d-7845-b0f3-22073c43eb3b"

Test(feed_view, positions_F14)
{
    static const struct {
        const char *text;
        bool good, names_feed;
        uint64_t number;
    } rows[] = {
        {"0", true, false, 0},
        {"9223372036854775807", true, false, INT64_MAX},
        {"9223372036854775808", false, false, 0},
        {FEED ".7", true, true, 7},
        {FEED ".", false, false, 0},
        {FEED, false, false, 0},
        {"." FEED, false, false, 0},
        {".7", false, false, 0},
        {"x.7", false, false, 0},
        {"7.7", false, false, 0},
        {"", false, false, 0},
        {"-1", false, false, 0},
        {" 1", false, false, 0},
        {"01", false, false, 0},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sid feed = {{1}};
        uint64_t number = 99;
        bool good = revocations_position_parse(str_from(rows[i].text), &feed, &number);
        cr_assert_eq(good, rows[i].good, "%s", rows[i].text);
        cr_assert_eq(number, good ? rows[i].number : 99, "%s", rows[i].text);
        if (good)
            cr_assert_eq(sid_is_none(&feed), !rows[i].names_feed, "%s", rows[i].text);
    }
}

Test(feed_view, entries_are_one_line_of_json)
{
    struct store_entry entry = {
        .number = 5,
        .kind = ENTRY_SELECTOR,
        .below = 4,
        .selector = {.scopes = STR("calls.read sms.read"),
                     .kid = STR("a\"\nb"),
                     .before_s = 9,
                     .descendants = true,
                     .over_ceiling = true},
        .end_s = 77,
    };
    char memory[512];
    struct json_writer w;
    struct buf b;

    buf_init_fixed(&b, memory, sizeof(memory));
    json_writer_init(&w, &b);
    revocations_write_entry(&entry, &w);
    cr_assert(str_eq(buf_view(&b),
                     STR("{\"number\":5,\"kind\":\"selector\",\"descendants\":true,"
                         "\"kid\":\"a\\\"\\nb\",\"scopes\":[\"calls.read\",\"sms.read\"],"
                         "\"over_ceiling\":true,\"below\":4,\"issued_before\":9,\"until\":77}")),
              "%.*s", STR_ARG(buf_view(&b)));
    entry = (struct store_entry){
        .number = 6, .kind = ENTRY_EPOCH_KEY, .kid = "k", .kid_len = 1, .end_s = 78};
    buf_init_fixed(&b, memory, sizeof(memory));
    json_writer_init(&w, &b);
    revocations_write_entry(&entry, &w);
    cr_assert(str_eq(buf_view(&b), STR("{\"number\":6,\"kind\":\"key\",\"kid\":\"k\",\"below\":6,"
                                       "\"until\":78}")),
              "%.*s", STR_ARG(buf_view(&b)));
}

/* Of a whole page of the longest ones too: an arena holds it. */
Test(feed_view, an_event_fits_where_it_begins)
{
    enum { NAME = LIMIT_SCOPE_NAME + 1, ALL = LIMIT_SCOPES * NAME - 1 };
    static char names[ALL], memory[ALL * 2];
    const struct sid feed = {{1}}, other = {{2}};
    struct store_entry entry = {
        .number = INT64_MAX,
        .kind = ENTRY_SELECTOR,
        .below = INT64_MAX,
        .selector = {.client_id = other,
                     .partner_sid = other,
                     .user_sid = other,
                     .kid = STR("eJ3UGO7d2nUwkLPuO5Mw_C0uDCy9k6PsAWGS2oH0Rbk"),
                     .before_s = INT32_MAX,
                     .descendants = true,
                     .over_ceiling = true},
        .end_s = INT32_MAX};

    for (size_t count = 0; count <= LIMIT_SCOPES; count += LIMIT_SCOPES / 2) {
        struct buf b;
        memset(names, 'a', sizeof(names));
        for (size_t i = NAME - 1; i < sizeof(names); i += NAME)
            names[i] = ' ';
        entry.selector.scopes = str_make(names, count == 0 ? 0 : count * NAME - 1);
        buf_init_fixed(&b, memory, sizeof(memory));
        follower_write_event(&feed, &entry, &b);
        cr_assert(!b.failed && b.len <= revocations_entry_room(&entry), "%zu: %zu", count, b.len);
    }
    cr_assert_lt(STORE_SELECTORS * (revocations_entry_room(&entry) + ALL),
                 LIMIT_ARENA_BATCH * 3 / 4);
}
