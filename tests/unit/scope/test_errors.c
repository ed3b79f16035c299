/* SPEC 2: a table that is wrong is refused with file, line and value. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/leaks.h"
#include "tables.h"

TestSuite(scope_errors);

#define REST                          ",\"category\":\"c\",\"description\":\"d\"}"
#define VALUE(name)                   "{\"name\":\"" name "\"" REST
#define VALUE_WITH(name, member)      "{\"name\":\"" name "\"," member REST
#define VALUE_INCLUDING(name, values) VALUE_WITH(name, "\"includes\":[" values "]")
#define LONG_NAME                     "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg"

Test(scope_errors, each_is_said_with_its_line_and_value)
{
    static const struct {
        const char *values, *errors;
    } rows[] = {
        {"7", "t.json:1: a value is not an object\n"},
        {"{}", "t.json:1: missing member \"name\"\n"},
        {"\n{\"name\":\"a\"}", "t.json:2: missing member \"category\"\n"},
        {"\n{\"name\":\"a\",\"category\":\"c\"}", "t.json:2: missing member \"description\"\n"},
        {"{\"name\":1" REST, "t.json:1: not a string: \"name\"\n"},
        {"{\"name\":null" REST, "t.json:1: not a string: \"name\"\n"},
        {"{\"name\":\"a\",\n\"category\":7,\"description\":\"d\"}",
         "t.json:2: not a string: \"category\"\n"},
        {"{\"name\":\"a\",\"category\":\"c\",\"description\":[]}",
         "t.json:1: not a string: \"description\"\n"},
        {VALUE_WITH("a", "\"title\":0"), "t.json:1: not a string: \"title\"\n"},
        {VALUE(""), "t.json:1: not a scope name of 1 to 64 characters: \"\"\n"},
        {VALUE("a b"), "t.json:1: not a scope name of 1 to 64 characters: \"a b\"\n"},
        {VALUE("\\u001b[2J"), "t.json:1: not a scope name of 1 to 64 characters: \"\\u001b[2J\"\n"},
        {VALUE(LONG_NAME "h"),
         "t.json:1: not a scope name of 1 to 64 characters: \"" LONG_NAME "h\"\n"},
        {VALUE_WITH("a", "\"id\":\"7\""), "t.json:1: not a whole number from 0: \"id\"\n"},
        {VALUE_WITH("a", "\"id\":-1"), "t.json:1: not a whole number from 0: \"id\"\n"},
        {VALUE_WITH("a", "\"id\":1.5"), "t.json:1: not a whole number from 0: \"id\"\n"},
        {VALUE_WITH("a", "\"restricted\":\"yes\""),
         "t.json:1: not true or false: \"restricted\"\n"},
        {VALUE_WITH("a", "\"default\":1"), "t.json:1: not true or false: \"default\"\n"},
        {VALUE_WITH("a", "\"default\":true,\"restricted\":true"),
         "t.json:1: a restricted value cannot be a default: \"a\"\n"},
        {VALUE_WITH("a", "\"restricred\":true"), "t.json:1: unknown member \"restricred\"\n"},
        {VALUE_WITH("a", "\"includes\":\"b\""), "t.json:1: not a list: \"includes\"\n"},
        {VALUE_INCLUDING("a", "7"), "t.json:1: not a string: an item of \"includes\" of \"a\"\n"},
        {VALUE_INCLUDING("a", "\n\"b\""), "t.json:2: includes an unknown value: \"b\"\n"},
        {VALUE_INCLUDING("a", "\"b\",\n\"b\"") "," VALUE("b"),
         "t.json:2: includes a value twice: \"b\"\n"},
        {VALUE("a") ",\n" VALUE("a"), "t.json:2: the value is there already: \"a\"\n"},
        {VALUE_INCLUDING("a", "\"a\""), "t.json:1: a cycle of includes: \"a -> a\"\n"},
        {VALUE_INCLUDING("x", "\"a\"") ",\n" VALUE_INCLUDING("a", "\"b\"") "," VALUE_INCLUDING(
             "b", "\"c\"") "," VALUE_INCLUDING("c", "\"a\""),
         "t.json:2: a cycle of includes: \"a -> b -> c -> a\"\n"},
        /* All that is wrong, not only the first. */
        {"{}\n,{}", "t.json:1: missing member \"name\"\nt.json:2: missing member \"name\"\n"},
        {VALUE_INCLUDING("a", "\"x\"") "," VALUE_INCLUDING("b", "\"y\""),
         "t.json:1: includes an unknown value: \"x\"\n"
         "t.json:1: includes an unknown value: \"y\"\n"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *errors = "";
        struct scope_catalogue *cat = tables_from(rows[i].values, NULL, &errors);
        cr_assert_null(cat, "row %zu", i);
        cr_assert_str_eq(errors, rows[i].errors, "row %zu", i);
    }
    leaks_check();
}

