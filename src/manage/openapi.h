/* The description of the public API in OpenAPI 3.1: written by hand in openapi/, a file for each
 * area, and joined into one text by openapi/join.py when the program is built. A test holds it
 * against the tables of routes, another one runs its examples. */
#ifndef MANAGE_OPENAPI_H
#define MANAGE_OPENAPI_H

#include "core/str.h"

extern const struct str openapi_document; /* JSON */
extern const struct str openapi_etag;     /* of that very text, in quotes */

#endif
