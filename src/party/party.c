/* Building: rows are read into the tables' own arena, parents before children; then the tree gets
 * its preorder numbers. Ceilings are known as soon as a row is, since what is above it came before.
 */
#include "party/party.h"

#include <stdlib.h>

#include "core/arena.h"
#include "core/log.h"
#include "party/table.h"
#include "scope/parse.h"

struct building {
    struct party_partner public; /* first: what the tables hand out */
    struct building *first_child, *next_sibling;
};

struct party {
    struct arena memory;
    const struct scope_catalogue *catalogue; /* while building */
    struct sid_table partners, applications;
    struct building *root;
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

static void inherit(struct building *b, struct building *parent)
{
    struct party_partner *partner = &b->public;

    partner->parent = &parent->public;
    partner->depth = parent->public.depth + 1;
    partner->working = partner->working && parent->public.working;
    partner->ceiling = scope_set_intersection(&partner->ceiling, &parent->public.ceiling);
    b->next_sibling = parent->first_child;
    parent->first_child = b;
}

static struct result add_partner(void *context, const struct partner_row *row)
{
    struct party *party = context;
    struct building *b = arena_zalloc(&party->memory, sizeof(*b));
    struct scope_set own = stored_set(party, row->scopes_all, row->available_scopes);
    struct str name = arena_str(&party->memory, row->name);

    if (b == NULL || name.ptr == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    b->public.partner_sid = row->partner_sid;
    b->public.name = name;
    b->public.status = row->status;
    b->public.working = row->status == PARTNER_ACTIVE;
    b->public.ceiling = scope_closure(party->catalogue, &own);
    if (sid_is_none(&row->parent_sid)) {
        if (party->root != NULL)
            return refuse_row("second root partner", &row->partner_sid);
        party->root = b;
    } else {
        struct building *parent = sid_table_find(&party->partners, &row->parent_sid);
        if (parent == NULL)
            return refuse_row("parent of partner", &row->partner_sid);
        if (parent->public.depth + 1 >= LIMIT_PARTNER_DEPTH)
            return refuse_row("partner below the deepest level", &row->partner_sid);
        inherit(b, parent);
    }
    return sid_table_add(&party->partners, &b->public.partner_sid) ? RESULT_OK
                                                                   : FAULT(ERR_FAULT_MEMORY);
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
    application->allowed =
        scope_set_intersection(&application->own, &application->partner->ceiling);
}

static struct result add_application(void *context, const struct application_row *row)
{
    struct party *party = context;
    struct party_application *application = arena_zalloc(&party->memory, sizeof(*application));
    const struct building *partner = sid_table_find(&party->partners, &row->partner_sid);
    struct str name = arena_str(&party->memory, row->name);

    if (application == NULL || name.ptr == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    if (partner == NULL)
        return refuse_row("partner of application", &row->client_id);
    application->client_id = row->client_id;
    application->partner = &partner->public;
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

/* Preorder without recursion: the depth of a tree is input. Going up follows parent, whose record
 * is the first member of its building. */
static void number_tree(struct building *root)
{
    uint32_t next = 0;
    struct building *b = root;

    while (b != NULL) {
        b->public.order = next++;
        if (b->first_child != NULL) {
            b = b->first_child;
            continue;
        }
        while (b != NULL) {
            b->public.order_end = next;
            if (b->next_sibling != NULL) {
                b = b->next_sibling;
                break;
            }
            b = (struct building *)b->public.parent;
        }
    }
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
    number_tree(party->root);
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
    return party->root == NULL ? NULL : &party->root->public;
}

struct party_counts party_counts(const struct party *party)
{
    return (struct party_counts){party->partners.count, party->applications.count};
}

bool party_application_has_audience(const struct party_application *application,
                                    struct str audience)
{
    for (size_t i = 0; i < application->audience_count; i++)
        if (str_eq(application->audiences[i], audience))
            return true;
    return false;
}
