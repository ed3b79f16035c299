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

static int digit_value(char c, char c62, char c63)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == c62)
        return 62;
    return c == c63 ? 63 : -1;
}

static bool decode(struct str text, char c62, char c63, void *out, size_t *out_len)
{
    uint8_t *at = out;
    uint32_t word = 0;
    unsigned bits = 0;

    if (text.len % 4 == 1)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        int value = digit_value(text.ptr[i], c62, c63);
        if (value < 0)
            return false;
        word = word << 6 | (uint32_t)value;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            *at++ = (uint8_t)(word >> bits);
        }
    }
    if ((word & ((1u << bits) - 1)) != 0)
        return false;
    *out_len = (size_t)(at - (uint8_t *)out);
    return true;
}

bool base64url_decode(struct str text, void *out, size_t *out_len)
{
    return decode(text, '-', '_', out, out_len);
}

bool base64_decode(struct str text, void *out, size_t *out_len)
{
    if (text.len % 4 != 0)
        return false;
    for (int i = 0; i < 2 && text.len > 0 && text.ptr[text.len - 1] == '='; i++)
        text.len--;
    return decode(text, '+', '/', out, out_len);
}
