/* See secret.h. */
#include "client/secret.h"

#include "core/crc32.h"
#include "crypto/digest.h"
#include "crypto/wipe.h"

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static const struct {
    struct str prefix;
    const char *name;
} kinds[] = {
    [SECRET_CLIENT] = {STR_INIT("sm_cs_"), "client secret"},
    [SECRET_REFRESH_TOKEN] = {STR_INIT("sm_rt_"), "refresh token"},
    [SECRET_ACCESS_KEY_ID] = {STR_INIT("sm_ak_"), "access key id"},
    [SECRET_ACCESS_KEY] = {STR_INIT("sm_sk_"), "secret access key"},
};

static_assert((int)SECRET_DIGEST == (int)DIGEST256, "a SHA-256");

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]), BASE = 62 };

/* One big number in base 62, most significant digit first. Long division, digit by digit: the
 * number is small and the secret is made once. Uses up bytes. */
static void write_base62(uint8_t *bytes, size_t n, char *out, size_t out_len)
{
    for (size_t at = out_len; at > 0; at--) {
        unsigned remainder = 0;
        for (size_t i = 0; i < n; i++) {
            unsigned part = remainder << 8 | bytes[i];
            bytes[i] = (uint8_t)(part / BASE);
            remainder = part % BASE;
        }
        out[at - 1] = digits[remainder];
    }
}

static void write_check(struct str what, char out[SECRET_CHECK])
{
    uint32_t crc = crc32_of(what);
    uint8_t bytes[4] = {(uint8_t)(crc >> 24), (uint8_t)(crc >> 16), (uint8_t)(crc >> 8),
                        (uint8_t)crc};
    write_base62(bytes, sizeof(bytes), out, SECRET_CHECK);
}

RESULT secret_new(enum secret_kind kind, struct entropy *entropy, char out[SECRET_TEXT])
{
    uint8_t random[32];
    TRY(entropy_fill(entropy, random, sizeof(random)));
    memcpy(out, kinds[kind].prefix.ptr, SECRET_PREFIX);
    write_base62(random, sizeof(random), out + SECRET_PREFIX, SECRET_BODY);
    wipe(random, sizeof(random));
    write_check(str_make(out, SECRET_PREFIX + SECRET_BODY), out + SECRET_PREFIX + SECRET_BODY);
    return RESULT_OK;
}

bool secret_kind_of(struct str text, enum secret_kind *out)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (str_starts_with(text, kinds[i].prefix)) {
            *out = (enum secret_kind)i;
            return true;
        }
    }
    return false;
}

bool secret_check(struct str text, enum secret_kind *out)
{
    enum secret_kind kind;
    if (text.len != SECRET_TEXT || !secret_kind_of(text, &kind))
        return false;

    size_t checked = SECRET_PREFIX + SECRET_BODY;
    for (size_t i = SECRET_PREFIX; i < checked; i++) {
        char c = text.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')))
            return false;
    }
    char check[SECRET_CHECK];
    write_check(str_slice(text, 0, checked), check);
    if (!str_eq(str_make(check, SECRET_CHECK), str_slice(text, checked, SECRET_TEXT)))
        return false;
    *out = kind;
    return true;
}

void secret_digest(struct str text, uint8_t out[SECRET_DIGEST])
{
    struct digest256 digest = digest_sha256(text);
    memcpy(out, digest.bytes, SECRET_DIGEST);
}

const char *secret_kind_name(enum secret_kind kind)
{
    return kinds[kind].name;
}
