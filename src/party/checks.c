#include "party/checks.h"

#include "core/limits.h"

const char *party_check_name(struct str text)
{
    if (text.len == 0 || text.len > LIMIT_NAME)
        return "must have 1 to 128 bytes";
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return "may not hold control characters";
    return str_trim(text, ' ').len != text.len ? "may not begin or end with a blank" : NULL;
}

const char *party_check_login(struct str text)
{
    if (text.len == 0 || text.len > LIMIT_NAME)
        return "must have 1 to 128 characters";
    if (!str_is_printable_ascii(text) || str_find(text, ' ') != text.len)
        return "may hold printable ASCII without blanks only";
    return NULL;
}
