/* GET /core/v2/scopes[/{value}]: the catalogue for bearers. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "manage/routes.h"
#include "support/leaks.h"
#include "unit/oauth/bed.h"

#define LIST "/core/v2/scopes"

struct scene {
    struct bed bed;
    struct minted token;
    char header[BED_TEXT];
};

static void scene_init(struct scene *s)
{
    bed_init(&s->bed);
    bed_mint(&s->bed, &s->bed.clients.tree.shop_app, &s->bed.clients.tree.shop, "calls.read",
             BED_ISSUER, &s->token);
    snprintf(s->header, sizeof(s->header), "Bearer %s", s->token.text);
}

static const struct route *route_of(const char *path)
{
    bool is_list = strcmp(path, LIST) == 0;

    for (size_t i = 0; i < manage_routes.count; i++)
        if (str_eq(manage_routes.routes[i].path, is_list ? STR(LIST) : STR(LIST "/{value}")))
            return &manage_routes.routes[i];
    return NULL;
}

static void ask(struct scene *s, const char *path, const char *query, struct answer *out)
{
    bed_answer(
        &s->bed,
        &(struct question){
            .route = route_of(path), .path = path, .query = query, .authorization = s->header},
        out);
}

static void expect(struct scene *s, const char *path, const char *query, int status,
                   const char *body)
{
    struct answer answer;

    ask(s, path, query, &answer);
    cr_assert_eq(answer_status(&answer), status, "%s?%s: %.*s", path, query,
                 STR_ARG(answer_body(&answer)));
    cr_assert(str_eq(answer_body(&answer), str_from(body)), "%s?%s: %.*s", path, query,
              STR_ARG(answer_body(&answer)));
    answer_done(&answer);
}

#define UNKNOWN                                                                                   \
    "{\"errors\":[{\"code\":\"not_found\",\"field\":null,\"message\":\"There is nothing at this " \
    "path\"}]}"

Test(scopes, one_is_shown_by_name_or_by_a_number_of_its_own)
{
    struct scene s;

    scene_init(&s);
    expect(&s, LIST "/calls.manage",
           "include_fields=value,id,table,category,restricted,implies,implied_by", 200,
           "{\"value\":\"calls.manage\",\"id\":110,\"table\":\"carrierx\",\"category\":\"Calls\","
           "\"restricted\":false,\"implies\":[\"calls.create\",\"calls.delete\",\"calls.read\","
           "\"calls.update\"],\"implied_by\":[]}");
    expect(&s, LIST "/110", "include_fields=value", 200, "{\"value\":\"calls.manage\"}");
    expect(&s, LIST "/calls%2Eread", "include_fields=value,implied_by", 200,
           "{\"value\":\"calls.read\",\"implied_by\":[\"calls.manage\"]}");
    expect(&s, LIST "/Accounts", "include_fields=id,implies", 200,
           "{\"id\":null,\"implies\":[\"EditAccounts\",\"EditExtensions\",\"ReadAccounts\"]}");
    bed_done(&s.bed);
    leaks_check();
}

Test(scopes, one_that_is_unknown_or_ambiguous_is_not)
{
    static const char *const unknown[] = {
        "calls",   "Calls.manage", "calls.manage%20",      "calls.manage%00", "%zz", "999999",
        "0110",    "-1",           "99999999999999999999", "calls%2Fread",    "*",   "%25",
        "calls.%", "carrierx",
    };
    struct scene s;
    char path[128];

    scene_init(&s);
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        snprintf(path, sizeof(path), LIST "/%s", unknown[i]);
        expect(&s, path, "", 404, UNKNOWN);
    }
    expect(&s, LIST "/74", "", 409,
           "{\"errors\":[{\"code\":\"conflict\",\"field\":\"value\",\"message\":\"This id names "
           "several scopes; ask for one of: phonenumber.delete phonenumber.emergency.manage "
           "phonenumber.emergency.read phonenumber.line_information.manage "
           "phonenumber.line_information.read\"}]}");
    bed_done(&s.bed);
}

static const struct {
    const char *query;
    int64_t total;
    const char *first; /* value */
} lists[] = {
    {"filter=table+eq+carrierx", 124, "accesscontrol.create"},
    {"filter=table+eq+ringcentral", 32, "A2PSMS"},
    {"filter=table+eq+restcomm", 45, "iam.account_settings.read"},
    {"filter=table+eq+scopemint", 4, "scopemint.audit"},
    {"filter=id+eq+74", 5, "phonenumber.delete"},
    {"filter=restricted+eq+true", 3, NULL},
    {"filter=value+like+calls.%25", 6, "calls.create"},
    {"filter=value+like+%25.manage+and+table+eq+carrierx+and+id+lt+100", 11, NULL},
    {"filter=category+eq+'Trunk Groups'", 11, NULL},
    {"filter=value+eq+nope", 0, NULL},
    {"order=value+desc", 205, NULL},
    {"after=calls.update", 205, NULL},
};

