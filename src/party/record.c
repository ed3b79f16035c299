#include "party/record.h"

#include <string.h>

#include "core/shared.h"
#include "scope/parse.h"

static struct scope_set stored_set(const struct scope_catalogue *catalogue, bool all,
                                   struct str names)
{
    return all ? *catalogue_all(catalogue) : scope_read(catalogue, names);
}

/* Copies text to *at, which moves behind it. */
static struct str put_text(char **at, struct str text)
{
    struct str copy = str_make(*at, text.len);
    if (text.len > 0)
        memcpy(*at, text.ptr, text.len);
    *at += text.len;
    return copy;
}

/* ---- partners: the record, its path and its text are one piece of memory ---- */

struct party_partner *partner_new(const struct scope_catalogue *catalogue,
                                  const struct partner_row *row, const struct party_partner *parent,
                                  uint32_t number)
{
    unsigned depth = parent == NULL ? 0 : parent->depth + 1;
    size_t path_size = (depth + 1) * sizeof(uint32_t);
    struct party_partner *partner = shared_new(sizeof(*partner) + path_size + row->name.len);

    if (partner == NULL)
        return NULL;
    uint32_t *path = (uint32_t *)(partner + 1);
    char *text = (char *)(path + depth + 1);
    if (parent != NULL)
        memcpy(path, parent->path, depth * sizeof(*path));
    path[depth] = number;
    partner->partner_sid = row->partner_sid;
    partner->name = put_text(&text, row->name);
    partner->status = row->status;
    partner->depth = depth;
    partner->number = number;
    partner->path = path;
    partner->scopes_all = row->scopes_all;
    partner->available = stored_set(catalogue, row->scopes_all, row->available_scopes);
    partner->own = scope_closure(catalogue, &partner->available);
    partner->revision = row->revision;
    return partner;
}

void partner_unref(const void *partner)
{
    if (shared_drop(partner))
        shared_free(partner);
}

/* ---- applications: all their text is a second piece, which begins with the list of audiences and
 * which a change of secrets leaves alone ---- */

static size_t count_names(struct str list)
{
    struct str piece;
    size_t count = 0;
    while (str_split(&list, ' ', &piece))
        count += piece.len > 0;
    return count;
}

static bool list_has(struct str list, struct str name)
{
    struct str piece;
    while (str_split(&list, ' ', &piece))
        if (str_eq(piece, name))
            return true;
    return false;
}

static bool copy_texts(const struct application_row *row, struct party_application *application)
{
    size_t count = count_names(row->audiences);
    struct str *audiences = shared_new(count * sizeof(*audiences) + row->name.len + row->jwks.len +
                                       row->redirect_uris.len + row->audiences.len);

    if (audiences == NULL)
        return false;
    char *text = (char *)(audiences + count);
    application->name = put_text(&text, row->name);
    application->jwks = put_text(&text, row->jwks);
    application->redirect_uris = put_text(&text, row->redirect_uris);
    struct str rest = put_text(&text, row->audiences), piece;
    while (str_split(&rest, ' ', &piece))
        if (piece.len > 0)
            audiences[application->audience_count++] = piece;
    application->audiences = audiences;
    return true;
}

/* Restricted values count as absent until they are approved (SPEC 3). */
static void set_scopes(const struct scope_catalogue *catalogue, const struct application_row *row,
                       struct party_application *application)
{
    struct scope_set declared = stored_set(catalogue, row->scopes_all, row->scopes);

    if (!row->scopes_all) {
        struct scope_set approved = scope_read(catalogue, row->approved_restricted);
        struct scope_set held_back =
            scope_set_difference(catalogue_restricted(catalogue), &approved);
        declared = scope_set_difference(&declared, &held_back);
    }
    application->scopes_all = row->scopes_all;
    application->declared = declared;
    application->own = scope_closure(catalogue, &declared);
}

static void keep_secrets(const struct party_application *earlier,
                         struct party_application *application)
{
    memcpy(application->secrets, earlier->secrets, sizeof(application->secrets));
    application->secret_count = earlier->secret_count;
}

struct party_application *application_new(const struct scope_catalogue *catalogue,
                                          const struct application_row *row,
                                          const struct party_partner *partner,
                                          const struct party_application *earlier)
{
    struct party_application *application = shared_new(sizeof(*application));

    if (application == NULL)
        return NULL;
    if (!copy_texts(row, application)) {
        shared_free(application);
        return NULL;
    }
    application->client_id = row->client_id;
    application->partner_sid = row->partner_sid;
    application->partner_number = partner->number;
    application->type = row->type;
    application->status = row->status;
    application->auth_method = row->auth_method;
    application->auth_audience = row->auth_audience;
    application->client_credentials = list_has(row->grant_types, STR("client_credentials"));
    application->introspection = row->introspection;
    application->access_token_ttl_s = row->access_token_ttl_s;
    application->revision = row->revision;
    set_scopes(catalogue, row, application);
    if (earlier != NULL)
        keep_secrets(earlier, application);
    return application;
}

void application_unref(const void *memory)
{
    const struct party_application *application = memory;

    if (!shared_drop(application))
        return;
    if (shared_drop(application->audiences))
        shared_free(application->audiences);
    shared_free(application);
}

struct party_application *application_without_secrets(const struct party_application *application)
{
    struct party_application *copy = shared_new(sizeof(*copy));

    if (copy == NULL)
        return NULL;
    *copy = *application;
    shared_ref(copy->audiences);
    memset(copy->secrets, 0, sizeof(copy->secrets));
    copy->secret_count = 0;
    return copy;
}

bool application_add_secret(struct party_application *application, const struct secret_row *row)
{
    if (application->secret_count == PARTY_SECRETS_MAX)
        return false;
    struct party_secret *secret = &application->secrets[application->secret_count++];
    secret->secret_id = row->secret_id;
    secret->expires_ms = row->expires_ms;
    memcpy(secret->digest, row->digest, sizeof(secret->digest));
    return true;
}
