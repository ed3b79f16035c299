/* THREATS-75, 8725-x-a: what a hostile writer sends. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/buf.h"
#include "core/limits.h"
#include "parsing.h"
#include "support/leaks.h"

TestSuite(json_hostile);

static enum err verdict(struct str text)
{
    struct parsing p;
    enum err code = parsing_run(&p, text);
    cr_assert_eq(code == ERR_NONE, p.value != NULL);
    if (code == ERR_BAD_JSON) {
        cr_assert_not_null(p.error.reason);
        cr_assert_leq(p.error.offset, text.len);
    }
    parsing_done(&p);
    return code;
}

static const char valid_body[] =
    "{\"grant_types\":[\"client_credentials\"],\"name\":\"\\u00e9t\\u00e9 \xE2\x82\xAC "
    "\\uD83D\\uDE00\","
    "\"ttl\":-9.5e+10,\"n\":120,\"on\":true,\"off\":false,\"none\":null,\"deep\":[[[{}]]]}";

Test(json_hostile, every_truncation_of_a_valid_body_is_refused)
{
    size_t len = sizeof(valid_body) - 1;
    cr_assert_eq(verdict(str_make(valid_body, len)), ERR_NONE);
    for (size_t cut = 0; cut < len; cut++) {
        char *copy = malloc(cut == 0 ? 1 : cut); /* exact, so that reading past it is seen */
        memcpy(copy, valid_body, cut);
        cr_assert_eq(verdict(str_make(copy, cut)), ERR_BAD_JSON, "cut at %zu", cut);
        free(copy);
    }
    leaks_check();
}

