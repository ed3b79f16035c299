#include "core/buf.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/arena.h"

void buf_init_fixed(struct buf *b, void *memory, size_t size)
{
    *b = (struct buf){.ptr = memory, .cap = size, .max = size, .kind = BUF_FIXED};
}

void buf_init_arena(struct buf *b, struct arena *arena, size_t first, size_t max)
{
    *b = (struct buf){.max = max, .kind = BUF_ARENA, .arena = arena};
    if (first > 0)
        buf_reserve(b, first < max ? first : max);
}

void buf_init_heap(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max, .kind = BUF_HEAP};
}

void buf_free(struct buf *b)
{
    if (b->kind == BUF_HEAP && b->ptr != NULL) {
        explicit_bzero(b->ptr, b->cap);
        free(b->ptr);
    }
    *b = (struct buf){.max = b->max, .kind = b->kind, .arena = b->arena};
}

static bool grow(struct buf *b, size_t need)
{
    size_t cap = b->cap < 128 ? 256 : b->cap * 2;
    cap = cap < need ? need : cap;
    cap = cap > b->max ? b->max : cap;
    if (b->kind == BUF_FIXED || need > b->max)
        return false;
    char *bigger = b->kind == BUF_ARENA ? arena_alloc(b->arena, cap) : malloc(cap);
    if (bigger == NULL)
        return false;
    if (b->len > 0)
        memcpy(bigger, b->ptr, b->len);
    if (b->kind == BUF_HEAP && b->ptr != NULL) {
        explicit_bzero(b->ptr, b->cap); /* what is written here may be secret */
        free(b->ptr);
    }
    b->ptr = bigger;
    b->cap = cap;
    return true;
}

char *buf_reserve(struct buf *b, size_t n)
{
    if (!b->failed && n > b->max - b->len)
        b->full = true;
    if (b->failed || b->full || (n > b->cap - b->len && !grow(b, b->len + n))) {
        b->failed = true;
        return NULL;
    }
    return b->ptr + b->len;
}

void buf_put(struct buf *b, const void *bytes, size_t n)
{
    if (n == 0)
        return;
    char *at = buf_reserve(b, n);
    if (at == NULL)
        return;
    memcpy(at, bytes, n);
    b->len += n;
}

void buf_char(struct buf *b, char c)
{
    buf_put(b, &c, 1);
}

void buf_str(struct buf *b, struct str s)
{
    buf_put(b, s.ptr, s.len);
}

void buf_cstr(struct buf *b, const char *terminated)
{
    buf_put(b, terminated, strlen(terminated));
}

void buf_u64(struct buf *b, uint64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    buf_put(b, digits + at, sizeof(digits) - at);
}

void buf_i64(struct buf *b, int64_t value)
{
    if (value < 0)
        buf_char(b, '-');
    buf_u64(b, value < 0 ? ~(uint64_t)value + 1 : (uint64_t)value);
}

void buf_hex(struct buf *b, const void *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++) {
        char pair[2] = {digits[p[i] >> 4], digits[p[i] & 15]};
        buf_put(b, pair, 2);
    }
}

static void json_escape(struct buf *b, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    switch (c) {
    case '"':
        buf_put(b, "\\\"", 2);
        return;
    case '\\':
        buf_put(b, "\\\\", 2);
        return;
    case '\n':
        buf_put(b, "\\n", 2);
        return;
    case '\r':
        buf_put(b, "\\r", 2);
        return;
    case '\t':
        buf_put(b, "\\t", 2);
        return;
    default: {
        char unit[6] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
        buf_put(b, unit, 6);
    }
    }
}

static size_t json_utf8(struct buf *b, struct str rest)
{
    for (size_t len = 2; len <= 4 && len <= rest.len; len++) {
        struct str piece = str_make(rest.ptr, len);
        if (str_is_utf8(piece)) {
            buf_str(b, piece);
            return len;
        }
    }
    buf_put(b, "\xEF\xBF\xBD", 3);
    return 1;
}

void buf_json(struct buf *b, struct str s)
{
    buf_char(b, '"');
    for (size_t i = 0; i < s.len;) {
        size_t run = str_plain_run(str_slice(s, i, s.len), '"', '\\'); /* most text is one */
        buf_put(b, s.ptr + i, run);
        i += run;
        if (i == s.len)
            break;
        unsigned char c = (unsigned char)s.ptr[i];
        if (c < 0x80) {
            json_escape(b, c);
            i++;
        } else {
            i += json_utf8(b, str_slice(s, i, s.len));
        }
    }
    buf_char(b, '"');
}

static void two_digits(char *at, int value)
{
    at[0] = (char)('0' + value / 10 % 10);
    at[1] = (char)('0' + value % 10);
}

void buf_time_ms(struct buf *b, int64_t wall_ms)
{
    int64_t ms = wall_ms % 1000;
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm t;
    char text[] = "0000-00-00T00:00:00.000Z";

    if (ms < 0) {
        ms += 1000;
        seconds--;
    }
    if (gmtime_r(&seconds, &t) == NULL || t.tm_year + 1900 < 0 || t.tm_year + 1900 > 9999) {
        b->failed = true;
        return;
    }
    two_digits(text, (t.tm_year + 1900) / 100);
    two_digits(text + 2, t.tm_year + 1900);
    two_digits(text + 5, t.tm_mon + 1);
    two_digits(text + 8, t.tm_mday);
    two_digits(text + 11, t.tm_hour);
    two_digits(text + 14, t.tm_min);
    two_digits(text + 17, t.tm_sec);
    text[20] = (char)('0' + ms / 100);
    two_digits(text + 21, (int)ms);
    buf_put(b, text, sizeof(text) - 1);
}
