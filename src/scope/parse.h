/* Scope sets as text: the space-separated list of RFC 6749, in both directions. */
#ifndef SCOPE_PARSE_H
#define SCOPE_PARSE_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/str.h"
#include "scope/catalogue.h"
#include "scope/set.h"

enum scope_parsed {
    SCOPE_PARSED_OK,
    SCOPE_PARSED_EMPTY,     /* no text at all */
    SCOPE_PARSED_MALFORMED, /* a foreign character, or a space too many */
    SCOPE_PARSED_UNKNOWN,   /* well-formed, but not all names are in the catalogue */
};

/* One scope-token of at most LIMIT_SCOPE_NAME characters. Source: RFC6749-3.3. */
bool scope_name_is_valid(struct str name);

/* What a caller asks for. Names repeat without harm and in any order. On SCOPE_PARSED_UNKNOWN
 * *out_unknown is the first such name: a piece of text, made of characters that may stand in an
 * error_description, of any length. *out is written on OK only. Source: RFC6749-3.3. */
enum scope_parsed scope_parse(const struct scope_catalogue *catalogue, struct str text,
                              struct scope_set *out, struct str *out_unknown);

/* What we wrote ourselves, into a row or a token: a name that has left the catalogue since counts
 * for nothing, and counts again when it returns (P1). */
struct scope_set scope_read(const struct scope_catalogue *catalogue, struct str text);

/* The names in catalogue order with one space between; bits without a value are left out. */
void scope_format(const struct scope_catalogue *catalogue, const struct scope_set *set,
                  struct buf *out);

#endif
