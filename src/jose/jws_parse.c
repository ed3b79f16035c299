#include "core/base64.h"
#include "jose/jws.h"
#include "json/read.h"

enum { SIGNATURE_TEXT_MAX = (SIGNATURE_MAX * 4 + 2) / 3 };

static const struct json_limits header_limits = {.depth = 4, .keys = 16, .values = 32};

/* Each would have us fetch or believe a key, or read the token in another way than we do
 * (RFC7515-4.1, RFC7516-4.1, RFC7797-3): 8725-3.6-a, 8725-3.10-b, 8725-x-b. */
static const struct str refused_members[] = {
    STR_INIT("crit"), STR_INIT("jku"), STR_INIT("jwk"), STR_INIT("x5u"), STR_INIT("x5c"),
    STR_INIT("enc"),  STR_INIT("zip"), STR_INIT("b64"), STR_INIT("x5t"), STR_INIT("x5t#S256"),
};

bool jws_is_kid(struct str kid)
{
    if (kid.len == 0 || kid.len > LIMIT_KID)
        return false;
    for (size_t i = 0; i < kid.len; i++) {
        char c = kid.ptr[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '-'))
            return false;
    }
    return true;
}

/* Three pieces, none of them empty. */
static bool split(struct str token, struct str out_pieces[3])
{
    for (int i = 0; i < 2; i++) {
        size_t dot = str_find(token, '.');
        if (dot == 0 || dot == token.len)
            return false;
        out_pieces[i] = str_slice(token, 0, dot);
        token = str_slice(token, dot + 1, token.len);
    }
    out_pieces[2] = token;
    return token.len > 0 && str_find(token, '.') == token.len;
}

static enum err decode(struct arena *arena, struct str text, struct str *out)
{
    size_t len;
    char *bytes = arena_alloc(arena, text.len / 4 * 3 + 3);
    if (bytes == NULL)
        return ERR_FAULT_MEMORY;
    if (!base64url_decode(text, bytes, &len))
        return ERR_INVALID_TOKEN;
    *out = str_make(bytes, len);
    return ERR_NONE;
}

/* key_alg_parse, or what takes more names. */
typedef bool alg_reader(struct str name, enum key_alg *out);

static enum err read_header(struct arena *arena, struct str text, alg_reader *read_alg,
                            struct jws *out)
{
    const struct json_value *header;
    struct str json, alg;

    enum err err = decode(arena, text, &json);
    if (err != ERR_NONE)
        return err;
    err = json_parse(arena, json, &header_limits, &header, NULL);
    if (err != ERR_NONE)
        return err == ERR_BAD_JSON ? ERR_INVALID_TOKEN : err;
    if (!json_is(header, JSON_OBJECT))
        return ERR_INVALID_TOKEN;
    for (size_t i = 0; i < sizeof(refused_members) / sizeof(refused_members[0]); i++) {
        if (json_member(header, refused_members[i]) != NULL)
            return ERR_INVALID_TOKEN;
    }
    if (json_find_string(header, STR("alg"), &alg) != JSON_FOUND || !read_alg(alg, &out->alg) ||
        json_find_string(header, STR("typ"), &out->typ) == JSON_WRONG ||
        json_find_string(header, STR("kid"), &out->kid) == JSON_WRONG ||
        (out->kid.ptr != NULL && !jws_is_kid(out->kid))) /* 8725-3.10-a, THREATS-7 */
        return ERR_INVALID_TOKEN;
    return ERR_NONE;
}

/* Three pieces of bearable length. */
static bool take_apart(struct str token, struct str out_pieces[3])
{
    return token.len <= LIMIT_TOKEN && split(token, out_pieces) &&
           out_pieces[0].len <= JWS_HEADER_MAX && out_pieces[2].len <= SIGNATURE_TEXT_MAX;
}

static enum err read_rest(struct arena *arena, struct str token, const struct str pieces[3],
                          struct jws *out)
{
    enum err err = decode(arena, pieces[2], &out->signature);
    if (err == ERR_NONE)
        err = decode(arena, pieces[1], &out->payload);
    out->signing_input = str_slice(token, 0, pieces[0].len + 1 + pieces[1].len);
    return err;
}

static enum err parse(struct arena *arena, struct str token, alg_reader *read_alg, struct jws *out)
{
    struct str pieces[3];
    struct jws jws = {.typ = STR_NONE, .kid = STR_NONE};

    if (!take_apart(token, pieces))
        return ERR_INVALID_TOKEN;
    enum err err = read_header(arena, pieces[0], read_alg, &jws);
    if (err == ERR_NONE)
        err = read_rest(arena, token, pieces, &jws);
    if (err == ERR_NONE)
        *out = jws;
    return err;
}

bool jws_parse_known(struct arena *arena, struct str token, const struct jws_prefix *prefix,
                     struct jws *out, enum err *out_err)
{
    struct jws jws = {
        .alg = prefix->alg, .typ = str_from(jws_type_name(prefix->type)), .kid = prefix->kid};
    struct str pieces[3];

    if (!str_starts_with(token, str_make(prefix->text, prefix->len)))
        return false;
    *out_err =
        take_apart(token, pieces) ? read_rest(arena, token, pieces, &jws) : ERR_INVALID_TOKEN;
    if (*out_err == ERR_NONE)
        *out = jws;
    return true;
}

enum err jws_parse(struct arena *arena, struct str token, struct jws *out)
{
    return parse(arena, token, key_alg_parse, out);
}

bool jws_alg_of_others(struct str name, enum key_alg *out)
{
    return key_alg_parse(str_eq(name, STR("Ed25519")) ? STR("EdDSA") : name, out);
}

enum err jws_parse_of_others(struct arena *arena, struct str token, struct jws *out)
{
    return parse(arena, token, jws_alg_of_others, out);
}
