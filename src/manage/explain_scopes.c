/* Each scope of the token: whether it is held now, and by every layer that must hold it, by which
 * name. */
#include "manage/explain.h"
#include "scope/parse.h"

struct names {
    const struct explanation *e;
    struct scope_set *closures; /* by rank */
    struct scope_set bound;     /* what all layers together leave */
};

static bool make_closures(struct names *n, struct arena *arena)
{
    const struct scope_catalogue *catalogue = n->e->facts.catalogue;
    size_t count = catalogue_count(catalogue);

    n->closures = arena_array(arena, count, sizeof(*n->closures));
    for (size_t rank = 0; n->closures != NULL && rank < count; rank++) {
        struct scope_set one = SCOPE_SET_EMPTY;
        scope_set_add(&one, catalogue_at(catalogue, rank)->bit);
        n->closures[rank] = scope_closure(catalogue, &one);
    }
    return n->closures != NULL;
}

static struct scope_set bound_of(const struct explanation *e)
{
    struct scope_set bound = SCOPE_SET_EMPTY;

    if (e->standing.application == NULL || e->standing.partner == NULL)
        return bound;
    bound = e->standing.application->own;
    for (size_t i = 0; i < e->partner_count; i++)
        bound = scope_set_intersection(&bound, &e->partners[i]->own);
    return bound;
}

/* By which name of its list a layer holds the value: the value itself before one that implies it.
 */
static struct str held_by(const struct names *n, const struct scope_set *list,
                          const struct scope_value *value)
{
    const struct scope_catalogue *catalogue = n->e->facts.catalogue;

    if (scope_set_has(list, value->bit))
        return value->name;
    for (size_t rank = 0; rank < catalogue_count(catalogue); rank++) {
        const struct scope_value *other = catalogue_at(catalogue, rank);
        if (scope_set_has(list, other->bit) && scope_set_has(&n->closures[rank], value->bit))
            return other->name;
    }
    return STR_NONE;
}

/* own: closed; list: literally; all: whatever the catalogue has. */
static void write_held(const struct names *n, const struct scope_set *own,
                       const struct scope_set *list, bool all, const struct scope_value *value,
                       struct json_writer *w)
{
    bool holds = value != NULL && scope_set_has(own, value->bit);

    json_write_member_bool(w, STR("holds"), holds);
    json_write_key(w, STR("by"));
    if (holds)
        json_write_string(w, all ? STR("all") : held_by(n, list, value));
    else
        json_write_null(w);
}

static void write_application(const struct names *n, const struct scope_value *value,
                              struct json_writer *w)
{
    static const struct scope_set none = SCOPE_SET_EMPTY;
    const struct party_application *application = n->e->standing.application;

    json_write_object_begin(w);
    json_write_member_string(w, STR("layer"), STR("application"));
    json_write_key(w, STR("client_id"));
    json_write_sid(w, &n->e->row->client_id);
    json_write_key(w, STR("name"));
    if (application == NULL) {
        json_write_null(w);
        write_held(n, &none, &none, false, value, w);
    } else {
        json_write_string(w, application->name);
        write_held(n, &application->own, &application->declared, application->scopes_all, value, w);
    }
    json_write_object_end(w);
}

/* What an ancestor holds it by is not the caller's to see. */
static void write_partner(const struct names *n, const struct party_partner *partner,
                          const struct scope_value *value, struct json_writer *w)
{
    bool is_seen = party_is_within(partner, n->e->caller->partner);

    json_write_object_begin(w);
    json_write_member_string(w, STR("layer"), STR("partner"));
    explain_partner(n->e, partner, w);
    if (is_seen)
        write_held(n, &partner->own, &partner->available, partner->scopes_all, value, w);
    else
        json_write_member_bool(w, STR("holds"),
                               value != NULL && scope_set_has(&partner->own, value->bit));
    json_write_object_end(w);
}

/* What is left of a scope that is lost: the largest it implied that all layers still hold. */
static void write_instead(const struct names *n, const struct scope_value *value, bool held,
                          struct json_writer *w)
{
    const struct scope_catalogue *catalogue = n->e->facts.catalogue;
    struct scope_set one = SCOPE_SET_EMPTY, left = SCOPE_SET_EMPTY;
    uint16_t bits[LIMIT_SCOPES];

    if (value != NULL && !held) {
        scope_set_add(&one, value->bit);
        left = scope_surviving(catalogue, &one, &n->bound);
    }
    size_t count = catalogue_order(catalogue, &left, bits);
    json_write_key(w, STR("instead"));
    json_write_array_begin(w);
    for (size_t i = 0; i < count; i++)
        json_write_string(w, catalogue_value(catalogue, bits[i])->name);
    json_write_array_end(w);
}

/* value is NULL for a name that has left the catalogue. */
static void write_scope(const struct names *n, struct str name, struct json_writer *w)
{
    const struct scope_value *value = catalogue_find(n->e->facts.catalogue, name);
    bool held = value != NULL && scope_set_has(&n->bound, value->bit);

    json_write_object_begin(w);
    json_write_member_string(w, STR("scope"), name);
    json_write_member_bool(w, STR("held"), held);
    json_write_member_bool(w, STR("known"), value != NULL);
    write_instead(n, value, held, w);
    json_write_key(w, STR("layers"));
    json_write_array_begin(w);
    write_application(n, value, w);
    for (size_t i = 0; i < n->e->partner_count; i++)
        write_partner(n, n->e->partners[i], value, w);
    json_write_array_end(w);
    json_write_object_end(w);
}

void explain_scopes(const struct explanation *e, struct arena *arena, struct json_writer *w)
{
    struct names n = {.e = e, .bound = bound_of(e)};
    struct str rest = e->row->scopes, name;

    json_write_array_begin(w);
    if (!make_closures(&n, arena)) {
        w->out->failed = true; /* the array stays whole: the writer takes half of one for a bug */
        rest = STR_NONE;
    }
    while (rest.len > 0 && str_split(&rest, ' ', &name))
        write_scope(&n, name, w);
    json_write_array_end(w);
}
