#include "core/percent.h"

bool percent_decode(struct str text, char *out, size_t *out_len)
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
        } else if (c == '+') {
            c = ' ';
        }
        out[len++] = c;
    }
    *out_len = len;
    return true;
}
