#include "jose/key_set.h"

#include "core/base64.h"
#include "jose/jwk.h"
#include "jose/jws.h"
#include "json/write.h"

enum { WRONG_MAX = 160, NUMBER_TEXT = (KEY_PART_MAX * 4 + 2) / 3 };

static const struct json_limits set_limits = {.depth = 6, .keys = 32, .values = 512};

/* Of private and of symmetric keys (RFC7518-6.2.2, RFC7518-6.3.2, RFC7518-6.4.1). */
static const struct str secret_members[] = {
    STR_INIT("d"),  STR_INIT("p"),  STR_INIT("q"),   STR_INIT("dp"),
    STR_INIT("dq"), STR_INIT("qi"), STR_INIT("oth"), STR_INIT("k"),
};

/* Each would have us fetch a key. */
static const struct str fetched_members[] = {STR_INIT("x5u"), STR_INIT("jku")};

struct reader {
    struct arena *arena;
    size_t at; /* the key being read */
    struct str *out_wrong;
};

/* member: NULL when it is the key as a whole. */
static enum err wrong(const struct reader *r, const char *member, const char *what)
{
    struct buf b;

    buf_init_arena(&b, r->arena, WRONG_MAX, WRONG_MAX);
    buf_cstr(&b, "keys[");
    buf_u64(&b, r->at);
    buf_char(&b, ']');
    if (member != NULL) {
        buf_char(&b, '.');
        buf_cstr(&b, member);
    }
    buf_char(&b, ' ');
    buf_cstr(&b, what);
    if (b.failed)
        return ERR_FAULT_MEMORY;
    *r->out_wrong = buf_view(&b);
    return ERR_INVALID_VALUE;
}

static enum err refuse_members(const struct reader *r, const struct json_value *jwk)
{
    for (size_t i = 0; i < sizeof(secret_members) / sizeof(secret_members[0]); i++)
        if (json_member(jwk, secret_members[i]) != NULL)
            return wrong(r, secret_members[i].ptr,
                         "belongs to a secret key; make a new key and send its public part alone");
    for (size_t i = 0; i < sizeof(fetched_members) / sizeof(fetched_members[0]); i++)
        if (json_member(jwk, fetched_members[i]) != NULL)
            return wrong(r, fetched_members[i].ptr, "is not taken; keys are given by value");
    return ERR_NONE;
}

/* RFC7517-4.2, RFC7517-4.3: a key made for something else is not used here. */
static enum err read_use(const struct reader *r, const struct json_value *jwk)
{
    const struct json_value *operations = json_member(jwk, STR("key_ops"));
    struct str use = STR("sig"), operation;

    if (json_find_string(jwk, STR("use"), &use) == JSON_WRONG || !str_eq(use, STR("sig")))
        return wrong(r, "use", "must be absent or \"sig\"");
    if (operations != NULL &&
        (!json_is(operations, JSON_ARRAY) || json_count(operations) != 1 ||
         !json_string(json_first(operations), &operation) || !str_eq(operation, STR("verify"))))
        return wrong(r, "key_ops", "must be absent or [\"verify\"]");
    return ERR_NONE;
}

static enum err read_kid(const struct reader *r, const struct json_value *jwk,
                         const struct key_set *before, struct str *out)
{
    struct str kid;

    if (json_find_string(jwk, STR("kid"), &kid) != JSON_FOUND || !jws_is_kid(kid))
        return wrong(r, "kid", "must be a string of 1 to 64 of A-Z a-z 0-9 _ -");
    for (size_t i = 0; i < before->count; i++)
        if (str_eq(before->keys[i].kid, kid))
            return wrong(r, "kid", "is the name of an earlier key of the set too");
    *out = kid;
    return ERR_NONE;
}

static bool member_is(const struct json_value *jwk, struct str name, struct str expected)
{
    struct str value;
    return json_find_string(jwk, name, &value) == JSON_FOUND && str_eq(value, expected);
}

/* The type that the algorithm needs (RFC7518-3.1, RFC8037-3.1). */
static enum err read_alg(const struct reader *r, const struct json_value *jwk, enum key_alg *out)
{
    static const struct {
        struct str kty, crv;
        const char *kty_wrong, *crv_wrong;
    } types[KEY_ALG_COUNT] = {
        [KEY_ES256] = {STR_INIT("EC"), STR_INIT("P-256"), "must be \"EC\" for this alg",
                       "must be \"P-256\" for this alg"},
        [KEY_EDDSA] = {STR_INIT("OKP"), STR_INIT("Ed25519"), "must be \"OKP\" for this alg",
                       "must be \"Ed25519\" for this alg"},
        [KEY_RS256] = {STR_INIT("RSA"), {NULL, 0}, "must be \"RSA\" for this alg", NULL},
        [KEY_PS256] = {STR_INIT("RSA"), {NULL, 0}, "must be \"RSA\" for this alg", NULL},
    };
    struct str name;
    enum key_alg alg;

