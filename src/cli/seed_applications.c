/* The applications of a seed: the first admin, then the file's (SPEC 3). */
#include <stdlib.h>

#include "cli/seed_reader.h"
#include "client/registration.h"
#include "config/report.h"
#include "jose/key_set.h"
#include "scope/parse.h"
#include "store/row_names.h"

static void stamp(struct seed_reader *reader, struct seed_application *application)
{
    const struct seed_source *source = reader->source;
    struct application_row *row = &application->row;
    bool done = result_ok(sid_new(source->clock, source->entropy, &row->client_id));

    application->has_secret = registration_has_secret(row->auth_method);
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
                .audiences = seed_texts(&entry, "audiences", registration_check_audience,
                                        LIMIT_AUDIENCES, reader->source->config->server.issuer)},
    };
    if (admin->row.audiences.len == 0)
        seed_refuse(&entry, NULL, "audiences", "must name one at least");
    stamp(reader, admin);
    reader->seed.application_count = 1;
}

/* How it authenticates and what for. */
static void read_method(const struct seed_entry *entry, struct application_row *row)
{
    row->type = (enum application_type)seed_choice(entry, "type", application_type_names,
                                                   APPLICATION_TYPES, APPLICATION_CONFIDENTIAL);
    bool public = row->type == APPLICATION_PUBLIC;
    row->auth_method = (enum client_auth_method)seed_choice(
        entry, "token_endpoint_auth_method", auth_method_names, AUTH_METHODS,
        public ? CLIENT_AUTH_NONE : CLIENT_AUTH_BASIC);
    row->grant_types =
        seed_texts(entry, "grant_types", registration_check_grant, REGISTRATION_GRANTS,
                   registration_grant_names[public ? REGISTRATION_AUTHORIZATION_CODE
                                                   : REGISTRATION_CLIENT_CREDENTIALS]);
    row->redirect_uris = seed_texts(entry, "redirect_uris", registration_check_redirect,
                                    REGISTRATION_URIS_MAX, STR(""));
}

/* What private_key_jwt goes by: whose keys, and what their assertions are addressed to. */
static void read_keys(const struct seed_entry *entry, struct application_row *row)
{
    struct arena *arena = entry->reader->arena;
    const struct json_value *value = json_member(entry->object, STR("jwks"));
    const struct key_set *set;
    struct str wrong;
    struct buf text;

    row->auth_audience = (enum client_auth_audience)seed_choice(
        entry, "token_endpoint_auth_audience", auth_audience_names, AUTH_AUDIENCES,
        CLIENT_AUDIENCE_ISSUER);
    if (value == NULL)
        return;
    enum err err = key_set_read(arena, value, &set, &wrong);
    if (err == ERR_INVALID_VALUE)
        seed_refuse(entry, value, "jwks", "%.*s", STR_ARG(wrong));
    buf_init_arena(&text, arena, 512, KEY_SET_TEXT);
    if (err == ERR_NONE)
        key_set_write(&text, set);
    if (err == ERR_FAULT_MEMORY || text.failed)
        entry->reader->failed = true;
    row->jwks = err == ERR_INVALID_VALUE ? STR("refused") : buf_view(&text); /* not missing too */
}

static void check_whole(const struct seed_entry *entry, const struct application_row *row)
{
    struct registration_problem problems[REGISTRATION_PROBLEMS_MAX];
    size_t count = registration_check(row, problems);

    for (size_t i = 0; i < count; i++)
        seed_refuse(entry, json_member(entry->object, str_from(problems[i].field)),
                    problems[i].field, "%s", problems[i].message);
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
        STR_INIT("token_endpoint_auth_audience"),
        STR_INIT("jwks"),
        STR_INIT("grant_types"),
        STR_INIT("redirect_uris"),
        STR_INIT("scopes"),
        STR_INIT("approved_restricted"),
        STR_INIT("audiences"),
        STR_INIT("introspection"),
        STR_INIT("access_token_ttl"),
        STR_INIT("refresh_token_ttl"),
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
    read_keys(entry, row);
    read_scopes(entry, partner, row);
    row->audiences = seed_texts(entry, "audiences", registration_check_audience, LIMIT_AUDIENCES,
                                config->server.issuer);
    row->introspection = seed_flag(entry, "introspection", false);
    row->access_token_ttl_s =
        (uint32_t)seed_number(entry, "access_token_ttl", config->tokens.access_ttl_min_s,
                              config->tokens.access_ttl_max_s, 0);
    row->refresh_token_ttl_s =
        (uint32_t)seed_number(entry, "refresh_token_ttl", REGISTRATION_REFRESH_TTL_MIN_S,
                              REGISTRATION_REFRESH_TTL_MAX_S, 0);
    check_whole(entry, row);
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
