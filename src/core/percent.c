#include "core/percent.h"

static bool decode(struct str text, bool plus_is_blank, char *out, size_t *out_len)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '%') {
            int high = i + 2 < text.len ? str_hex_value(text.ptr[i + 1]) : -1;
            int low = high >= 0 ? str_hex_value(text.ptr[i + 2]) : -1;
            if (low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (plus_is_blank && c == '+') {
            c = ' ';
        }
        out[len++] = c;
    }
    *out_len = len;
    return true;
}

bool percent_decode(struct str text, char *out, size_t *out_len)
{
    return decode(text, true, out, out_len);
}

bool percent_decode_segment(struct str text, char *out, size_t *out_len)
{
    return decode(text, false, out, out_len);
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void percent_encode(struct str text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (is_unreserved(text.ptr[i])) {
            buf_char(out, text.ptr[i]);
            continue;
        }
        buf_char(out, '%');
        buf_char(out, "0123456789ABCDEF"[c >> 4]);
        buf_char(out, "0123456789ABCDEF"[c & 15]);
    }
}