    if (json_find_string(jwk, STR("alg"), &name) != JSON_FOUND || !jws_alg_of_others(name, &alg))
        return wrong(r, "alg", "must be one of ES256, EdDSA, RS256, PS256");
    if (!member_is(jwk, STR("kty"), types[alg].kty))
        return wrong(r, "kty", types[alg].kty_wrong);
    if (types[alg].crv.ptr != NULL && !member_is(jwk, STR("crv"), types[alg].crv))
        return wrong(r, "crv", types[alg].crv_wrong);
    *out = alg;
    return ERR_NONE;
}

static enum err read_number(const struct reader *r, const struct json_value *jwk, const char *name,
                            struct key_part *out)
{
    uint8_t bytes[NUMBER_TEXT];
    struct str text;

    if (json_find_string(jwk, str_from(name), &text) != JSON_FOUND)
        return wrong(r, name, "is missing or not a string");
    if (text.len > NUMBER_TEXT)
        return wrong(r, name, "is too long; RSA keys have 2048 to 4096 bits");
    if (!base64url_decode(text, bytes, &out->len))
        return wrong(r, name, "is not base64url without padding");
    memcpy(out->bytes, bytes, out->len);
    return ERR_NONE;
}

static enum err read_numbers(const struct reader *r, const struct json_value *jwk,
                             struct key_public *out)
{
    bool rsa = out->alg == KEY_RS256 || out->alg == KEY_PS256;
    const char *second = out->alg == KEY_ES256 ? "y" : rsa ? "e" : NULL;
    struct crypto_key *key = NULL;

    enum err err = read_number(r, jwk, rsa ? "n" : "x", &out->x_or_n);
    if (err == ERR_NONE && second != NULL)
        err = read_number(r, jwk, second, &out->y_or_e);
    if (err != ERR_NONE)
        return err;
    enum key_refusal refusal = crypto_key_from_public(out, &key);
    crypto_key_unref(&key);
    if (refusal == KEY_NO_MEMORY)
        return ERR_FAULT_MEMORY;
    return refusal == KEY_TAKEN ? ERR_NONE : wrong(r, NULL, key_refusal_text(refusal));
}

static enum err read_key(const struct reader *r, const struct json_value *jwk, struct key_set *set)
{
    struct key_set_key *key = &set->keys[set->count];

    if (!json_is(jwk, JSON_OBJECT))
        return wrong(r, NULL, "is not an object");
    enum err err = refuse_members(r, jwk);
    if (err == ERR_NONE)
        err = read_use(r, jwk);
    if (err == ERR_NONE)
        err = read_kid(r, jwk, set, &key->kid);
    if (err == ERR_NONE)
        err = read_alg(r, jwk, &key->key.alg);
    if (err == ERR_NONE)
        err = read_numbers(r, jwk, &key->key);
    if (err == ERR_NONE)
        set->count++;
    return err;
}

enum err key_set_read(struct arena *arena, const struct json_value *value,
                      const struct key_set **out, struct str *out_wrong)
{
    const struct json_value *keys = json_member(value, STR("keys"));
    struct reader r = {.arena = arena, .out_wrong = out_wrong};

    if (!json_is(keys, JSON_ARRAY) || json_count(keys) == 0 || json_count(keys) > KEY_SET_MAX) {
        *out_wrong = STR("must be a JWK Set: an object whose keys is an array of 1 to 8 keys");
        return ERR_INVALID_VALUE;
    }
    struct key_set *set = arena_zalloc(arena, sizeof(*set));
    if (set == NULL)
        return ERR_FAULT_MEMORY;
    for (const struct json_value *jwk = json_first(keys); jwk != NULL; jwk = json_next(jwk)) {
        enum err err = read_key(&r, jwk, set);
        if (err != ERR_NONE)
            return err;
        r.at++;
    }
    *out = set;
    return ERR_NONE;
}

enum err key_set_parse(struct arena *arena, struct str text, const struct key_set **out,
                       struct str *out_wrong)
{
    const struct json_value *value;
    enum err err = text.len <= KEY_SET_TEXT ? json_parse(arena, text, &set_limits, &value, NULL)
                                            : ERR_BAD_JSON;

    if (err == ERR_BAD_JSON) {
        *out_wrong = STR("is not JSON, or far too much of it");
        return ERR_INVALID_VALUE;
    }
    return err == ERR_NONE ? key_set_read(arena, value, out, out_wrong) : err;
}

void key_set_write(struct buf *out, const struct key_set *set)
{
    buf_cstr(out, "{\"keys\":[");
    for (size_t i = 0; i < set->count; i++) {
        if (i > 0)
            buf_char(out, ',');
        jwk_write(out, &set->keys[i].key, set->keys[i].kid);
    }
    buf_cstr(out, "]}");
}

const struct key_set_key *key_set_find(const struct key_set *set, struct str kid)
{
    if (kid.ptr == NULL)
        return set->count == 1 ? &set->keys[0] : NULL;
    for (size_t i = 0; i < set->count; i++)
        if (str_eq(set->keys[i].kid, kid))
            return &set->keys[i];
    return NULL;
}
