#include "core/date.h"

enum { SECONDS_LEN = 19, FRACTION_MAX = 3 }; /* "2026-11-21T08:15:30" */

/* Digits alone, len of them. */
static bool read_number(struct str text, size_t at, size_t len, int *out)
{
    int value = 0;

    for (size_t i = at; i < at + len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        value = value * 10 + (text.ptr[i] - '0');
    }
    *out = value;
    return true;
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

static int64_t days_since_1970(int year, int month, int day)
{
    int before = year - 1;
    int64_t days = (int64_t)before * 365 + before / 4 - before / 100 + before / 400 - 719162;

    for (int m = 1; m < month; m++)
        days += days_in(year, m);
    return days + day - 1;
}

/* What follows the seconds: ".123Z", ".1Z" or "Z". */
static bool read_fraction(struct str rest, int *out_ms)
{
    int digits = 0;

    if (str_eq(rest, STR("Z"))) {
        *out_ms = 0;
        return true;
    }
    if (rest.len < 3 || rest.len > FRACTION_MAX + 2 || rest.ptr[0] != '.' ||
        rest.ptr[rest.len - 1] != 'Z' || !read_number(rest, 1, rest.len - 2, &digits))
        return false;
    for (size_t len = rest.len - 2; len < FRACTION_MAX; len++)
        digits *= 10;
    *out_ms = digits;
    return true;
}

bool date_parse_ms(struct str text, int64_t *out)
{
    int year, month, day, hour, minute, second, ms;

    if (text.len <= SECONDS_LEN || text.ptr[4] != '-' || text.ptr[7] != '-' ||
        text.ptr[10] != 'T' || text.ptr[13] != ':' || text.ptr[16] != ':' ||
        !read_number(text, 0, 4, &year) || !read_number(text, 5, 2, &month) ||
        !read_number(text, 8, 2, &day) || !read_number(text, 11, 2, &hour) ||
        !read_number(text, 14, 2, &minute) || !read_number(text, 17, 2, &second) ||
        !read_fraction(str_slice(text, SECONDS_LEN, text.len), &ms))
        return false;
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in(year, month) ||
        hour > 23 || minute > 59 || second > 59)
        return false;
    int64_t seconds =
        days_since_1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    *out = seconds * 1000 + ms;
    return true;
}
