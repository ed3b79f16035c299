#include <criterion/criterion.h>

#include "parsing.h"

TestSuite(json_parse);

Test(json_parse, every_type_comes_out_as_written)
{
    struct parsing p;
    struct str s = STR_NONE;
    int64_t n = 0;
    bool b = false;
    struct str text = STR(" {\"s\":\"a\\u00e9\\n\",\"n\":-42,\"t\":true,\"f\":false,\"z\":null,"
                          "\"a\":[1,[],{}],\"\":\"empty key\"}\r\n\t ");

    cr_assert_eq(parsing_run(&p, text), ERR_NONE);
    cr_assert_eq(json_type(p.value), JSON_OBJECT);
    cr_assert_eq(json_count(p.value), 7);
    cr_assert(json_string(json_member(p.value, STR("s")), &s));
    cr_assert(str_eq(s, STR("a\xC3\xA9\n")));
    cr_assert(json_int(json_member(p.value, STR("n")), &n));
    cr_assert_eq(n, -42);
    cr_assert(json_bool(json_member(p.value, STR("t")), &b) && b);
    cr_assert(json_bool(json_member(p.value, STR("f")), &b) && !b);
    cr_assert(json_is(json_member(p.value, STR("z")), JSON_NULL));
    cr_assert(json_string(json_member(p.value, STR("")), &s));
    cr_assert_null(json_member(p.value, STR("S")), "names are case-sensitive");

    const struct json_value *item = json_first(json_member(p.value, STR("a")));
    cr_assert(json_int(item, &n) && n == 1);
    item = json_next(item);
    cr_assert(json_is(item, JSON_ARRAY) && json_count(item) == 0 && json_first(item) == NULL);
    item = json_next(item);
    cr_assert(json_is(item, JSON_OBJECT) && json_count(item) == 0 && json_first(item) == NULL);
    cr_assert_null(json_next(item));
    parsing_done(&p);
}

Test(json_parse, members_are_walked_in_order_with_their_names)
{
    struct parsing p;
    const char *names[] = {"b", "a", "c"};
    size_t i = 0;
    cr_assert_eq(parsing_run(&p, STR("{\"b\":1,\"\\u0061\":[1],\"c\":{\"d\":0}}")), ERR_NONE);
    for (const struct json_value *v = json_first(p.value); v != NULL; v = json_next(v), i++)
        cr_assert(str_eq(json_key(v), str_from(names[i])));
    cr_assert_eq(i, 3);
    cr_assert_eq(json_key(p.value).len, 0);
    parsing_done(&p);
}

Test(json_parse, who_asks_for_an_object_gets_no_other_value)
{
    struct str texts[] = {STR("7"), STR("\"x\""), STR("null"), STR(" []")};
    const struct json_value *value = NULL;
    struct json_error error;
    struct arena arena;

    arena_init(&arena, NULL, 0, 64 * 1024);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        cr_assert_eq(json_parse_object(&arena, texts[i], &json_limits_request, &value, &error),
                     ERR_BAD_JSON);
        cr_assert_str_eq(error.reason, "the value is no object");
        cr_assert(error.line == 1 && error.column == 1 && value == NULL);
    }
    cr_assert_eq(json_parse_object(&arena, STR("{"), &json_limits_request, &value, NULL),
                 ERR_BAD_JSON);
    cr_assert_eq(json_parse_object(&arena, STR("{}"), &json_limits_request, &value, NULL),
                 ERR_NONE);
    cr_assert(json_is(value, JSON_OBJECT));
    arena_reset(&arena);
}

Test(json_parse, a_lone_value_of_any_type_is_a_text) /* RFC8259-2 */
{
    struct str texts[] = {STR("7"),  STR(" -0 "),  STR("\"x\""), STR("\"\""), STR("null"),
                          STR("[]"), STR("true "), STR("1e400"), STR("{}\n")};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct parsing p;
        cr_assert_eq(parsing_run(&p, texts[i]), ERR_NONE, "%.*s", STR_ARG(texts[i]));
        parsing_done(&p);
    }
}

