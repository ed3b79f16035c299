#include "acl/class_width.h"

#include <stdint.h>

/* Whether something like "(?i" stands in it: options may stand before the i. */
static bool is_caseless(struct str pattern)
{
    for (size_t at = 0; at + 2 < pattern.len; at++) {
        if (pattern.ptr[at] != '(' || pattern.ptr[at + 1] != '?')
            continue;
        for (size_t i = at + 2; i < pattern.len; i++) {
            char c = pattern.ptr[i];
            if (c == 'i')
                return true;
            bool is_option = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
            if (!is_option && c != '^' && c != '-')
                break;
        }
    }
    return false;
}

static bool skip(struct str pattern, size_t *at, struct str word)
{
    if (!str_starts_with(str_slice(pattern, *at, pattern.len), word))
        return false;
    *at += word.len;
    return true;
}

/* The digits up to the closing brace, which *at is left behind. */
static uint32_t braced_number(struct str pattern, size_t *at, unsigned base)
{
    uint32_t value = 0;

    for (; *at < pattern.len && pattern.ptr[*at] != '}'; ++*at) {
        int digit = str_hex_value(pattern.ptr[*at]);
        if (digit >= 0 && value < UINT32_MAX / 16 - 16)
            value = value * base + (uint32_t)digit;
    }
    skip(pattern, at, STR("}"));
    return value;
}

/* The character that an escape names, *at being behind its backslash. 0: one below 512, or none. */
static uint32_t escaped(struct str pattern, size_t *at)
{
    if (skip(pattern, at, STR("x{")) || skip(pattern, at, STR("N{U+")))
        return braced_number(pattern, at, 16);
    if (skip(pattern, at, STR("o{")))
        return braced_number(pattern, at, 8);
    if (*at < pattern.len && (pattern.ptr[*at] & 0x80) == 0)
        ++*at;
    return 0;
}

static uint32_t utf8_character(struct str pattern, size_t *at)
{
    unsigned char first = (unsigned char)pattern.ptr[(*at)++];
    uint32_t value = first < 0x80   ? first
                     : first < 0xe0 ? first & 0x1f
                     : first < 0xf0 ? first & 0x0f
                                    : first & 0x07;

    while (*at < pattern.len && (pattern.ptr[*at] & 0xc0) == 0x80)
        value = value << 6 | (pattern.ptr[(*at)++] & 0x3f);
    return value;
}

static bool has_quotes(struct str pattern)
{
    for (size_t at = 0; at + 1 < pattern.len; at++)
        if (pattern.ptr[at] == '\\' && pattern.ptr[at + 1] == 'Q')
            return true;
    return false;
}

bool class_width_is_over(struct str pattern, size_t *out_offset)
{
    uint32_t before = 0; /* the last character, or lower than it */
    bool is_range = false, has_quoted = has_quotes(pattern);

    if (!is_caseless(pattern))
        return false;
    for (size_t at = 0; at < pattern.len;) {
        /* The ends of a quote mean nothing. Blanks mean nothing under (?xx), so what is behind one
         * may still end a range; else they are characters, so a range may begin at one. */
        if (skip(pattern, &at, STR("\\Q")) || skip(pattern, &at, STR("\\E")))
            continue;
        if (skip(pattern, &at, STR(" ")) || skip(pattern, &at, STR("\t"))) {
            before = 0;
            continue;
        }
        bool is_escape = skip(pattern, &at, STR("\\"));
        uint32_t now = is_escape ? escaped(pattern, &at) : utf8_character(pattern, &at);
        if (is_range && now > before && now - before >= CLASS_RANGE_MAX) {
            *out_offset = at;
            return true;
        }
        is_range = !is_escape && now == '-';
        if (!is_range)
            before = is_escape && has_quoted ? 0 : now;
    }
    return false;
}