Test(scope_errors, a_file_that_is_no_table_is_refused)
{
    static const char *const rows[][2] = {
        {"", "t.json:1: the text ends too early\n"},
        {"[1,\n2", "t.json:2: the text ends too early\n"},
        {"[]", "t.json:1: the file is not a JSON object\n"},
        {"{}", "t.json:1: missing member \"table\"\n"},
        {"{\"table\":\"t\"}", "t.json:1: missing member \"values\"\n"},
        {"{\"table\":\"t\",\"values\":{}}", "t.json:1: not a list: \"values\"\n"},
        {"{\"table\":1,\"values\":[]}", "t.json:1: not a string: \"table\"\n"},
        {"{\"table\":\"u\",\"values\":[]}",
         "t.json:1: the file is not named after its table \"u\"\n"},
        {"{\"table\":\"t\",\"values\":[],\n\"more\":1}", "t.json:2: unknown member \"more\"\n"},
        {"{\"table\":\"t\",\n\"table\":\"t\",\"values\":[]}",
         "t.json:2: an object names a member twice\n"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scope_source source = {STR("t"), STR("t.json"), str_from(rows[i][0])};
        struct scope_catalogue *cat = NULL;
        char memory[1024];
        struct buf errors;
        buf_init_fixed(&errors, memory, sizeof(memory));
        cr_assert(!catalogue_build(&source, 1, NULL, &cat, &errors), "row %zu", i);
        cr_assert_null(cat);
        cr_assert(str_eq(buf_view(&errors), str_from(rows[i][1])), "row %zu: %.*s", i,
                  STR_ARG(buf_view(&errors)));
    }
    leaks_check();
}

Test(scope_errors, a_value_in_two_tables_is_refused)
{
    struct scope_source sources[] = {
        {STR("u"), STR("u.json"), STR("{\"table\":\"u\",\"values\":[" VALUE("a") "]}")},
        {STR("t"), STR("t.json"), STR("{\"table\":\"t\",\"values\":[" VALUE("a") "]}")},
    };
    struct scope_catalogue *cat = NULL;
    char memory[256];
    struct buf errors;
    buf_init_fixed(&errors, memory, sizeof(memory));
    cr_assert(!catalogue_build(sources, 2, NULL, &cat, &errors));
    cr_assert(str_eq(buf_view(&errors), STR("u.json:1: the value is there already: \"a\"\n")));
    leaks_check();
}

static struct scope_catalogue *many(unsigned n, char prefix, const struct scope_catalogue *previous,
                                    const char **out_errors)
{
    char *text = malloc((size_t)n * 64 + 1);
    size_t len = 0;
    for (unsigned i = 0; i < n; i++)
        len += (size_t)sprintf(text + len, "%s{\"name\":\"%c%u\"" REST, i ? ",\n" : "", prefix, i);
    struct scope_catalogue *cat = tables_from(text, previous, out_errors);
    free(text);
    return cat;
}

Test(scope_errors, five_hundred_and_twelve_values_and_no_more)
{
    const char *errors = "";
    struct scope_catalogue *full = many(512, 'a', NULL, NULL);
    cr_assert_not_null(full);
    cr_assert_eq(scope_set_count(catalogue_all(full)), 512);
    for (size_t rank = 0; rank < 512; rank++)
        cr_assert_eq(catalogue_find(full, catalogue_at(full, rank)->name)->rank, rank);

    cr_assert_null(many(513, 'a', NULL, &errors));
    cr_assert_str_eq(errors, "t.json:513: more than 512 values\n");

    cr_assert_null(many(1, 'b', full, &errors));
    cr_assert_str_eq(errors, "t.json:1: more than 512 values since the start, counting those that "
                             "went: \"b0\"\n");

    struct scope_catalogue *fewer = many(3, 'a', full, NULL);
    cr_assert_eq(catalogue_count(fewer), 3);
    catalogue_free(&full);
    catalogue_free(&fewer);
    leaks_check();
}

static void write_file(const char *dir, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

static bool load(const char *dir, struct scope_catalogue **out, const char **out_errors)
{
    static char memory[1024];
    struct buf errors;
    buf_init_fixed(&errors, memory, sizeof(memory) - 1);
    bool ok = catalogue_load(dir, NULL, out, &errors);
    memory[errors.len] = 0;
    *out_errors = memory;
    return ok;
}

Test(scope_errors, a_directory_is_read_by_table_name)
{
    char dir[] = "/tmp/scope-tables-XXXXXX", path[256], expected[512];
    struct scope_catalogue *cat = NULL;
    const char *errors;

    cr_assert_not_null(mkdtemp(dir));
    cr_assert(!load(dir, &cat, &errors));
    snprintf(expected, sizeof(expected), "%s: no scope tables (*.json) here\n", dir);
    cr_assert_str_eq(errors, expected);

    write_file(dir, "b.json", "{\"table\":\"b\",\"values\":[" VALUE("b.x") "]}");
    write_file(dir, "b-c.json", "{\"table\":\"b-c\",\"values\":[" VALUE("bc.x") "]}");
    write_file(dir, "a.json",
               "{\"table\":\"a\",\"values\":[" VALUE_INCLUDING("a.x", "\"b.x\"") "]}");
    write_file(dir, "README.md", "not a table");
    write_file(dir, ".c.json", "an editor's");
    cr_assert(load(dir, &cat, &errors), "%s", errors);
    cr_assert_str_eq(set_to_names(cat, catalogue_all(cat)), "a.x b.x bc.x");
    catalogue_free(&cat);

    snprintf(path, sizeof(path), "%s/d.json", dir);
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_assert(!load(dir, &cat, &errors));
    snprintf(expected, sizeof(expected), "%s: not a regular file of at most 1 MiB\n", path);
    cr_assert_str_eq(errors, expected);

    const char *names[] = {"a.json", "b.json", "b-c.json", "d.json", "README.md", ".c.json"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        cr_assert_eq(unlink(path), 0);
    }
    cr_assert_eq(rmdir(dir), 0);
    leaks_check();
}

Test(scope_errors, a_directory_that_is_not_there_is_named)
{
    struct scope_catalogue *cat = NULL;
    const char *errors;
    cr_assert(!load("/no/such/place", &cat, &errors));
    cr_assert_str_eq(errors, "/no/such/place: No such file or directory\n");
    leaks_check();
}
