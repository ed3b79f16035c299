/* Building: rows are read into the tables' own arena, parents before children, and numbered in that
 * order. */
#include "party/party.h"

#include <stdlib.h>

#include "core/arena.h"
#include "core/log.h"
#include "party/table.h"
#include "scope/parse.h"

struct party {
    struct arena memory;
    const struct scope_catalogue *catalogue; /* while building */
    struct sid_table partners, applications;
    const struct party_partner **by_number;
    size_t room; /* of by_number */
};

/* A row that no version of this program has written. */
static struct result refuse_row(const char *what, const struct sid *sid)
{
    LOG(LOG_ERROR, "store_row_refused", LF_CSTR("what", what), LF_SID("sid", *sid));
    return FAULT(ERR_FAULT_STORE);
}

static struct scope_set stored_set(const struct party *party, bool all, struct str names)
{
    return all ? *catalogue_all(party->catalogue) : scope_read(party->catalogue, names);
}

static bool grow_numbers(struct party *party)
{
    size_t room = party->room == 0 ? 16 : party->room * 2;

    if (party->partners.count < party->room)
        return true;
    void *bigger = realloc(party->by_number, room * sizeof(*party->by_number));
    if (bigger == NULL)
        return false;
    party->by_number = bigger;
    party->room = room;
    return true;
}

static bool set_path(struct party *party, struct party_partner *partner,
                     const struct party_partner *parent)
{
    uint32_t *path = arena_array(&party->memory, partner->depth + 1, sizeof(*path));

    if (path == NULL)
        return false;
    if (parent != NULL)
        memcpy(path, parent->path, (parent->depth + 1) * sizeof(*path));
    path[partner->depth] = partner->number;
    partner->path = path;
    return true;
}

static struct result add_partner(void *context, const struct partner_row *row)
{
    struct party *party = context;
    struct party_partner *partner = arena_zalloc(&party->memory, sizeof(*partner));
    const struct party_partner *parent = sid_table_find(&party->partners, &row->parent_sid);
    struct str name = arena_str(&party->memory, row->name);

    if (partner == NULL || name.ptr == NULL || !grow_numbers(party))
        return FAULT(ERR_FAULT_MEMORY);
    if (sid_is_none(&row->parent_sid) && party->partners.count > 0)
        return refuse_row("second root partner", &row->partner_sid);
    if (!sid_is_none(&row->parent_sid) && parent == NULL)
        return refuse_row("parent of partner", &row->partner_sid);
    if (parent != NULL && parent->depth + 1 >= LIMIT_PARTNER_DEPTH)
        return refuse_row("partner below the deepest level", &row->partner_sid);
    partner->partner_sid = row->partner_sid;
    partner->name = name;
    partner->status = row->status;
    partner->depth = parent == NULL ? 0 : parent->depth + 1;
    partner->number = (uint32_t)party->partners.count;
    partner->scopes_all = row->scopes_all;
    partner->available = stored_set(party, row->scopes_all, row->available_scopes);
    partner->own = scope_closure(party->catalogue, &partner->available);
    partner->revision = row->revision;
    if (!set_path(party, partner, parent) ||
        !sid_table_add(&party->partners, &partner->partner_sid))
        return FAULT(ERR_FAULT_MEMORY);
    party->by_number[partner->number] = partner;
    return RESULT_OK;
}

/* The names of a list, in the order they are stored. */
static bool copy_list(struct arena *memory, struct str text, const struct str **out,
                      size_t *out_count)
{
    struct str rest = arena_str(memory, text), piece;
    size_t count = 0, room = 1;

    for (size_t i = 0; i < text.len; i++)
        room += text.ptr[i] == ' ';
    struct str *items = arena_array(memory, room, sizeof(*items));
    if (rest.ptr == NULL || items == NULL)
        return false;
    while (str_split(&rest, ' ', &piece))
        if (piece.len > 0)
            items[count++] = piece;
    *out = items;
    *out_count = count;
    return true;
}

static bool list_has(struct str list, struct str name)
{
    struct str piece;
    while (str_split(&list, ' ', &piece))
        if (str_eq(piece, name))
            return true;
    return false;
}

/* Restricted values count as absent until they are approved (SPEC 3). */
static void set_scopes(const struct party *party, const struct application_row *row,
                       struct party_application *application)
{
    struct scope_set declared = stored_set(party, row->scopes_all, row->scopes);

    if (!row->scopes_all) {
        struct scope_set approved = scope_read(party->catalogue, row->approved_restricted);
        struct scope_set held_back =
            scope_set_difference(catalogue_restricted(party->catalogue), &approved);
        declared = scope_set_difference(&declared, &held_back);
    }
    application->declared = declared;
    application->own = scope_closure(party->catalogue, &declared);
}

