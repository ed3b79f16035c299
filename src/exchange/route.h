/* What an endpoint is. oauth and manage each export a const table of routes; app hands them to
 * http, which knows no endpoint by name.
 *
 * An endpoint is a list of steps. Each fills its part of the exchange's state and returns NEXT;
 * WAIT (a completion will call exchange_resume, and the following step runs then); or DONE (the
 * reply is set). Steps never call steps: the driver in exchange.c alone owns the flow. */
#ifndef EXCHANGE_ROUTE_H
#define EXCHANGE_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/str.h"

struct exchange;

/* What lies below here answers errors in the shape of the management API, whoever refuses: an
 * endpoint, or http before one was found. */
#define MANAGEMENT_PATH "/core/v2/"

enum step_result { STEP_NEXT, STEP_WAIT, STEP_DONE };

enum { ENDPOINT_STEPS_MAX = 12 };

struct endpoint {
    const char *name;  /* for logs and metrics */
    size_t state_size; /* of x->state, zeroed */
    enum step_result (*steps[ENDPOINT_STEPS_MAX + 1])(
        struct exchange *x); /* NULL behind the last */
    const void *about; /* what its steps are told, where several endpoints have the same ones */
};

enum method {
    METHOD_GET,
    METHOD_POST,
    METHOD_PUT,
    METHOD_PATCH,
    METHOD_DELETE,
    METHOD_OPTIONS,
    METHOD_OTHER
};

enum route_flags {
    ROUTE_CORS_ANY = 1 << 0, /* Access-Control-Allow-Origin: *; OPTIONS is answered by http */
    ROUTE_ADMIN = 1 << 1,  /* on the admin listener only; others are on the public listeners only */
    ROUTE_ALWAYS = 1 << 2, /* answered also when the in-flight cap is reached (health) */
    ROUTE_PREFIX = 1 << 3, /* path is a prefix, e.g. /errors/ */
    ROUTE_PARAMETERS = 1 << 4, /* path holds {name} segments, e.g. /core/v2/scopes/{value} */
};

enum { ROUTE_PARAMETERS_MAX = 2 };

struct route {
    enum method method;
    struct str path; /* matched byte for byte, but for {name} segments and what follows a prefix */
    unsigned flags;
    size_t body_max; /* 0: takes no body */
    const struct endpoint *endpoint;
};

struct route_table {
    const struct route *routes;
    size_t count;
};

/* Whether path is what a ROUTE_PARAMETERS pattern says: a {name} segment stands for one segment
 * that is not empty, all else for itself. out holds the segments in order, as they were sent: they
 * point into path, and decoding them is the endpoint's. It is written on true only, as many as the
 * pattern has. */
bool route_match(struct str pattern, struct str path, struct str out[ROUTE_PARAMETERS_MAX]);

#endif
