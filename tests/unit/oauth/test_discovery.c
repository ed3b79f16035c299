/* What is read once and kept: metadata, key set, error pages. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "oauth/endpoints.h"
#include "support/leaks.h"
#include "unit/oauth/bed.h"

/* %s stands for the document's own tag. */
static const struct {
    const char *if_none_match;
    int status;
} conditions[] = {
    {NULL, 200},
    {"", 200},
    {"%s", 304},
    {"W/%s", 304}, /* weak comparison */
    {"*", 304},
    {"\"other\", %s", 304},
    {"%s,\"other\"", 304},
    {"\"other\",   W/%s  , \"third\"", 304},
    {"\"other\"", 200},
    {"W/\"other\"", 200},
    {"w/%s", 200}, /* the prefix is case-sensitive */
    {"x%s", 200},
    {"%sx", 200},
    {"\"", 200},
    {",,,", 200},
};

Test(discovery, documents_are_sent_again_only_when_they_changed) /* RFC9110-13.1.2 */
{
    const struct endpoint *const endpoints[] = {&metadata_endpoint, &jwks_endpoint};
    struct bed bed;
    bed_init(&bed);
    const struct snapshot *s = bed_snapshot(&bed);
    const struct str tags[] = {s->metadata_etag, keyring_jwks_etag(s->keyring)};
    const struct str documents[] = {s->metadata, keyring_jwks(s->keyring)};
    for (size_t i = 0; i < 2 * sizeof(conditions) / sizeof(conditions[0]); i++) {
        size_t which = i % 2;
        const char *pattern = conditions[i / 2].if_none_match;
        const char *mark = pattern == NULL ? NULL : strstr(pattern, "%s");
        struct answer answer;
        char header[256];

        if (mark != NULL)
            snprintf(header, sizeof(header), "%.*s%.*s%s", (int)(mark - pattern), pattern,
                     STR_ARG(tags[which]), mark + 2);
        bed_answer(&bed,
                   &(struct question){.endpoint = endpoints[which],
                                      .if_none_match = mark == NULL ? pattern : header},
                   &answer);
        cr_assert_eq(answer_status(&answer), conditions[i / 2].status, "%s", pattern);
        bool sent = conditions[i / 2].status == 200;
        cr_assert(str_eq(answer_body(&answer), sent ? documents[which] : STR("")), "%s", pattern);
        cr_assert(str_eq(answer_header(&answer, "etag", 0), tags[which]));
        cr_assert(str_eq(answer_header(&answer, "cache-control", 0), STR("public, max-age=300")));
        cr_assert(answer.exchange.reply.cacheable);
        answer_done(&answer);
    }
    bed_done(&bed);
    leaks_check();
}

static const struct {
    const char *member, *path;
} urls[] = {
    {"issuer", ""},
    {"token_endpoint", "/oauth/token"},
    {"jwks_uri", "/oauth/jwks"},
    {"introspection_endpoint", "/oauth/introspect"},
    {"revocation_endpoint", "/oauth/revoke"},
    {"revocations_endpoint", "/oauth/revocations"},
};

static bool lists(struct answer *answer, const char *member, const char *value)
{
    const struct json_value *list = json_member(answer_json(answer), str_from(member));
    struct str text;
    cr_assert(json_is(list, JSON_ARRAY), "%s", member);
    for (const struct json_value *v = json_first(list); v != NULL; v = json_next(v))
        if (json_string(v, &text) && str_eq(text, str_from(value)))
            return true;
    return false;
}

Test(discovery, metadata_says_what_works_here_and_no_more) /* RFC8414-2 */
{
    struct bed bed;
    struct answer answer;
    bed_init(&bed);
    bed_answer(&bed, &(struct question){.endpoint = &metadata_endpoint}, &answer);
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        char url[128];
        snprintf(url, sizeof(url), BED_ISSUER "%s", urls[i].path);
        cr_assert(str_eq(answer_text(&answer, urls[i].member), str_from(url)), "%s",
                  urls[i].member);
    }
    const struct json_value *object = answer_json(&answer);
    cr_assert_eq(json_count(json_member(object, STR("response_types_supported"))), (size_t)0);
    cr_assert(json_is(json_member(object, STR("response_types_supported")), JSON_ARRAY));
    cr_assert_eq(json_count(json_member(object, STR("grant_types_supported"))), (size_t)1);
    cr_assert(lists(&answer, "grant_types_supported", "client_credentials"));
    cr_assert(lists(&answer, "token_endpoint_auth_methods_supported", "client_secret_basic"));
    cr_assert(lists(&answer, "token_endpoint_auth_methods_supported", "client_secret_post"));
    cr_assert(!lists(&answer, "token_endpoint_auth_methods_supported", "none"));
    cr_assert(lists(&answer, "revocation_endpoint_auth_methods_supported", "none"));
    cr_assert(lists(&answer, "scopes_supported", "scopemint.introspect"));
    cr_assert_eq(json_count(json_member(object, STR("scopes_supported"))),
                 catalogue_count(bed_snapshot(&bed)->catalogue));
    cr_assert_null(json_member(object, STR("authorization_endpoint")));
    answer_done(&answer);
    bed_done(&bed);
}

static const char *const wires[] = {
#define X(code, kind, status, wire, text) wire,
#include "core/err.def"
#undef X
};

static void show(struct bed *bed, const char *name, struct answer *answer)
{
    char path[128];
    snprintf(path, sizeof(path), ERROR_PAGES_PATH "%s", name);
    bed_answer(bed, &(struct question){.endpoint = &error_pages_endpoint, .path = path}, answer);
}

static bool holds(struct str text, const char *piece)
{
    return memmem(text.ptr, text.len, piece, strlen(piece)) != NULL;
}

Test(error_pages, every_error_has_one)
{
    struct bed bed;
    bed_init(&bed);
    for (size_t i = ERR_NONE + 1; i < ERR_COUNT; i++) {
        struct answer answer;
        show(&bed, wires[i], &answer);
        struct str page = answer_body(&answer);
        cr_assert_eq(answer_status(&answer), 200, "%s", wires[i]);
        cr_assert(str_eq(answer.exchange.reply.content_type, STR("text/html; charset=utf-8")));
        cr_assert(holds(page, wires[i]) && holds(page, "What to do"), "%s", wires[i]);
        cr_assert(str_starts_with(page, STR("<!doctype html>")));
        cr_assert(str_ends_with(page, STR("</html>\n")), "%s is whole", wires[i]);
        cr_assert(!holds(page, "<script") && !holds(page, "&"), "%s", wires[i]);
        cr_assert(answer.exchange.reply.cacheable);
        answer_done(&answer);
    }
    bed_done(&bed);
    leaks_check();
}

Test(error_pages, other_names_have_none)
{
    static const char *const names[] = {"",
                                        "nosuch",
                                        "invalid_client/",
                                        "INVALID_CLIENT",
                                        "invalid_clien",
                                        "invalid_clientx",
                                        "../invalid_client",
                                        "<script>alert(1)</script>"};
    struct bed bed;
    bed_init(&bed);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct answer answer;
        show(&bed, names[i], &answer);
        cr_assert_eq(answer_status(&answer), 404, "%s", names[i]);
        cr_assert(str_eq(answer_error(&answer), STR("not_found")));
        cr_assert(!holds(answer_body(&answer), "<script"), "nothing of the request is in it");
        answer_done(&answer);
    }
    bed_done(&bed);
}
