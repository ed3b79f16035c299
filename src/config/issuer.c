#include "config/issuer.h"

#include "config/cidr.h"
#include "core/limits.h"

enum { LABEL_MAX = 63 };

static bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool label_is_good(struct str label)
{
    if (label.len == 0 || label.len > LABEL_MAX || label.ptr[0] == '-' ||
        label.ptr[label.len - 1] == '-')
        return false;
    for (size_t i = 0; i < label.len; i++)
        if (!is_lower_or_digit(label.ptr[i]) && label.ptr[i] != '-')
            return false;
    return true;
}

static bool is_number(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
    return s.len > 0;
}

/* A name that ends in a number is an address to every browser, so it must be a whole one. */
static const char *check_name(struct str host, bool *out_loopback)
{
    struct str rest = host, label = STR_NONE;
    struct ip ip;

    while (str_split(&rest, '.', &label))
        if (!label_is_good(label))
            return "needs a host of lower-case letters, digits and hyphens (an IDN as xn--...)";
    if (is_number(label) && !ip_parse(host, &ip))
        return "needs a host: this one ends like an address but is none";
    *out_loopback = str_eq(host, STR("localhost")) || (is_number(label) && ip_is_loopback(&ip));
    return NULL;
}

static const char *check_v6(struct str host, bool *out_loopback)
{
    struct ip ip;
    if (!ip_parse(host, &ip) || ip_is_v4(&ip))
        return "has no IPv6 address between its brackets";
    *out_loopback = ip_is_loopback(&ip);
    return NULL;
}

static const char *check_port(struct str port)
{
    uint64_t number;
    if (port.len == 0)
        return NULL;
    if (port.ptr[0] != ':' || !str_to_u64(str_slice(port, 1, port.len), 65535, &number) ||
        number == 0)
        return "has a bad port; write :1 to :65535, or none";
    return NULL;
}

static const char *check_authority(struct str authority, bool *out_loopback)
{
    bool bracketed = authority.len > 0 && authority.ptr[0] == '[';
    size_t end = bracketed ? str_find(authority, ']') : str_find(authority, ':');
    struct str host = str_slice(authority, bracketed ? 1 : 0, end);
    const char *wrong;

    if (bracketed && end == authority.len)
        return "has no ] behind its IPv6 address";
    for (size_t i = 0; i < host.len; i++)
        if (host.ptr[i] >= 'A' && host.ptr[i] <= 'Z')
            return "needs its host in lower case";
    wrong = bracketed ? check_v6(host, out_loopback) : check_name(host, out_loopback);
    return wrong != NULL
               ? wrong
               : check_port(str_slice(authority, end + (bracketed ? 1 : 0), authority.len));
}

const char *issuer_check(struct str text)
{
    bool https = str_starts_with(text, STR("https://"));
    bool loopback = false;
    struct str authority;
    const char *wrong;

    if (!https && !str_starts_with(text, STR("http://")))
        return "is no issuer; write https://host or https://host:port";
    if (text.len > LIMIT_AUDIENCE)
        return "is longer than 256 bytes";
    authority = str_slice(text, https ? 8 : 7, text.len);
    if (str_find(authority, '?') < authority.len || str_find(authority, '#') < authority.len)
        return "has a query or fragment; end it after the host and port";
    if (str_find(authority, '@') < authority.len)
        return "has user information; leave out everything up to the @";
    if (str_find(authority, '/') == authority.len - 1 && authority.len > 0)
        return "ends with a slash; leave it out";
    if (str_find(authority, '/') < authority.len)
        return "has a path; end it after the host and port";
    wrong = check_authority(authority, &loopback);
    if (wrong == NULL && !https && !loopback)
        return "is http, which is for loopback only; write https://";
    return wrong;
}
