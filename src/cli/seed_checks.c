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
