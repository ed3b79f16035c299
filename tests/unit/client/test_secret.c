/* Secrets (SPEC 3, P5). The texts below were computed by other means (Python's integers and zlib).
 */
#include <criterion/criterion.h>

#include "client/secret.h"
#include "support/fake.h"

struct bytes_entropy {
    struct entropy entropy;
    uint8_t bytes[32];
};

static struct result give_bytes(struct entropy *entropy, void *out, size_t n)
{
    cr_assert_eq(n, (size_t)32, "256 bits are asked for");
    memcpy(out, ((struct bytes_entropy *)entropy)->bytes, n);
    return RESULT_OK;
}

static const struct {
    enum secret_kind kind;
    uint8_t first, step;
    const char *text;
} vectors[] = {
    {SECRET_CLIENT, 0x00, 0, "sm_cs_00000000000000000000000000000000000000000004GQhNF"},
    {SECRET_REFRESH_TOKEN, 0xff, 0, "sm_rt_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp125QpFU"},
    {SECRET_ACCESS_KEY_ID, 0x00, 1, "sm_ak_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf0ZaExW"},
    {SECRET_ACCESS_KEY, 0xff, 0xff, "sm_sk_yhgIGB9quGfHP8Y83EcC2im5kZukTeYkpb69aekqK3M3HMlZE"},
};
enum { VECTORS = sizeof(vectors) / sizeof(vectors[0]) };

Test(secret, is_prefix_body_and_checksum)
{
    for (size_t i = 0; i < VECTORS; i++) {
        struct bytes_entropy source = {.entropy = {give_bytes}};
        char text[SECRET_TEXT];
        for (unsigned b = 0; b < 32; b++)
            source.bytes[b] = (uint8_t)(vectors[i].first + b * vectors[i].step);
        cr_assert(result_ok(secret_new(vectors[i].kind, &source.entropy, text)));
        cr_assert(str_eq(str_make(text, SECRET_TEXT), str_from(vectors[i].text)), "%s is %.*s",
                  vectors[i].text, SECRET_TEXT, text);
    }
}

Test(secret, is_refused_by_failing_entropy)
{
    struct fake_entropy source;
    char text[SECRET_TEXT];
    fake_entropy_init(&source, 1);
    source.fail_after = 0;
    cr_assert_eq(secret_new(SECRET_CLIENT, &source.entropy, text).code, ERR_FAULT_ENTROPY);
}

Test(secret, check_takes_what_new_made)
{
    struct fake_entropy source;
    fake_entropy_init(&source, 7);
    for (unsigned i = 0; i < 400; i++) {
        enum secret_kind made = (enum secret_kind)(i % 4), read;
        char text[SECRET_TEXT];
        cr_assert(result_ok(secret_new(made, &source.entropy, text)));
        cr_assert(secret_check(str_make(text, SECRET_TEXT), &read));
        cr_assert_eq(read, made);
        for (size_t c = 0; c < SECRET_TEXT; c++) /* SPEC 4: form-urlencoding leaves them alone */
            cr_assert(text[c] == '_' || (text[c] >= '0' && text[c] <= '9') ||
                      (text[c] >= 'A' && text[c] <= 'Z') || (text[c] >= 'a' && text[c] <= 'z'));
    }
}

Test(secret, check_finds_each_changed_character)
{
    for (size_t v = 0; v < VECTORS; v++) {
        for (size_t at = 0; at < SECRET_TEXT; at++) {
            char text[SECRET_TEXT];
            enum secret_kind kind;
            memcpy(text, vectors[v].text, SECRET_TEXT);
            text[at] = text[at] == 'x' ? 'y' : 'x';
            cr_assert_not(secret_check(str_make(text, SECRET_TEXT), &kind), "at %zu", at);
        }
    }
}

Test(secret, check_refuses)
{
    static const struct str texts[] = {
        STR_INIT(""),
        STR_INIT("sm_cs_"),
        STR_INIT("sm_cs_00000000000000000000000000000000000000000004GQhN"),   /* one short */
        STR_INIT("sm_cs_00000000000000000000000000000000000000000004GQhNF0"), /* one long */
        STR_INIT("sm_sk_00000000000000000000000000000000000000000004GQhNF"),  /* of another kind */
        STR_INIT("sm_xx_00000000000000000000000000000000000000000004GQhNF"),
        STR_INIT("SM_CS_00000000000000000000000000000000000000000004GQhNF"),
        STR_INIT("sm_cs_0000000000000000000000000000000000000000000\0GQhNF"),
        STR_INIT("sm_cs_-0000000000000000000000000000000000000000004GQhNF"),
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        enum secret_kind kind = SECRET_ACCESS_KEY;
        cr_assert_not(secret_check(texts[i], &kind), "%zu", i);
        cr_assert_eq(kind, SECRET_ACCESS_KEY, "untouched");
    }
}

Test(secret, kind_is_told_by_the_prefix_alone)
{
    enum secret_kind kind;
    cr_assert(secret_kind_of(STR("sm_rt_damaged"), &kind));
    cr_assert_eq(kind, SECRET_REFRESH_TOKEN);
    cr_assert_str_eq(secret_kind_name(kind), "refresh token");
    cr_assert_not(secret_kind_of(STR("sm_r"), &kind));
    cr_assert_not(secret_kind_of(STR(" sm_rt_"), &kind));
}

Test(secret, digest_is_the_sha256_of_the_whole_text)
{
    static const uint8_t expected[SECRET_DIGEST] = {
        0x81, 0x27, 0x0e, 0xfc, 0x64, 0x2f, 0x53, 0xa7, 0x6c, 0xee, 0x4f,
        0xf6, 0x9a, 0x0c, 0xe0, 0xb7, 0xa1, 0x99, 0xba, 0xb5, 0x2e, 0xb6,
        0xd8, 0x38, 0xd1, 0x20, 0x29, 0xed, 0x2e, 0x01, 0xb3, 0x06,
    };
    uint8_t digest[SECRET_DIGEST];
    secret_digest(str_from(vectors[0].text), digest);
    cr_assert_arr_eq(digest, expected, SECRET_DIGEST);
}
