/* The description of the API and the tables of routes say the same: neither has an operation that
 * the other has not. */
#include <criterion/criterion.h>

#include "manage/openapi.h"
#include "manage/routes.h"
#include "oauth/routes.h"
#include "support/leaks.h"
#include "json/read.h"

enum { MEMORY = 16 * 1024 * 1024 };

static const struct json_limits limits = {.depth = 64, .keys = 1000, .values = 100000};

static const struct str method_names[] = {
    [METHOD_GET] = STR_INIT("get"),       [METHOD_POST] = STR_INIT("post"),
    [METHOD_PUT] = STR_INIT("put"),       [METHOD_PATCH] = STR_INIT("patch"),
    [METHOD_DELETE] = STR_INIT("delete"),
};
enum { METHODS = sizeof(method_names) / sizeof(method_names[0]) };

static const struct json_value *parse_paths(struct arena *arena)
{
    const struct json_value *document = NULL;
    struct json_error error = {.reason = ""};

    enum err err = json_parse(arena, openapi_document, &limits, &document, &error);
    cr_assert_eq(err, ERR_NONE, "%s at %zu", error.reason, error.offset);
    return json_member(document, STR("paths"));
}

/* What stands behind a prefix is one parameter of the document's path. */
static bool is_same_path(const struct route *route, struct str path)
{
    size_t brace = str_find(path, '{');

    if ((route->flags & ROUTE_PREFIX) == 0)
        return str_eq(route->path, path);
    return brace < path.len && path.ptr[path.len - 1] == '}' &&
           str_eq(route->path, str_slice(path, 0, brace));
}

static bool describes(const struct json_value *paths, const struct route *route)
{
    for (const struct json_value *p = json_first(paths); p != NULL; p = json_next(p))
        if (is_same_path(route, json_key(p)) &&
            json_is(json_member(p, method_names[route->method]), JSON_OBJECT))
            return true;
    return false;
}

static bool routes_have(const struct route_table *table, struct str path, enum method method)
{
    for (size_t i = 0; i < table->count; i++)
        if ((table->routes[i].flags & ROUTE_ADMIN) == 0 && table->routes[i].method == method &&
            is_same_path(&table->routes[i], path))
            return true;
    return false;
}

static void check_table(const struct json_value *paths, const struct route_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct route *route = &table->routes[i];
        cr_assert_lt(route->method, METHODS, "%.*s", STR_ARG(route->path));
        bool is_public = (route->flags & ROUTE_ADMIN) == 0;
        cr_expect_eq(describes(paths, route), is_public, "%.*s %.*s is %s in openapi/",
                     STR_ARG(method_names[route->method]), STR_ARG(route->path),
                     is_public ? "not" : "though of the admin listener");
    }
}

Test(openapi, every_public_route_is_described)
{
    struct arena arena;

    arena_init(&arena, NULL, 0, MEMORY);
    const struct json_value *paths = parse_paths(&arena);
    check_table(paths, &oauth_routes);
    check_table(paths, &manage_routes);
    arena_reset(&arena);
    leaks_check();
}

Test(openapi, every_operation_is_a_route)
{
    struct arena arena;
    size_t operations = 0;

    arena_init(&arena, NULL, 0, MEMORY);
    const struct json_value *paths = parse_paths(&arena);
    for (const struct json_value *p = json_first(paths); p != NULL; p = json_next(p))
        for (size_t m = 0; m < METHODS; m++) {
            if (json_member(p, method_names[m]) == NULL)
                continue;
            operations++;
            cr_expect(routes_have(&oauth_routes, json_key(p), (enum method)m) ||
                          routes_have(&manage_routes, json_key(p), (enum method)m),
                      "%.*s %.*s is no route", STR_ARG(method_names[m]), STR_ARG(json_key(p)));
        }
    cr_assert_gt(operations, 20);
    arena_reset(&arena);
    leaks_check();
}

Test(openapi, the_tag_is_quoted)
{
    cr_assert_eq(openapi_etag.len, 34);
    cr_assert(openapi_etag.ptr[0] == '"' && openapi_etag.ptr[33] == '"');
}
