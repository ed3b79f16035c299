/* RFC6749-3.3: scope = scope-token *( SP scope-token ). */
#include <criterion/criterion.h>

#include "tables.h"

TestSuite(scope_parse);

Test(scope_parse, texts_are_read_to_the_letter)
{
    static const struct {
        struct str text;
        enum scope_parsed verdict;
        const char *out; /* names of the set, or the first unknown name */
    } rows[] = {
        {STR_INIT("calls.read"), SCOPE_PARSED_OK, "calls.read"},
        {STR_INIT("sms.read calls.read"), SCOPE_PARSED_OK, "calls.read sms.read"},
        {STR_INIT("calls.read calls.read calls.read"), SCOPE_PARSED_OK, "calls.read"},
        {STR_INIT("scopemint.keys iam.sms.read SMS calls.read"), SCOPE_PARSED_OK,
         "calls.read iam.sms.read SMS scopemint.keys"},
        {STR_INIT(""), SCOPE_PARSED_EMPTY, NULL},
        {{NULL, 0}, SCOPE_PARSED_EMPTY, NULL},
        {STR_INIT(" "), SCOPE_PARSED_MALFORMED, NULL},
        {STR_INIT(" calls.read"), SCOPE_PARSED_MALFORMED, NULL},
        {STR_INIT("calls.read "), SCOPE_PARSED_MALFORMED, NULL},
        {STR_INIT("calls.read  sms.read"), SCOPE_PARSED_MALFORMED, NULL},
        {STR_INIT("calls.read\tsms.read"), SCOPE_PARSED_MALFORMED, NULL},
        {STR_INIT("calls.read\n"), SCOPE_PARSED_MALFORMED, NULL},
        {STR_INIT("calls.read\0"), SCOPE_PARSED_MALFORMED, NULL},
        {STR_INIT("calls\\read"), SCOPE_PARSED_MALFORMED, NULL},
        {STR_INIT("\"calls.read\""), SCOPE_PARSED_MALFORMED, NULL},
        {STR_INIT("caf\xC3\xA9"), SCOPE_PARSED_MALFORMED, NULL},
        {STR_INIT("calls.read\x7F"), SCOPE_PARSED_MALFORMED, NULL},
        {STR_INIT("no.such \"bad"), SCOPE_PARSED_MALFORMED, NULL},
        {STR_INIT("no.such"), SCOPE_PARSED_UNKNOWN, "no.such"},
        {STR_INIT("calls.read first.such calls.read second.such"), SCOPE_PARSED_UNKNOWN,
         "first.such"},
        {STR_INIT("Calls.read"), SCOPE_PARSED_UNKNOWN, "Calls.read"},
        {STR_INIT("calls.*"), SCOPE_PARSED_UNKNOWN, "calls.*"},
        {STR_INIT("calls"), SCOPE_PARSED_UNKNOWN, "calls"},
        {STR_INIT("calls.read,sms.read"), SCOPE_PARSED_UNKNOWN, "calls.read,sms.read"},
        {STR_INIT("!#[]~"), SCOPE_PARSED_UNKNOWN, "!#[]~"},
        {STR_INIT("74"), SCOPE_PARSED_UNKNOWN, "74"},
    };
    struct scope_catalogue *cat = tables_shipped();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scope_set set = SCOPE_SET_EMPTY;
        struct str unknown = STR_NONE;
        cr_assert_eq(scope_parse(cat, rows[i].text, &set, &unknown), rows[i].verdict, "row %zu", i);
        if (rows[i].verdict == SCOPE_PARSED_OK)
            cr_assert_str_eq(set_to_names(cat, &set), rows[i].out);
        else
            cr_assert(scope_set_is_empty(&set));
        if (rows[i].verdict == SCOPE_PARSED_UNKNOWN)
            cr_assert(str_eq(unknown, str_from(rows[i].out)));
    }
    catalogue_free(&cat);
}

Test(scope_parse, an_overlong_name_is_merely_unknown)
{
    char name[LIMIT_BODY];
    struct scope_catalogue *cat = tables_shipped();
    struct scope_set set;
    struct str unknown = STR_NONE;
    memset(name, 'x', sizeof(name));
    cr_assert_eq(scope_parse(cat, str_make(name, sizeof(name)), &set, &unknown),
                 SCOPE_PARSED_UNKNOWN);
    cr_assert_eq(unknown.len, sizeof(name));
    catalogue_free(&cat);
}

/* P1: a name that left the catalogue is lost, the rest of the token is not. */
Test(scope_parse, what_we_wrote_is_read_without_the_names_that_went)
{
    struct scope_catalogue *cat = tables_shipped();
    struct scope_set set = scope_read(cat, STR("sms.read gone.value calls.read"));
    cr_assert_str_eq(set_to_names(cat, &set), "calls.read sms.read");
    set = scope_read(cat, STR(""));
    cr_assert(scope_set_is_empty(&set));
    set = scope_read(cat, STR_NONE);
    cr_assert(scope_set_is_empty(&set));
    catalogue_free(&cat);
}

Test(scope_parse, a_buffer_too_small_for_the_names_says_so)
{
    struct scope_catalogue *cat = tables_shipped();
    char memory[16];
    struct buf text;
    buf_init_fixed(&text, memory, sizeof(memory));
    scope_format(cat, catalogue_all(cat), &text);
    cr_assert(text.failed);
    catalogue_free(&cat);
}

Test(scope_parse, names_are_tokens_of_at_most_sixty_four_characters)
{
    char longest[LIMIT_SCOPE_NAME + 1];
    memset(longest, 'a', sizeof(longest));
    cr_assert(scope_name_is_valid(str_make(longest, LIMIT_SCOPE_NAME)));
    cr_assert(!scope_name_is_valid(str_make(longest, LIMIT_SCOPE_NAME + 1)));
    cr_assert(!scope_name_is_valid(STR("")));
    for (int c = 0; c < 256; c++) {
        char name[1] = {(char)c};
        bool token = c == 0x21 || (c >= 0x23 && c <= 0x5B) || (c >= 0x5D && c <= 0x7E);
        cr_assert_eq(scope_name_is_valid(str_make(name, 1)), token, "0x%02x", (unsigned)c);
    }
}
