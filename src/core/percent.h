/* The text coding of application/x-www-form-urlencoded ('+' and %XX), used by forms and by the two
 * halves of HTTP Basic (RFC6749-2.3.1, RFC6749-B), and that of a path's segment (%XX alone,
 * RFC3986-2.1). */
#ifndef CORE_PERCENT_H
#define CORE_PERCENT_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/str.h"

/* Writes at most text.len bytes; out may be text's own memory. False on a '%' without two hex
 * digits. */
bool percent_decode(struct str text, char *out, size_t *out_len);

/* Likewise, but '+' is itself. */
bool percent_decode_segment(struct str text, char *out, size_t *out_len);

/* All but the unreserved characters of RFC3986-2.3 as %XX: good in a query and in a segment. */
void percent_encode(struct str text, struct buf *out);

#endif
