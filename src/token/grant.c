#include "token/grant.h"

#include "core/buf.h"
#include "scope/parse.h"

enum { DETAIL_MAX = 256 };

static enum err refuse(struct arena *arena, const char *before, struct str name, const char *behind,
                       struct str *out_detail)
{
    struct buf b;

    buf_init_arena(&b, arena, DETAIL_MAX, DETAIL_MAX);
    buf_cstr(&b, before);
    buf_str(&b, str_slice(name, 0, LIMIT_SCOPE_NAME));
    buf_cstr(&b, behind);
    if (b.failed)
        return ERR_FAULT_MEMORY;
    *out_detail = buf_view(&b);
    return ERR_INVALID_SCOPE;
}

/* Says of the first name that is unknown or not grantable who refused it. In the order it was asked
 * for, so that the caller finds it in its own request; requested holds such a name. */
static enum err refuse_first(const struct scope_catalogue *catalogue,
                             const struct party_application *application,
                             const struct scope_set *allowed, struct str requested,
                             struct arena *arena, struct str *out_detail)
{
    const struct scope_value *value = NULL;
    struct str name = STR_NONE;

    while (str_split(&requested, ' ', &name)) {
        value = catalogue_find(catalogue, name);
        if (value == NULL || !scope_set_has(allowed, value->bit))
            break;
    }
    if (value == NULL)
        return refuse(arena, "scope ", name, " is unknown", out_detail);
    return refuse(arena, "scope ", name,
                  scope_set_has(&application->own, value->bit)
                      ? " is not granted: refused by the partner"
                      : " is not granted: refused by the application",
                  out_detail);
}

enum err grant_scopes(const struct scope_catalogue *catalogue, const struct party *party,
                      const struct party_application *application, struct str requested,
                      struct arena *arena, struct scope_set *out, struct str *out_detail)
{
    struct scope_set allowed = party_allowed(party, application), asked;
    struct str unknown;

    if (requested.len == 0) {
        asked = scope_set_intersection(&application->declared, &allowed);
        if (scope_set_is_empty(&asked))
            return refuse(arena, "nothing that the application declares can be granted", STR_NONE,
                          "", out_detail);
        *out = asked;
        return ERR_NONE;
    }
    enum scope_parsed parsed = scope_parse(catalogue, requested, &asked, &unknown);
    if (parsed == SCOPE_PARSED_MALFORMED)
        return refuse(arena, "scope is not a list of names with single spaces between", STR_NONE,
                      "", out_detail);
    if (parsed == SCOPE_PARSED_UNKNOWN || !scope_set_is_subset(&asked, &allowed))
        return refuse_first(catalogue, application, &allowed, requested, arena, out_detail);
    *out = asked;
    return ERR_NONE;
}

struct scope_set grant_bound(const struct party *party, const struct party_application *application,
                             const struct party_partner *partner, bool *out_works)
{
    const struct party_partner *home = party_partner_of(party, application);
    struct party_reach reach = party_reach(party, partner);
    struct scope_set bound = scope_set_intersection(&application->own, &reach.ceiling);

    *out_works = application->status == APPLICATION_ACTIVE && reach.works;
    if (home == partner)
        return bound;
    reach = party_reach(party, home);
    *out_works = *out_works && reach.works;
    return scope_set_intersection(&bound, &reach.ceiling);
}

struct scope_set grant_surviving(const struct scope_catalogue *catalogue,
                                 const struct scope_set *bound, struct str names)
{
    struct scope_set asked = scope_read(catalogue, names);
    return scope_surviving(catalogue, &asked, bound);
}
