/* Forms have one reading (RFC6749-B, RFC6749-3.1), whoever reads them. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "exchange/form.h"
#include "support/leaks.h"

static const struct {
    const char *type;
    bool is_form;
} types[] = {
    {"application/x-www-form-urlencoded", true},
    {"Application/X-WWW-Form-URLEncoded", true},
    {"application/x-www-form-urlencoded; charset=UTF-8", true}, /* 6749-4.x-a */
    {"application/x-www-form-urlencoded;charset=utf-8", true},
    {"application/x-www-form-urlencoded ;a=b", true},
    {" application/x-www-form-urlencoded ", true},
    {"application/json", false},
    {"multipart/form-data; boundary=x", false},
    {"text/plain", false},
    {"", false},
    {NULL, false},
    {"application/x-www-form-urlencodedx", false},
    {"application/x-www-form-urlencode", false},
    {"x-www-form-urlencoded", false},
    {"application /x-www-form-urlencoded", false},
    {"; application/x-www-form-urlencoded", false},
    /* F-24: a list of types is no type */
    {"application/json, application/x-www-form-urlencoded", false},
    {"application/x-www-form-urlencoded, application/json", false},
    {"application/x-www-form-urlencoded, application/x-www-form-urlencoded", false},
    {"application/x-www-form-urlencoded; charset=utf-8, application/json", false},
    {"application/x-www-form-urlencoded,", false},
};

Test(form, the_media_type_is_exactly_that_one) /* 6749-4.x-a, F-24 */
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        cr_assert_eq(form_is_media_type(str_from(types[i].type)), types[i].is_form, "row %zu: %s",
                     i, types[i].type);
}

/* names and values with '|' between, as they are read. */
static const struct {
    const char *body, *read;
} good[] = {
    {"", ""},
    {"a=1", "a|1|"},
    {"a=1&b=2", "a|1|b|2|"},
    {"a=", "a||"},
    {"a=1&", "a|1|"},
    {"&a=1&&b=2", "a|1|b|2|"},
    {"a=b=c", "a|b=c|"},
    {"a==", "a|=|"},
    {"a=x+y", "a|x y|"},
    {"a=x y", "a|x y|"},
    {"a=%2B%26%3D%25", "a|+&=%|"},
    {"%61=%62", "a|b|"},
    {"a%3Db=c", "a=b|c|"},
    {"a=%c3%A9", "a|\xC3\xA9|"},
    {"a=1&a=2", "a|1|a|2|"}, /* for form_get to refuse */
    {"a=\"<>{}|\\^`", "a|\"<>{}|\\^`|"},
};

static void write_read(const struct form *form, char *out, size_t size)
{
    out[0] = '\0';
    for (size_t i = 0; i < form->count; i++)
        snprintf(out + strlen(out), size - strlen(out), "%.*s|%.*s|", STR_ARG(form->pairs[i].name),
                 STR_ARG(form->pairs[i].value));
}

Test(form, is_read_as_pairs_in_order) /* RFC6749-B */
{
    struct arena arena;
    struct form form;
    char read[256];
    arena_init(&arena, NULL, 0, 65536);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        cr_assert_eq(form_parse(str_from(good[i].body), &arena, &form), ERR_NONE, "%s",
                     good[i].body);
        write_read(&form, read, sizeof(read));
        cr_assert_str_eq(read, good[i].read);
    }
    arena_reset(&arena);
    leaks_check();
}

static const char *const bad[] = {
    "a",      "=1",         "a=1&b",     "a=1&=2", "a=%",    "a=%4",   "a=%4g",
    "a=%g4",  "%=1",        "a=1&b=%zz", "a=\t",   "a=\n",   "a=\r\n", "a\n=1",
    "a=\x7F", "a=\xC3\xA9", "\xFF=1",    "a=%%20", "a=% 20", "a=%+1",  "{\"a\":1}",
};

Test(form, what_could_be_read_two_ways_is_refused)
{
    struct arena arena;
    struct form form;
    arena_init(&arena, NULL, 0, 65536);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_eq(form_parse(str_from(bad[i]), &arena, &form), ERR_BAD_FORM, "%s", bad[i]);
    cr_assert_eq(form_parse(str_make("a=b\0", 4), &arena, &form), ERR_BAD_FORM);
    cr_assert_eq(form_parse(str_make("a\0=b", 4), &arena, &form), ERR_BAD_FORM);
    arena_reset(&arena);
}

Test(form, every_byte_may_be_encoded)
{
    struct arena arena;
    struct form form;
    arena_init(&arena, NULL, 0, 65536);
    for (unsigned byte = 0; byte < 256; byte++) {
        char body[16];
        const char want = (char)byte;
        snprintf(body, sizeof(body), "a=%%%02x", byte);
        cr_assert_eq(form_parse(str_from(body), &arena, &form), ERR_NONE);
        cr_assert(str_eq(form.pairs[0].value, str_make(&want, 1)), "%s", body);
    }
    arena_reset(&arena);
}

