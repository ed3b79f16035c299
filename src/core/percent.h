/* The text coding of application/x-www-form-urlencoded ('+' and %XX), used by forms and by the two
 * halves of HTTP Basic (RFC6749-2.3.1, RFC6749-B). */
#ifndef CORE_PERCENT_H
#define CORE_PERCENT_H

#include <stdbool.h>

#include "core/str.h"

/* Writes at most text.len bytes; out may be text's own memory. False on a '%' without two hex
 * digits. */
bool percent_decode(struct str text, char *out, size_t *out_len);

#endif
