#include "client/found.h"

#include <string.h>

#include "client/secret.h"

enum { PREFIX_SHOWN = 8, PREFIX_PART = 4 };

static bool is_around(char c)
{
    return c != '\0' && strchr(" \t\r\n\"'`,;", c) != NULL;
}

static struct str trim(struct str text)
{
    size_t from = 0, to = text.len;

    while (from < to && is_around(text.ptr[from]))
        from++;
    while (to > from && is_around(text.ptr[to - 1]))
        to--;
    return str_slice(text, from, to);
}

/* blank: a word that others may begin with, so a blank has to follow. */
static bool take_word(struct str *text, struct str word, bool blank)
{
    if (text->len <= word.len || !str_eq_nocase(str_slice(*text, 0, word.len), word) ||
        (blank && text->ptr[word.len] != ' ' && text->ptr[word.len] != '\t'))
        return false;
    *text = str_slice(*text, word.len, text->len);
    return true;
}

struct str found_tidy(struct str text)
{
    text = trim(text);
    while (take_word(&text, STR("Authorization:"), false) ||
           take_word(&text, STR("Bearer"), true) || take_word(&text, STR("DPoP"), true))
        text = trim(text);
    return text;
}

static bool is_base64url(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_'))
            return false;
    }
    return text.len > 0;
}

static bool is_jwt(struct str text)
{
    size_t parts = 0;
    struct str part;

    if (!str_starts_with(text, STR("eyJ"))) /* {" */
        return false;
    while (str_split(&text, '.', &part)) {
        if (!is_base64url(part))
            return false;
        parts++;
    }
    return parts == 3;
}

enum found_kind found_sort(struct str text, bool *out_checked)
{
    static const enum found_kind kinds[] = {
        [SECRET_CLIENT] = FOUND_CLIENT_SECRET,
        [SECRET_REFRESH_TOKEN] = FOUND_REFRESH_TOKEN,
        [SECRET_ACCESS_KEY_ID] = FOUND_ACCESS_KEY_ID,
        [SECRET_ACCESS_KEY] = FOUND_SECRET_ACCESS_KEY,
    };
    enum secret_kind secret;

    *out_checked = false;
    if (!secret_kind_of(text, &secret))
        return is_jwt(text) ? FOUND_ACCESS_TOKEN : FOUND_UNKNOWN;
    *out_checked = secret_check(text, &secret);
    return kinds[secret];
}

const char *found_kind_name(enum found_kind kind)
{
    static const char *const names[] = {
        [FOUND_UNKNOWN] = "unknown",
        [FOUND_ACCESS_TOKEN] = "access_token",
        [FOUND_CLIENT_SECRET] = "client_secret",
        [FOUND_REFRESH_TOKEN] = "refresh_token",
        [FOUND_ACCESS_KEY_ID] = "access_key_id",
        [FOUND_SECRET_ACCESS_KEY] = "secret_access_key",
    };
    return names[kind];
}

struct str found_prefix(struct str text)
{
    size_t n = text.len / PREFIX_PART;
    return str_slice(text, 0, n < PREFIX_SHOWN ? n : PREFIX_SHOWN);
}
