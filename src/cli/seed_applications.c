/* The applications of a seed: the first admin, then the file's (SPEC 3). */
#include <stdlib.h>

#include "cli/seed_reader.h"
#include "config/report.h"
#include "scope/parse.h"
#include "store/row_names.h"

enum { GRANT_CLIENT_CREDENTIALS = 1 << 0, GRANT_REFRESH = 1 << 1, GRANT_CODE = 1 << 2, GRANTS = 3 };

static const char *const grants[GRANTS] = {"client_credentials", "refresh_token",
                                           "authorization_code"};
static void stamp(struct seed_reader *reader, struct seed_application *application)
{
    const struct seed_source *source = reader->source;
    struct application_row *row = &application->row;
    bool done = result_ok(sid_new(source->clock, source->entropy, &row->client_id));

    application->has_secret =
        row->auth_method == CLIENT_AUTH_BASIC || row->auth_method == CLIENT_AUTH_POST;
    if (application->has_secret)
        done = done &&
               result_ok(sid_new(source->clock, source->entropy, &application->secret_id)) &&
               result_ok(secret_new(SECRET_CLIENT, source->entropy, application->secret));
    if (!done)
        reader->failed = true;
    row->created_ms = row->updated_ms = clock_wall_ms(source->clock);
    row->revision = 1;
}

static void read_admin(struct seed_reader *reader, const struct json_value *file)
{
    static const struct str known[] = {STR_INIT("audiences")};
    struct seed_entry entry = {reader, json_member(file, STR("admin")), "admin", SIZE_MAX};
    struct seed_application *admin = &reader->seed.applications[0];

    if (entry.object != NULL && !json_is(entry.object, JSON_OBJECT))
        seed_refuse(&entry, NULL, NULL, "must be an object");
    seed_check_names(&entry, known, sizeof(known) / sizeof(known[0]));
    *admin = (struct seed_application){
        .row = {.partner_sid = reader->seed.partners[0].row.partner_sid,
                .name = STR("admin"),
                .type = APPLICATION_CONFIDENTIAL,
                .status = APPLICATION_ACTIVE,
                .auth_method = CLIENT_AUTH_BASIC,
                .grant_types = STR("client_credentials"),
                .scopes_all = true,
                .audiences = seed_texts(&entry, "audiences", seed_check_audience, LIMIT_AUDIENCES,
                                        reader->source->config->server.issuer)},
    };
    if (admin->row.audiences.len == 0)
        seed_refuse(&entry, NULL, "audiences", "must name one at least");
    stamp(reader, admin);
    reader->seed.application_count = 1;
}

static const char *check_grant(struct str text)
{
    for (size_t i = 0; i < GRANTS; i++)
        if (str_eq(text, str_from(grants[i])))
            return NULL;
    return "must be client_credentials, refresh_token or authorization_code";
}

static unsigned grants_in(struct str joined)
{
    unsigned set = 0;
    struct str name;
    while (str_split(&joined, ' ', &name))
        for (size_t i = 0; i < GRANTS; i++)
            if (str_eq(name, str_from(grants[i])))
                set |= 1U << i;
    return set;
}

/* How it authenticates and what for: the fields that constrain each other. F-23, 6749-4.4-a: only
 * who can keep a secret gets tokens in its own name. */
static void read_method(const struct seed_entry *entry, struct application_row *row)
{
    row->type = (enum application_type)seed_choice(entry, "type", application_type_names,
                                                   APPLICATION_TYPES, APPLICATION_CONFIDENTIAL);
    bool public = row->type == APPLICATION_PUBLIC;
    row->auth_method = (enum client_auth_method)seed_choice(
        entry, "token_endpoint_auth_method", auth_method_names, AUTH_METHODS,
        public ? CLIENT_AUTH_NONE : CLIENT_AUTH_BASIC);
    row->grant_types = seed_texts(entry, "grant_types", check_grant, GRANTS,
                                  public ? STR("authorization_code") : STR("client_credentials"));
    row->redirect_uris =
        seed_texts(entry, "redirect_uris", seed_check_redirect, LIMIT_AUDIENCES, STR(""));

    unsigned given = grants_in(row->grant_types);
    if (public && row->auth_method != CLIENT_AUTH_NONE)
        seed_refuse(entry, NULL, "token_endpoint_auth_method",
                    "a public application cannot keep a secret; it takes `none`");
    if (!public && row->auth_method == CLIENT_AUTH_NONE)
        seed_refuse(entry, NULL, "token_endpoint_auth_method",
                    "`none` is for public applications; set `type` to it or choose another");
    if (public && (given & GRANT_CLIENT_CREDENTIALS) != 0)
        seed_refuse(entry, NULL, "grant_types",
                    "a public application cannot have client_credentials");
    if ((given & GRANT_CODE) != 0 && row->redirect_uris.len == 0)
        seed_refuse(entry, NULL, "redirect_uris", "authorization_code needs one at least");
}

static void read_approved(const struct seed_entry *entry, const struct scope_set *declared,
                          bool of_root, struct application_row *row)
{
    static const char field[] = "approved_restricted";
    const struct scope_catalogue *catalogue = entry->reader->source->catalogue;
    const struct json_value *value = json_member(entry->object, str_from(field));
    struct scope_set approved,
        can = scope_set_intersection(declared, catalogue_restricted(catalogue));

    switch (seed_scopes(entry, field, &approved)) {
    case SEED_SCOPES_ABSENT:
        approved = of_root ? can : SCOPE_SET_EMPTY; /* the root approves its own */
        break;
    case SEED_SCOPES_NAMES:
        break;
    case SEED_SCOPES_ALL:
    case SEED_SCOPES_DEFAULT:
        seed_refuse(entry, value, field, "must be a list of scopes");
        return;
    }
    struct scope_set wrong = scope_set_difference(&approved, &can);
    if (!scope_set_is_empty(&wrong)) {
        unsigned bit = scope_set_next(&wrong, 0);
        seed_refuse(entry, value, field, "`%.*s` is %s",
                    STR_ARG(catalogue_value(catalogue, bit)->name),
                    scope_set_has(declared, bit) ? "not restricted: it needs no approval"
                                                 : "not among the declared scopes");
    }
    row->approved_restricted = seed_scopes_text(entry->reader, &approved);
}

