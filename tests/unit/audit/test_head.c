/* Signed heads: what is signed reads back, and neither side of our keys takes the other's for its
 * own. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "audit/head.h"
#include "support/leaks.h"
#include "token/mint.h"
#include "token/verify.h"
#include "unit/token/keys.h"

#define ISSUER "https://as.example"

static struct keys keys;
static struct arena arena;
static char memory[LIMIT_TOKEN];

static void init(void)
{
    keys_init(&keys);
    arena_init(&arena, NULL, 0, 1 << 20);
}

static void done(void)
{
    arena_reset(&arena);
    keys_done(&keys);
    leaks_check();
}

static struct audit_head some_head(void)
{
    struct audit_head head = {.at.seq = 42, .node = STR("node-1"), .iat_s = 1790000000};
    for (int i = 0; i < DIGEST256; i++)
        head.at.digest.bytes[i] = (uint8_t)(i * 8 + 1);
    return head;
}

static struct str sign(const struct audit_head *head)
{
    struct buf out;
    buf_init_fixed(&out, memory, sizeof(memory));
    cr_assert(result_ok(audit_head_sign(head, STR(ISSUER), keys.keyring, keys.thread, &out)));
    return buf_view(&out);
}

static enum audit_head_read reading(struct str token, struct audit_head *out)
{
    enum audit_head_read read;
    cr_assert(result_ok(audit_head_read(token, keys.keyring, keys.thread, &arena, out, &read)));
    return read;
}

Test(head, reads_back)
{
    init();
    struct audit_head head = some_head(), read;
    char text[AUDIT_DIGEST_TEXT];

    cr_assert_eq(reading(sign(&head), &read), AUDIT_HEAD_HOLDS);
    cr_assert_eq(read.at.seq, 42);
    cr_assert_eq(read.iat_s, 1790000000);
    cr_assert(str_eq(read.node, STR("node-1")));
    cr_assert_eq(memcmp(&read.at.digest, &head.at.digest, sizeof(head.at.digest)), 0);
    struct str digest = audit_digest_text(&read.at.digest, text);
    cr_assert(str_starts_with(digest, STR("010911")));
    cr_assert_eq(digest.len, AUDIT_DIGEST_TEXT);
    done();
}

Test(head, is_no_access_token) /* 8725-3.11-a, 9068-4-a */
{
    init();
    struct audit_head head = some_head();
    struct token_plain_audience all_plain = {STR("")};
    struct token_policy policies[] = {
        {.issuer = STR(ISSUER)},
        {.issuer = STR(ISSUER), .plain = &all_plain, .plain_count = 1},
    };
    char kid[LIMIT_KID + 1], header[256], payload[1024];

    snprintf(kid, sizeof(kid), "%.*s", (int)keyring_key_kid(keyring_active(keys.keyring)).len,
             keyring_key_kid(keyring_active(keys.keyring)).ptr);
    for (int i = 0; i < 2; i++) {
        struct verified_token verified;
        bool good;

        cr_assert(result_ok(token_verify(&policies[i], keys.keyring, keys.thread, sign(&head),
                                         &arena, &verified, &good)));
        cr_assert_not(good);
        /* Nor with all that an access token says. */
        snprintf(header, sizeof(header),
                 "{\"alg\":\"ES256\",\"typ\":\"audit-head+jwt\",\"kid\":\"%s\"}", kid);
        snprintf(payload, sizeof(payload),
                 "{\"iss\":\"" ISSUER "\",\"sub\":\"01932f00-0000-7000-8000-000000000001\","
                 "\"aud\":\"https://api.example\",\"exp\":2000,\"iat\":1000,"
                 "\"jti\":\"01932f00-0000-7000-8000-000000000001.1\","
                 "\"client_id\":\"01932f00-0000-7000-8000-000000000001\","
                 "\"scope\":\"calls.read\","
                 "\"partner_sid\":\"01932f00-0000-7000-8000-000000000001\",\"epoch\":0}");
        struct str token = keys_sign(&keys, header, str_from(payload), memory, sizeof(memory));
        cr_assert(result_ok(token_verify(&policies[i], keys.keyring, keys.thread, token, &arena,
                                         &verified, &good)));
        cr_assert_not(good);
        snprintf(header, sizeof(header), "{\"alg\":\"ES256\",\"typ\":\"%s\",\"kid\":\"%s\"}",
                 i == 0 ? "at+jwt" : "JWT", kid);
        token = keys_sign(&keys, header, str_from(payload), memory, sizeof(memory));
        struct audit_head read;
        cr_assert_eq(reading(token, &read), AUDIT_HEAD_NONE, "and a token is no head");
    }
    done();
}

