#include "client/registration.h"

#include <string.h>

const struct str registration_grant_names[REGISTRATION_GRANTS] = {
    [REGISTRATION_CLIENT_CREDENTIALS] = STR_INIT("client_credentials"),
    [REGISTRATION_REFRESH_TOKEN] = STR_INIT("refresh_token"),
    [REGISTRATION_AUTHORIZATION_CODE] = STR_INIT("authorization_code"),
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* ---- grants ---- */

static unsigned grant_bit(struct str name)
{
    for (unsigned i = 0; i < REGISTRATION_GRANTS; i++)
        if (str_eq(name, registration_grant_names[i]))
            return 1U << i;
    return 0;
}

unsigned registration_grants(struct str names)
{
    unsigned set = 0;
    struct str name;

    while (str_split(&names, ' ', &name))
        set |= grant_bit(name);
    return set;
}

const char *registration_check_grant(struct str text)
{
    return grant_bit(text) != 0 ? NULL
                                : "must be client_credentials, refresh_token or authorization_code";
}

/* ---- audiences and redirect URIs ---- */

/* RFC3986-3.1; length of the scheme without its ':', 0 when there is none. */
static size_t scheme_length(struct str uri)
{
    size_t colon = str_find(uri, ':');

    if (colon == uri.len || colon == 0 || !is_letter(uri.ptr[0]))
        return 0;
    for (size_t i = 1; i < colon; i++)
        if (!is_letter(uri.ptr[i]) && !is_digit(uri.ptr[i]) && !is_one_of(uri.ptr[i], "+-."))
            return 0;
    return colon;
}

static const char *check_characters(struct str text)
{
    if (text.len == 0 || text.len > LIMIT_AUDIENCE)
        return "must have 1 to 256 characters";
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= 0x20 || text.ptr[i] > 0x7e || is_one_of(text.ptr[i], "\"\\<>"))
            return "may not hold blanks, quotes, backslashes, '<', '>' or characters outside ASCII";
    return NULL;
}

const char *registration_check_audience(struct str text)
{
    const char *wrong = check_characters(text);

    if (wrong != NULL || str_find(text, ':') == text.len)
        return wrong;
    if (scheme_length(text) == 0 || scheme_length(text) + 1 == text.len)
        return "holds a ':' and is no absolute URI";
    return str_find(text, '#') != text.len ? "may not have a fragment" : NULL;
}

/* What stands in front of the first of "/?", and what from there on. */
static struct str split_authority(struct str text, struct str *out_rest)
{
    size_t end = 0;

    while (end < text.len && !is_one_of(text.ptr[end], "/?"))
        end++;
    *out_rest = str_slice(text, end, text.len);
    return str_slice(text, 0, end);
}

static bool is_port(struct str text)
{
    uint64_t port;
    return str_to_u64(text, 65535, &port) && port > 0;
}

/* An empty text, or a ':' and a port. */
static bool is_port_behind(struct str text)
{
    return text.len == 0 || (text.ptr[0] == ':' && is_port(str_slice(text, 1, text.len)));
}

/* RFC3986-3.2.2, but for escapes and user information. */
static bool is_host_and_port(struct str authority)
{
    size_t end = 0;

    if (str_starts_with(authority, STR("["))) {
        size_t close = str_find(authority, ']');
        for (end = 1; end < close; end++)
            if (!is_digit(authority.ptr[end]) && !is_one_of(authority.ptr[end], "abcdefABCDEF:."))
                return false;
        return close > 1 && close < authority.len &&
               is_port_behind(str_slice(authority, close + 1, authority.len));
    }
    while (end < authority.len && (is_letter(authority.ptr[end]) || is_digit(authority.ptr[end]) ||
                                   is_one_of(authority.ptr[end], ".-")))
        end++;
    return end > 0 && is_port_behind(str_slice(authority, end, authority.len));
}

