/* What must be seen in the raw text, before yajl decodes it. yajl takes \v and \f for blanks, turns
 * a lone high surrogate into '?', joins a high surrogate with whatever escape follows, and writes
 * lone low surrogates as they are; its own UTF-8 check lets overlong forms pass. A backslash has a
 * meaning only within strings, so this needs no knowledge of where strings begin. */
#include "json/value.h"

static bool refuse(struct json_error *out, const char *reason, size_t offset)
{
    *out = (struct json_error){.reason = reason, .offset = offset};
    return false;
}

/* The unit of a "\uXXXX" that starts at `at`, or -1. */
static int escape_unit(struct str text, size_t at)
{
    int unit = 0;
    if (text.len - at < 6 || text.ptr[at] != '\\' || text.ptr[at + 1] != 'u')
        return -1;
    for (size_t i = at + 2; i < at + 6; i++) {
        int digit = str_hex_value(text.ptr[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

/* Length of the escape at `at`, 0 when it is refused. */
static size_t escape_check(struct str text, size_t at, struct json_error *out_error)
{
    if (text.len - at < 2 || text.ptr[at + 1] != 'u')
        return 2;
    int unit = escape_unit(text, at);
    if (unit < 0)
        return refuse(out_error, "\\u is not followed by four hexadecimal digits", at);
    if (unit == 0)
        return refuse(out_error, "a string holds a NUL", at);
    if (unit < 0xD800 || unit > 0xDFFF)
        return 6;
    int low = unit < 0xDC00 ? escape_unit(text, at + 6) : -1;
    if (low < 0xDC00 || low > 0xDFFF)
        return refuse(out_error, "a surrogate stands alone", at);
    return 12;
}

bool json_text_check(struct str text, struct json_error *out_error)
{
    if (text.len > UINT32_MAX)
        return refuse(out_error, "the text is too long", 0);
    for (size_t i = 0; i < text.len;) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
            return refuse(out_error, "a control character stands in the text", i);
        size_t step = c == '\\' ? escape_check(text, i, out_error) : 1;
        if (step == 0)
            return false;
        i += step;
    }
    if (!str_is_utf8(text))
        return refuse(out_error, "the text is not UTF-8", 0);
    return true;
}
