/* RFC3339-5.6, narrowed to what the API writes. */
#include <criterion/criterion.h>

#include "core/buf.h"
#include "core/date.h"

static const struct {
    const char *text;
    int64_t ms;
} good[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"1970-01-01T00:00:00.001Z", 1},
    {"1970-01-01T00:00:00.1Z", 100},
    {"1970-01-01T00:00:00.12Z", 120},
    {"1999-12-31T23:59:59.999Z", 946684799999},
    {"2000-02-29T00:00:00.000Z", 951782400000},
    {"2024-02-29T12:00:00Z", 1709208000000},
    {"2100-03-01T00:00:00Z", 4107542400000},
    {"9999-12-31T23:59:59.999Z", 253402300799999},
};

Test(date, is_read_as_it_is_written)
{
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        int64_t ms = -1;
        cr_assert(date_parse_ms(str_from(good[i].text), &ms), "%s", good[i].text);
        cr_assert_eq(ms, good[i].ms, "%s: %lld", good[i].text, (long long)ms);
    }
}

Test(date, every_day_of_two_centuries_comes_back)
{
    for (int64_t day = 0; day < 200 * 366; day++) {
        char memory[32];
        struct buf b;
        int64_t ms;
        buf_init_fixed(&b, memory, sizeof(memory));
        buf_time_ms(&b, day * 86400000 + 86399999);
        cr_assert(date_parse_ms(buf_view(&b), &ms));
        cr_assert_eq(ms, day * 86400000 + 86399999, "%.*s", STR_ARG(buf_view(&b)));
    }
}

static const char *const bad[] = {
    "",
    "2026",
    "2026-11-21",
    "2026-11-21T08:15:30",
    "2026-11-21T08:15:30.Z",
    "2026-11-21T08:15:30.1234Z",
    "2026-11-21T08:15:30.12",
    "2026-11-21T08:15:30,1Z",
    "2026-11-21T08:15:30z",
    "2026-11-21t08:15:30Z",
    "2026-11-21 08:15:30Z",
    "2026-11-21T08:15:30+00:00",
    "2026-11-21T08:15:30ZZ",
    " 2026-11-21T08:15:30Z",
    "2026-11-21T08:15:30Z ",
    "2026-11-21T08:15:60Z",
    "2026-11-21T08:60:30Z",
    "2026-11-21T24:00:00Z",
    "2026-00-21T08:15:30Z",
    "2026-13-21T08:15:30Z",
    "2026-11-00T08:15:30Z",
    "2026-11-31T08:15:30Z",
    "2025-02-29T08:15:30Z",
    "2100-02-29T08:15:30Z",
    "1969-12-31T23:59:59Z",
    "+026-11-21T08:15:30Z",
    "2026-1a-21T08:15:30Z",
    "2026-11-21T-8:15:30Z",
    "2026-11-21T08:15:30.-1Z",
};

Test(date, other_spellings_are_refused)
{
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t ms = -7;
        cr_assert(!date_parse_ms(str_from(bad[i]), &ms), "%s", bad[i]);
        cr_assert_eq(ms, -7);
    }
}
