/* What commands print, in both forms, and what may reach a terminal. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "cli/output.h"
#include "support/leaks.h"

static char *finish(struct output *o)
{
    char *text = NULL;
    size_t n = 0;
    FILE *file = open_memstream(&text, &n);
    cr_assert(output_finish(o, file));
    fclose(file);
    return text;
}

static void check(struct output *o, const char *expected)
{
    char *text = finish(o);
    cr_assert_str_eq(text, expected, "\n%s\nis not\n%s", text, expected);
    free(text);
    leaks_check();
}

static void write_object(struct output *o)
{
    static const struct str names[] = {STR_INIT("a.read"), STR_INIT("b.read")};

    output_begin(o);
    output_str(o, "name", STR("Root"));
    output_str(o, "empty", STR(""));
    output_int(o, "count", -3);
    output_bool(o, "good", true);
    output_null(o, "id");
    output_time_ms(o, "created", 1795251330123);
    output_names(o, "scopes", names, 2);
    output_names(o, "none", names, 0);
    output_begin_member(o, "inner");
    output_str(o, "kid", STR("k1"));
    output_end(o);
    output_end(o);
}

Test(output, object_as_json)
{
    struct output o;
    output_init(&o, true);
    write_object(&o);
    check(&o, "{\"name\":\"Root\",\"empty\":\"\",\"count\":-3,\"good\":true,\"id\":null,"
              "\"created\":\"2026-11-21T08:55:30.123Z\",\"scopes\":[\"a.read\",\"b.read\"],"
              "\"none\":[],\"inner\":{\"kid\":\"k1\"}}\n");
}

Test(output, object_as_text)
{
    struct output o;
    output_init(&o, false);
    write_object(&o);
    check(&o, "name:                 Root\n"
              "empty:                -\n"
              "count:                -3\n"
              "good:                 yes\n"
              "id:                   -\n"
              "created:              2026-11-21T08:55:30.123Z\n"
              "scopes:               a.read b.read\n"
              "none:                 -\n"
              "inner:\n"
              "  kid:                k1\n");
}

static void write_table(struct output *o, size_t rows)
{
    static const struct {
        struct str name;
        int64_t id;
    } data[] = {{STR_INIT("short"), 1}, {STR_INIT("a longer n\xc3\xa4me"), 22}};

    output_table_begin(o);
    for (size_t i = 0; i < rows; i++) {
        output_row_begin(o);
        output_str(o, "name", data[i].name);
        output_int(o, "id", data[i].id);
        output_row_end(o);
    }
    output_table_end(o);
}

Test(output, table_as_text_is_as_wide_as_its_cells)
{
    struct output o;
    output_init(&o, false);
    write_table(&o, 2);
    check(&o, "name           id\n"
              "short          1\n"
              "a longer n\xc3\xa4me  22\n");
}

Test(output, table_as_json)
{
    struct output o;
    output_init(&o, true);
    write_table(&o, 2);
    check(&o, "{\"items\":[{\"name\":\"short\",\"id\":1},{\"name\":\"a longer n\xc3\xa4me\","
              "\"id\":22}],\"count\":2}\n");
}

Test(output, empty_tables)
{
    struct output o;
    output_init(&o, true);
    write_table(&o, 0);
    check(&o, "{\"items\":[],\"count\":0}\n");
    output_init(&o, false);
    write_table(&o, 0);
    check(&o, "");
}

Test(output, a_file_that_takes_nothing_is_a_failure)
{
    struct output o;
    FILE *full = fopen("/dev/full", "w");
    cr_assert_not_null(full);
    output_init(&o, true);
    write_object(&o);
    cr_assert_not(output_finish(&o, full));
    fclose(full);
    leaks_check();
}

/* A token's claims go to the operator's terminal. */
Test(output, terminals_get_no_controls)
{
    static const struct {
        struct str raw, shown;
    } texts[] = {
        {STR_INIT("plain"), STR_INIT("plain")},
        {STR_INIT(""), STR_INIT("")},
        {STR_INIT("\x1b[2J\x07"), STR_INIT("?[2J?")},
        {STR_INIT("a\0b\x7f"), STR_INIT("a?b?")},
        {STR_INIT("l\xc3\xb6\xe2\x82\xac\xf0\x9f\x94\x91"),
         STR_INIT("l\xc3\xb6\xe2\x82\xac\xf0\x9f\x94\x91")},
        {STR_INIT("\xc2\x9b"
                  "31m"),
         STR_INIT("?31m")},                                     /* C1: CSI */
        {STR_INIT("\xe2\x80\xae"), STR_INIT("?")},              /* right-to-left override */
        {STR_INIT("\xe2\x81\xa6\xe2\x80\xa8"), STR_INIT("??")}, /* isolate, line separator */
        {STR_INIT("\xe2\x80\xb0\xe2\x80\x94"), STR_INIT("\xe2\x80\xb0\xe2\x80\x94")},
        {STR_INIT("\xff\xc3"), STR_INIT("??")},      /* not UTF-8, cut off */
        {STR_INIT("\xed\xa0\x80"), STR_INIT("???")}, /* a surrogate */
        {STR_INIT("\xc3x"), STR_INIT("?x")},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char memory[64];
        struct buf b;
        buf_init_fixed(&b, memory, sizeof(memory));
        output_put_safe(&b, texts[i].raw);
        cr_assert(str_eq(buf_view(&b), texts[i].shown), "%zu: %.*s", i, STR_ARG(buf_view(&b)));
    }
}
