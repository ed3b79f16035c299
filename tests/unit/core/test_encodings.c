/* RFC4648-4, RFC4648-5, RFC4648-10; 8725-x-a: one spelling per value. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "core/base64.h"
#include "core/crc32.h"
#include "core/percent.h"

TestSuite(core_encodings);

/* RFC7515-2: the URL alphabet without padding. */
Test(core_encodings, base64url_both_ways)
{
    static const struct str rows[][2] = {
        {STR_INIT(""), STR_INIT("")},
        {STR_INIT("f"), STR_INIT("Zg")},
        {STR_INIT("fo"), STR_INIT("Zm8")},
        {STR_INIT("foo"), STR_INIT("Zm9v")},
        {STR_INIT("foob"), STR_INIT("Zm9vYg")},
        {STR_INIT("fooba"), STR_INIT("Zm9vYmE")},
        {STR_INIT("foobar"), STR_INIT("Zm9vYmFy")},
        {STR_INIT("\xFB\xFF\xBF"), STR_INIT("-_-_")},
        {STR_INIT("\0\0"), STR_INIT("AAA")},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[16], bytes[16];
        size_t len = 99;
        cr_assert_eq(base64url_length(rows[i][0].len), rows[i][1].len);
        base64url_encode(rows[i][0].ptr, rows[i][0].len, text);
        cr_assert(str_eq(str_make(text, rows[i][1].len), rows[i][1]), "row %zu", i);
        cr_assert(base64url_decode(rows[i][1], bytes, &len));
        cr_assert(str_eq(str_make(bytes, len), rows[i][0]), "row %zu", i);
    }
}

Test(core_encodings, base64url_refuses_every_other_spelling)
{
    static const struct str rows[] = {
        STR_INIT("Zg=="), STR_INIT("Zm8="),  STR_INIT("Z"),     STR_INIT("Zm9vY"),
        STR_INIT("Zh"), /* spare bits set */
        STR_INIT("Zm9"),  STR_INIT("Zm8\n"), STR_INIT(" Zm8"),  STR_INIT("Zm 8"),
        STR_INIT("+_-_"), STR_INIT("-/-_"),  STR_INIT("Zm9\0"), STR_INIT("Zm9v\xC3\xA9"),
        STR_INIT("A==="), STR_INIT("===="),
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char bytes[16];
        size_t len = 99;
        cr_assert(!base64url_decode(rows[i], bytes, &len), "row %zu", i);
        cr_assert_eq(len, 99);
    }
}

/* RFC7617-2 uses the plain alphabet, with padding. */
Test(core_encodings, base64_with_padding_and_only_so)
{
    static const struct {
        struct str text;
        bool ok;
        struct str bytes;
    } rows[] = {
        {STR_INIT(""), true, STR_INIT("")},
        {STR_INIT("Zg=="), true, STR_INIT("f")},
        {STR_INIT("Zm8="), true, STR_INIT("fo")},
        {STR_INIT("Zm9v"), true, STR_INIT("foo")},
        {STR_INIT("+/+/"), true, STR_INIT("\xFB\xFF\xBF")},
        {STR_INIT("Zg"), false, STR_INIT("")},
        {STR_INIT("Zg="), false, STR_INIT("")},
        {STR_INIT("Zh=="), false, STR_INIT("")},
        {STR_INIT("Zm9="), false, STR_INIT("")},
        {STR_INIT("-_-_"), false, STR_INIT("")},
        {STR_INIT("A==="), false, STR_INIT("")},
        {STR_INIT("===="), false, STR_INIT("")},
        {STR_INIT("Z=g="), false, STR_INIT("")},
        {STR_INIT("Zg==Zg=="), false, STR_INIT("")},
        {STR_INIT("Zm9v\n==="), false, STR_INIT("")},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char bytes[16];
        size_t len = 99;
        cr_assert_eq(base64_decode(rows[i].text, bytes, &len), rows[i].ok, "row %zu", i);
        if (rows[i].ok)
            cr_assert(str_eq(str_make(bytes, len), rows[i].bytes), "row %zu", i);
    }
}

/* Of all two-character texts just those decode that encoding gives. */
Test(core_encodings, no_two_texts_are_one_value)
{
    unsigned accepted = 0;
    for (unsigned pair = 0; pair < 65536; pair++) {
        char text[2] = {(char)(pair >> 8), (char)pair}, byte, again[2];
        size_t len;
        if (!base64url_decode(str_make(text, 2), &byte, &len))
            continue;
        accepted++;
        cr_assert_eq(len, 1);
        base64url_encode(&byte, 1, again);
        cr_assert(str_eq(str_make(again, 2), str_make(text, 2)));
    }
    cr_assert_eq(accepted, 256);
}

Test(core_encodings, crc32_is_the_common_one)
{
    cr_assert_eq(crc32_of(STR("")), 0);
    cr_assert_eq(crc32_of(STR("123456789")), 0xCBF43926u);
    cr_assert_eq(crc32_of(STR("The quick brown fox jumps over the lazy dog")), 0x414FA339u);
}

Test(core_encodings, a_segment_of_a_path_keeps_its_plus) /* RFC3986-2.1 */
{
    static const struct {
        const char *text, *form, *segment; /* NULL: refused */
    } rows[] = {
        {"", "", ""},        {"a+b", "a b", "a+b"}, {"a%2Bb", "a+b", "a+b"},
        {"%2f", "/", "/"},   {"%", NULL, NULL},     {"%4", NULL, NULL},
        {"%4g", NULL, NULL}, {"%%41", NULL, NULL},  {"a%41", "aA", "aA"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[16];
        size_t len = 0;
        cr_assert_eq(percent_decode(str_from(rows[i].text), out, &len), rows[i].form != NULL);
        cr_assert(rows[i].form == NULL || str_eq(str_make(out, len), str_from(rows[i].form)));
        cr_assert_eq(percent_decode_segment(str_from(rows[i].text), out, &len),
                     rows[i].segment != NULL);
        cr_assert(rows[i].segment == NULL || str_eq(str_make(out, len), str_from(rows[i].segment)));
    }
}

Test(core_encodings, every_byte_survives_percent_encoding) /* RFC3986-2.3 */
{
    char bytes[256], memory[1024], back[1024];
    struct buf b;
    size_t len;

    for (int i = 0; i < 256; i++)
        bytes[i] = (char)i;
    buf_init_fixed(&b, memory, sizeof(memory));
    percent_encode(str_make(bytes, sizeof(bytes)), &b);
    cr_assert(str_is_printable_ascii(buf_view(&b)));
    cr_assert(percent_decode(buf_view(&b), back, &len));
    cr_assert(str_eq(str_make(back, len), str_make(bytes, sizeof(bytes))));
    cr_assert(percent_decode_segment(buf_view(&b), back, &len));
    cr_assert(str_eq(str_make(back, len), str_make(bytes, sizeof(bytes))));
    buf_init_fixed(&b, memory, sizeof(memory));
    percent_encode(STR("aZ09-._~ +/%"), &b);
    cr_assert(str_eq(buf_view(&b), STR("aZ09-._~%20%2B%2F%25")));
}
