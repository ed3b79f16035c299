#include <criterion/criterion.h>
#include <stdio.h>

#include "scope/roles.h"
#include "support/leaks.h"
#include "tables.h"

TestSuite(scope_roles);

static struct scope_roles *roles_shipped(const struct scope_catalogue *cat)
{
    struct scope_roles *roles = NULL;
    char memory[2048];
    struct buf errors;
    buf_init_fixed(&errors, memory, sizeof(memory));
    cr_assert(roles_load(CONF_DIR "/roles.json", cat, &roles, &errors), "%.*s",
              STR_ARG(buf_view(&errors)));
    return roles;
}

/* SPEC 2: the matrix, and the values of other tables that each role carries. */
Test(scope_roles, the_four_roles_carry_what_the_matrix_says)
{
    static const struct {
        const char *name;
        unsigned iam_literal, iam_closure, ringcentral;
        const char *has, *has_not;
    } rows[] = {
        {"administrator", 16, 25, 32,
         "iam.user_management.write iam.user_management.read iam.account_settings.read "
         "EditPaymentInfo RoleManagement",
         "iam.auto_attendant.system.read calls.read scopemint.keys"},
        {"developer", 15, 23, 29, "iam.applications.write iam.usage.read Accounts",
         "iam.user_management.read EditPaymentInfo EditReportingSettings RoleManagement"},
        {"turnkey_administrator", 15, 22, 0,
         "iam.user_management.write iam.auto_attendant.provisioning.write "
         "iam.campaign_manager.campaigns.write iam.task_router.usage.read",
         "iam.applications.read Accounts calls.read"},
        {"turnkey_developer", 4, 5, 0,
         "iam.auto_attendant.provisioning.write iam.auto_attendant.enterprise.read",
         "iam.user_management.read iam.two_factor.traffic.read Accounts"},
    };
    struct scope_catalogue *cat = tables_shipped();
    struct scope_roles *roles = roles_shipped(cat);
    struct scope_set iam = catalogue_table(cat, STR("restcomm"));
    struct scope_set ringcentral = catalogue_table(cat, STR("ringcentral"));

    cr_assert_eq(roles_count(roles), 4);
    for (size_t i = 0; i < 4; i++) {
        const struct scope_role *role = roles_find(roles, str_from(rows[i].name));
        cr_assert_not_null(role, "%s", rows[i].name);
        cr_assert_eq(role, roles_at(roles, i));
        cr_assert_gt(role->title.len, 0);

        struct scope_set part = scope_set_intersection(&role->scopes, &iam);
        cr_assert_eq(scope_set_count(&part), rows[i].iam_literal, "%s", rows[i].name);
        part = scope_set_intersection(&role->closure, &iam);
        cr_assert_eq(scope_set_count(&part), rows[i].iam_closure, "%s", rows[i].name);
        part = scope_set_intersection(&role->closure, &ringcentral);
        cr_assert_eq(scope_set_count(&part), rows[i].ringcentral, "%s", rows[i].name);
        cr_assert_eq(scope_set_count(&role->closure), rows[i].iam_closure + rows[i].ringcentral);

        struct scope_set has = names_to_set(cat, rows[i].has);
        struct scope_set has_not = names_to_set(cat, rows[i].has_not);
        cr_assert(scope_set_is_subset(&has, &role->closure), "%s", rows[i].name);
        struct scope_set wrong = scope_set_intersection(&has_not, &role->closure);
        cr_assert_str_eq(set_to_names(cat, &wrong), "", "%s", rows[i].name);
    }
    cr_assert_null(roles_find(roles, STR("Administrator")));
    cr_assert_null(roles_find(roles, STR("")));
    roles_free(&roles);
    roles_free(&roles);
    catalogue_free(&cat);
    leaks_check();
}

Test(scope_roles, role_access_says_who_hands_out_what)
{
    /* giver down, given across: administrator, developer, turnkey administrator, its developer */
    static const bool may[4][4] = {
        {true, true, true, true},
        {false, false, false, false},
        {false, false, true, true},
        {false, false, false, false},
    };
    struct scope_catalogue *cat = tables_shipped();
    struct scope_roles *roles = roles_shipped(cat);
    for (size_t giver = 0; giver < 4; giver++)
        for (size_t given = 0; given < 4; given++)
            cr_assert_eq(role_may_hand_out(roles_at(roles, giver), roles_at(roles, given)),
                         may[giver][given], "%zu %zu", giver, given);
    roles_free(&roles);
    catalogue_free(&cat);
    leaks_check();
}

#define ROLE(name, access, scopes) \
    "{\"name\":\"" name "\",\"title\":\"T\",\"role_access\":[" access "],\"scopes\":[" scopes "]}"

