#include "core/sid.h"

struct result sid_new(const struct clock *clock, struct entropy *entropy, struct sid *out)
{
    struct sid sid;
    uint64_t us = (uint64_t)clock_wall_us(clock), ms = us / 1000;
    uint64_t fraction = us % 1000 * 4096 / 1000;

    TRY(entropy_fill(entropy, sid.bytes + 8, 8));
    for (int i = 0; i < 6; i++)
        sid.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    sid.bytes[6] = (uint8_t)(0x70 | fraction >> 8);
    sid.bytes[7] = (uint8_t)fraction;
    sid.bytes[8] = (uint8_t)(0x80 | (sid.bytes[8] & 0x3F));
    *out = sid;
    return RESULT_OK;
}

/* A dash stands before these bytes. */
static inline bool is_behind_dash(size_t byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

static inline int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool sid_parse(struct str text, struct sid *out)
{
    struct sid sid;
    const char *at = text.ptr;

    if (text.len != SID_TEXT)
        return false;
    for (size_t i = 0; i < sizeof(sid.bytes); i++, at += 2) {
        if (is_behind_dash(i) && *at++ != '-')
            return false;
        int high = hex_value(at[0]), low = hex_value(at[1]);
        if ((high | low) < 0)
            return false;
        sid.bytes[i] = (uint8_t)(high << 4 | low);
    }
    if (sid.bytes[6] >> 4 != 7 || sid.bytes[8] >> 6 != 2)
        return false;
    *out = sid;
    return true;
}

void sid_format(const struct sid *sid, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < sizeof(sid->bytes); i++) {
        if (is_behind_dash(i))
            *out++ = '-';
        *out++ = digits[sid->bytes[i] >> 4];
        *out++ = digits[sid->bytes[i] & 15];
    }
}
