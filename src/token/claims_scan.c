/* Claims exactly as token_claims_write() puts them, read without a JSON parser: what a token of
 * ours looks like. Nothing here says no to a token: whatever does not fit to the byte is left to
 * the general reader, and what fits means the same to it (each member once, text without escapes).
 */
#include "token/claims.h"

/* The first that does not fit ends it: rest is then of no use. */
static bool take(struct str *rest, struct str literal)
{
    if (!str_starts_with(*rest, literal))
        return false;
    *rest = str_slice(*rest, literal.len, rest->len);
    return true;
}

/* Up to the quote, which goes too. */
static bool take_text(struct str *rest, struct str *out)
{
    size_t len = str_plain_run(*rest, '"', '\\');

    *out = str_slice(*rest, 0, len);
    *rest = str_slice(*rest, len, rest->len);
    return take(rest, STR("\""));
}

static bool take_number(struct str *rest, uint64_t max, uint64_t *out)
{
    size_t len = 0;

    while (len < rest->len && rest->ptr[len] >= '0' && rest->ptr[len] <= '9')
        len++;
    struct str digits = str_slice(*rest, 0, len);
    *rest = str_slice(*rest, len, rest->len);
    return str_to_u64(digits, max, out);
}

static bool take_time(struct str *rest, int64_t *out)
{
    uint64_t value;

    if (!take_number(rest, INT64_MAX, &value) || value == 0)
        return false;
    *out = (int64_t)value;
    return true;
}

static bool take_sid(struct str *rest, struct sid *out)
{
    if (rest->len < SID_TEXT || !sid_parse(str_slice(*rest, 0, SID_TEXT), out))
        return false;
    *rest = str_slice(*rest, SID_TEXT, rest->len);
    return true;
}

static bool take_generation(struct str *rest, uint32_t *out)
{
    uint64_t value;

    if (!take_number(rest, UINT32_MAX, &value) || value == 0)
        return false;
    *out = (uint32_t)value;
    return true;
}

static bool take_audiences(struct str *rest, struct token_claims *out)
{
    out->audience_count = 1;
    if (take(rest, STR("\"")))
        return take_text(rest, &out->audiences[0]);
    if (!take(rest, STR("[\"")) || !take_text(rest, &out->audiences[0]))
        return false;
    while (out->audience_count < LIMIT_AUDIENCES && take(rest, STR(",\"")))
        if (!take_text(rest, &out->audiences[out->audience_count++]))
            return false;
    return take(rest, STR("]"));
}

bool token_claims_scan(struct str payload, struct token_claims *out)
{
    struct str rest = payload;

    return take(&rest, STR("{\"iss\":\"")) && take_text(&rest, &out->issuer) &&
           take(&rest, STR(",\"sub\":\"")) && take_text(&rest, &out->subject) &&
           take(&rest, STR(",\"aud\":")) && take_audiences(&rest, out) &&
           take(&rest, STR(",\"exp\":")) && take_time(&rest, &out->exp_s) &&
           take(&rest, STR(",\"iat\":")) && take_time(&rest, &out->iat_s) &&
           take(&rest, STR(",\"jti\":\"")) && take_sid(&rest, &out->token_sid) &&
           take(&rest, STR(".")) && take_generation(&rest, &out->generation) &&
           take(&rest, STR("\",\"client_id\":\"")) && take_sid(&rest, &out->client_id) &&
           take(&rest, STR("\",\"scope\":\"")) && take_text(&rest, &out->scope) &&
           take(&rest, STR(",\"partner_sid\":\"")) && take_sid(&rest, &out->partner_sid) &&
           take(&rest, STR("\",\"epoch\":")) && take_number(&rest, INT64_MAX, &out->epoch) &&
           str_eq(rest, STR("}"));
}