static void read_scopes(const struct seed_entry *entry, const struct seed_partner *partner,
                        struct application_row *row)
{
    struct seed_reader *reader = entry->reader;
    const struct json_value *value = json_member(entry->object, STR("scopes"));
    struct scope_set declared;
    bool of_root = partner == &reader->seed.partners[0];
    bool all = false;

    switch (seed_scopes(entry, "scopes", &declared)) {
    case SEED_SCOPES_ALL:
        declared = partner->ceiling;
        all = true;
        break;
    case SEED_SCOPES_ABSENT:
        seed_refuse(entry, NULL, "scopes", "is missing; [] declares none");
        break;
    case SEED_SCOPES_DEFAULT:
        seed_refuse(entry, value, "scopes", "must be a list of scopes, or \"all\"");
        break;
    case SEED_SCOPES_NAMES:
        break;
    }
    row->scopes = seed_scopes_text(reader, &declared);
    read_approved(entry, &declared, of_root && all, row);
}

static void read_application(const struct seed_entry *entry)
{
    static const struct str known[] = {
        STR_INIT("ref"),
        STR_INIT("partner"),
        STR_INIT("name"),
        STR_INIT("type"),
        STR_INIT("status"),
        STR_INIT("token_endpoint_auth_method"),
        STR_INIT("grant_types"),
        STR_INIT("redirect_uris"),
        STR_INIT("scopes"),
        STR_INIT("approved_restricted"),
        STR_INIT("audiences"),
        STR_INIT("introspection"),
        STR_INIT("access_token_ttl"),
    };
    struct seed_reader *reader = entry->reader;
    const struct config *config = reader->source->config;
    struct seed_application *application =
        &reader->seed.applications[reader->seed.application_count];
    struct application_row *row = &application->row;

    if (!json_is(entry->object, JSON_OBJECT)) {
        seed_refuse(entry, NULL, NULL, "must be an object");
        return;
    }
    seed_check_names(entry, known, sizeof(known) / sizeof(known[0]));
    *application =
        (struct seed_application){.ref = seed_text(entry, "ref", seed_check_ref, STR_NONE)};
    if (json_member(entry->object, STR("ref")) == NULL)
        seed_refuse(entry, NULL, "ref", "is missing");
    const struct seed_partner *partner = seed_find_partner(entry, "partner");
    if (partner == NULL)
        partner = &reader->seed.partners[0];
    row->partner_sid = partner->row.partner_sid;
    row->name = seed_text(entry, "name", party_check_name, application->ref);
    row->status = (enum application_status)seed_choice(entry, "status", application_status_names,
                                                       APPLICATION_STATUSES, APPLICATION_ACTIVE);
    read_method(entry, row);
    read_scopes(entry, partner, row);
    row->audiences =
        seed_texts(entry, "audiences", seed_check_audience, LIMIT_AUDIENCES, config->server.issuer);
    if (row->audiences.len == 0)
        seed_refuse(entry, NULL, "audiences", "must name one at least");
    row->introspection = seed_flag(entry, "introspection", false);
    row->access_token_ttl_s =
        (uint32_t)seed_number(entry, "access_token_ttl", config->tokens.access_ttl_min_s,
                              config->tokens.access_ttl_max_s, 0);
    stamp(reader, application);
    reader->seed.application_count++;
}

static int compare_refs(const void *left, const void *right)
{
    const struct seed_application *const *a = left, *const *b = right;
    return str_compare((*a)->ref, (*b)->ref);
}

/* Sorted, since a benchmark's seed holds a hundred thousand. */
static void refuse_repeated(struct seed_reader *reader)
{
    size_t n = reader->seed.application_count;
    const struct seed_application **order =
        arena_array(reader->arena, n, sizeof(struct seed_application *));
    struct seed_entry entry = {reader, NULL, "applications", SIZE_MAX};

    if (order == NULL) {
        reader->failed = true;
        return;
    }
    for (size_t i = 0; i < n; i++)
        order[i] = &reader->seed.applications[i];
    qsort(order, n, sizeof(struct seed_application *), compare_refs);
    for (size_t i = 1; i < n; i++)
        if (order[i]->ref.len > 0 && str_eq(order[i]->ref, order[i - 1]->ref))
            seed_refuse(&entry, NULL, NULL, "the ref `%.*s` stands there twice",
                        STR_ARG(order[i]->ref));
}

void seed_read_applications(struct seed_reader *reader, const struct json_value *file)
{
    const struct json_value *list = json_member(file, STR("applications"));
    struct seed_entry entry = {reader, NULL, "applications", SIZE_MAX};

    reader->seed.applications =
        arena_array(reader->arena, json_count(list) + 1, sizeof(struct seed_application));
    if (reader->seed.applications == NULL) {
        reader->failed = true;
        return;
    }
    read_admin(reader, file);
    if (list != NULL && !json_is(list, JSON_ARRAY)) {
        seed_refuse(&entry, list, NULL, "must be a list");
        return;
    }
    entry.index = 0;
    for (entry.object = json_first(list); entry.object != NULL; entry.index++) {
        read_application(&entry);
        entry.object = json_next(entry.object);
    }
    refuse_repeated(reader);
}
