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
static struct routes_path *entry(struct routes_list *list, struct str path)
{
    for (size_t i = 0; i < list->count; i++)
        if (str_eq(list->paths[i].path, path))
            return &list->paths[i];
    struct routes_path *made = &list->paths[list->count++];
    *made = (struct routes_path){.path = path};
    return made;
}

static struct routes_list *list_of(struct routes *routes, const struct route *route)
{
    if ((route->flags & ROUTE_PREFIX) != 0)
        return &routes->prefixes;
    return (route->flags & ROUTE_PARAMETERS) != 0 ? &routes->patterns : &routes->exact;
}

static void add(struct routes *routes, const struct route *route)
{
    struct routes_path *path = entry(list_of(routes, route), route->path);

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

static bool list_init(struct routes_list *list, size_t room)
{
    list->paths = calloc(room, sizeof(*list->paths));
    return list->paths != NULL;
}

static bool list_finish(struct routes_list *list, int (*order)(const void *, const void *))
{
    for (size_t i = 0; i < list->count; i++)
        if (!write_allow(&list->paths[i]))
            return false;
    qsort(list->paths, list->count, sizeof(*list->paths), order);
    return true;
}

static void list_done(struct routes_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free((char *)list->paths[i].allow.ptr);
    free(list->paths);
    *list = (struct routes_list){.paths = NULL};
}

/* One pattern taken as a path matches another when they differ in names alone: then the methods of
 * the second would never be found. */
static bool patterns_differ(const struct routes_list *patterns)
{
    struct str unused[ROUTE_PARAMETERS_MAX];

    for (size_t i = 0; i < patterns->count; i++)
        for (size_t j = i + 1; j < patterns->count; j++)
            if (route_match(patterns->paths[i].path, patterns->paths[j].path, unused) &&
                route_match(patterns->paths[j].path, patterns->paths[i].path, unused))
                return false;
    return true;
}

bool routes_init(struct routes *routes, const struct route_table *tables, size_t table_count,
                 bool admin)
{
    size_t total = 1; /* never of size zero */

    *routes = (struct routes){.exact = {.paths = NULL}};
    for (size_t t = 0; t < table_count; t++)
        total += tables[t].count;
    bool ok = list_init(&routes->exact, total) && list_init(&routes->patterns, total) &&
              list_init(&routes->prefixes, total);
    for (size_t t = 0; ok && t < table_count; t++)
        for (size_t i = 0; i < tables[t].count; i++)
            if (((tables[t].routes[i].flags & ROUTE_ADMIN) != 0) == admin)
                add(routes, &tables[t].routes[i]);
    ok = ok && list_finish(&routes->exact, by_path) && list_finish(&routes->patterns, by_path) &&
         list_finish(&routes->prefixes, longest_first);
    if (!ok) {
        routes_done(routes);
        return false;
    }
    assert(patterns_differ(&routes->patterns));
    return true;
}

void routes_done(struct routes *routes)
{
    list_done(&routes->exact);
    list_done(&routes->patterns);
    list_done(&routes->prefixes);
}

static const struct routes_path *find_exact(const struct routes_list *exact, struct str path)
{
    size_t low = 0, high = exact->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = str_compare(path, exact->paths[middle].path);
        if (order == 0)
            return &exact->paths[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct routes_path *routes_find(const struct routes *routes, struct str path)
{
    struct str unused[ROUTE_PARAMETERS_MAX];

    const struct routes_path *found = find_exact(&routes->exact, path);
    for (size_t i = 0; found == NULL && i < routes->patterns.count; i++)
        if (route_match(routes->patterns.paths[i].path, path, unused))
            found = &routes->patterns.paths[i];
    for (size_t i = 0; found == NULL && i < routes->prefixes.count; i++)
        if (str_starts_with(path, routes->prefixes.paths[i].path))
            found = &routes->prefixes.paths[i];
    return found;
}