Test(head, claims_of_another_kind_are_none)
{
    static const char *const payloads[] = {
        "",
        "[]",
        "{}",
        "{\"iat\":1,\"node\":\"n\",\"seq\":1}",
        "{\"iat\":1,\"node\":\"n\",\"seq\":1,\"digest\":\"00\"}",
        "{\"iat\":1,\"node\":\"n\",\"seq\":1,\"digest\":"
        "\"gg00000000000000000000000000000000000000000000000000000000000000\"}",
        "{\"iat\":1,\"node\":\"n\",\"seq\":-1,\"digest\":"
        "\"0000000000000000000000000000000000000000000000000000000000000000\"}",
        "{\"iat\":1,\"node\":\"n\",\"seq\":\"1\",\"digest\":"
        "\"0000000000000000000000000000000000000000000000000000000000000000\"}",
        "{\"iat\":1,\"node\":7,\"seq\":1,\"digest\":"
        "\"0000000000000000000000000000000000000000000000000000000000000000\"}",
        "{\"node\":\"n\",\"seq\":1,\"digest\":"
        "\"0000000000000000000000000000000000000000000000000000000000000000\"}",
    };
    struct audit_head read;
    char header[256];

    init();
    struct str kid = keyring_key_kid(keyring_active(keys.keyring));
    snprintf(header, sizeof(header),
             "{\"alg\":\"ES256\",\"typ\":\"audit-head+jwt\",\"kid\":\"%.*s\"}", (int)kid.len,
             kid.ptr);
    for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++)
        cr_assert_eq(
            reading(keys_sign(&keys, header, str_from(payloads[i]), memory, sizeof(memory)), &read),
            AUDIT_HEAD_NONE, "%s", payloads[i]);
    done();
}

Test(head, a_changed_or_foreign_one_does_not_hold)
{
    init();
    struct audit_head head = some_head(), read;
    struct str token = sign(&head);
    struct keys others;

    memory[token.len - 5] = memory[token.len - 5] == 'A' ? 'B' : 'A';
    cr_assert_eq(reading(token, &read), AUDIT_HEAD_FORGED);
    cr_assert_eq(reading(STR("no head"), &read), AUDIT_HEAD_NONE);
    cr_assert_eq(reading(STR(""), &read), AUDIT_HEAD_NONE);
    keys_init(&others);
    struct buf out;
    buf_init_fixed(&out, memory, sizeof(memory));
    cr_assert(result_ok(audit_head_sign(&head, STR(ISSUER), others.keyring, others.thread, &out)));
    cr_assert_eq(reading(buf_view(&out), &read), AUDIT_HEAD_UNKNOWN_KEY);
    keys_done(&others);
    done();
}

Test(head, without_room_nothing_is_written)
{
    init();
    struct audit_head head = some_head(), read;
    enum audit_head_read verdict;
    struct arena small;
    struct buf out;

    buf_init_fixed(&out, memory, 64);
    struct result r = audit_head_sign(&head, STR(ISSUER), keys.keyring, keys.thread, &out);
    cr_assert_eq(r.code, ERR_FAULT_MEMORY);
    cr_assert_eq(out.len, 0);
    struct str token = sign(&head);
    arena_init(&small, NULL, 0, 16);
    r = audit_head_read(token, keys.keyring, keys.thread, &small, &read, &verdict);
    cr_assert_eq(r.code, ERR_FAULT_MEMORY);
    arena_reset(&small);
    done();
}
