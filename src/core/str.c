#include "core/str.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool str_eq_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    if (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0)
        return true; /* most are spelt alike */
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    return true;
}

bool str_starts_with(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_eq(str_make(s.ptr, prefix.len), prefix);
}

bool str_ends_with(struct str s, struct str suffix)
{
    return s.len >= suffix.len && str_eq(str_make(s.ptr + s.len - suffix.len, suffix.len), suffix);
}

int str_compare(struct str a, struct str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter == 0 ? 0 : memcmp(a.ptr, b.ptr, shorter);
    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

size_t str_find(struct str s, char c)
{
    const char *at = s.len == 0 ? NULL : memchr(s.ptr, c, s.len);
    return at == NULL ? s.len : (size_t)(at - s.ptr);
}

struct str str_slice(struct str s, size_t from, size_t to)
{
    if (to > s.len)
        to = s.len;
    if (from > to)
        from = to;
    return str_make(s.ptr == NULL ? NULL : s.ptr + from, to - from);
}

struct str str_trim_blanks(struct str s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
        s.ptr++, s.len--;
    while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
        s.len--;
    return s;
}

struct str str_trim(struct str s, char c)
{
    while (s.len > 0 && s.ptr[0] == c)
        s = str_slice(s, 1, s.len);
    while (s.len > 0 && s.ptr[s.len - 1] == c)
        s.len--;
    return s;
}

bool str_split(struct str *rest, char sep, struct str *out_piece)
{
    if (rest->ptr == NULL)
        return false;
    size_t at = str_find(*rest, sep);
    *out_piece = str_make(rest->ptr, at);
    *rest = at == rest->len ? STR_NONE : str_slice(*rest, at + 1, rest->len);
    return true;
}

bool str_to_u64(struct str s, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    if (s.len == 0 || (s.len > 1 && s.ptr[0] == '0'))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
        unsigned digit = (unsigned)(s.ptr[i] - '0');
        if (value > (max - digit) / 10 || digit > max)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

int str_hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_plain(unsigned char c, unsigned char a, unsigned char b)
{
    return c >= 0x20 && c < 0x7F && c != a && c != b;
}

size_t str_plain_run(struct str s, char a, char b)
{
    typedef unsigned char bytes16 __attribute__((vector_size(16)));
    typedef uint64_t words2 __attribute__((vector_size(16)));
    const unsigned char *p = (const unsigned char *)s.ptr;
    unsigned char first = (unsigned char)a, second = (unsigned char)b;
    size_t i = 0;

    for (bytes16 piece; i + sizeof(piece) <= s.len; i += sizeof(piece)) {
        memcpy(&piece, p + i, sizeof(piece));
        words2 found = (words2)((piece - 0x20 > 0x5E) | (piece == first) | (piece == second));
        if ((found[0] | found[1]) != 0)
            break;
    }
    while (i < s.len && is_plain(p[i], first, second))
        i++;
    return i;
}

/* Length of the well-formed sequence at p, or 0 (Unicode 15, table 3-7). */
static size_t utf8_sequence(const unsigned char *p, size_t left)
{
    unsigned char low = 0x80, high = 0xBF;
    size_t len;

    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xC2 && p[0] <= 0xDF) {
        len = 2;
    } else if (p[0] >= 0xE0 && p[0] <= 0xEF) {
        len = 3;
        low = p[0] == 0xE0 ? 0xA0 : low;
        high = p[0] == 0xED ? 0x9F : high;
    } else if (p[0] >= 0xF0 && p[0] <= 0xF4) {
        len = 4;
        low = p[0] == 0xF0 ? 0x90 : low;
        high = p[0] == 0xF4 ? 0x8F : high;
    } else {
        return 0;
    }
    if (left < len || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return len;
}

bool str_is_utf8(struct str s)
{
    for (size_t i = 0; i < s.len;) {
        size_t step = utf8_sequence((const unsigned char *)s.ptr + i, s.len - i);
        if (step == 0)
            return false;
        i += step;
    }
    return true;
}

bool str_is_printable_ascii(struct str s)
{
    return str_plain_run(s, '\0', '\0') == s.len;
}