static bool is_loopback(struct str authority)
{
    static const struct str hosts[] = {STR_INIT("127.0.0.1"), STR_INIT("[::1]"),
                                       STR_INIT("localhost")};

    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        if (str_starts_with(authority, hosts[i]) &&
            is_port_behind(str_slice(authority, hosts[i].len, authority.len)))
            return true;
    return false;
}

static bool has_dot_segment(struct str path)
{
    struct str rest = str_slice(path, 0, str_find(path, '?'));
    struct str segment;

    while (str_split(&rest, '/', &segment)) {
        struct str name = str_slice(segment, 0, str_find(segment, ';'));
        if (str_eq(name, STR(".")) || str_eq(name, STR("..")))
            return true;
    }
    return false;
}

static const char *check_web(struct str behind_scheme, bool must_be_loopback)
{
    struct str rest;
    struct str authority = split_authority(behind_scheme, &rest);

    if (!is_host_and_port(authority))
        return "must name a host, and may name a port, in plain form";
    if (must_be_loopback && !is_loopback(authority))
        return "must be https, http on loopback, or a private scheme such as com.example.app:";
    return has_dot_segment(rest) ? "may not have `.` or `..` as a segment of its path" : NULL;
}

const char *registration_check_redirect(struct str text)
{
    static const struct str https = STR_INIT("https://"), http = STR_INIT("http://");
    const char *wrong = check_characters(text);
    size_t scheme = scheme_length(text);

    if (wrong != NULL)
        return wrong;
    if (scheme == 0 || scheme + 1 == text.len)
        return "is no absolute URI";
    if (str_find(text, '#') != text.len)
        return "may not have a fragment";
    if (str_find(text, '*') != text.len)
        return "may not hold a wildcard; each URI is registered as it is";
    if (str_starts_with(text, https))
        return check_web(str_slice(text, https.len, text.len), false);
    if (str_starts_with(text, http))
        return check_web(str_slice(text, http.len, text.len), true);
    return str_find(str_slice(text, 0, scheme), '.') != scheme
               ? NULL
               : "must be https, http on loopback, or a private scheme such as com.example.app:";
}

/* ---- the whole row ---- */

bool registration_has_secret(enum client_auth_method method)
{
    return method == CLIENT_AUTH_BASIC || method == CLIENT_AUTH_POST;
}

size_t registration_check(const struct application_row *row,
                          struct registration_problem out[REGISTRATION_PROBLEMS_MAX])
{
    bool is_public = row->type == APPLICATION_PUBLIC;
    unsigned grants = registration_grants(row->grant_types);
    const struct {
        bool is_there;
        struct registration_problem problem;
    } rules[] = {
        {is_public && row->auth_method != CLIENT_AUTH_NONE,
         {"token_endpoint_auth_method",
          "a public application cannot keep a secret; it takes `none`"}},
        {!is_public && row->auth_method == CLIENT_AUTH_NONE,
         {"token_endpoint_auth_method",
          "`none` is for public applications; set `type` to it or choose another"}},
        {is_public && (grants & 1U << REGISTRATION_CLIENT_CREDENTIALS) != 0,
         {"grant_types", "a public application cannot have client_credentials"}},
        {(grants & 1U << REGISTRATION_AUTHORIZATION_CODE) != 0 && row->redirect_uris.len == 0,
         {"redirect_uris", "authorization_code needs one at least"}},
        {row->auth_method == CLIENT_AUTH_PRIVATE_KEY && row->jwks.len == 0,
         {"jwks", "is missing; private_key_jwt needs a key"}},
        {row->audiences.len == 0, {"audiences", "must name one at least"}},
        {is_public && row->introspection,
         {"introspection", "a public application cannot introspect: anybody could be it"}},
    };
    size_t count = 0;

    static_assert(sizeof(rules) / sizeof(rules[0]) <= REGISTRATION_PROBLEMS_MAX, "room for all");
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (rules[i].is_there)
            out[count++] = rules[i].problem;
    return count;
}