Test(scopes, are_listed_filtered_and_ordered)
{
    struct scene s;

    scene_init(&s);
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct answer answer;
        struct str value;
        int64_t total = -1;

        ask(&s, LIST, lists[i].query, &answer);
        cr_assert_eq(answer_status(&answer), 200, "%s", lists[i].query);
        cr_assert(json_int(json_member(answer_json(&answer), STR("total")), &total));
        cr_assert_eq(total, lists[i].total, "%s: %lld", lists[i].query, (long long)total);
        if (lists[i].first != NULL) {
            cr_assert(
                json_string(json_member(json_first(json_member(answer_json(&answer), STR("items"))),
                                        STR("value")),
                            &value));
            cr_assert(str_eq(value, str_from(lists[i].first)), "%s: %.*s", lists[i].query,
                      STR_ARG(value));
        }
        answer_done(&answer);
    }
    bed_done(&s.bed);
    leaks_check();
}

Test(scopes, what_is_not_indexed_is_neither_filtered_nor_ordered)
{
    static const char *const queries[] = {"filter=description+like+a%25", "order=implies",
                                          "filter=implied_by+eq+x"};
    struct scene s;

    scene_init(&s);
    for (size_t i = 0; i < 3; i++) {
        struct answer answer;
        ask(&s, LIST, queries[i], &answer);
        cr_assert_eq(answer_status(&answer), 422, "%s", queries[i]);
        answer_done(&answer);
    }
    bed_done(&s.bed);
}

Test(scopes, are_for_bearers_alone) /* 6750-3-a, 6750-3.1-a */
{
    static const struct {
        const char *authorization;
        int status;
        const char *code;
    } rows[] = {
        {NULL, 401, "invalid_token"},           {"Basic aWQ6cw==", 401, "invalid_token"},
        {"Digest x", 401, "invalid_token"},     {"Bearer", 400, "invalid_request"},
        {"Bearer a b", 400, "invalid_request"}, {"Bearer abc", 401, "invalid_token"},
    };
    struct scene s;

    scene_init(&s);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct answer answer;
        struct str code = STR_NONE;
        bed_answer(&s.bed,
                   &(struct question){.route = route_of(LIST),
                                      .path = LIST,
                                      .authorization = rows[i].authorization},
                   &answer);
        cr_assert_eq(answer_status(&answer), rows[i].status, "row %zu", i);
        cr_assert(json_string(
            json_member(json_first(json_member(answer_json(&answer), STR("errors"))), STR("code")),
            &code));
        cr_assert(str_eq(code, str_from(rows[i].code)), "row %zu", i);
        if (rows[i].status == 401)
            cr_assert(str_starts_with(answer_header(&answer, "www-authenticate", 0),
                                      STR("Bearer realm=\"scopemint\"")));
        answer_done(&answer);
    }
    bed_done(&s.bed);
}
