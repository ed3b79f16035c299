/* HTTP Basic as RFC6749-2.3.1 has it: form-urlencoded (RFC6749-B), then base64. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "client/basic.h"
#include "core/base64.h"
#include "core/limits.h"
#include "support/leaks.h"

enum { TEXT_MAX = 8192, LONGEST = 4 * 3 * (LIMIT_NAME + LIMIT_SECRET) };

/* Of the alphabet with '+' and '/', padded. */
static struct str base64_of(struct str bytes, char text[TEXT_MAX])
{
    size_t len = base64url_length(bytes.len);

    base64url_encode(bytes.ptr, bytes.len, text);
    for (size_t i = 0; i < len; i++)
        text[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
    while (len % 4 != 0)
        text[len++] = '=';
    return str_make(text, len);
}

static enum err parse(struct str pair, struct arena *arena, struct basic_credentials *out)
{
    char text[TEXT_MAX];
    return basic_parse(base64_of(pair, text), arena, out);
}

static const struct {
    const char *pair, *id, *secret;
} good[] = {
    {"id:secret", "id", "secret"},
    {"id:", "id", ""},
    {":secret", "", "secret"},
    {":", "", ""},
    {"id:a:b:c", "id", "a:b:c"}, /* the first colon parts them */
    {"%69%64:%73%65%63%72%65%74", "id", "secret"},
    {"a%3Ab:c%3ad", "a:b", "c:d"},
    {"a+b:c+%2B", "a b", "c +"},
    {"id:100%25", "id", "100%"},
    {"id:%C3%A9", "id", "\xC3\xA9"},
    {"id:\xC3\xA9", "id", "\xC3\xA9"},
    {"id:?>~?>~", "id", "?>~?>~"}, /* '/' and '+' in base64 */
};

Test(basic, what_clients_send_is_read) /* 6749-2.3.1-b */
{
    struct arena arena;
    struct basic_credentials got;
    arena_init(&arena, NULL, 0, 65536);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        cr_assert_eq(parse(str_from(good[i].pair), &arena, &got), ERR_NONE, "%s", good[i].pair);
        cr_assert(str_eq(got.id, str_from(good[i].id)), "%s", good[i].pair);
        cr_assert(str_eq(got.secret, str_from(good[i].secret)), "%s", good[i].pair);
    }
    arena_reset(&arena);
    leaks_check();
}

Test(basic, every_byte_may_be_written_as_percent_xx) /* 6749-2.3.1-b; controls stand in no name */
{
    struct arena arena;
    arena_init(&arena, NULL, 0, 65536);
    for (unsigned byte = 0; byte < 256; byte++) {
        struct basic_credentials got;
        char pair[16];
        const char want = (char)byte;
        bool control = byte < 0x20 || byte == 0x7F;

        snprintf(pair, sizeof(pair), "id:%%%02X", byte);
        cr_assert_eq(parse(str_from(pair), &arena, &got), control ? ERR_INVALID_CLIENT : ERR_NONE,
                     "%s", pair);
        if (!control)
            cr_assert(str_eq(got.secret, str_make(&want, 1)), "%s", pair);
    }
    arena_reset(&arena);
}

static const char *const bad_pairs[] = {
    "",      "id",     "id%3Asecret", /* no colon */
    "%zz:x", "id:%zz", "id:%",        "id:%4",    "id:%4g",
    "%:x",   "id\n:x", "id:x\r",      "id:x\x7F", "\tid:x",
};

Test(basic, what_cannot_be_read_is_refused)
{
    struct arena arena;
    arena_init(&arena, NULL, 0, 65536);
    for (size_t i = 0; i < sizeof(bad_pairs) / sizeof(bad_pairs[0]); i++) {
        struct basic_credentials got = {.id = STR("untouched")};
        cr_assert_eq(parse(str_from(bad_pairs[i]), &arena, &got), ERR_INVALID_CLIENT, "%s",
                     bad_pairs[i]);
        cr_assert(str_eq(got.id, STR("untouched")), "written on success only");
    }
    cr_assert_eq(parse(str_make("a\0b:c", 5), &arena, &(struct basic_credentials){0}),
                 ERR_INVALID_CLIENT);
    arena_reset(&arena);
}

static const char *const bad_base64[] = {
    "",          "a",          "====",
    "aWQ6cw",    "aWQ6cw=",    "aWQ6cw===",
    "aWQ6cx==", /* spare bits */
    "aWQ6 cw==", "aWQ6\tcw==", "aWQ6cw==,aWQ6cw==",
    "aWQ6Pz4-",  "aWQ6Pz4_",   "aWQ6cw%3D%3D",
    "id:s",
};

Test(basic, base64_has_one_spelling)
{
    struct arena arena;
    struct basic_credentials got;
    arena_init(&arena, NULL, 0, 65536);
    cr_assert_eq(basic_parse(STR("aWQ6cw=="), &arena, &got), ERR_NONE);
    for (size_t i = 0; i < sizeof(bad_base64) / sizeof(bad_base64[0]); i++)
        cr_assert_eq(basic_parse(str_from(bad_base64[i]), &arena, &got), ERR_INVALID_CLIENT, "%s",
                     bad_base64[i]);
    arena_reset(&arena);
}

Test(basic, length_is_bounded)
{
    char pair[TEXT_MAX / 2];
    struct arena arena;
    struct basic_credentials got;

    memset(pair, 'x', sizeof(pair));
    pair[LIMIT_NAME] = ':';
    arena_init(&arena, NULL, 0, 65536);
    cr_assert_eq(parse(str_make(pair, LONGEST / 4 * 3), &arena, &got), ERR_NONE);
    cr_assert_eq(parse(str_make(pair, LONGEST / 4 * 3 + 1), &arena, &got), ERR_INVALID_CLIENT);
    arena_reset(&arena);
}

Test(basic, without_memory_nobody_is_refused)
{
    struct arena arena;
    struct basic_credentials got;
    arena_init(&arena, NULL, 0, 4);
    cr_assert_eq(parse(STR("id:secret"), &arena, &got), ERR_FAULT_MEMORY);
}

static const struct {
    const char *header, *scheme, *rest;
} headers[] = {
    {"Basic abc", "Basic", "abc"},
    {"Basic   abc  ", "Basic", "abc"},
    {"bearer a b", "bearer", "a b"},
    {"Basic", "Basic", ""},
    {"Basic ", "Basic", ""},
    {" Basic abc", "", "Basic abc"},
    {"Basic\tabc", "Basic\tabc", ""},
    {"", "", ""},
    {NULL, "", ""},
};

Test(basic, a_header_is_a_scheme_and_the_rest)
{
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        struct auth_header got = auth_header_split(str_from(headers[i].header));
        cr_assert(str_eq(got.scheme, str_from(headers[i].scheme)), "row %zu", i);
        cr_assert(str_eq(got.rest, str_from(headers[i].rest)), "row %zu", i);
    }
}