Test(form, has_bounds)
{
    struct arena arena;
    struct form form;
    char body[2048] = "";
    arena_init(&arena, NULL, 0, 65536);
    for (int i = 0; i < LIMIT_PARAMETERS; i++)
        strcat(body, "a=1&");
    cr_assert_eq(form_parse(str_from(body), &arena, &form), ERR_NONE);
    cr_assert_eq(form.count, (size_t)LIMIT_PARAMETERS);
    strcat(body, "a=1");
    cr_assert_eq(form_parse(str_from(body), &arena, &form), ERR_BAD_FORM);

    memset(body, 'n', sizeof(body));
    body[LIMIT_PARAMETER_NAME] = '=';
    cr_assert_eq(form_parse(str_make(body, LIMIT_PARAMETER_NAME + 1), &arena, &form), ERR_NONE);
    body[LIMIT_PARAMETER_NAME] = 'n';
    body[LIMIT_PARAMETER_NAME + 1] = '=';
    cr_assert_eq(form_parse(str_make(body, LIMIT_PARAMETER_NAME + 2), &arena, &form), ERR_BAD_FORM);
    arena_reset(&arena);
}

Test(form, without_memory_nothing_is_refused) /* P4 */
{
    struct arena arena;
    struct form form;
    arena_init(&arena, NULL, 0, sizeof(struct form_pair)); /* nothing is left to decode into */
    cr_assert_eq(form_parse(STR("a=%20%20%20"), &arena, &form), ERR_FAULT_MEMORY);
    arena_reset(&arena);
    cr_assert_eq(form_parse(STR("%61%61%61=1"), &arena, &form), ERR_FAULT_MEMORY);
    arena_reset(&arena);
    cr_assert_eq(form_parse(STR("abc=def"), &arena, &form), ERR_NONE, "is read where it stands");
    arena_reset(&arena);
    cr_assert_eq(form_parse(STR("a=1&b=2"), &arena, &form), ERR_FAULT_MEMORY, "two pairs");
    arena_reset(&arena);
}

static const struct {
    const char *body;
    enum err want;
    const char *value; /* NULL: absent */
} looked_up[] = {
    {"b=1", ERR_NONE, NULL},
    {"a=1", ERR_NONE, "1"},
    {"b=2&a=1&c=3", ERR_NONE, "1"},
    {"%61=1", ERR_NONE, "1"},
    {"A=1", ERR_NONE, NULL},
    {"aa=1", ERR_NONE, NULL},
    {"a=", ERR_NONE, NULL},                     /* 6749-3.2-c, RFC6749-3.1: as if it were absent */
    {"a=1&a=2", ERR_DUPLICATE_PARAMETER, NULL}, /* 6749-3.2-e */
    {"a=1&a=1", ERR_DUPLICATE_PARAMETER, NULL},
    {"a=1&a=", ERR_DUPLICATE_PARAMETER, NULL},
    {"a=&a=", ERR_DUPLICATE_PARAMETER, NULL},
    {"a=1&%61=2", ERR_DUPLICATE_PARAMETER, NULL},
    {"a=1&b=2&b=3", ERR_NONE, "1"},
};

Test(form, a_name_has_one_value_or_none) /* 6749-3.2-c, 6749-3.2-e, RFC6749-3.1 */
{
    struct arena arena;
    struct form form;
    arena_init(&arena, NULL, 0, 65536);
    for (size_t i = 0; i < sizeof(looked_up) / sizeof(looked_up[0]); i++) {
        struct str got = STR("untouched");
        cr_assert_eq(form_parse(str_from(looked_up[i].body), &arena, &form), ERR_NONE);
        cr_assert_eq(form_get(&form, STR("a"), &got), looked_up[i].want, "%s", looked_up[i].body);
        if (looked_up[i].want != ERR_NONE) {
            cr_assert(str_eq(got, STR("untouched")));
            continue;
        }
        cr_assert_eq(got.ptr == NULL, looked_up[i].value == NULL, "%s", looked_up[i].body);
        cr_assert(str_eq(got, str_from(looked_up[i].value)), "%s", looked_up[i].body);
    }
    arena_reset(&arena);
}

static const struct {
    const char *text;
    uint64_t value; /* 0: refused */
} numbers[] = {
    {"1", 1},
    {"900", 900},
    {"999999999999999999", 999999999999999999},
    {"99999999999999999999999999999999999999", 999999999999999999}, /* clamped */
    {"", 0},
    {"0", 0},
    {"01", 0},
    {"-1", 0},
    {"+1", 0},
    {" 1", 0},
    {"1 ", 0},
    {"1.5", 0},
    {"1e3", 0},
    {"0x10", 0},
    {"\xd9\xa1", 0}, /* a digit of another script */
};

Test(form, a_positive_number_has_digits_alone)
{
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        uint64_t value = 0;
        cr_assert_eq(form_positive(str_from(numbers[i].text), &value), numbers[i].value != 0, "%s",
                     numbers[i].text);
        cr_assert_eq(value, numbers[i].value, "%s", numbers[i].text);
    }
}
