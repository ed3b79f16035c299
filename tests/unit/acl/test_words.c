#include <criterion/criterion.h>

#include "acl/words.h"

static const char *const strangers[] = {"",         "any ", "ANY",      "Exact",
                                        "from_did", "null", "reject404"};
enum { STRANGERS = sizeof(strangers) / sizeof(strangers[0]) };

#define CHECK_WORDS(type, first, last)                                                            \
    do {                                                                                          \
        for (int i = (first); i <= (last); i++) {                                                 \
            enum acl_##type back = (enum acl_##type)(last);                                       \
            cr_assert(acl_##type##_parse(acl_##type##_word((enum acl_##type)i), &back));          \
            cr_assert_eq((int)back, i);                                                           \
        }                                                                                         \
        for (int i = 0; i < STRANGERS; i++) {                                                     \
            enum acl_##type same = (enum acl_##type)(last);                                       \
            cr_assert_not(acl_##type##_parse(str_from(strangers[i]), &same), "%s", strangers[i]); \
            cr_assert_eq((int)same, (last));                                                      \
        }                                                                                         \
    } while (0)

Test(acl_words, are_read_as_they_are_written)
{
    CHECK_WORDS(field, ACL_CALLING, ACL_MESSAGE);
    CHECK_WORDS(operation, ACL_EXACT, ACL_REGEXP);
    CHECK_WORDS(quantifier, ACL_ALL, ACL_NONE);
    CHECK_WORDS(direction, ACL_ANY_DIRECTION, ACL_UNDIRECTED);
}

Test(acl_words, actions_differ_with_the_kind)
{
    static const struct {
        const char *word;
        enum acl_action call, sms; /* none: refused */
    } rows[] = {
        {"accept", ACL_ACCEPT, ACL_ACCEPT},           {"reject", ACL_NO_ACTION, ACL_REJECT},
        {"reject403", ACL_REJECT_403, ACL_NO_ACTION}, {"reject503", ACL_REJECT_503, ACL_NO_ACTION},
        {"", ACL_NO_ACTION, ACL_NO_ACTION},           {"null", ACL_NO_ACTION, ACL_NO_ACTION},
        {"Accept", ACL_NO_ACTION, ACL_NO_ACTION},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum acl_action call = ACL_NO_ACTION, sms = ACL_NO_ACTION;
        bool for_call = acl_action_parse(ACL_CALL, str_from(rows[i].word), &call);
        bool for_sms = acl_action_parse(ACL_SMS, str_from(rows[i].word), &sms);
        cr_assert_eq(call, rows[i].call, "%s", rows[i].word);
        cr_assert_eq(sms, rows[i].sms, "%s", rows[i].word);
        cr_assert_eq(for_call, call != ACL_NO_ACTION);
        cr_assert_eq(for_sms, sms != ACL_NO_ACTION);
        if (for_call)
            cr_assert(str_eq(acl_action_word(call), str_from(rows[i].word)));
        if (for_sms)
            cr_assert(str_eq(acl_action_word(sms), str_from(rows[i].word)));
    }
    cr_assert_null(acl_action_word(ACL_NO_ACTION).ptr);
}

Test(acl_words, fields_are_of_calls_or_of_messages)
{
    cr_assert_eq(acl_field_kind(ACL_CALLING), ACL_CALL);
    cr_assert_eq(acl_field_kind(ACL_CALLED), ACL_CALL);
    cr_assert_eq(acl_field_kind(ACL_FROM), ACL_SMS);
    cr_assert_eq(acl_field_kind(ACL_TO), ACL_SMS);
    cr_assert_eq(acl_field_kind(ACL_MESSAGE), ACL_SMS);
}
