/* What the texts of a seed file may look like; each answers NULL or what is wrong. */
#include "cli/seed_reader.h"
#include "core/limits.h"

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

const char *seed_check_ref(struct str text)
{
    if (text.len == 0 || text.len > SEED_REF_MAX)
        return "must have 1 to 64 characters";
    for (size_t i = 0; i < text.len; i++)
        if (!is_letter(text.ptr[i]) && !is_digit(text.ptr[i]) && !is_one_of(text.ptr[i], "._-"))
            return "may hold letters, digits, '.', '_' and '-'";
    return str_eq(text, STR("root")) ? "`root` is the root partner's" : NULL;
}

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

/* RFC7519-2: a StringOrURI with a ':' is a URI; RFC8707-2: without a fragment. */
const char *seed_check_audience(struct str text)
{
    const char *wrong = check_characters(text);
    if (wrong != NULL || str_find(text, ':') == text.len)
        return wrong;
    if (scheme_length(text) == 0 || scheme_length(text) + 1 == text.len)
        return "holds a ':' and is no absolute URI";
    return str_find(text, '#') != text.len ? "may not have a fragment" : NULL;
}

static bool is_loopback_http(struct str uri)
{
    static const struct str prefixes[] = {STR_INIT("http://127.0.0.1"), STR_INIT("http://[::1]"),
                                          STR_INIT("http://localhost")};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (!str_starts_with(uri, prefixes[i]))
            continue;
        struct str rest = str_slice(uri, prefixes[i].len, uri.len);
        if (rest.len == 0 || is_one_of(rest.ptr[0], ":/?"))
            return true;
    }
    return false;
}

/* RFC6749-3.1.2: absolute, no fragment; RFC8252-7: clear text on loopback, and private schemes with
 * a domain's dot in them. */
const char *seed_check_redirect(struct str text)
{
    const char *wrong = check_characters(text);
    size_t scheme = scheme_length(text);

    if (wrong != NULL)
        return wrong;
    if (scheme == 0 || scheme + 1 == text.len)
        return "is no absolute URI";
    if (str_find(text, '#') != text.len)
        return "may not have a fragment";
    struct str name = str_slice(text, 0, scheme);
    if (str_starts_with(text, STR("https://")) || str_find(name, '.') != scheme)
        return NULL;
    return is_loopback_http(text)
               ? NULL
               : "must be https, http on loopback, or a private scheme such as com.example.app:";
}
