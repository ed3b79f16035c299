#include "token/asked.h"

#include "core/buf.h"
#include "scope/parse.h"
#include "token/grant.h"
#include "token/handout.h"

enum { MESSAGE_FIRST = 256, MESSAGE_MAX = 3 * HANDOUT_NAMES_MAX + 256 };

struct scope_set asked_known(const struct scope_catalogue *catalogue,
                             const struct asked_names *asked)
{
    struct scope_set known = SCOPE_SET_EMPTY;

    for (size_t i = 0; i < asked->count; i++) {
        const struct scope_value *value = catalogue_find(catalogue, asked->names[i]);
        if (value != NULL)
            scope_set_add(&known, value->bit);
    }
    return known;
}

bool asked_has(const struct asked_names *asked, struct str name)
{
    for (size_t i = 0; i < asked->count; i++)
        if (str_eq(asked->names[i], name))
            return true;
    return false;
}

struct asked_bound asked_bound_now(const struct scope_catalogue *catalogue,
                                   const struct party *party,
                                   const struct party_application *application,
                                   const struct party_partner *partner)
{
    struct asked_bound bound = {.catalogue = catalogue, .application = application};
    bool works = false;

    if (application == NULL || partner == NULL)
        return bound;
    struct scope_set allowed = grant_bound(party, application, partner, &works);
    if (works)
        bound.allowed = allowed;
    return bound;
}

static bool holds(struct str names, struct str name)
{
    struct str piece;

    while (str_split(&names, ' ', &piece))
        if (piece.len > 0 && str_eq(piece, name)) /* no text at all has one piece, without a name */
            return true;
    return false;
}

static bool is_unknown(const struct scope_catalogue *catalogue, struct str name, struct str kept)
{
    return catalogue_find(catalogue, name) == NULL && !holds(kept, name);
}

size_t asked_unknown(const struct scope_catalogue *catalogue, const struct asked_names *asked,
                     struct str kept)
{
    size_t count = 0;

    for (size_t i = 0; i < asked->count; i++)
        count += is_unknown(catalogue, asked->names[i], kept);
    return count;
}

void asked_put_unknown(const struct scope_catalogue *catalogue, const struct asked_names *asked,
                       struct str kept, struct buf *out)
{
    size_t count = 0;

    for (size_t i = 0; i < asked->count; i++) {
        struct str name = asked->names[i];
        if (!is_unknown(catalogue, name, kept) || count++ >= HANDOUT_NAMES)
            continue;
        buf_cstr(out, count == 1 ? "Unknown: " : ", ");
        buf_str(out, scope_name_is_valid(name) ? name : STR("(not the name of a scope)"));
    }
    if (count > HANDOUT_NAMES)
        handout_put_more(count - HANDOUT_NAMES, out);
}

static void put_refused(const struct asked_bound *bound, const char *by,
                        const struct scope_set *names, struct buf *out)
{
    if (scope_set_is_empty(names))
        return;
    buf_cstr(out, out->len > 0 ? "; refused by the " : "Refused by the ");
    buf_cstr(out, by);
    buf_cstr(out, ": ");
    handout_put_names(bound->catalogue, names, out);
}

bool asked_is_granted(const struct asked_bound *bound, const struct asked_names *asked,
                      struct str kept, const struct scope_set *added, struct arena *arena,
                      struct str *out_message)
{
    struct scope_set own = bound->application != NULL ? bound->application->own : SCOPE_SET_EMPTY;
    struct scope_set refused = scope_set_difference(added, &bound->allowed);
    struct scope_set by_application = scope_set_difference(&refused, &own);
    struct scope_set by_partner = scope_set_intersection(&refused, &own);
    struct buf b;

    buf_init_arena(&b, arena, 0, MESSAGE_MAX);
    if (scope_set_is_empty(&refused) && asked_unknown(bound->catalogue, asked, kept) == 0)
        return true;
    asked_put_unknown(bound->catalogue, asked, kept, &b);
    put_refused(bound, "application", &by_application, &b);
    put_refused(bound, "partner", &by_partner, &b);
    *out_message = b.failed ? STR_NONE : buf_view(&b);
    return false;
}
