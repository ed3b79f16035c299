/* What manage answers; app hands the table to http. On the admin listener: /livez, /readyz,
 * /metrics (SPEC 10). On the public ones: /core/v2, for bearer tokens (SPEC 5). */
#ifndef MANAGE_ROUTES_H
#define MANAGE_ROUTES_H

#include "exchange/route.h"

extern const struct route_table manage_routes;

#endif
