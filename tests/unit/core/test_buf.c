#include <criterion/criterion.h>

#include "core/arena.h"
#include "core/buf.h"

TestSuite(core_buf);

static void write_some(struct buf *b)
{
    buf_cstr(b, "abc");
    buf_char(b, '-');
    buf_str(b, STR("def"));
    buf_str(b, STR_NONE);
    buf_put(b, "x", 0);
}

Test(core_buf, a_fixed_buffer_takes_what_fits_and_remembers_what_did_not)
{
    char memory[7];
    struct buf b;
    buf_init_fixed(&b, memory, sizeof(memory));
    write_some(&b);
    cr_assert(!b.failed && str_eq(buf_view(&b), STR("abc-def")));
    buf_char(&b, 'g');
    cr_assert(b.failed);
    cr_assert_eq(b.len, 7);

    buf_init_fixed(&b, memory, 5);
    write_some(&b);
    cr_assert(b.failed && str_eq(buf_view(&b), STR("abc-")), "no half pieces");
    b.failed = true;
    buf_char(&b, 'x');
    cr_assert_eq(b.len, 4, "what failed takes nothing more");
}

Test(core_buf, growing_buffers_keep_their_bytes_up_to_their_bound)
{
    struct arena arena;
    struct buf heap, in_arena;
    struct buf *both[] = {&heap, &in_arena};

    arena_init(&arena, NULL, 0, 1024 * 1024);
    buf_init_heap(&heap, 5000);
    buf_init_arena(&in_arena, &arena, 16, 5000);
    for (size_t i = 0; i < 2; i++) {
        for (int n = 0; n < 5000; n++)
            buf_char(both[i], (char)('a' + n % 26));
        cr_assert(!both[i]->failed);
        for (int n = 0; n < 5000; n++)
            cr_assert_eq(both[i]->ptr[n], 'a' + n % 26);
        buf_char(both[i], '!');
        cr_assert(both[i]->failed && both[i]->full);
        buf_free(both[i]);
        cr_assert_eq(both[i]->len, 0);
    }
    arena_reset(&arena);
}

Test(core_buf, an_arena_that_is_full_fails_the_buffer)
{
    struct arena arena;
    struct buf b;
    arena_init(&arena, NULL, 0, 100);
    buf_init_arena(&b, &arena, 0, 5000);
    for (int i = 0; i < 200; i++)
        buf_char(&b, 'x');
    cr_assert(b.failed && !b.full, "there was no memory");
    arena_reset(&arena);
}

Test(core_buf, room_asked_for_is_the_callers_to_fill)
{
    char memory[4];
    struct buf b;
    buf_init_fixed(&b, memory, sizeof(memory));
    char *at = buf_reserve(&b, 4);
    cr_assert_eq(at, memory);
    cr_assert_eq(b.len, 0);
    b.len = 4;
    cr_assert_null(buf_reserve(&b, 1));
    cr_assert(b.failed);
    buf_init_heap(&b, 10);
    cr_assert_null(buf_reserve(&b, SIZE_MAX));
    buf_free(&b);
}

Test(core_buf, numbers_bytes_and_times)
{
    static const struct {
        int64_t wall_ms;
        const char *text;
    } times[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {1795249530123, "2026-11-21T08:25:30.123Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {253402300799999, "9999-12-31T23:59:59.999Z"},
    };
    char memory[128];
    struct buf b;

    buf_init_fixed(&b, memory, sizeof(memory));
    buf_u64(&b, UINT64_MAX);
    buf_char(&b, ' ');
    buf_u64(&b, 0);
    buf_char(&b, ' ');
    buf_i64(&b, INT64_MIN);
    buf_char(&b, ' ');
    buf_i64(&b, INT64_MAX);
    buf_char(&b, ' ');
    buf_hex(&b, "\x00\xFF\x1a", 3);
    cr_assert(str_eq(buf_view(&b), STR("18446744073709551615 0 -9223372036854775808 "
                                       "9223372036854775807 00ff1a")));
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        buf_init_fixed(&b, memory, sizeof(memory));
        buf_time_ms(&b, times[i].wall_ms);
        cr_assert(str_eq(buf_view(&b), str_from(times[i].text)), "%.*s", STR_ARG(buf_view(&b)));
    }
    buf_time_ms(&b, 253402300800000);
    cr_assert(b.failed, "five-digit years have no such text");
    buf_init_fixed(&b, memory, sizeof(memory));
    buf_time_ms(&b, INT64_MIN);
    cr_assert(b.failed);
}

Test(core_buf, json_strings_are_always_valid)
{
    static const struct str rows[][2] = {
        {STR_INIT(""), STR_INIT("\"\"")},
        {STR_INIT("plain / ~"), STR_INIT("\"plain / ~\"")},
        {STR_INIT("\"\\\n\r\t"), STR_INIT("\"\\\"\\\\\\n\\r\\t\"")},
        {STR_INIT("\0\x01\x1F\x7F"), STR_INIT("\"\\u0000\\u0001\\u001f\\u007f\"")},
        {STR_INIT("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"),
         STR_INIT("\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"")},
        {STR_INIT("a\xFFz"), STR_INIT("\"a\xEF\xBF\xBDz\"")},
        {STR_INIT("\xC3"), STR_INIT("\"\xEF\xBF\xBD\"")},
        {STR_INIT("\xED\xA0\x80"), STR_INIT("\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"")},
    };
    char memory[128];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf b;
        buf_init_fixed(&b, memory, sizeof(memory));
        buf_json(&b, rows[i][0]);
        cr_assert(str_eq(buf_view(&b), rows[i][1]), "row %zu: %.*s", i, STR_ARG(buf_view(&b)));
        cr_assert(str_is_utf8(buf_view(&b)));
    }
}
