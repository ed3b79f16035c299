#include "client/basic.h"

#include "core/base64.h"
#include "core/limits.h"
#include "core/percent.h"

struct auth_header auth_header_split(struct str authorization)
{
    size_t blank = str_find(authorization, ' ');
    return (struct auth_header){
        .scheme = str_slice(authorization, 0, blank),
        .rest = str_trim(str_slice(authorization, blank, authorization.len), ' '),
    };
}

static bool unescape(struct str *text, char *bytes)
{
    size_t len;

    if (str_plain_run(*text, '%', '+') == text->len)
        return true; /* as all that are made here (SPEC 4) */
    if (!percent_decode(*text, bytes, &len))
        return false;
    *text = str_make(bytes, len);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)bytes[i] < 0x20 || bytes[i] == 0x7F)
            return false;
    return true;
}

enum err basic_parse(struct str rest, struct arena *arena, struct basic_credentials *out)
{
    size_t len;
    char *bytes;

    if (rest.len == 0 || rest.len > 4 * (3 * (LIMIT_NAME + LIMIT_SECRET)))
        return ERR_INVALID_CLIENT;
    bytes = arena_alloc(arena, rest.len);
    if (bytes == NULL)
        return ERR_FAULT_MEMORY;
    if (!base64_decode(rest, bytes, &len))
        return ERR_INVALID_CLIENT;
    size_t colon = str_find(str_make(bytes, len), ':');
    if (colon == len)
        return ERR_INVALID_CLIENT;
    struct basic_credentials found = {str_make(bytes, colon),
                                      str_make(bytes + colon + 1, len - colon - 1)};
    if (!unescape(&found.id, bytes) || !unescape(&found.secret, bytes + colon + 1))
        return ERR_INVALID_CLIENT;
    *out = found;
    return ERR_NONE;
}
