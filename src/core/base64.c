#include "core/base64.h"

#include <stdint.h>

static const char url_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64url_encode(const void *bytes, size_t n, char *out)
{
    const uint8_t *p = bytes;

    for (; n >= 3; n -= 3, p += 3) {
        uint32_t word = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
        *out++ = url_digits[word >> 18];
        *out++ = url_digits[word >> 12 & 63];
        *out++ = url_digits[word >> 6 & 63];
        *out++ = url_digits[word & 63];
    }
    if (n > 0) {
        uint32_t word = (uint32_t)p[0] << 16 | (n == 2 ? (uint32_t)p[1] << 8 : 0);
        *out++ = url_digits[word >> 18];
        *out++ = url_digits[word >> 12 & 63];
        if (n == 2)
            *out++ = url_digits[word >> 6 & 63];
    }
}

/* One more than what a digit counts. */
#define DIGITS                                                                                     \
    ['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, ['G'] = 7, ['H'] = 8,        \
    ['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16, \
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23,            \
    ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30,            \
    ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37,            \
    ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44,            \
    ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49, ['x'] = 50, ['y'] = 51,            \
    ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56, ['4'] = 57, ['5'] = 58,            \
    ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62

static const uint8_t url_values[256] = {DIGITS, ['-'] = 63, ['_'] = 64};
static const uint8_t plain_values[256] = {DIGITS, ['+'] = 63, ['/'] = 64};

#undef DIGITS

/* More than 63: no digit. */
static inline unsigned value_of(const uint8_t values[256], char c)
{
    return values[(unsigned char)c] - 1u;
}

static bool decode(struct str text, const uint8_t values[256], void *out, size_t *out_len)
{
    uint8_t *at = out;
    uint32_t word = 0;
    unsigned bits = 0, seen = 0;
    size_t i = 0;

    if (text.len % 4 == 1)
        return false;
    for (; i + 4 <= text.len; i += 4, at += 3) {
        unsigned a = value_of(values, text.ptr[i]), b = value_of(values, text.ptr[i + 1]);
        unsigned c = value_of(values, text.ptr[i + 2]), d = value_of(values, text.ptr[i + 3]);
        seen |= a | b | c | d;
        at[0] = (uint8_t)(a << 2 | b >> 4);
        at[1] = (uint8_t)(b << 4 | c >> 2);
        at[2] = (uint8_t)(c << 6 | d);
    }
    for (; i < text.len; i++) {
        unsigned value = value_of(values, text.ptr[i]);
        seen |= value;
        word = word << 6 | (value & 63);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            *at++ = (uint8_t)(word >> bits);
        }
    }
    if (seen > 63 || (word & ((1u << bits) - 1)) != 0)
        return false;
    *out_len = (size_t)(at - (uint8_t *)out);
    return true;
}

bool base64url_decode(struct str text, void *out, size_t *out_len)
{
    return decode(text, url_values, out, out_len);
}

bool base64_decode(struct str text, void *out, size_t *out_len)
{
    if (text.len % 4 != 0)
        return false;
    for (int i = 0; i < 2 && text.len > 0 && text.ptr[text.len - 1] == '='; i++)
        text.len--;
    return decode(text, plain_values, out, out_len);
}
