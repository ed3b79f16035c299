#include "audit/head.h"

#include "json/read.h"
#include "json/write.h"

struct str audit_digest_text(const struct digest256 *digest, char memory[AUDIT_DIGEST_TEXT])
{
    struct buf b;

    buf_init_fixed(&b, memory, AUDIT_DIGEST_TEXT);
    buf_hex(&b, digest->bytes, DIGEST256);
    return buf_view(&b);
}

struct result audit_head_sign(const struct audit_head *head, struct str issuer,
                              const struct keyring *keyring, struct keyring_thread *keys,
                              struct buf *out)
{
    const struct keyring_key *key = keyring_active(keyring);
    char payload[LIMIT_TOKEN / 2], digest[AUDIT_DIGEST_TEXT];
    struct crypto_ctx *ctx;
    struct json_writer w;
    struct buf b;

    buf_init_fixed(&b, payload, sizeof(payload));
    json_writer_init(&w, &b);
    json_write_object_begin(&w);
    json_write_member_string(&w, STR("iss"), issuer);
    json_write_member_int(&w, STR("iat"), head->iat_s);
    json_write_member_string(&w, STR("node"), head->node);
    json_write_member_int(&w, STR("seq"), (int64_t)head->at.seq);
    json_write_member_string(&w, STR("digest"), audit_digest_text(&head->at.digest, digest));
    json_write_object_end(&w);
    if (b.failed)
        return FAULT(ERR_FAULT_MEMORY);
    TRY(keyring_thread_ctx(keys, key, &ctx));
    return jws_write(out, keyring_key_prefix(key, JWS_AUDIT_HEAD), buf_view(&b), ctx);
}

static bool read_digest(struct str text, struct digest256 *out)
{
    if (text.len != AUDIT_DIGEST_TEXT)
        return false;
    for (size_t i = 0; i < DIGEST256; i++) {
        int high = str_hex_value(text.ptr[2 * i]), low = str_hex_value(text.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out->bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static enum err read_claims(struct str payload, struct arena *arena, struct audit_head *out)
{
    const struct json_value *claims;
    struct str digest;
    int64_t seq;

    enum err err = json_parse(arena, payload, &json_limits_request, &claims, NULL);
    if (err != ERR_NONE)
        return err;
    if (json_find_int(claims, STR("iat"), &out->iat_s) != JSON_FOUND ||
        json_find_string(claims, STR("node"), &out->node) != JSON_FOUND ||
        json_find_int(claims, STR("seq"), &seq) != JSON_FOUND || seq < 0 ||
        json_find_string(claims, STR("digest"), &digest) != JSON_FOUND ||
        !read_digest(digest, &out->at.digest))
        return ERR_INVALID_TOKEN;
    out->at.seq = (uint64_t)seq;
    return ERR_NONE;
}

/* Type before key and signature: an access token never passes for a head either (8725-3.11-a). */
struct result audit_head_read(struct str token, const struct keyring *keyring,
                              struct keyring_thread *keys, struct arena *arena,
                              struct audit_head *out, enum audit_head_read *out_read)
{
    struct audit_head head;
    struct crypto_ctx *ctx;
    struct jws jws;
    bool holds;

    *out_read = AUDIT_HEAD_NONE;
    enum err err = jws_parse(arena, token, &jws);
    if (err == ERR_FAULT_MEMORY)
        return FAULT(err);
    if (err != ERR_NONE || jws.kid.ptr == NULL ||
        !str_eq_nocase(jws.typ, str_from(jws_type_name(JWS_AUDIT_HEAD))))
        return RESULT_OK;
    const struct keyring_key *key = keyring_find(keyring, jws.kid);
    if (key == NULL || keyring_key_alg(key) != jws.alg) {
        *out_read = AUDIT_HEAD_UNKNOWN_KEY;
        return RESULT_OK;
    }
    TRY(keyring_thread_ctx(keys, key, &ctx));
    TRY(jws_verify(&jws, ctx, &holds));
    if (!holds) {
        *out_read = AUDIT_HEAD_FORGED;
        return RESULT_OK;
    }
    err = read_claims(jws.payload, arena, &head);
    if (err == ERR_FAULT_MEMORY)
        return FAULT(err);
    if (err != ERR_NONE)
        return RESULT_OK;
    *out = head;
    *out_read = AUDIT_HEAD_HOLDS;
    return RESULT_OK;
}
