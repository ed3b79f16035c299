#include <criterion/criterion.h>
#include <signal.h>

#include "parsing.h"
#include "json/write.h"

TestSuite(json_write);

Test(json_write, an_object_of_everything)
{
    char memory[512];
    struct buf b;
    struct json_writer w;
    struct sid sid = {{0x01, 0x8f, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0x2a}};

    buf_init_fixed(&b, memory, sizeof(memory));
    json_writer_init(&w, &b);
    json_write_object_begin(&w);
    json_write_member_string(&w, STR("s"), STR("a\"b\n"));
    json_write_member_int(&w, STR("i"), INT64_MIN);
    json_write_member_bool(&w, STR("t"), true);
    json_write_member_bool(&w, STR("f"), false);
    json_write_key(&w, STR("a"));
    json_write_array_begin(&w);
    json_write_int(&w, 1);
    json_write_null(&w);
    json_write_array_begin(&w);
    json_write_array_end(&w);
    json_write_object_begin(&w);
    json_write_object_end(&w);
    json_write_array_end(&w);
    json_write_member_sid(&w, STR("sid"), &sid);
    json_write_member_sid(&w, STR("none"), &(struct sid){{0}});
    json_write_key(&w, STR("at"));
    json_write_time_ms(&w, 0);
    json_write_key(&w, STR("raw"));
    json_write_raw(&w, STR("[1, 2]"));
    json_write_object_end(&w);

    cr_assert(!b.failed);
    cr_assert_eq(w.depth, 0);
    struct str expected =
        STR("{\"s\":\"a\\\"b\\n\",\"i\":-9223372036854775808,\"t\":true,\"f\":false,"
            "\"a\":[1,null,[],{}],\"sid\":\"018f0000-0000-7000-8000-00000000002a\","
            "\"at\":\"1970-01-01T00:00:00.000Z\",\"raw\":[1, 2]}");
    cr_assert(str_eq(buf_view(&b), expected), "%.*s", STR_ARG(buf_view(&b)));
}

Test(json_write, what_is_written_reads_back)
{
    char memory[1024];
    struct parsing p;
    struct buf b;
    struct json_writer w;
    struct str s, nasty = STR("\x01\x7F \" \\ / \xC3\xA9 \xF0\x9F\x98\x80 \xFF");

    buf_init_fixed(&b, memory, sizeof(memory));
    json_writer_init(&w, &b);
    json_write_array_begin(&w);
    for (int i = 0; i < 3; i++)
        json_write_string(&w, nasty);
    json_write_array_end(&w);
    cr_assert_eq(parsing_run(&p, buf_view(&b)), ERR_NONE);
    cr_assert_eq(json_count(p.value), 3);
    cr_assert(json_string(json_first(p.value), &s));
    cr_assert(str_eq(s, STR("\x01\x7F \" \\ / \xC3\xA9 \xF0\x9F\x98\x80 \xEF\xBF\xBD")));
    parsing_done(&p);
}

Test(json_write, the_deepest_nesting_keeps_its_commas)
{
    char memory[1024];
    struct buf b;
    struct json_writer w;
    buf_init_fixed(&b, memory, sizeof(memory));
    json_writer_init(&w, &b);
    for (int i = 0; i < JSON_WRITE_DEPTH; i++)
        json_write_array_begin(&w);
    json_write_int(&w, 1);
    json_write_int(&w, 2);
    for (int i = 0; i < JSON_WRITE_DEPTH; i++)
        json_write_array_end(&w);
    cr_assert_eq(b.len, 2 * JSON_WRITE_DEPTH + 3);
    cr_assert(!b.failed);
}

Test(json_write, a_full_buffer_is_told_by_the_buffer)
{
    char memory[8];
    struct buf b;
    struct json_writer w;
    buf_init_fixed(&b, memory, sizeof(memory));
    json_writer_init(&w, &b);
    json_write_object_begin(&w);
    json_write_member_string(&w, STR("key"), STR("value"));
    json_write_object_end(&w);
    cr_assert(b.failed);
}

static struct json_writer fresh_writer(void)
{
    static char memory[64];
    static struct buf b;
    struct json_writer w;
    buf_init_fixed(&b, memory, sizeof(memory));
    json_writer_init(&w, &b);
    return w;
}

Test(json_write, a_value_without_its_key_is_a_bug, .signal = SIGABRT)
{
    struct json_writer w = fresh_writer();
    json_write_object_begin(&w);
    json_write_int(&w, 1);
}

Test(json_write, an_end_of_the_other_kind_is_a_bug, .signal = SIGABRT)
{
    struct json_writer w = fresh_writer();
    json_write_object_begin(&w);
    json_write_array_end(&w);
}

Test(json_write, a_key_outside_an_object_is_a_bug, .signal = SIGABRT)
{
    struct json_writer w = fresh_writer();
    json_write_array_begin(&w);
    json_write_key(&w, STR("k"));
}
