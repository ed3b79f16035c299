#include "http/routes.h"

#include <assert.h>
#include <stdlib.h>

static const char *const method_names[METHOD_OTHER] = {
    [METHOD_GET] = "GET",     [METHOD_POST] = "POST",     [METHOD_PUT] = "PUT",
    [METHOD_PATCH] = "PATCH", [METHOD_DELETE] = "DELETE", [METHOD_OPTIONS] = "OPTIONS",
};

enum { ALLOW_MAX = 64 };

static int by_path(const void *a, const void *b)
{
    return str_compare(((const struct routes_path *)a)->path,
                       ((const struct routes_path *)b)->path);
}

static int longest_first(const void *a, const void *b)
{
    size_t x = ((const struct routes_path *)a)->path.len,
           y = ((const struct routes_path *)b)->path.len;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* The entry of a path, made when it is new. Room is for every route there is. */
static struct routes_path *entry(struct routes_path *paths, size_t *count,
                                 const struct route *route)
{
    for (size_t i = 0; i < *count; i++)
        if (str_eq(paths[i].path, route->path))
            return &paths[i];
    struct routes_path *made = &paths[(*count)++];
    *made =
        (struct routes_path){.path = route->path, .is_prefix = (route->flags & ROUTE_PREFIX) != 0};
    return made;
}

static void add(struct routes *routes, const struct route *route)
{
    bool is_prefix = (route->flags & ROUTE_PREFIX) != 0;
    struct routes_path *path = is_prefix ? entry(routes->prefixes, &routes->prefix_count, route)
                                         : entry(routes->exact, &routes->exact_count, route);

    assert(route->method < METHOD_OTHER && path->by_method[route->method] == NULL);
    path->by_method[route->method] = route;
    path->cors = path->cors || (route->flags & ROUTE_CORS_ANY) != 0;
}

static bool write_allow(struct routes_path *path)
{
    char *text = malloc(ALLOW_MAX);
    size_t len = 0;

    if (text == NULL)
        return false;
    for (enum method m = 0; m < METHOD_OTHER; m++) {
        if (path->by_method[m] == NULL && !(m == METHOD_OPTIONS && path->cors))
            continue;
        struct str name = str_from(method_names[m]);
        if (len > 0) {
            memcpy(text + len, ", ", 2);
            len += 2;
        }
        memcpy(text + len, name.ptr, name.len);
        len += name.len;
    }
    path->allow = str_make(text, len);
    return true;
}

bool routes_init(struct routes *routes, const struct route_table *tables, size_t table_count,
                 bool admin)
{
    size_t total = 1; /* never of size zero */

    *routes = (struct routes){.exact = NULL};
    for (size_t t = 0; t < table_count; t++)
        total += tables[t].count;
    routes->exact = calloc(total, sizeof(*routes->exact));
    routes->prefixes = calloc(total, sizeof(*routes->prefixes));
    bool ok = routes->exact != NULL && routes->prefixes != NULL;
    for (size_t t = 0; ok && t < table_count; t++)
        for (size_t i = 0; i < tables[t].count; i++)
            if (((tables[t].routes[i].flags & ROUTE_ADMIN) != 0) == admin)
                add(routes, &tables[t].routes[i]);
    for (size_t i = 0; ok && i < routes->exact_count; i++)
        ok = write_allow(&routes->exact[i]);
    for (size_t i = 0; ok && i < routes->prefix_count; i++)
        ok = write_allow(&routes->prefixes[i]);
    if (!ok) {
        routes_done(routes);
        return false;
    }
    qsort(routes->exact, routes->exact_count, sizeof(*routes->exact), by_path);
    qsort(routes->prefixes, routes->prefix_count, sizeof(*routes->prefixes), longest_first);
    return true;
}

void routes_done(struct routes *routes)
{
    for (size_t i = 0; i < routes->exact_count; i++)
        free((char *)routes->exact[i].allow.ptr);
    for (size_t i = 0; i < routes->prefix_count; i++)
        free((char *)routes->prefixes[i].allow.ptr);
    free(routes->exact);
    free(routes->prefixes);
    *routes = (struct routes){.exact = NULL};
}

const struct routes_path *routes_find(const struct routes *routes, struct str path)
{
    size_t low = 0, high = routes->exact_count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = str_compare(path, routes->exact[middle].path);
        if (order == 0)
            return &routes->exact[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    for (size_t i = 0; i < routes->prefix_count; i++)
        if (str_starts_with(path, routes->prefixes[i].path))
            return &routes->prefixes[i];
    return NULL;
}
