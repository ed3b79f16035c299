#include "crypto/ecdsa_form.h"

#include <string.h>

enum { NUMBER = 32 };

/* The order n of P-256's group, FIPS 186-4 D.1.2.3. Public, as signatures are: memcmp will do. */
static const uint8_t order[NUMBER] = {
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51};

static bool in_range(const uint8_t *number)
{
    static const uint8_t zero[NUMBER];
    return memcmp(number, zero, NUMBER) != 0 && memcmp(number, order, NUMBER) < 0;
}

bool ecdsa_raw_is_valid(const uint8_t raw[ECDSA_RAW])
{
    return in_range(raw) && in_range(raw + NUMBER);
}

/* An INTEGER of DER: no leading zeros but the one that keeps it positive. */
static uint8_t *put_integer(uint8_t *at, const uint8_t *number)
{
    size_t skip = 0;
    while (skip < NUMBER - 1 && number[skip] == 0)
        skip++;
    size_t len = NUMBER - skip;
    bool sign = (number[skip] & 0x80) != 0;

    *at++ = 0x02;
    *at++ = (uint8_t)(len + sign);
    if (sign)
        *at++ = 0;
    memcpy(at, number + skip, len);
    return at + len;
}

size_t ecdsa_raw_to_der(const uint8_t raw[ECDSA_RAW], uint8_t der[ECDSA_DER_MAX])
{
    uint8_t *end = put_integer(put_integer(der + 2, raw), raw + NUMBER);
    der[0] = 0x30;
    der[1] = (uint8_t)(end - der - 2);
    return (size_t)(end - der);
}

static bool get_integer(const uint8_t **at, const uint8_t *end, uint8_t *number)
{
    const uint8_t *p = *at;
    if (end - p < 3 || p[0] != 0x02 || p[1] == 0 || p[1] > end - p - 2)
        return false;
    size_t len = p[1];
    p += 2;
    *at = p + len;
    if (p[0] == 0 && len > 1) {
        p++;
        len--;
    }
    if (len > NUMBER)
        return false;
    memset(number, 0, NUMBER - len);
    memcpy(number + NUMBER - len, p, len);
    return true;
}

bool ecdsa_der_to_raw(const uint8_t *der, size_t len, uint8_t raw[ECDSA_RAW])
{
    const uint8_t *at = der + 2, *end = der + len;
    if (len < 2 || len > ECDSA_DER_MAX || der[0] != 0x30 || der[1] != len - 2)
        return false;
    return get_integer(&at, end, raw) && get_integer(&at, end, raw + NUMBER) && at == end;
}
