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

/* The first in the order it was asked for, so that the caller finds it in its own request. */
static struct str first_outside(const struct scope_catalogue *catalogue, struct str requested,
                                const struct scope_set *bound)
{
    struct str name;

    while (str_split(&requested, ' ', &name)) {
        const struct scope_value *value = catalogue_find(catalogue, name);
        if (value != NULL && !scope_set_has(bound, value->bit))
            return name;
    }
    return STR_NONE;
}

static enum err parse(const struct scope_catalogue *catalogue, struct str requested,
                      struct arena *arena, struct scope_set *out, struct str *out_detail)
{
    struct str unknown;

    switch (scope_parse(catalogue, requested, out, &unknown)) {
    case SCOPE_PARSED_OK:
        return ERR_NONE;
    case SCOPE_PARSED_UNKNOWN:
        return refuse(arena, "scope ", unknown, " is unknown", out_detail);
    default:
        return refuse(arena, "scope is not a list of names with single spaces between", STR_NONE,
                      "", out_detail);
    }
}

enum err grant_scopes(const struct scope_catalogue *catalogue,
                      const struct party_application *application, struct str requested,
                      struct arena *arena, struct scope_set *out, struct str *out_detail)
{
    struct scope_set asked;

    if (requested.len == 0) {
        asked = scope_set_intersection(&application->declared, &application->allowed);
        if (scope_set_is_empty(&asked))
            return refuse(arena, "nothing that the application declares can be granted", STR_NONE,
                          "", out_detail);
        *out = asked;
        return ERR_NONE;
    }
    enum err err = parse(catalogue, requested, arena, &asked, out_detail);
    if (err != ERR_NONE)
        return err;
    if (!scope_set_is_subset(&asked, &application->allowed)) {
        struct str name = first_outside(catalogue, requested, &application->allowed);
        const struct scope_value *value = catalogue_find(catalogue, name);
        bool own = value != NULL && scope_set_has(&application->own, value->bit);
        return refuse(arena, "scope ", name,
                      own ? " is not granted: refused by the partner"
                          : " is not granted: refused by the application",
                      out_detail);
    }
    *out = asked;
    return ERR_NONE;
}

struct scope_set grant_surviving(const struct scope_catalogue *catalogue,
                                 const struct party_application *application,
                                 const struct party_partner *partner, struct str claim)
{
    struct scope_set names = scope_read(catalogue, claim);
    struct scope_set bound = scope_set_intersection(&application->allowed, &partner->ceiling);

    return scope_surviving(catalogue, &names, &bound);
}
