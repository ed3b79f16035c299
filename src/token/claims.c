#include "token/claims.h"

#include "json/read.h"

enum { GENERATION_MAX = 0xFFFFFFFF };

void token_claims_write_jti(struct json_writer *w, const struct token_claims *claims)
{
    char text[JTI_MAX];
    struct buf b;

    sid_format(&claims->token_sid, text);
    buf_init_fixed(&b, text, sizeof(text));
    b.len = SID_TEXT;
    buf_char(&b, '.');
    buf_u64(&b, claims->generation);
    json_write_member_string(w, STR("jti"), buf_view(&b));
}

/* RFC7519-4.1.3: one audience is a string, several an array. */
void token_claims_write_aud(struct json_writer *w, const struct token_claims *claims)
{
    json_write_key(w, STR("aud"));
    if (claims->audience_count == 1) {
        json_write_string(w, claims->audiences[0]);
        return;
    }
    json_write_array_begin(w);
    for (size_t i = 0; i < claims->audience_count; i++)
        json_write_string(w, claims->audiences[i]);
    json_write_array_end(w);
}

bool token_claims_has_audience(const struct token_claims *claims, struct str audience)
{
    for (size_t i = 0; i < claims->audience_count; i++)
        if (str_eq(claims->audiences[i], audience))
            return true;
    return false;
}

void token_claims_write(const struct token_claims *claims, struct buf *out)
{
    struct json_writer w;

    json_writer_init(&w, out);
    json_write_object_begin(&w);
    json_write_member_string(&w, STR("iss"), claims->issuer);
    json_write_member_string(&w, STR("sub"), claims->subject);
    token_claims_write_aud(&w, claims);
    json_write_member_int(&w, STR("exp"), claims->exp_s);
    json_write_member_int(&w, STR("iat"), claims->iat_s);
    token_claims_write_jti(&w, claims);
    json_write_key(&w, STR("client_id"));
    json_write_sid(&w, &claims->client_id);
    json_write_member_string(&w, STR("scope"), claims->scope);
    json_write_key(&w, STR("partner_sid"));
    json_write_sid(&w, &claims->partner_sid);
    json_write_member_int(&w, STR("epoch"), (int64_t)claims->epoch);
    json_write_object_end(&w);
}

static bool read_sid(const struct json_value *object, struct str key, struct sid *out)
{
    struct str text;
    return json_string(json_member(object, key), &text) && sid_parse(text, out);
}

static bool read_jti(const struct json_value *object, struct token_claims *out)
{
    struct str jti;
    uint64_t generation;

    if (!json_string(json_member(object, STR("jti")), &jti) || jti.len <= SID_TEXT + 1 ||
        jti.ptr[SID_TEXT] != '.' || !sid_parse(str_slice(jti, 0, SID_TEXT), &out->token_sid) ||
        !str_to_u64(str_slice(jti, SID_TEXT + 1, jti.len), GENERATION_MAX, &generation) ||
        generation == 0)
        return false;
    out->generation = (uint32_t)generation;
    return true;
}

static bool read_audiences(const struct json_value *object, struct token_claims *out)
{
    const struct json_value *aud = json_member(object, STR("aud"));

    out->audience_count = 0;
    if (json_string(aud, &out->audiences[0])) {
        out->audience_count = 1;
        return true;
    }
    if (!json_is(aud, JSON_ARRAY) || json_count(aud) == 0 || json_count(aud) > LIMIT_AUDIENCES)
        return false;
    for (const struct json_value *v = json_first(aud); v != NULL; v = json_next(v))
        if (!json_string(v, &out->audiences[out->audience_count++]))
            return false;
    return true;
}

static bool read_numbers(const struct json_value *object, struct token_claims *out)
{
    int64_t epoch, nbf_s;

    if (!json_int(json_member(object, STR("exp")), &out->exp_s) || out->exp_s <= 0 ||
        !json_int(json_member(object, STR("iat")), &out->iat_s) || out->iat_s <= 0 ||
        !json_int(json_member(object, STR("epoch")), &epoch) || epoch < 0)
        return false;
    out->epoch = (uint64_t)epoch;
    /* We never write nbf; one that is there makes the token somebody else's work (7662-2.2-e). */
    return json_find_int(object, STR("nbf"), &nbf_s) == JSON_ABSENT;
}

static enum err read_general(struct str payload, struct arena *arena, struct token_claims *out)
{
    const struct json_value *object;
    enum err err = json_parse(arena, payload, &json_limits_request, &object, NULL);

    if (err == ERR_FAULT_MEMORY)
        return err;
    if (err != ERR_NONE || !json_is(object, JSON_OBJECT))
        return ERR_INVALID_TOKEN;
    if (!json_string(json_member(object, STR("iss")), &out->issuer) ||
        !json_string(json_member(object, STR("sub")), &out->subject) ||
        !json_string(json_member(object, STR("scope")), &out->scope) ||
        !read_sid(object, STR("client_id"), &out->client_id) ||
        !read_sid(object, STR("partner_sid"), &out->partner_sid) || !read_jti(object, out) ||
        !read_audiences(object, out) || !read_numbers(object, out))
        return ERR_INVALID_TOKEN;
    return ERR_NONE;
}

enum err token_claims_read(struct str payload, struct arena *arena, struct token_claims *out)
{
    struct sid subject;

    if (!token_claims_scan(payload, out)) {
        enum err err = read_general(payload, arena, out);
        if (err != ERR_NONE)
            return err;
    }
    out->user_sid = (struct sid){{0}};
    if (!sid_parse(out->subject, &subject))
        return ERR_INVALID_TOKEN;
    if (!sid_eq(&subject, &out->client_id))
        out->user_sid = subject;
    return ERR_NONE;
}
