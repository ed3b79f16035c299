/* From a path to the route that takes it. Built once from the tables handed in, then only read.
 * Paths are compared byte for byte with what was sent up to '?': nothing is decoded or resolved
 * before (F-22), so "/oauth/%74oken" and "/a/../oauth/token" are unknown paths. A path written out
 * is found before one with {name} segments, and that before a prefix. */
#ifndef HTTP_ROUTES_H
#define HTTP_ROUTES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/str.h"
#include "exchange/route.h"

struct routes_path {
    struct str path;
    const struct route *by_method[METHOD_OTHER]; /* NULL: not taken */
    bool cors;                                   /* one of them is ROUTE_CORS_ANY */
    struct str allow;                            /* "GET, POST" for 405 (RFC9110-15.5.6) */
};

struct routes_list {
    struct routes_path *paths;
    size_t count;
};

/* The paths of one kind of listener: ROUTE_ADMIN or not. */
struct routes {
    struct routes_list exact;    /* by path */
    struct routes_list patterns; /* by path: '{' sorts behind letters, so the first that matches is
                                    the one with most written out */
    struct routes_list prefixes; /* longest first */
};

/* False when out of memory. Two routes of one method and path are a bug, and so are two patterns
 * that differ in the names of their segments alone. */
bool routes_init(struct routes *routes, const struct route_table *tables, size_t table_count,
                 bool admin);
void routes_done(struct routes *routes);

/* NULL: nothing is at this path. */
const struct routes_path *routes_find(const struct routes *routes, struct str path);

#endif
