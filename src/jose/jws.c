#include "jose/jws.h"

#include <assert.h>

#include "core/base64.h"
#include "json/write.h"

static const char *const type_names[JWS_TYPE_COUNT] = {"at+jwt", "JWT", "audit-head+jwt"};

const char *jws_type_name(enum jws_type type)
{
    return type_names[type];
}

void jws_prefix_init(struct jws_prefix *out, enum key_alg alg, enum jws_type type, struct str kid)
{
    char header[JWS_PREFIX_MAX / 4 * 3 - 3];
    struct buf b;
    struct json_writer w;

    assert(kid.len <= LIMIT_KID);
    buf_init_fixed(&b, header, sizeof(header));
    json_writer_init(&w, &b);
    json_write_object_begin(&w);
    json_write_member_string(&w, STR("alg"), str_from(key_alg_name(alg)));
    json_write_member_string(&w, STR("typ"), str_from(type_names[type]));
    json_write_member_string(&w, STR("kid"), kid);
    json_write_object_end(&w);
    assert(!b.failed);

    out->alg = alg;
    out->type = type;
    out->kid = kid;
    base64url_encode(b.ptr, b.len, out->text);
    out->len = base64url_length(b.len);
    out->text[out->len++] = '.';
}

size_t jws_size(const struct jws_prefix *prefix, size_t payload_len, const struct crypto_ctx *ctx)
{
    return prefix->len + base64url_length(payload_len) + 1 +
           base64url_length(crypto_key_signature_size(crypto_ctx_key(ctx)));
}

struct result jws_write(struct buf *out, const struct jws_prefix *prefix, struct str payload,
                        struct crypto_ctx *ctx)
{
    uint8_t signature[SIGNATURE_MAX];
    size_t size = jws_size(prefix, payload.len, ctx);
    char *start = buf_reserve(out, size);

    if (start == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    memcpy(start, prefix->text, prefix->len);
    base64url_encode(payload.ptr, payload.len, start + prefix->len);
    size_t signed_len = prefix->len + base64url_length(payload.len);
    TRY(crypto_sign(ctx, str_make(start, signed_len), signature));
    start[signed_len] = '.';
    base64url_encode(signature, crypto_key_signature_size(crypto_ctx_key(ctx)),
                     start + signed_len + 1);
    out->len += size;
    return RESULT_OK;
}

struct result jws_verify(const struct jws *jws, struct crypto_ctx *ctx, bool *out_holds)
{
    if (jws->alg != crypto_key_alg(crypto_ctx_key(ctx))) { /* 8725-3.1-a */
        *out_holds = false;
        return RESULT_OK;
    }
    return crypto_verify(ctx, jws->signing_input, jws->signature, out_holds);
}
