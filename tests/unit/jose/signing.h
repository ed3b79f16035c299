/* A key with its working context, and tokens made by hand: what jose's tests share. */
#ifndef TEST_JOSE_SIGNING_H
#define TEST_JOSE_SIGNING_H

#include <criterion/criterion.h>

#include "core/base64.h"
#include "jose/jwk.h"
#include "jose/jws.h"

struct signer {
    struct crypto_key *key;
    struct crypto_ctx *ctx;
    struct key_public parts;
};

static inline void signer_init(struct signer *s, enum key_alg alg)
{
    cr_assert(result_ok(crypto_key_generate(alg, &s->key)));
    cr_assert(result_ok(crypto_ctx_new(s->key, &s->ctx)));
    cr_assert(result_ok(crypto_key_public(s->key, &s->parts)));
}

static inline void signer_done(struct signer *s)
{
    crypto_ctx_free(&s->ctx);
    crypto_key_unref(&s->key);
}

static inline struct str encode(struct arena *arena, struct str bytes)
{
    char *text = arena_alloc(arena, base64url_length(bytes.len) + 1);
    cr_assert_not_null(text);
    base64url_encode(bytes.ptr, bytes.len, text);
    return str_make(text, base64url_length(bytes.len));
}

static inline struct str join(struct arena *arena, struct str a, struct str b, struct str c)
{
    struct buf token;
    buf_init_arena(&token, arena, 256, LIMIT_ARENA);
    buf_str(&token, a);
    buf_char(&token, '.');
    buf_str(&token, b);
    buf_char(&token, '.');
    buf_str(&token, c);
    cr_assert_not(token.failed);
    return buf_view(&token);
}

/* A token under any header at all, truly signed. */
static inline struct str sign_under(struct arena *arena, struct signer *s, struct str header,
                                    struct str payload)
{
    uint8_t signature[SIGNATURE_MAX];
    struct str head = encode(arena, header), body = encode(arena, payload);
    struct str input = join(arena, head, body, STR(""));
    cr_assert(result_ok(crypto_sign(s->ctx, str_slice(input, 0, input.len - 1), signature)));
    struct str raw = str_make((char *)signature, crypto_key_signature_size(s->key));
    return join(arena, head, body, encode(arena, raw));
}

/* Parses and verifies, as every taker of tokens does. */
static inline bool accepts(struct arena *arena, struct signer *s, struct str token)
{
    struct jws jws;
    bool holds = false;
    enum err err = jws_parse(arena, token, &jws);
    cr_assert(err == ERR_NONE || err == ERR_INVALID_TOKEN);
    if (err != ERR_NONE)
        return false;
    cr_assert(result_ok(jws_verify(&jws, s->ctx, &holds)));
    return holds;
}

#endif