Test(scope_roles, what_is_wrong_is_said_with_its_line)
{
    static const struct {
        const char *text, *errors;
    } rows[] = {
        {"[]", "r.json:1: the file is not a JSON object\n"},
        {"{", "r.json:1: the text ends too early\n"},
        {"{\"roles\":{}}", "r.json:1: not a list: \"roles\"\n"},
        {"{}", "r.json:1: missing member \"roles\"\n"},
        {"{\"roles\":[],\n\"x\":1}", "r.json:2: unknown member \"x\"\n"},
        {"{\"roles\":[\n1]}", "r.json:2: a role is not an object\n"},
        {"{\"roles\":[{\"name\":\"a\"}]}", "r.json:1: missing member \"title\"\n"},
        {"{\"roles\":[{\"name\":\"a\",\"title\":\"T\"}]}",
         "r.json:1: missing member \"role_access\"\n"},
        {"{\"roles\":[{\"name\":\"a\",\"title\":\"T\",\"role_access\":[]}]}",
         "r.json:1: missing member \"scopes\"\n"},
        {"{\"roles\":[{\"name\":1}]}", "r.json:1: not a string: \"name\"\n"},
        {"{\"roles\":[{\"nome\":1}]}", "r.json:1: unknown member \"nome\"\n"},
        {"{\"roles\":[" ROLE("", "", "") "]}",
         "r.json:1: not a name of 1 to 128 characters: \"\"\n"},
        {"{\"roles\":[" ROLE("a", "", "") ",\n" ROLE("a", "", "") "]}",
         "r.json:2: the role is there already: \"a\"\n"},
        {"{\"roles\":[" ROLE("a", "\"b\"", "") "]}", "r.json:1: no such role: \"b\"\n"},
        {"{\"roles\":[" ROLE("a", "1", "") "]}", "r.json:1: no such role:\n"},
        {"{\"roles\":[" ROLE("a", "", "\n\"no.such\",\n7") "]}",
         "r.json:2: unknown scope: \"no.such\"\n"
         "r.json:3: not a string: an item of \"scopes\" of \"a\"\n"},
    };
    struct scope_catalogue *cat = tables_shipped();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scope_source source = {STR("r"), STR("r.json"), str_from(rows[i].text)};
        struct scope_roles *roles = NULL;
        char memory[1024];
        struct buf errors;
        buf_init_fixed(&errors, memory, sizeof(memory));
        cr_assert(!roles_build(&source, cat, &roles, &errors), "row %zu", i);
        cr_assert_null(roles);
        cr_assert(str_eq(buf_view(&errors), str_from(rows[i].errors)), "row %zu: %.*s", i,
                  STR_ARG(buf_view(&errors)));
    }
    catalogue_free(&cat);
    leaks_check();
}

Test(scope_roles, thirty_two_roles_and_no_more)
{
    struct scope_catalogue *cat = tables_shipped();
    for (int n = ROLES_MAX; n <= ROLES_MAX + 1; n++) {
        char text[8192] = "{\"roles\":[";
        size_t len = strlen(text);
        for (int i = 0; i < n; i++)
            len += (size_t)snprintf(text + len, sizeof(text) - len,
                                    "%s{\"name\":\"r%d\",\"title\":\"T\",\"role_access\":[\"r%d\"],"
                                    "\"scopes\":[]}",
                                    i ? "," : "", i, n - 1);
        len += (size_t)snprintf(text + len, sizeof(text) - len, "]}");
        struct scope_source source = {STR("r"), STR("r.json"), str_make(text, len)};
        struct scope_roles *roles = NULL;
        char memory[1024];
        struct buf errors;
        buf_init_fixed(&errors, memory, sizeof(memory));
        bool ok = roles_build(&source, cat, &roles, &errors);
        cr_assert_eq(ok, n == ROLES_MAX);
        if (ok)
            cr_assert(role_may_hand_out(roles_at(roles, 0), roles_at(roles, ROLES_MAX - 1)));
        roles_free(&roles);
    }
    catalogue_free(&cat);
    leaks_check();
}

Test(scope_roles, a_file_that_is_not_there_is_named)
{
    struct scope_catalogue *cat = tables_shipped();
    struct scope_roles *roles = NULL;
    char memory[1024];
    struct buf errors;
    buf_init_fixed(&errors, memory, sizeof(memory));
    cr_assert(!roles_load("/no/such/roles.json", cat, &roles, &errors));
    cr_assert(str_eq(buf_view(&errors), STR("/no/such/roles.json: No such file or directory\n")));
    catalogue_free(&cat);
    leaks_check();
}