/* 8725-x-a: an exp of 1e400, 1.5 or "5" is no integer anywhere. */
Test(json_parse, only_integers_written_as_such_are_integers)
{
    static const struct {
        struct str text;
        bool ok;
        int64_t value;
    } rows[] = {
        {STR_INIT("0"), true, 0},
        {STR_INIT("-0"), true, 0},
        {STR_INIT("1"), true, 1},
        {STR_INIT("-1"), true, -1},
        {STR_INIT("9223372036854775807"), true, INT64_MAX},
        {STR_INIT("-9223372036854775808"), true, INT64_MIN},
        {STR_INIT("9223372036854775808"), false, 0},
        {STR_INIT("-9223372036854775809"), false, 0},
        {STR_INIT("18446744073709551615"), false, 0},
        {STR_INIT("18446744073709551617"), false, 0},
        {STR_INIT("99999999999999999999999999999999999999"), false, 0},
        {STR_INIT("1.0"), false, 0},
        {STR_INIT("1.5"), false, 0},
        {STR_INIT("1e3"), false, 0},
        {STR_INIT("1E0"), false, 0},
        {STR_INIT("1e400"), false, 0},
        {STR_INIT("-1e400"), false, 0},
        {STR_INIT("\"5\""), false, 0},
        {STR_INIT("true"), false, 0},
        {STR_INIT("null"), false, 0},
        {STR_INIT("[5]"), false, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct parsing p;
        int64_t n = 77;
        cr_assert_eq(parsing_run(&p, rows[i].text), ERR_NONE);
        cr_assert_eq(json_int(p.value, &n), rows[i].ok, "%.*s", STR_ARG(rows[i].text));
        cr_assert_eq(n, rows[i].ok ? rows[i].value : 77, "%.*s", STR_ARG(rows[i].text));
        parsing_done(&p);
    }
}

Test(json_parse, numbers_are_kept_as_they_were_written)
{
    static const struct str rows[] = {STR_INIT("0"), STR_INIT("-0.50"), STR_INIT("1E+400")};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct parsing p;
        struct str text = STR_NONE;
        cr_assert_eq(parsing_run(&p, rows[i]), ERR_NONE);
        cr_assert(json_number(p.value, &text) && str_eq(text, rows[i]));
        parsing_done(&p);
    }
    struct str kept = STR("kept");
    cr_assert(!json_number(NULL, &kept) && str_eq(kept, STR("kept")));
}

Test(json_parse, getters_of_another_type_say_no_and_write_nothing)
{
    struct parsing p;
    struct str s = STR("kept");
    int64_t n = 5;
    bool b = true;
    cr_assert_eq(parsing_run(&p, STR("[\"x\",1,false,null,[],{}]")), ERR_NONE);
    for (const struct json_value *v = json_first(p.value); v != NULL; v = json_next(v)) {
        if (!json_is(v, JSON_STRING))
            cr_assert(!json_string(v, &s) && str_eq(s, STR("kept")));
        if (!json_is(v, JSON_NUMBER))
            cr_assert(!json_int(v, &n) && n == 5);
        if (!json_is(v, JSON_BOOL))
            cr_assert(!json_bool(v, &b) && b);
        if (!json_is(v, JSON_OBJECT))
            cr_assert_null(json_member(v, STR("x")));
    }
    parsing_done(&p);
}

Test(json_parse, no_value_holds_nothing)
{
    struct str s;
    int64_t n;
    bool b;
    cr_assert_eq(json_type(NULL), JSON_NULL);
    cr_assert(!json_is(NULL, JSON_NULL));
    cr_assert_null(json_member(NULL, STR("x")));
    cr_assert_null(json_first(NULL));
    cr_assert_null(json_next(NULL));
    cr_assert_eq(json_count(NULL), 0);
    cr_assert_eq(json_key(NULL).len, 0);
    cr_assert(!json_string(NULL, &s) && !json_int(NULL, &n) && !json_bool(NULL, &b));
}

Test(json_parse, finding_tells_absent_from_wrong)
{
    struct parsing p;
    struct str s;
    int64_t n;
    bool b;
    cr_assert_eq(parsing_run(&p, STR("{\"s\":\"v\",\"n\":1,\"b\":true,\"z\":null}")), ERR_NONE);
    cr_assert_eq(json_find_string(p.value, STR("s"), &s), JSON_FOUND);
    cr_assert_eq(json_find_string(p.value, STR("n"), &s), JSON_WRONG);
    cr_assert_eq(json_find_string(p.value, STR("z"), &s), JSON_WRONG);
    cr_assert_eq(json_find_string(p.value, STR("q"), &s), JSON_ABSENT);
    cr_assert_eq(json_find_int(p.value, STR("n"), &n), JSON_FOUND);
    cr_assert_eq(json_find_int(p.value, STR("s"), &n), JSON_WRONG);
    cr_assert_eq(json_find_int(p.value, STR("q"), &n), JSON_ABSENT);
    cr_assert_eq(json_find_bool(p.value, STR("b"), &b), JSON_FOUND);
    cr_assert_eq(json_find_bool(p.value, STR("s"), &b), JSON_WRONG);
    cr_assert_eq(json_find_bool(p.value, STR("q"), &b), JSON_ABSENT);

    struct str known[] = {STR("s"), STR("n"), STR("z"), STR("b")};
    cr_assert_null(json_find_unknown(p.value, known, 4));
    cr_assert(str_eq(json_key(json_find_unknown(p.value, known, 3)), STR("b")));
    cr_assert(str_eq(json_key(json_find_unknown(p.value, known, 0)), STR("s")));
    parsing_done(&p);
}

