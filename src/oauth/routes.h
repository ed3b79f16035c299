#ifndef OAUTH_ROUTES_H
#define OAUTH_ROUTES_H

#include "exchange/route.h"

extern const struct route_table oauth_routes;

#endif
