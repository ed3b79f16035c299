/* 8725-3.4-a, THREATS-14 */
#include <criterion/criterion.h>
#include <string.h>

#include "crypto/ecdsa_form.h"

static const uint8_t order[32] = {0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF,
                                  0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17,
                                  0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51};

enum number { ZERO, ONE, MIDDLE, LAST, ORDER, ALL_ONES, NUMBERS };

static void make_number(enum number which, uint8_t out[32])
{
    memset(out, which == ALL_ONES ? 0xFF : 0, 32);
    if (which == ONE)
        out[31] = 1;
    if (which == MIDDLE)
        memset(out, 0x5A, 32);
    if (which == LAST || which == ORDER)
        memcpy(out, order, 32);
    if (which == LAST)
        out[31]--;
}

Test(ecdsa_form, both_numbers_lie_between_one_and_the_order)
{
    for (enum number r = ZERO; r < NUMBERS; r++) {
        for (enum number s = ZERO; s < NUMBERS; s++) {
            uint8_t raw[ECDSA_RAW];
            make_number(r, raw);
            make_number(s, raw + 32);
            bool good = r >= ONE && r <= LAST && s >= ONE && s <= LAST;
            cr_assert_eq(ecdsa_raw_is_valid(raw), good, "r %d s %d", r, s);
        }
    }
}

Test(ecdsa_form, der_and_back_for_every_length_of_number) /* RFC7518-3.4 */
{
    for (int zeros = 0; zeros < 32; zeros++) {
        for (int high = 0; high < 2; high++) {
            uint8_t raw[ECDSA_RAW], der[ECDSA_DER_MAX], back[ECDSA_RAW];
            memset(raw, 0x11, sizeof(raw));
            memset(raw, 0, (size_t)zeros);
            raw[zeros] = high ? 0x80 : 0x7F;
            raw[32] = high ? 0xFF : 0x01;
            size_t len = ecdsa_raw_to_der(raw, der);
            cr_assert_leq(len, (size_t)ECDSA_DER_MAX);
            cr_assert(ecdsa_der_to_raw(der, len, back));
            cr_assert_eq(memcmp(raw, back, sizeof(raw)), 0);
        }
    }
}

Test(ecdsa_form, every_truncation_and_extension_of_der_is_refused)
{
    uint8_t raw[ECDSA_RAW], der[ECDSA_DER_MAX + 2] = {0}, back[ECDSA_RAW];
    memset(raw, 0x81, sizeof(raw));
    size_t len = ecdsa_raw_to_der(raw, der);
    for (size_t cut = 0; cut < len; cut++) {
        cr_assert_not(ecdsa_der_to_raw(der, cut, back), "%zu", cut);
        uint8_t lying[ECDSA_DER_MAX];
        memcpy(lying, der, len);
        if (cut >= 2) {
            lying[1] = (uint8_t)(cut - 2); /* an outer length that agrees */
            cr_assert_not(ecdsa_der_to_raw(lying, cut, back), "%zu", cut);
        }
    }
    cr_assert_not(ecdsa_der_to_raw(der, len + 1, back));
    der[1] = (uint8_t)(len - 1);
    cr_assert_not(ecdsa_der_to_raw(der, len + 1, back), "one number, and a byte behind it");
}

Test(ecdsa_form, wrong_tags_and_oversized_numbers_are_refused)
{
    uint8_t raw[ECDSA_RAW], der[ECDSA_DER_MAX], back[ECDSA_RAW];
    memset(raw, 0x22, sizeof(raw));
    size_t len = ecdsa_raw_to_der(raw, der);
    static const size_t tags[] = {0, 2, 36};
    for (size_t i = 0; i < 3; i++) {
        der[tags[i]] ^= 1;
        cr_assert_not(ecdsa_der_to_raw(der, len, back), "tag at %zu", tags[i]);
        der[tags[i]] ^= 1;
    }
    uint8_t wide[] = {0x30, 38, 0x02, 33, [4] = 1, [37] = 0x02, 1, 5};
    cr_assert_not(ecdsa_der_to_raw(wide, sizeof(wide), back), "33 bytes of number");
    uint8_t empty[] = {0x30, 5, 0x02, 0, 0x02, 1, 5};
    cr_assert_not(ecdsa_der_to_raw(empty, sizeof(empty), back), "no byte of number");
}
