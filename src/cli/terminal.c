/* Text of others made fit for a terminal; see output.h. */
#include "cli/output.h"

static uint32_t code_point(struct str utf8)
{
    static const unsigned char lead_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t c = (unsigned char)utf8.ptr[0] & lead_mask[utf8.len];
    for (size_t i = 1; i < utf8.len; i++)
        c = c << 6 | ((unsigned char)utf8.ptr[i] & 0x3f);
    return c;
}

/* Controls of both sets act on terminals; separators and direction marks make a text read as
 * another one. */
static bool is_unsafe(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

void output_put_safe(struct buf *b, struct str s)
{
    for (size_t at = 0; at < s.len;) {
        unsigned char lead = (unsigned char)s.ptr[at];
        size_t n = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        struct str c = str_slice(s, at, n < s.len - at ? at + n : s.len);
        if (!str_is_utf8(c)) {
            buf_char(b, '?');
            at++; /* what follows may be good again */
            continue;
        }
        if (is_unsafe(code_point(c)))
            buf_char(b, '?');
        else
            buf_str(b, c);
        at += c.len;
    }
}