Test(json_parse, strings_without_escapes_stay_in_the_text)
{
    struct parsing p;
    struct str s, text = STR("[\"plain\",\"esc\\taped\"]");
    cr_assert_eq(parsing_run(&p, text), ERR_NONE);
    cr_assert(json_string(json_first(p.value), &s));
    cr_assert_eq(s.ptr, text.ptr + 2);
    cr_assert(json_string(json_next(json_first(p.value)), &s));
    cr_assert(str_eq(s, STR("esc\taped")));
    parsing_done(&p);
}

Test(json_parse, a_string_is_found_in_front_of_another_element)
{
    struct parsing p;
    cr_assert_eq(parsing_run(&p, STR("[\"a\",[\"b\"],1,\"a\",\"b\"]")), ERR_NONE);
    const struct json_value *second = json_next(json_first(p.value));
    cr_assert(!json_string_before(p.value, json_first(p.value), STR("a")));
    cr_assert(json_string_before(p.value, second, STR("a")));
    cr_assert(!json_string_before(p.value, NULL, STR("1")));
    cr_assert(json_string_before(p.value, NULL, STR("b")), "NULL: behind the last");
    cr_assert(!json_string_before(p.value, json_next(json_next(second)), STR("b")));
    parsing_done(&p);
}

Test(json_parse, every_escape_is_decoded)
{
    struct parsing p;
    struct str s;
    cr_assert_eq(parsing_run(&p, STR("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\uD83D\\uDE00\\uffff\"")),
                 ERR_NONE);
    cr_assert(json_string(p.value, &s));
    cr_assert(str_eq(s, STR("\"\\/\b\f\n\r\tA\xF0\x9F\x98\x80\xEF\xBF\xBF")));
    cr_assert(str_is_utf8(s));
    parsing_done(&p);
}

Test(json_parse, errors_say_where)
{
    struct parsing p;
    cr_assert_eq(parsing_run(&p, STR("{\n  \"a\": 1,\n  \"a\": 2\n}")), ERR_BAD_JSON);
    cr_assert_str_eq(p.error.reason, "an object names a member twice");
    cr_assert_eq(p.error.line, 3);
    cr_assert_eq(p.error.column, 6);
    parsing_done(&p);

    cr_assert_eq(parsing_run(&p, STR("[1,\n2,]")), ERR_BAD_JSON);
    cr_assert_eq(p.error.line, 2);
    parsing_done(&p);

    cr_assert_eq(parsing_run(&p, STR("")), ERR_BAD_JSON);
    cr_assert_eq(p.error.line, 1);
    cr_assert_eq(p.error.column, 1);
    parsing_done(&p);
}

Test(json_parse, lines_of_values_are_known)
{
    struct parsing p;
    struct str text = STR("{\n\"a\": [\n1,\n{}\n],\n\"b\": \"x\"}");
    cr_assert_eq(parsing_run(&p, text), ERR_NONE);
    cr_assert_eq(json_line(text, p.value), 1);
    const struct json_value *a = json_member(p.value, STR("a"));
    cr_assert_eq(json_line(text, a), 2);
    cr_assert_eq(json_line(text, json_first(a)), 3);
    cr_assert_eq(json_line(text, json_next(json_first(a))), 4);
    cr_assert_eq(json_line(text, json_member(p.value, STR("b"))), 6);
    cr_assert_eq(json_line(text, NULL), 1);
    parsing_done(&p);
}

Test(json_parse, pieces_of_the_text_are_found_again)
{
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"{\"a\":{}}", "{}"},
        {"{\"b\":[1],\"a\" : { \"x\" : [ 1, {} ] } , \"c\":{}}", "{ \"x\" : [ 1, {} ] }"},
        {"{\"a\":[\"]\",\"\\\"]\",\"\\\\\"],\"b\":[]}", "[\"]\",\"\\\"]\",\"\\\\\"]"},
        {" {\"a\\u0061\":1,\"a\":[[],[[]]]}", "[[],[[]]]"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct parsing p;
        struct str text = str_from(rows[i].text);
        cr_assert_eq(parsing_run(&p, text), ERR_NONE);
        struct str piece = json_source(text, json_member(p.value, STR("a")));
        cr_assert(str_eq(piece, str_from(rows[i].expected)), "%s", rows[i].text);
        cr_assert(str_eq(json_source(text, p.value), str_trim(text, ' ')), "%s", rows[i].text);
        parsing_done(&p);
    }
}