Test(json_hostile, malformed_texts_are_refused)
{
    static const struct str rows[] = {
        STR_INIT(""),
        STR_INIT(" \n"),
        STR_INIT("{"),
        STR_INIT("}"),
        STR_INIT("[1,]"),
        STR_INIT("[,1]"),
        STR_INIT("{\"a\":1,}"),
        STR_INIT("{a:1}"),
        STR_INIT("{'a':1}"),
        STR_INIT("{\"a\"}"),
        STR_INIT("{\"a\":}"),
        STR_INIT("{\"a\" 1}"),
        STR_INIT("{1:1}"),
        STR_INIT("[1 2]"),
        STR_INIT("[}"),
        STR_INIT("{]"),
        STR_INIT("nul"),
        STR_INIT("True"),
        STR_INIT("NaN"),
        STR_INIT("Infinity"),
        STR_INIT("-"),
        STR_INIT("+1"),
        STR_INIT("01"),
        STR_INIT("[01]"),
        STR_INIT("1."),
        STR_INIT(".5"),
        STR_INIT("1e"),
        STR_INIT("1e+"),
        STR_INIT("0x10"),
        STR_INIT("\"\\x41\""),
        STR_INIT("\"\\u12\""),
        STR_INIT("\"\\u12G4\""),
        STR_INIT("\"tab\there\""),
        STR_INIT("\"line\nbreak\""),
        STR_INIT("\xEF\xBB\xBF{}"), /* a byte order mark */
        STR_INIT("/* c */{}"),
        STR_INIT("{} // c"),
        STR_INIT("{}\v"), /* yajl alone takes both for blanks */
        STR_INIT("\f{}"),
        STR_INIT("{}\0"),
        STR_INIT("{}{}"),
        STR_INIT("{} {}"),
        STR_INIT("1 2"),
        STR_INIT("{} x"),
        STR_INIT("{}]"),
        STR_INIT("{} \"unfinished"), /* yajl alone takes this for nothing */
        STR_INIT("{} \"finished\""),
        STR_INIT("{} tru"),
        STR_INIT("{} -"),
        STR_INIT("{} 1"),
        STR_INIT("7 \""),
        STR_INIT("\\"),
        STR_INIT("{}\\"),
        STR_INIT("\\u0041"),
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        cr_assert_eq(verdict(rows[i]), ERR_BAD_JSON, "row %zu: %.*s", i, STR_ARG(rows[i]));
    leaks_check();
}

Test(json_hostile, nul_surrogates_and_broken_utf8_are_refused)
{
    static const struct str rows[] = {
        STR_INIT("\"a\0b\""),
        STR_INIT("\"a\\u0000b\""),
        STR_INIT("{\"\\u0000\":1}"),
        STR_INIT("\"\\uD800\""), /* high alone */
        STR_INIT("\"\\uD800x\""),
        STR_INIT("\"\\uDC00\""),        /* low alone */
        STR_INIT("\"\\uD800\\u0041\""), /* high and something else */
        STR_INIT("\"\\uD800\\uD800\""),
        STR_INIT("\"\\uD800\\n\""),
        STR_INIT("\"\xC0\xAF\""), /* overlong */
        STR_INIT("\"\xE0\x80\xAF\""),
        STR_INIT("\"\xED\xA0\x80\""),     /* a surrogate in UTF-8 */
        STR_INIT("\"\xF4\x90\x80\x80\""), /* past U+10FFFF */
        STR_INIT("\"\x80\""),
        STR_INIT("\"\xC3\""),
        STR_INIT("\xFF"),
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        cr_assert_eq(verdict(rows[i]), ERR_BAD_JSON, "row %zu", i);
    cr_assert_eq(verdict(STR("\"\\\\u0000\"")), ERR_NONE, "an escaped backslash, then text");
    leaks_check();
}

Test(json_hostile, repeated_keys_are_refused)
{
    cr_assert_eq(verdict(STR("{\"exp\":1,\"exp\":2}")), ERR_BAD_JSON);
    cr_assert_eq(verdict(STR("{\"exp\":1,\"\\u0065xp\":2}")), ERR_BAD_JSON);
    cr_assert_eq(verdict(STR("{\"\":1,\"\":2}")), ERR_BAD_JSON);
    cr_assert_eq(verdict(STR("[{\"a\":{\"b\":1,\"c\":2,\"b\":3}}]")), ERR_BAD_JSON);
    cr_assert_eq(verdict(STR("{\"a\":{\"a\":{\"a\":1}},\"A\":[{\"a\":1},{\"a\":1}]}")), ERR_NONE);
    leaks_check();
}

static struct str repeat(const char *head, const char *unit, size_t n, const char *tail)
{
    static struct buf b;
    buf_free(&b);
    buf_init_heap(&b, 8 * 1024 * 1024);
    buf_cstr(&b, head);
    for (size_t i = 0; i < n; i++)
        buf_cstr(&b, unit);
    buf_cstr(&b, tail);
    cr_assert(!b.failed);
    return buf_view(&b);
}

static struct str nested(const char *open, const char *inner, const char *close, size_t n)
{
    static struct buf b;
    buf_free(&b);
    buf_init_heap(&b, 16 * 1024 * 1024);
    for (size_t i = 0; i < n; i++)
        buf_cstr(&b, open);
    buf_cstr(&b, inner);
    for (size_t i = 0; i < n; i++)
        buf_cstr(&b, close);
    return buf_view(&b);
}

Test(json_hostile, nesting_ends_at_sixteen)
{
    cr_assert_eq(verdict(nested("[", "", "]", LIMIT_JSON_DEPTH)), ERR_NONE);
    cr_assert_eq(verdict(nested("[", "", "]", LIMIT_JSON_DEPTH + 1)), ERR_BAD_JSON);
    cr_assert_eq(verdict(nested("{\"a\":", "1", "}", LIMIT_JSON_DEPTH)), ERR_NONE);
    cr_assert_eq(verdict(nested("{\"a\":", "1", "}", LIMIT_JSON_DEPTH + 1)), ERR_BAD_JSON);
    cr_assert_eq(verdict(nested("[", "", "]", 1000000)), ERR_BAD_JSON);
    cr_assert_eq(verdict(nested("{\"a\":", "1", "}", 1000000)), ERR_BAD_JSON);
    cr_assert_eq(verdict(nested("[", "", "", 1000000)), ERR_BAD_JSON);
    leaks_check();
}

Test(json_hostile, an_object_has_at_most_sixty_four_members)
{
    for (size_t n = LIMIT_JSON_KEYS; n <= LIMIT_JSON_KEYS + 1; n++) {
        char text[2048] = "{";
        size_t len = 1;
        for (size_t i = 0; i < n; i++)
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\"k%zu\":%zu", i ? "," : "",
                                    i, i);
        text[len++] = '}';
        cr_assert_eq(verdict(str_make(text, len)), n > LIMIT_JSON_KEYS ? ERR_BAD_JSON : ERR_NONE);
    }
    leaks_check();
}

Test(json_hostile, values_are_counted)
{
    cr_assert_eq(verdict(repeat("[0", ",0", LIMIT_JSON_VALUES - 2, "]")), ERR_NONE);
    cr_assert_eq(verdict(repeat("[0", ",0", LIMIT_JSON_VALUES - 1, "]")), ERR_BAD_JSON);
    cr_assert_eq(verdict(repeat("[0", ",0", LIMIT_BODY, "]")), ERR_BAD_JSON);
    leaks_check();
}

Test(json_hostile, the_longest_strings_and_numbers_pass)
{
    cr_assert_eq(verdict(repeat("\"", "x", LIMIT_BODY + 1, "\"")), ERR_NONE);
    cr_assert_eq(verdict(repeat("\"", "\\n", LIMIT_BODY / 2, "\"")), ERR_NONE);
    cr_assert_eq(verdict(repeat("", "9", LIMIT_BODY, "")), ERR_NONE);
    leaks_check();
}

/* Fault, not refusal: and nothing leaks wherever the arena ends. */
Test(json_hostile, a_full_arena_is_a_fault)
{
    struct str text = STR("{\"a\":\"\\u00e9\",\"b\":[1,2,3],\"\\t\":{\"c\":null}}");
    bool fitted = false;
    for (size_t cap = 0; cap < 32 * 1024; cap += cap < 1024 ? 1 : 64) {
        struct arena arena;
        const struct json_value *out = NULL;
        arena_init(&arena, NULL, 0, cap);
        enum err code = json_parse(&arena, text, &json_limits_request, &out, NULL);
        cr_assert(code == ERR_NONE || code == ERR_FAULT_MEMORY, "cap %zu", cap);
        cr_assert_eq(code == ERR_NONE, out != NULL);
        cr_assert(!fitted || code == ERR_NONE, "a larger arena is enough too");
        fitted = code == ERR_NONE;
        arena_reset(&arena);
    }
    cr_assert(fitted);
    leaks_check();
}

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

Test(json_hostile, a_hundred_thousand_mutations_neither_crash_nor_leak)
{
    static const char alphabet[] = "{}[]\",:\\u0019aeE+-.tfn \n\x80\xED\x00";
    uint32_t seed = 0x53434F50, state = seed;
    size_t len = sizeof(valid_body) - 1, refused = 0;
    char *text = malloc(len);

    for (int round = 0; round < 100000; round++) {
        memcpy(text, valid_body, len);
        for (uint32_t n = 1 + next_random(&state) % 4; n > 0; n--)
            text[next_random(&state) % len] =
                alphabet[next_random(&state) % (sizeof(alphabet) - 1)];
        size_t cut = next_random(&state) % 8 == 0 ? next_random(&state) % len : len;
        enum err code = verdict(str_make(text, cut));
        cr_assert(code == ERR_NONE || code == ERR_BAD_JSON, "seed %u round %d", seed, round);
        refused += code == ERR_BAD_JSON;
    }
    free(text);
    cr_assert_gt(refused, 50000);
    leaks_check();
}