static struct result add_application(void *context, const struct application_row *row)
{
    struct party *party = context;
    struct party_application *application = arena_zalloc(&party->memory, sizeof(*application));
    const struct party_partner *partner = sid_table_find(&party->partners, &row->partner_sid);
    struct str name = arena_str(&party->memory, row->name);

    if (application == NULL || name.ptr == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    if (partner == NULL)
        return refuse_row("partner of application", &row->client_id);
    application->client_id = row->client_id;
    application->partner_sid = row->partner_sid;
    application->partner_number = partner->number;
    application->name = name;
    application->type = row->type;
    application->status = row->status;
    application->auth_method = row->auth_method;
    application->client_credentials = list_has(row->grant_types, STR("client_credentials"));
    application->introspection = row->introspection;
    application->access_token_ttl_s = row->access_token_ttl_s;
    set_scopes(party, row, application);
    if (!copy_list(&party->memory, row->audiences, &application->audiences,
                   &application->audience_count) ||
        !sid_table_add(&party->applications, &application->client_id))
        return FAULT(ERR_FAULT_MEMORY);
    return RESULT_OK;
}

static struct result add_secret(void *context, const struct secret_row *row)
{
    struct party *party = context;
    struct party_application *application = sid_table_find(&party->applications, &row->client_id);

    if (application == NULL)
        return refuse_row("application of secret", &row->secret_id);
    if (application->secret_count == PARTY_SECRETS_MAX)
        return refuse_row("third secret of application", &row->client_id);
    struct party_secret *secret = &application->secrets[application->secret_count++];
    secret->secret_id = row->secret_id;
    secret->expires_ms = row->expires_ms;
    memcpy(secret->digest, row->digest, sizeof(secret->digest));
    return RESULT_OK;
}

struct result party_load(struct store *store, const struct scope_catalogue *catalogue,
                         struct party **out)
{
    struct party *party = calloc(1, sizeof(*party));
    if (party == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    arena_init(&party->memory, NULL, 0, SIZE_MAX / 2);
    party->catalogue = catalogue;
    struct store_party_visitor visitor = {add_partner, add_application, add_secret, party};
    struct result read = store_read_party(store, &visitor);
    if (!result_ok(read)) {
        party_free(&party);
        return read;
    }
    party->catalogue = NULL;
    *out = party;
    return RESULT_OK;
}

void party_free(struct party **party)
{
    if (*party == NULL)
        return;
    sid_table_done(&(*party)->partners);
    sid_table_done(&(*party)->applications);
    free((*party)->by_number);
    arena_reset(&(*party)->memory);
    free(*party);
    *party = NULL;
}

const struct party_partner *party_find_partner(const struct party *party,
                                               const struct sid *partner_sid)
{
    return sid_table_find(&party->partners, partner_sid);
}

const struct party_application *party_find_application(const struct party *party,
                                                       const struct sid *client_id)
{
    return sid_table_find(&party->applications, client_id);
}

const struct party_partner *party_root(const struct party *party)
{
    return party->partners.count == 0 ? NULL : party->by_number[0];
}

struct party_counts party_counts(const struct party *party)
{
    return (struct party_counts){party->partners.count, party->applications.count};
}

const struct party_partner *party_parent(const struct party *party,
                                         const struct party_partner *partner)
{
    return partner->depth == 0 ? NULL : party->by_number[partner->path[partner->depth - 1]];
}

const struct party_partner *party_partner_of(const struct party *party,
                                             const struct party_application *application)
{
    return party->by_number[application->partner_number];
}

struct party_reach party_reach(const struct party *party, const struct party_partner *partner)
{
    struct party_reach reach = {partner->status == PARTNER_ACTIVE, partner->own};

    for (unsigned i = partner->depth; i-- > 0;) {
        const struct party_partner *above = party->by_number[partner->path[i]];
        reach.works = reach.works && above->status == PARTNER_ACTIVE;
        reach.ceiling = scope_set_intersection(&reach.ceiling, &above->own);
    }
    return reach;
}

struct scope_set party_allowed(const struct party *party,
                               const struct party_application *application)
{
    struct party_reach reach = party_reach(party, party_partner_of(party, application));
    return scope_set_intersection(&application->own, &reach.ceiling);
}

bool party_application_works(const struct party *party, const struct party_application *application)
{
    return application->status == APPLICATION_ACTIVE &&
           party_reach(party, party_partner_of(party, application)).works;
}

bool party_application_has_audience(const struct party_application *application,
                                    struct str audience)
{
    for (size_t i = 0; i < application->audience_count; i++)
        if (str_eq(application->audiences[i], audience))
            return true;
    return false;
}
